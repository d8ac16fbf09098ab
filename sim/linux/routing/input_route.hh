#pragma once

#include "sim/linux/routing/routing.hh"

namespace ekspath {

/// What a namespace does with a packet that came in. Linux 6.1 net/ipv4/route.c ip_route_input_slow()
struct InputRoute {
  enum class Kind : std::uint8_t {
    local,    // for this host: an own address, or a broadcast
    forward,  // route says where to
    no_way,   // ip_error(): route.outcome says what the sender may be told
    martian,
    rp_filter,
    not_joined,  // multicast of a group that nobody here asked for
  } kind = Kind::martian;
  RouteResult route;
  bool redirect = false;  // the sender could reach the next hop itself
};
/// The settings that decide beside tables and addresses: what is remembered of a packet is so for equal ones.
[[nodiscard]] std::uint8_t input_settings(const Netns& netns, const Interface& in);
[[nodiscard]] InputRoute route_input(const Netns& netns, const Interface& in, const FlowKey& key);

}  // namespace ekspath
