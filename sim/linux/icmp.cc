#include "sim/linux/icmp.hh"

#include <optional>

#include "sim/linux/icmp_error.hh"
#include "sim/linux/netns.hh"
#include "sim/linux/walk.hh"
#include "sim/packet/build.hh"
#include "sim/packet/checksum.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

/// By the route alone: a frame to all MACs with a datagram for this host is answered (observed).
bool is_for_many(const Netns& netns, const Packet& packet) {
  const AddressType type = netns.routing.address_type(ipv4(packet).destination());
  return type == AddressType::broadcast || type == AddressType::multicast;
}

/// icmp_reply(): back to where it came from, from the address that was asked; the TOS is kept, DF is not set.
void reply(Hop& hop, const Packet& request, const IcmpFields& fields, std::span<const std::uint8_t> payload) {
  Netns& netns = hop.netns;
  const Ipv4View asked = ipv4(request);
  FlowKey key;
  key.destination = asked.source();
  key.source = asked.destination();
  key.tos = asked.tos() & 0x1e;
  if (netns.sysctls->fwmark_reflect) key.mark = request.meta.mark;
  const RouteResult route = netns.routing.lookup(key);
  if (!route.found()) {
    ++netns.occasional().snmp.ip_out_no_routes;
    return;
  }
  PacketRef answer = netns.pool().allocate(payload.size());
  append_bytes(*answer, payload);
  push_icmp(*answer, fields);
  constexpr auto protocol = static_cast<std::uint8_t>(IpProtocol::icmp);
  Ipv4Fields header;
  header.source = asked.destination();
  header.destination = asked.source();
  header.protocol = protocol;
  header.ttl = netns.sysctls->ip_default_ttl;
  header.tos = asked.tos();
  header.dont_fragment = false;
  header.identification = select_ip_id(netns, header.source, header.destination, protocol);
  push_ipv4(*answer, header);
  answer->meta.trace = netns.next_trace();
  answer->meta.mark = key.mark;
  if (netns.observer != nullptr) [[unlikely]]
    observe(netns, route.out, Stage::send, Verdict::pass, *answer);
  netns.occasional().icmp_busy = true;
  (void)local_out(netns, std::move(answer), route);  // nobody waits for the errno
  netns.occasional().icmp_busy = false;
}

/// The rule of the decision when the kernel itself takes a packet.
void delivered(Hop& hop, const Packet& packet, std::string_view by) {
  if (hop.netns.observer != nullptr) [[unlikely]] {
    observe(hop.netns, hop.in, Stage::local_in, Verdict::deliver, packet, by);
  }
}

/// The IPv4 header that an error quotes, when it is whole.
std::optional<Ipv4View> quoted_header(const Packet& error) {
  if (error.transport_size() < IcmpView::size + Ipv4View::minimum_size) return std::nullopt;
  const Ipv4View quoted{const_cast<std::uint8_t*>(error.transport()) + IcmpView::size};
  if (quoted.header_size() < Ipv4View::minimum_size) return std::nullopt;
  return quoted;
}

/// Linux 6.1 net/ipv4/route.c __ip_do_redirect(): believed from the present gateway only, and once the new
/// one answers ARP.
void learn_redirect(Hop& hop, const Packet& packet, const Ipv4View& quoted) {
  Netns& netns = hop.netns;
  const Ipv4Address gateway = icmp_header(packet).gateway();
  const bool all = netns.sysctls->all.accept_redirects;
  const bool own = hop.in->conf.accept_redirects;
  if (hop.in->conf.forwarding ? !(all && own) : !(all || own)) return;
  if (netns.routing.address_type(gateway) != AddressType::unicast) return;
  FlowKey key;
  key.destination = quoted.destination();
  const RouteResult route = netns.routing.lookup(key);
  if (!route.found() || route.next_hop != ipv4(packet).source() || route.next_hop == quoted.destination())
    return;
  if (netns.neighbours.is_valid_or_ask(*route.out, gateway)) {
    netns.routing.learn_redirect(quoted.destination(), gateway);
  }
}

/// icmp_unreach(), icmp_redirect()
void receive_error(Hop& hop, PacketRef packet) {
  Netns& netns = hop.netns;
  const auto quoted = quoted_header(*packet);
  if (!quoted) return drop(netns, hop.in, Stage::local_in, DropReason::header, std::move(packet));
  const IcmpView header = icmp_header(*packet);
  const bool ours = netns.routing.address_type(quoted->source()) == AddressType::local;
  if (ours && header.type() == icmp::redirect) learn_redirect(hop, *packet, *quoted);
  if (ours && header.type() == icmp::unreachable && header.code() == icmp::fragmentation_needed &&
      !netns.sysctls->ip_no_pmtu_disc) {
    netns.routing.learn_path_mtu(quoted->destination(), header.next_mtu());
  }
  delivered(hop, *packet, "icmp error");
  if (netns.sockets) netns.sockets->receive_icmp_error(hop, *packet);
}

}  // namespace

/// Linux 6.1 net/ipv4/icmp.c icmp_rcv()
void receive_icmp(Hop& hop, PacketRef packet) {
  Netns& netns = hop.netns;
  if (packet->transport_size() < IcmpView::size) {
    return drop(netns, hop.in, Stage::local_in, DropReason::header, std::move(packet));
  }
  if (checksum(packet->transport(), packet->transport_size()) != 0) {
    ++netns.occasional().snmp.icmp_in_csum_errors;
    return drop(netns, hop.in, Stage::local_in, DropReason::checksum, std::move(packet));
  }
  const IcmpView header = icmp_header(*packet);
  const std::uint32_t rest = load32(header.at + 4);
  const std::span<const std::uint8_t> payload{header.at + IcmpView::size,
                                              packet->transport_size() - IcmpView::size};
  switch (header.type()) {
    case icmp::echo_request:
      // icmp_echo_ignore_broadcasts is 1 by default, and not modelled as a setting.
      if (netns.sysctls->icmp_echo_ignore_all || is_for_many(netns, *packet)) {
        return drop(netns, hop.in, Stage::local_in, DropReason::no_socket, std::move(packet),
                    "icmp_echo_ignore");
      }
      delivered(hop, *packet, "icmp echo");
      return reply(hop, *packet, {icmp::echo_reply, 0, rest}, payload);
    case icmp::timestamp: {
      if (payload.size() < 12 || is_for_many(netns, *packet)) {
        return drop(netns, hop.in, Stage::local_in, DropReason::header, std::move(packet));
      }
      delivered(hop, *packet, "icmp timestamp");
      // inet_current_timestamp(): milliseconds since midnight UT. RFC 792
      std::array<std::uint8_t, 12> stamps;
      std::memcpy(stamps.data(), payload.data(), 4);
      const std::int64_t wall_ms = (netns.kernel().epoch_ns + netns.now().count()) / 1'000'000;
      store32(stamps.data() + 4, static_cast<std::uint32_t>(wall_ms % 86'400'000));
      std::memcpy(stamps.data() + 8, stamps.data() + 4, 4);
      return reply(hop, *packet, {icmp::timestamp_reply, 0, rest}, stamps);
    }
    case icmp::unreachable:
    case icmp::source_quench:
    case icmp::redirect:
    case icmp::time_exceeded:
    case icmp::parameter_problem:
      return receive_error(hop, std::move(packet));
    default:
      if (netns.sockets) return netns.sockets->receive_icmp(hop, std::move(packet));
      return drop(netns, hop.in, Stage::local_in, DropReason::no_socket, std::move(packet));
  }
}

}  // namespace ekspath
