#include <algorithm>
#include <cerrno>

#include "sim/linux/icmp_error.hh"
#include "sim/linux/netns.hh"
#include "sim/linux/walk.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

constexpr std::uint32_t largest_datagram = 65535;

/// ip_finish_output2()
void finish_output(Hop& hop, PacketRef packet) {
  hop.netns.neighbours.resolve(*hop.out, hop.next_hop, std::move(packet));
}

/// Linux 6.1 net/ipv4/ip_output.c ip_fragment(): a reassembled packet may be cut again though it says DF, but
/// into pieces no larger than the largest that came.
bool may_be_cut(const Packet& packet, std::uint32_t mtu) {
  if (!ipv4(packet).dont_fragment()) return true;
  return packet.meta.largest_fragment != 0 && packet.meta.largest_fragment <= mtu;
}

}  // namespace

int local_out(Netns& netns, PacketRef packet, const RouteResult& route) {
  ASSERT(route.found() && route.out != nullptr);
  ++netns.snmp.ip_out_requests;
  Hop hop{netns, nullptr, route.out, route.next_hop, mtu_of(netns, route, ipv4(*packet).destination())};
  if (netns.observer != nullptr) [[unlikely]] {
    observe(netns, route.out, Stage::route, Verdict::pass, *packet, netns.routing.text(route));
  }
  if (netns.netfilter || netns.conntrack) {
    if (!run_hook(Hook::local_out, hop, packet)) {
      ++netns.occasional().snmp.ip_out_discards;  // ip_send_skb()
      return EPERM;
    }
  }
  post_routing(hop, std::move(packet));
  return 0;
}

/// Linux 6.1 net/ipv4/ip_output.c ip_output(), __ip_finish_output()
void post_routing(Hop& hop, PacketRef packet) {
  Netns& netns = hop.netns;
  if (netns.netfilter || netns.conntrack) {
    if (!run_hook(Hook::post_routing, hop, packet)) return;
  }
  if (packet->network_size() <= hop.mtu && packet->meta.largest_fragment == 0) [[likely]] {
    if (hop.notes != nullptr) [[unlikely]]
      netns.netfilter->flows().keep(hop, *packet);
    return finish_output(hop, std::move(packet));
  }
  if (!may_be_cut(*packet, hop.mtu)) {
    ++netns.occasional().snmp.ip_frag_fails;
    send_icmp_error(hop, *packet, {icmp::unreachable, icmp::fragmentation_needed, hop.mtu});
    return drop(netns, hop.out, Stage::fragment, DropReason::mtu, std::move(packet));
  }
  fragment(hop, std::move(packet), finish_output);
}

int route_me_harder(Hop& hop, const Packet& packet) {
  Netns& netns = hop.netns;
  const Ipv4View ip = ipv4(packet);
  FlowKey key;
  key.destination = ip.destination();
  const AddressType source_type = netns.routing.address_type(ip.source());
  if (source_type == AddressType::local || source_type == AddressType::unicast) key.source = ip.source();
  key.any_source = true;
  key.mark = packet.meta.mark;
  key.tos = ip.tos();
  const RouteResult route = netns.routing.lookup(key);
  if (!route.found()) return errno_of(route.outcome);
  if (netns.observer != nullptr) [[unlikely]] {
    observe(netns, route.out, Stage::route, Verdict::pass, packet, netns.routing.text(route));
  }
  hop.out = route.out;
  hop.next_hop = route.next_hop;
  hop.mtu = mtu_of(netns, route, ip.destination());
  return 0;
}

int errno_of(RouteResult::Outcome outcome) {
  switch (outcome) {
    case RouteResult::Outcome::found:
      return 0;
    case RouteResult::Outcome::no_route:
      return ENETUNREACH;
    case RouteResult::Outcome::unreachable:
      return EHOSTUNREACH;
    case RouteResult::Outcome::prohibit:
      return EACCES;
    case RouteResult::Outcome::blackhole:
      return EINVAL;
  }
  return ENETUNREACH;
}

std::uint32_t mtu_of(const Netns& netns, const RouteResult& route, Ipv4Address destination) {
  std::uint32_t mtu = std::min(route.out->mtu, largest_datagram);
  if (route.mtu != 0) mtu = std::min<std::uint32_t>(mtu, route.mtu);
  const std::uint32_t learnt = netns.routing.path_mtu(destination);
  return learnt != 0 ? std::min(mtu, learnt) : mtu;
}

}  // namespace ekspath
