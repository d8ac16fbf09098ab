#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "sim/linux/netfilter/hook.hh"
#include "sim/linux/routing/routing.hh"
#include "sim/packet/fate.hh"
#include "sim/packet/packet.hh"

/// The walk of a packet through one namespace, forward only: each function ends in the next one, in drop(),
/// or keeps the packet in a queue. docs/walk.md follows one packet through them.
namespace ekspath {

class Interface;
class Netns;
struct InputRoute;

// ingress.cc       a frame from the wire: tap, link header, ARP or ip_rcv(), PRE_ROUTING, input route
// decision
void ingress(Interface& in, PacketRef frame);
// forward.cc       ip_forward(): TTL, MTU, redirect, FORWARD
void forward(Hop& hop, PacketRef packet, const InputRoute& input);
// local_in.cc      ip_local_deliver(): reassembly, LOCAL_IN, then the protocol: icmp, udp, tcp
void local_in(Hop& hop, PacketRef packet);
// output.cc        ip_output(): POST_ROUTING, fragmentation to hop.mtu, neighbour hop.next_hop on hop.out
void post_routing(Hop& hop, PacketRef packet);
// egress.cc        the frame leaves: link header, tap "Out", link; loopback comes back in
void egress(Interface& out, PacketRef packet, const MacAddress& destination);
// egress.cc        a whole frame, ARP too
void transmit(Interface& out, PacketRef frame);

/// output.cc: a complete IPv4 packet of this host's own, routed by `route` (its source already chosen by the
/// caller). LOCAL_OUT, rerouting, POST_ROUTING. 0, or the errno that the send call would return: EPERM when a
/// rule drops it.
[[nodiscard]] int local_out(Netns& netns, PacketRef packet, const RouteResult& route);
/// output.cc: the mark or the destination of a packet at LOCAL_OUT changed: hop.out, next_hop and mtu by a
/// new lookup; the source stays. 0, or the errno of the lookup (the caller drops the packet). Linux 6.1
/// net/ipv4/netfilter.c
[[nodiscard]] int route_me_harder(Hop& hop, const Packet& packet);
/// The errno of a route that does not lead anywhere: ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL.
[[nodiscard]] int errno_of(RouteResult::Outcome outcome);
/// The MTU towards a destination by this route: the interface's, the route's, the learnt one: the least.
[[nodiscard]] std::uint32_t mtu_of(const Netns& netns, const RouteResult& route, Ipv4Address destination);

/// ip_dst_mtu_maybe_forward(): a forwarded packet heeds the route's mtu (0: none) and the device's, not what
/// was learnt. Linux 6.1 include/net/ip.h
[[nodiscard]] inline std::uint32_t forwarding_mtu(std::uint32_t of_route, const Interface& out) {
  constexpr std::uint32_t largest_datagram = 65535;
  return std::min(of_route != 0 ? of_route : out.mtu, largest_datagram);
}

/// The only way to die. Cold, as what observes is: the compiler then keeps both out of the way of packets
/// that live. `where`: the interface at hand (in before FORWARD, out after), or null for the namespace.
[[gnu::cold]] void drop(Netns& netns, const Interface* where, Stage stage, DropReason reason,
                        PacketRef packet, std::string_view rule = {});

/// Tells the observer, if there is one. Build no text before testing netns.observer.
[[gnu::cold]] void observe(Netns& netns, const Interface* where, Stage stage, Verdict verdict,
                           const Packet& packet, std::string_view rule = {});

}  // namespace ekspath
