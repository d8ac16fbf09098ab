#pragma once

#include <pcap/pcap.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pcap/link_type.hh"
#include "sim/base/nanoseconds.hh"

namespace ekspath {

struct CapturedPacket {
  Nanoseconds since_1970;
  std::span<const std::uint8_t> bytes;  // lives until the next one is read
  std::uint32_t original_length = 0;
};

/// Reads pcap and pcapng files back, stamps in nanoseconds, through libpcap: which drops the names, comments
/// and options of pcapng. A file that is none, is cut short, or mixes link types ends with error().
class CaptureReader {
 public:
  [[nodiscard]] static CaptureReader from_file(const std::string& path);
  /// The bytes must outlive the reader.
  [[nodiscard]] static CaptureReader from_memory(std::span<const std::uint8_t> bytes);

  /// The next packet, or none at the end and after an error.
  [[nodiscard]] std::optional<CapturedPacket> next();
  /// What libpcap says is wrong with the file; empty when nothing is.
  [[nodiscard]] const std::string& error() const { return error_; }
  /// The number of a link type (LinkType, or one that we do not write); -1 after a failed opening.
  [[nodiscard]] int link_type() const;

 private:
  struct Close {
    void operator()(pcap_t* handle) const { pcap_close(handle); }
  };
  std::unique_ptr<pcap_t, Close> handle_;
  std::string error_;
};

}  // namespace ekspath
