#pragma once

#include <cstdint>

#include "sim/base/ipv4_address.hh"
#include "sim/packet/packet.hh"

namespace ekspath {

struct RouterError {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint32_t rest = 0;  // the next MTU
  Ipv4Address from;
};

/// Nobody is told of ICMP errors, of later fragments, or of what was sent to or from many. RFC 1122 3.2.2
[[nodiscard]] bool may_be_told(const Packet& about);
/// A router's error to the sender of `about`, quoting as much as 576 bytes hold (RFC 1812 4.3.2.3); begins
/// with its IPv4 header. TTL 64, as .1 answers pings.
[[nodiscard]] PacketRef build_router_error(PacketPool& pool, const Packet& about, const RouterError& error);
/// Makes an echo request its own answer.
void turn_into_echo_reply(Packet& request);
/// The RST that a NAT gateway sends to the inside about a segment of a connection that it forgot.
[[nodiscard]] PacketRef build_reset(PacketPool& pool, const Packet& about);

}  // namespace ekspath
