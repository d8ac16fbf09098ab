#include "sim/linux/icmp_error.hh"
#include "sim/linux/netfilter/flow_memory.hh"
#include "sim/linux/netns.hh"
#include "sim/linux/routing/input_route.hh"
#include "sim/linux/walk.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

/// ip_exceeds_mtu(): of a reassembled packet the largest fragment counts.
bool exceeds(const Packet& packet, std::uint32_t mtu) {
  if (packet.network_size() <= mtu || !ipv4(packet).dont_fragment()) return false;
  return packet.meta.largest_fragment == 0 || packet.meta.largest_fragment > mtu;
}

/// ip_rt_send_redirect()
void send_redirect(Hop& hop, const Packet& packet, const RouteResult& route) {
  Netns& netns = hop.netns;
  if (!icmp_limits_of(netns).redirect_allowed(ipv4(packet).source())) return;
  send_icmp_error(hop, packet, {icmp::redirect, icmp::host_unreachable, route.next_hop.bits()});
}

}  // namespace

/// Linux 6.1 net/ipv4/ip_forward.c ip_forward()
void forward(Hop& hop, PacketRef packet, const InputRoute& input) {
  Netns& netns = hop.netns;
  const RouteResult& route = input.route;
  if (packet->meta.type != PacketType::host) {
    return drop(netns, hop.in, Stage::forward, DropReason::not_for_us, std::move(packet));
  }
  Ipv4View ip = ipv4(*packet);
  if (ip.ttl() <= 1) {
    ++netns.occasional().snmp.ip_in_hdr_errors;
    send_icmp_error(hop, *packet, {icmp::time_exceeded, 0, 0});
    return drop(netns, hop.in, Stage::forward, DropReason::ttl_expired, std::move(packet));
  }
  ++netns.occasional().snmp.ip_forw_datagrams;
  hop.mtu = forwarding_mtu(route.mtu, *route.out);
  if (exceeds(*packet, hop.mtu)) {
    ++netns.occasional().snmp.ip_frag_fails;
    send_icmp_error(hop, *packet, {icmp::unreachable, icmp::fragmentation_needed, hop.mtu});
    return drop(netns, hop.in, Stage::forward, DropReason::mtu, std::move(packet));
  }
  ip.decrement_ttl();
  hop.out = route.out;
  hop.next_hop = route.next_hop;
  if (hop.notes != nullptr) [[unlikely]]
    hop.notes->routed(route.mtu);
  if (input.redirect) {
    hop.notes = nullptr;
    send_redirect(hop, *packet, route);
  }
  if (netns.observer != nullptr) [[unlikely]]
    observe(netns, hop.out, Stage::forward, Verdict::pass, *packet);
  if (netns.netfilter || netns.conntrack) {
    if (!run_hook(Hook::forward, hop, packet)) return;
  }
  post_routing(hop, std::move(packet));
}

}  // namespace ekspath
