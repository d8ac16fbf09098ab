#pragma once

#include <cstdint>

#include "sim/packet/packet.hh"

namespace ekspath {

enum class ParseResult : std::uint8_t { ok, too_short, not_ipv4, bad_header_length, bad_checksum, bad_total_length };

/// The packet begins with an IPv4 header: checks it as Linux does, trims what follows the datagram (Ethernet padding) and
/// sets the network and transport offsets. Linux 6.1 net/ipv4/ip_input.c ip_rcv_core(). Transport headers are not looked at.
[[nodiscard]] ParseResult parse_ipv4(Packet& packet);

/// Whether a whole, unfragmented TCP, UDP or ICMP datagram has its headers and a right checksum (UDP 0 is right).
/// Other protocols: always true.
[[nodiscard]] bool transport_is_sound(const Packet& packet);

}  // namespace ekspath
