#pragma once

#include "sim/linux/conntrack/nat.hh"
#include "sim/packet/packet.hh"
#include "sim/packet/tuple.hh"

namespace ekspath {

/// Rewrites one side of a packet's addresses and ports to those of `target`, checksums incrementally.
/// Linux 6.1 net/netfilter/nf_nat_proto.c nf_nat_ipv4_manip_pkt()
void translate(Packet& packet, const Tuple& target, Side side);

/// How the translation of an ICMP error ended.
enum class ErrorTranslation : std::uint8_t { done, redirect, unreadable };

/// Rewrites an ICMP error of a flow: what it quotes to what its receiver had sent, and its own addresses.
/// Linux 6.1 net/netfilter/nf_nat_proto.c nf_nat_icmp_reply_translation()
[[nodiscard]] ErrorTranslation translate_icmp_error(Packet& packet, const Connection& connection, Hook hook);

}  // namespace ekspath
