#pragma once

#include <fmt/format.h>

#include <compare>
#include <cstddef>
#include <cstdint>

#include "sim/base/ipv4_address.hh"
#include "sim/packet/packet.hh"

namespace ekspath {

/// One direction of a flow. Ports are in host order. For ICMP the source port is the id, and the destination
/// port is type * 256 + code. Linux 6.1 include/net/netfilter/nf_conntrack_tuple.h
struct Tuple {
  Ipv4Address source;
  Ipv4Address destination;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint8_t protocol = 0;

  [[nodiscard]] std::uint8_t icmp_type() const { return static_cast<std::uint8_t>(destination_port >> 8); }
  [[nodiscard]] std::uint8_t icmp_code() const { return static_cast<std::uint8_t>(destination_port); }

  /// The direction of the answers; ICMP types become their replies. Only for what conntrack tracks.
  [[nodiscard]] Tuple reply() const;

  friend auto operator<=>(const Tuple&, const Tuple&) = default;
};
static_assert(sizeof(Tuple) == 16);

/// Ours, the same on every machine (no std::hash).
struct TupleHash {
  using is_avalanching = void;
  [[nodiscard]] std::size_t operator()(const Tuple& tuple) const {
    const std::uint64_t addresses = (std::uint64_t{tuple.source.bits()} << 32) | tuple.destination.bits();
    const std::uint64_t rest = (std::uint64_t{tuple.source_port} << 32) |
                               (std::uint64_t{tuple.destination_port} << 16) | tuple.protocol;
    std::uint64_t hash = addresses * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
    hash = (hash ^ rest) * 0xd6e8feb86659fd93;
    hash ^= hash >> 32;
    return hash * 0xd6e8feb86659fd93;
  }
};

/// The tuple of a packet whose offsets are set, for words and observation: ports zero where there are none
/// (later fragments, other protocols, cut headers).
[[nodiscard]] Tuple tuple_of(const Packet& packet);

/// The tuple that a frame probably has, for hints: read from where the headers of most frames stand.
struct FlowHint {
  Tuple tuple;
  bool readable = false;
};
[[nodiscard]] FlowHint flow_of_frame(const Packet& frame);

}  // namespace ekspath

/// "192.168.1.101:40000 > 8.8.8.8:53 udp", "192.168.1.101 > 8.8.8.8 icmp echo request id 7", "a > b 47".
template <>
struct fmt::formatter<ekspath::Tuple> : fmt::formatter<std::string_view> {
  auto format(const ekspath::Tuple& tuple, fmt::format_context& context) const
      -> fmt::format_context::iterator;
};
