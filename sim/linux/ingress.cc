#include "sim/linux/icmp_error.hh"
#include "sim/linux/netns.hh"
#include "sim/linux/routing/input_route.hh"
#include "sim/linux/walk.hh"
#include "sim/packet/headers.hh"
#include "sim/packet/parse.hh"

namespace ekspath {
namespace {

/// Linux 6.1 net/ethernet/eth.c eth_type_trans()
PacketType type_of(const Interface& in, const MacAddress& destination) {
  if (destination == in.mac) return PacketType::host;
  if (destination.is_broadcast()) return PacketType::broadcast;
  return destination.is_group() ? PacketType::multicast : PacketType::other_host;
}

/// ip_error(): the sender is told, as often as its peer entry allows; without forwarding nobody is.
void refuse(Hop& hop, PacketRef packet, const InputRoute& input) {
  Netns& netns = hop.netns;
  if (!hop.in->conf.forwarding) {
    ++netns.occasional().snmp.ip_in_addr_errors;
    return drop(netns, hop.in, Stage::route, DropReason::forwarding_off, std::move(packet));
  }
  IcmpErrorSpec error{icmp::unreachable, icmp::net_unreachable, 0};
  DropReason reason = DropReason::no_route;
  switch (input.route.outcome) {
    case RouteResult::Outcome::blackhole:
      reason = DropReason::blackhole_route;
      break;
    case RouteResult::Outcome::unreachable:
      reason = DropReason::unreachable_route;
      error.code = icmp::host_unreachable;
      break;
    case RouteResult::Outcome::prohibit:
      reason = DropReason::prohibited;
      error.code = icmp::admin_prohibited;
      break;
    default:
      ++netns.occasional().snmp.ip_in_no_routes;
      break;
  }
  if (reason != DropReason::blackhole_route) {
    if (icmp_limits_of(netns).route_error_allowed(ipv4(*packet).source()))
      send_icmp_error(hop, *packet, error);
  }
  std::string text;
  if (netns.observer != nullptr) [[unlikely]]
    text = netns.routing.text(input.route);
  drop(netns, hop.in, Stage::route, reason, std::move(packet), text);
}

/// ip_rcv_finish(): the input route decision, with the mark and the destination that PRE_ROUTING left.
void route_received(Hop& hop, PacketRef packet) {
  Netns& netns = hop.netns;
  const Ipv4View ip = ipv4(*packet);
  // A packet on lo was routed when it was sent, and keeps that route. skb_valid_dst()
  if (hop.in->kind == InterfaceKind::loopback) {
    const AddressType type = netns.routing.address_type(ip.destination());
    if (type == AddressType::local || type == AddressType::broadcast) return local_in(hop, std::move(packet));
  }
  FlowKey key;
  key.destination = ip.destination();
  key.source = ip.source();
  key.mark = packet->meta.mark;
  key.in_interface = hop.in->index;
  key.tos = ip.tos();
  const InputRoute input = route_input(netns, *hop.in, key);
  switch (input.kind) {
    case InputRoute::Kind::local:
    case InputRoute::Kind::forward:
      if (netns.observer != nullptr) [[unlikely]] {
        observe(netns, hop.in, Stage::route, Verdict::pass, *packet, netns.routing.text(input.route));
      }
      if (input.kind == InputRoute::Kind::local) return local_in(hop, std::move(packet));
      return forward(hop, std::move(packet), input);
    case InputRoute::Kind::no_way:
      return refuse(hop, std::move(packet), input);
    case InputRoute::Kind::martian:
      ++netns.occasional().snmp.ip_martian;
      return drop(netns, hop.in, Stage::route, DropReason::martian, std::move(packet));
    case InputRoute::Kind::rp_filter:
      ++netns.occasional().snmp.ip_reverse_path_filter;
      return drop(netns, hop.in, Stage::route, DropReason::rp_filter, std::move(packet));
    case InputRoute::Kind::not_joined:
      ++netns.occasional().snmp.ip_in_addr_errors;
      return drop(netns, hop.in, Stage::route, DropReason::not_for_us, std::move(packet));
  }
}

/// Linux 6.1 net/ipv4/ip_input.c ip_rcv()
void receive_ipv4(Interface& in, PacketRef packet) {
  Netns& netns = *in.netns;
  ++netns.snmp.ip_in_receives;
  if (const ParseResult parsed = parse_ipv4(*packet); parsed != ParseResult::ok) {
    ++netns.occasional().snmp.ip_in_hdr_errors;
    const DropReason reason = parsed == ParseResult::bad_checksum ? DropReason::checksum : DropReason::header;
    return drop(netns, &in, Stage::ingress, reason, std::move(packet));
  }
  if (netns.observer != nullptr) [[unlikely]]
    observe(netns, &in, Stage::ingress, Verdict::pass, *packet);
  Hop hop{netns, &in};
  if (netns.netfilter || netns.conntrack) {
    if (netns.netfilter && netns.observer == nullptr && netns.netfilter->flows().forward(hop, packet)) return;
    if (!run_hook(Hook::pre_routing, hop, packet)) return;
  }
  route_received(hop, std::move(packet));
}

}  // namespace

void Interface::receive(PacketRef frame) { ingress(*this, std::move(frame)); }

void ingress(Interface& in, PacketRef frame) {
  Netns& netns = *in.netns;
  if (!in.up) return drop(netns, &in, Stage::ingress, DropReason::interface_down, std::move(frame));
  Packet& packet = *frame;
  if (packet.size() < EthernetView::size) {
    return drop(netns, &in, Stage::ingress, DropReason::header, std::move(frame));
  }
  const bool is_loopback = in.kind == InterfaceKind::loopback;
  // veth and ena count the link header, lo does not. `ip -s link`
  ++in.counters.rx_packets;
  in.counters.rx_bytes += packet.size() - (is_loopback ? EthernetView::size : 0);
  // Mark and connection stay behind when a frame leaves its namespace; over lo they come along (facts 1).
  if (!is_loopback) packet.scrub();
  const EthernetView header = ethernet(packet);
  packet.meta.type = type_of(in, header.destination());
  packet.meta.in_interface = in.index;
  if (in.tap != nullptr) in.tap->frame(in.place, Direction::in, packet, netns.now());

  const std::uint16_t type = header.type();
  packet.pull(EthernetView::size);
  packet.mark_network();
  if (packet.meta.type == PacketType::other_host) {
    ++in.counters.rx_dropped;
    return drop(netns, &in, Stage::ingress, DropReason::not_for_us, std::move(frame));
  }
  switch (EtherType{type}) {
    case EtherType::ipv4:
      return receive_ipv4(in, std::move(frame));
    case EtherType::arp:
      return netns.neighbours.receive_arp(in, std::move(frame));
  }
  ++in.counters.rx_dropped;
  drop(netns, &in, Stage::ingress, DropReason::header, std::move(frame));
}

}  // namespace ekspath
