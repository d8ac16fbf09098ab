#pragma once

#include <cstdint>

#include "sim/base/prefix.hh"
#include "sim/base/shared_text.hh"

namespace ekspath {

/// Linux 6.1 include/uapi/linux/rtnetlink.h RTN_*
enum class RouteType : std::uint8_t { unicast, local, broadcast, blackhole, unreachable, prohibit, throw_ };
enum class RouteScope : std::uint8_t { global = 0, link = 253, host = 254 };
enum class RouteProtocol : std::uint8_t { unspec = 0, kernel = 2, boot = 3, static_ = 4, dhcp = 16 };

namespace route_table {
constexpr std::uint32_t local = 255, main = 254, default_ = 253;
}

/// One route of one table.
struct Route {
  Prefix prefix{};
  RouteType type = RouteType::unicast;
  RouteScope scope = RouteScope::global;
  RouteProtocol protocol = RouteProtocol::boot;
  bool onlink = false;
  std::uint32_t out_interface = 0;  // index; 0 for types that need none
  std::uint32_t metric = 0;         // the lower wins
  Ipv4Address gateway{};            // unspecified: on link
  Ipv4Address preferred_source{};   // `src`; unspecified: chosen at lookup
  std::uint32_t mtu = 0;            // `mtu`; 0: the interface's

  friend bool operator==(const Route&, const Route&) = default;
};

/// One rule of the policy database. `not` negates the whole selector.
struct PolicyRule {
  std::uint32_t priority = 0;
  Prefix from{};  // /0: all
  Prefix to{};
  std::uint32_t fwmark = 0;
  std::uint32_t fwmask = 0;  // 0: no mark selector
  std::uint32_t table = 0;
  std::int32_t suppress_prefix_length = -1;
  bool invert = false;
  std::uint8_t tos = 0;
  enum class Action : std::uint8_t { lookup, unreachable, prohibit, blackhole } action = Action::lookup;
  RouteProtocol protocol = RouteProtocol::unspec;
  SharedText iif{};  // of a device; empty: any
  SharedText oif{};

  friend bool operator==(const PolicyRule&, const PolicyRule&) = default;
};

}  // namespace ekspath
