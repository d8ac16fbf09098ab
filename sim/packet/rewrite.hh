#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "sim/base/ipv4_address.hh"
#include "sim/packet/headers.hh"
#include "sim/packet/packet.hh"
#include "sim/packet/tuple.hh"

namespace ekspath {

/// What a translation changes: of a packet, or of the one that an ICMP error quotes. Checksums of IPv4, TCP,
/// UDP and ICMP stay right (or wrong), incrementally (RFC 1624); a later fragment has no transport header to
/// mend.
enum class Side : std::uint8_t { source, destination };

/// A datagram, or as much of it as an ICMP error quotes; its IPv4 header is whole.
struct DatagramBytes {
  std::uint8_t* at;
  std::size_t size;
};

/// One side's address, and with it the port of TCP or UDP, or the id of an ICMP query (on either side).
/// Linux 6.1 net/netfilter/nf_nat_proto.c nf_nat_ipv4_manip_pkt()
void rewrite(DatagramBytes datagram, Side side, Ipv4Address address, std::optional<std::uint16_t> port);
inline void rewrite(Packet& packet, Side side, Ipv4Address address, std::optional<std::uint16_t> port) {
  rewrite(DatagramBytes{packet.network(), packet.network_size()}, side, address, port);
}

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
