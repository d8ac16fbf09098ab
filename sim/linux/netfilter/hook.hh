#pragma once

#include <cstdint>

#include "sim/base/ipv4_address.hh"
#include "sim/packet/packet.hh"

namespace ekspath {

class Netns;
class Interface;
class WalkNotes;  // netfilter/flow_memory.hh

//   in --> PRE_ROUTING --> [route] --> FORWARD --> POST_ROUTING --> out
//                             |                        ^
//                             v                        |
//                          LOCAL_IN                 [route]
//                             |                        ^
//                             v                        |
//                          a socket -----------> LOCAL_OUT
//
// Linux 6.1 include/uapi/linux/netfilter.h, netfilter_ipv4.h (the priorities)
enum class Hook : std::uint8_t { pre_routing, local_in, forward, local_out, post_routing };

/// What travels together through the walk of one namespace.
struct Hop {
  Netns& netns;
  Interface* in = nullptr;
  Interface* out = nullptr;
  Ipv4Address next_hop{};      // by `out`: the gateway, or the destination itself
  std::uint32_t mtu = 0;       // of the route by `out`
  bool tracked = false;        // conntrack has seen the packet already at this hook
  WalkNotes* notes = nullptr;  // who wants to know what this walk depends on; null: nobody
};

/// Runs what is registered at a hook, in the kernel's order of priority:
///   PRE_ROUTING   defragmentation -400, raw -300, conntrack -200, mangle -150, nat (dst) -100
///   LOCAL_IN      mangle -150, filter 0, nat (src) 100, confirm max
///   FORWARD       mangle -150, filter 0
///   LOCAL_OUT     defragmentation -400, raw -300, conntrack -200, mangle -150, nat (dst) -100, filter 0
///   POST_ROUTING  mangle -150, nat (src) 100, confirm max
/// True: the packet goes on. False: it was consumed (dropped with its reason, rejected, or kept for
/// reassembly).
///
/// At LOCAL_OUT mangle and nat reroute: hop.out, next_hop and mtu change by route_me_harder() (walk.hh) after
/// a change of mark or destination; nat and filter there still see the old interface (facts 1).
[[nodiscard]] bool run_hook(Hook hook, Hop& hop, PacketRef& packet);

}  // namespace ekspath
