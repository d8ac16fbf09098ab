#pragma once

#include <cstddef>

#include "sim/packet/packet.hh"

namespace ekspath {

/// Cuts a datagram into fragments of at most `mtu` bytes, each with its IPv4 header; first one first. A
/// fragment that is cut further keeps its place. Options without the copy bit (RFC 791 3.1) are in the first
/// only, and no-operations in the others. `dont_fragment` sets DF in each.
/// Linux 6.1 net/ipv4/ip_output.c ip_frag_next(), net/ipv4/ip_options.c ip_options_fragment()
[[nodiscard]] PacketQueue cut_into_fragments(PacketPool& pool, const Packet& packet, std::size_t mtu,
                                             bool dont_fragment = false);

}  // namespace ekspath
