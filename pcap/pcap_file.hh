#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "pcap/atomic_file.hh"
#include "pcap/link_type.hh"
#include "sim/base/nanoseconds.hh"

namespace ekspath {

using PcapHeader = std::array<std::uint8_t, 24>;

/// The header of a classic pcap with nanosecond stamps (magic 0xa1b23c4d, version 2.4), as libpcap writes it.
[[nodiscard]] PcapHeader pcap_header(LinkType link_type);

/// A classic pcap file. The header is libpcap's own, the records are written here in the same format
/// (docs/adr/0001: 4 times faster than pcap_dump, errors included; a test compares the bytes).
class PcapFile {
 public:
  /// `start` is the wall clock at simulated time zero, since 1970.
  PcapFile(AtomicFile file, const PcapHeader& header, Nanoseconds start)
      : file_(std::move(file)), start_(start) {
    file_.write(header);
  }

  void record(Nanoseconds time, std::span<const std::uint8_t> bytes) { record(time, {}, bytes); }
  /// A packet in two pieces: a link header made for the file, and what follows it.
  void record(Nanoseconds time, std::span<const std::uint8_t> head, std::span<const std::uint8_t> rest) {
    const std::size_t size = head.size() + rest.size();
    const auto since_1970 = static_cast<std::uint64_t>((start_ + time).count());
    // struct pcap_sf_pkthdr of libpcap: seconds, nanoseconds, length in the file, length on the wire; 32 bits
    // each.
    const std::array<std::uint32_t, 4> header{static_cast<std::uint32_t>(since_1970 / 1'000'000'000),
                                              static_cast<std::uint32_t>(since_1970 % 1'000'000'000),
                                              static_cast<std::uint32_t>(size),
                                              static_cast<std::uint32_t>(size)};
    std::uint8_t* at = file_.reserve(sizeof header + size);
    std::memcpy(at, header.data(), sizeof header);
    at += sizeof header;
    if (!head.empty()) std::memcpy(at, head.data(), head.size());
    std::memcpy(at + head.size(), rest.data(), rest.size());
  }

  [[nodiscard]] AtomicFile& file() { return file_; }
  [[nodiscard]] const AtomicFile& file() const { return file_; }

 private:
  AtomicFile file_;
  Nanoseconds start_;
};

}  // namespace ekspath
