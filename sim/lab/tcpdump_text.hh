#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <tuple>

#include "sim/base/ipv4_address.hh"
#include "sim/base/mac_address.hh"
#include "sim/packet/fate.hh"

namespace ekspath {

/// How tcpdump was asked to print.
struct TcpdumpForm {
  int verbosity = 0;         // how many -v
  bool link_header = false;  // -e
  bool any = false;          // -i any: the interface and the direction stand before each packet
};

/// A frame as tcpdump got it: whole, from its Ethernet header on. What names the interface is for -i any.
struct TcpdumpFrame {
  std::span<const std::uint8_t> bytes;
  std::int64_t wall_clock_ns = 0;  // Unix time; printed in UTC, to the microsecond
  Direction direction = Direction::in;
  std::string_view interface_name;
  std::uint32_t interface_index = 0;
  MacAddress interface_mac;
};

/// What tcpdump 4.99.3 prints of each packet with -nn: ARP, IPv4, ICMP with the packets it quotes, UDP, TCP,
/// DNS on port 53, HTTP on ports 80 and 8080. Payloads that tcpdump has other dissectors for are printed as
/// those of no known protocol. Remembers the initial sequence numbers of the connections it saw, as tcpdump
/// does: one object a capture.
class TcpdumpText {
 public:
  explicit TcpdumpText(TcpdumpForm form) : form_(form) {}

  /// With the newline at the end; of several lines with -v.
  [[nodiscard]] std::string print(const TcpdumpFrame& frame);

 private:
  /// One direction's and the other's first sequence number, by addresses and ports in a fixed order.
  /// print-tcp.c struct tcp_seq_hash
  struct InitialSequences {
    std::uint32_t sequence = 0, acknowledgement = 0;
  };
  using FlowKey = std::tuple<Ipv4Address, Ipv4Address, std::uint16_t, std::uint16_t>;

  void link(const TcpdumpFrame& frame);
  void arp(std::span<const std::uint8_t> bytes);
  /// `bytes`: what is there of a datagram; `length`: what its carrier says it has.
  void ip(std::span<const std::uint8_t> bytes, std::size_t length);
  void icmp(std::span<const std::uint8_t> bytes, std::size_t length, bool fragmented);
  void udp(std::span<const std::uint8_t> datagram, std::span<const std::uint8_t> bytes, std::size_t length,
           bool fragmented);
  void tcp(std::span<const std::uint8_t> datagram, std::span<const std::uint8_t> bytes, std::size_t length,
           bool fragmented);
  [[nodiscard]] bool tcp_options(std::span<const std::uint8_t> options, std::size_t left,
                                 std::uint32_t sack_base);
  template <class... Arguments>
  void write(const char* format, const Arguments&... arguments);

  TcpdumpForm form_;
  std::string text_;
  std::map<FlowKey, InitialSequences> flows_;
};

}  // namespace ekspath
