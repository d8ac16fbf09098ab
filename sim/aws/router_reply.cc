#include "sim/aws/router_reply.hh"

#include <algorithm>

#include "sim/packet/build.hh"
#include "sim/packet/checksum.hh"
#include "sim/packet/headers.hh"
#include "sim/packet/rewrite.hh"

namespace ekspath {
namespace {

constexpr std::uint8_t router_ttl = 64;
constexpr std::size_t largest_error = 576;

}  // namespace

bool may_be_told(const Packet& about) {
  const Ipv4View ip = ipv4(about);
  const auto is_one = [](Ipv4Address a) {
    return !a.is_multicast() && !a.is_limited_broadcast() && !a.is_zeronet();
  };
  return !is_icmp_error(about) && ip.fragment_offset() == 0 && is_one(ip.source()) &&
         is_one(ip.destination());
}

PacketRef build_router_error(PacketPool& pool, const Packet& about, const RouterError& error) {
  const std::size_t quote =
      std::min(about.network_size(), largest_error - Ipv4View::minimum_size - IcmpView::size);
  PacketRef packet = pool.allocate(quote);
  append_bytes(*packet, {about.network(), quote});
  push_icmp(*packet, {error.type, error.code, error.rest});
  push_ipv4(*packet, {error.from, ipv4(about).source(), static_cast<std::uint8_t>(IpProtocol::icmp),
                      router_ttl, 0, 0, false});
  return packet;
}

void turn_into_echo_reply(Packet& request) {
  Ipv4View ip = ipv4(request);
  const Ipv4Address asked = ip.destination();
  ip.destination(ip.source());
  ip.source(asked);
  ip.ttl(router_ttl);
  std::uint8_t* at = request.transport();
  store16(at + 2, checksum_update16(load16(at + 2), load16(at), icmp::echo_reply << 8));
  store16(at, icmp::echo_reply << 8);
}

PacketRef build_reset(PacketPool& pool, const Packet& about) {
  const Ipv4View ip = ipv4(about);
  const TcpView tcp = tcp_header(about);
  PacketRef packet = pool.allocate(0);
  TcpFields fields{
      ip.destination(), ip.source(), tcp.destination_port(), tcp.source_port(), 0, 0, tcp_flag::rst, 0, {}};
  // RFC 793 3.4: in the window of whoever is told.
  if (tcp.has(tcp_flag::ack)) {
    fields.sequence = tcp.acknowledgement();
  } else {
    const std::size_t data = about.transport_size() - tcp.header_size();
    fields.acknowledgement =
        tcp.sequence() + static_cast<std::uint32_t>(data) + (tcp.has(tcp_flag::fin) ? 1U : 0U);
    fields.flags |= tcp_flag::ack;
  }
  push_tcp(*packet, fields);
  push_ipv4(*packet, {ip.destination(), ip.source(), static_cast<std::uint8_t>(IpProtocol::tcp), router_ttl,
                      0, 0, true});
  return packet;
}

}  // namespace ekspath
