#include <algorithm>
#include <cerrno>

#include "sim/linux/netns.hh"

/// `ip addr` and `ip link set up|down`: what the kernel does to routes and neighbours with each.
namespace ekspath {
namespace {

Route kernel_route(const Interface& interface, const InterfaceAddress& own, Prefix prefix, RouteType type) {
  Route route;
  route.prefix = prefix;
  route.type = type;
  route.scope = type == RouteType::local ? RouteScope::host : RouteScope::link;
  route.protocol = RouteProtocol::kernel;
  route.out_interface = interface.index;
  route.preferred_source = own.address;
  return route;
}

/// A secondary's routes name the primary of its subnet as their source. fib_add_ifaddr()
const InterfaceAddress& primary_of(const Interface& interface, const InterfaceAddress& own) {
  if (!own.secondary) return own;
  for (const InterfaceAddress& other : interface.addresses) {
    if (!other.secondary && other.prefix() == own.prefix()) return other;
  }
  return own;
}

/// The routes that stand for one address. Linux 6.1 net/ipv4/fib_frontend.c fib_add_ifaddr()
template <class Give>
void each_route_of(const Interface& interface, const InterfaceAddress& own, Give give) {
  const InterfaceAddress& primary = primary_of(interface, own);
  give(route_table::local, kernel_route(interface, primary, {own.address, 32}, RouteType::local));
  if (!interface.up || own.secondary || own.prefix_length == 32) return;
  const Prefix subnet = own.prefix();
  if (subnet.network().is_unspecified()) return;
  if (own.connected_route) {
    const bool is_loopback = interface.kind == InterfaceKind::loopback;
    give(is_loopback ? route_table::local : route_table::main,
         kernel_route(interface, primary, subnet, is_loopback ? RouteType::local : RouteType::unicast));
  }
  if (own.prefix_length < 31) {
    give(route_table::local,
         kernel_route(interface, primary, {subnet.broadcast(), 32}, RouteType::broadcast));
  }
}

}  // namespace

/// Linux 6.1 net/ipv4/devinet.c __inet_insert_ifa()
int Netns::add_address(Interface& interface, const InterfaceAddress& wanted, bool connected_route) {
  InterfaceAddress added = wanted;
  added.secondary = false;
  added.connected_route = connected_route;
  InterfaceAddresses& addresses = interface.addresses;
  auto place = addresses.begin();
  for (auto other = addresses.begin(); other != addresses.end(); ++other) {
    if (!other->secondary && added.scope <= other->scope) place = other + 1;
    if (other->prefix() != added.prefix()) continue;
    if (other->address == added.address) return EEXIST;
    if (other->scope != added.scope) return EINVAL;
    added.secondary = true;
  }
  const auto inserted = addresses.insert(added.secondary ? addresses.end() : place, added);
  each_route_of(interface, *inserted,
                [this](std::uint32_t table, const Route& route) { routing.append_route(table, route); });
  return 0;
}

/// Linux 6.1 net/ipv4/devinet.c __inet_del_ifa(), fib_frontend.c fib_del_ifaddr(). promote_secondaries is 0.
int Netns::delete_address(Interface& interface, Ipv4Address address) {
  InterfaceAddresses& addresses = interface.addresses;
  const auto found = std::find_if(addresses.begin(), addresses.end(),
                                  [&](const InterfaceAddress& own) { return own.address == address; });
  if (found == addresses.end()) return EADDRNOTAVAIL;
  std::vector<InterfaceAddress> gone{*found};
  if (!found->secondary) {
    for (const InterfaceAddress& own : addresses) {
      if (own.secondary && own.prefix() == found->prefix()) gone.push_back(own);
    }
  }
  std::vector<std::pair<std::uint32_t, Route>> routes;
  for (const InterfaceAddress& own : gone) {
    each_route_of(interface, own,
                  [&](std::uint32_t table, const Route& route) { routes.emplace_back(table, route); });
  }
  const auto removed = std::ranges::remove_if(addresses, [&](const InterfaceAddress& own) {
    return std::ranges::find(gone, own.address, &InterfaceAddress::address) != gone.end();
  });
  addresses.erase(removed.begin(), removed.end());
  for (const auto& [table, route] : routes) routing.remove_route(table, route);
  // What another address still stands for comes back. An address that is nowhere left takes along what
  // prefers it.
  for (const InterfaceAddress& own : addresses) {
    each_route_of(interface, own,
                  [this](std::uint32_t table, const Route& route) { routing.append_route(table, route); });
  }
  for (const InterfaceAddress& own : gone) {
    const bool elsewhere = std::any_of(interfaces_.begin(), interfaces_.end(),
                                       [&](const auto& other) { return other->has(own.address); });
    if (!elsewhere) routing.flush_routes_from(own.address);
    if (conntrack) conntrack->masquerade_gone(interface.index, own.address);
  }
  // fib_inetaddr_event(): the last address gone disables IP on the interface.
  if (addresses.empty()) {
    routing.flush_routes_of(interface, true);
    neighbours.flush(interface);
  }
  return 0;
}

void Netns::set_up(Interface& interface, bool up) {
  if (interface.up == up) return;
  interface.up = up;
  if (interface.peer != nullptr) {
    Interface& other = *interface.peer;
    interface.carrier = other.carrier = interface.up && other.up;
  }
  if (up) {
    for (const InterfaceAddress& own : interface.addresses) {
      each_route_of(interface, own,
                    [this](std::uint32_t table, const Route& route) { routing.append_route(table, route); });
    }
    return;
  }
  routing.flush_routes_of(interface);
  neighbours.flush(interface);
  if (conntrack) conntrack->masquerade_gone(interface.index);
}

}  // namespace ekspath
