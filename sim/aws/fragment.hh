#pragma once

#include <cstdint>

#include "sim/packet/packet.hh"

namespace ekspath {

/// Cuts a datagram into fragments of at most `mtu` bytes, each with its IPv4 header; first one first. RFC 791
[[nodiscard]] PacketQueue cut_into_fragments(PacketPool& pool, const Packet& packet, std::uint16_t mtu);

}  // namespace ekspath
