#pragma once

#include <cstdint>

#include "sim/base/ipv4_address.hh"
#include "sim/linux/routing/route.hh"

namespace ekspath {

class Interface;

/// The question a lookup asks. Linux 6.1 include/net/flow.h flowi4
struct FlowKey {
  Ipv4Address destination;
  Ipv4Address source;  // unspecified: to be chosen
  std::uint32_t mark = 0;
  std::uint32_t in_interface = 0;   // 0: from this host itself
  std::uint32_t out_interface = 0;  // a socket bound to a device (or SO_BINDTODEVICE)
  std::uint8_t tos = 0;
  bool any_source = false;  // `source` need not be an own address (FLOWI_FLAG_ANYSRC)
};

/// The answer. Pointers are good until the tables change, which happens between events only.
struct RouteResult {
  enum class Outcome : std::uint8_t {
    found,
    no_route,
    unreachable,
    prohibit,
    blackhole
  } outcome = Outcome::no_route;
  RouteType type = RouteType::unicast;  // the route's, as its MTU: a remembered answer need not ask it
  std::uint16_t mtu = 0;                // of the route; 0: the interface's
  std::uint32_t table = 0;
  const Route* route = nullptr;
  const PolicyRule* rule = nullptr;
  Interface* out = nullptr;
  Ipv4Address next_hop;  // the gateway, or the destination itself
  Ipv4Address source;    // for packets of this host: the address chosen
  [[nodiscard]] bool found() const { return outcome == Outcome::found; }
  [[nodiscard]] bool is_local() const { return found() && type == RouteType::local; }
  [[nodiscard]] bool is_broadcast() const { return found() && type == RouteType::broadcast; }
};

}  // namespace ekspath
