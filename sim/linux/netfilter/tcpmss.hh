#pragma once

#include <cstdint>

#include "sim/linux/netfilter/hook.hh"
#include "sim/linux/netfilter/target.hh"
#include "sim/packet/packet.hh"

namespace ekspath {

/// Whether the TCP header carries this option. Linux 6.1 net/netfilter/xt_tcpudp.c tcp_find_option()
[[nodiscard]] bool has_tcp_option(const Packet& packet, std::uint8_t option);

/// Lowers the MSS option of a SYN, or adds one. False: the packet cannot be what it says and is to be
/// dropped. Linux 6.1 net/netfilter/xt_TCPMSS.c tcpmss_mangle_packet()
[[nodiscard]] bool mangle_tcpmss(const TcpmssTarget& target, Hop& hop, Packet& packet);

}  // namespace ekspath
