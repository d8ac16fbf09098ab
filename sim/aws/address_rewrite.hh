#pragma once

#include <cstdint>
#include <optional>

#include "sim/base/ipv4_address.hh"
#include "sim/packet/headers.hh"
#include "sim/packet/packet.hh"
#include "sim/packet/tuple.hh"

namespace ekspath {

/// What gateways change in a packet whose offsets are set. Checksums of IPv4, TCP, UDP and ICMP stay right,
/// incrementally (RFC 1624); a later fragment has no transport header to mend.
enum class Side : std::uint8_t { source, destination };

void rewrite_address(Packet& packet, Side side, Ipv4Address address);
/// A port of TCP or UDP, or the id of an ICMP query on either side.
void rewrite_port(Packet& packet, Side side, std::uint16_t port);

/// The queries that conntrack and gateways take for the beginning of a flow.
/// Linux 6.1 net/netfilter/nf_conntrack_proto_icmp.c valid_new
[[nodiscard]] constexpr bool is_icmp_request(std::uint8_t type) {
  return type == icmp::echo_request || type == icmp::timestamp || type == icmp::information ||
         type == icmp::address_mask;
}
[[nodiscard]] bool is_icmp_error(const Packet& packet);
/// The packet that an ICMP error quotes, as far as it is there.
[[nodiscard]] std::optional<Tuple> quoted_tuple(const Packet& packet);
/// Changes the quoted packet as its own translation would have been undone, and the checksum of the error
/// around it. Linux 6.1 net/netfilter/nf_nat_proto.c nf_nat_icmp_reply_translation()
void rewrite_quoted(Packet& packet, Side side, Ipv4Address address, std::optional<std::uint16_t> port);

}  // namespace ekspath
