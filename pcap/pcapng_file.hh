#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pcap/atomic_file.hh"
#include "pcap/link_type.hh"
#include "sim/base/ipv4_address.hh"
#include "sim/base/mac_address.hh"
#include "sim/base/nanoseconds.hh"
#include "sim/packet/fate.hh"

namespace ekspath {

/// An address of an interface with the length of its prefix.
struct CaptureAddress {
  Ipv4Address address;
  std::uint8_t prefix_length = 32;
};

/// What an interface block says. Empty texts and absent values are left out.
struct PcapngInterface {
  std::string name;  // "node1/ens5"
  std::string description;
  std::optional<MacAddress> mac;
  std::optional<CaptureAddress> address;
  std::uint64_t speed_bps = 0;
  std::string filter;  // a tcpdump expression
  std::string os;
};

/// A name that Wireshark shows instead of an address. One name an address: of two, readers keep the last.
struct AddressName {
  Ipv4Address address;
  std::string name;
};

struct PcapngPacket {
  std::uint32_t interface = 0;  // as add_interface() returned it
  Nanoseconds time;
  Direction direction = Direction::in;
  std::uint64_t packet_id = 0;
  std::string_view comment;  // UTF-8; cut at the 65535 bytes that an option may have
  std::span<const std::uint8_t> bytes;
};

/// One pcapng section of Ethernet interfaces, with names, directions, packet ids and comments, that libpcap's
/// readers and Wireshark 4.0 both take: one link type, one snaplen, nanosecond stamps, no verdict option
/// (Wireshark 4.0 corrupts it when it rewrites a file). observed: facts/capture.md 3. Format:
/// draft-ietf-opsawg-pcapng.
class PcapngFile {
 public:
  /// `start` is the wall clock at simulated time zero, since 1970.
  PcapngFile(AtomicFile file, Nanoseconds start);

  /// Before the first packet: a reader of one pass uses names from here on.
  void add_names(std::span<const AddressName> names);
  /// At any time; returns the number to use in packets.
  [[nodiscard]] std::uint32_t add_interface(const PcapngInterface& interface);
  /// In the order of time.
  void add_packet(const PcapngPacket& packet);
  /// Writes what each interface has received, until the end of the run.
  void add_statistics(Nanoseconds end);

  [[nodiscard]] AtomicFile& file() { return file_; }
  [[nodiscard]] const AtomicFile& file() const { return file_; }

 private:
  void add_names_block(std::span<const AddressName> names);

  AtomicFile file_;
  Nanoseconds start_;
  std::vector<std::uint64_t> packets_of_interface_;
};

}  // namespace ekspath
