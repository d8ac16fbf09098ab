#include <algorithm>

#include "sim/linux/routing/routing_state.hh"

namespace ekspath {
namespace {

constexpr std::uint32_t loopback_index = 1;

RouteResult::Outcome outcome_of(RouteType type) {
  switch (type) {
    case RouteType::unreachable:
      return RouteResult::Outcome::unreachable;
    case RouteType::prohibit:
      return RouteResult::Outcome::prohibit;
    case RouteType::blackhole:
      return RouteResult::Outcome::blackhole;
    default:
      return RouteResult::Outcome::found;
  }
}

/// Linux 6.1 net/ipv4/fib_rules.c fib4_rule_action(): a rule of type unreachable says ENETUNREACH, as if
/// nothing matched.
RouteResult::Outcome outcome_of(PolicyRule::Action action) {
  switch (action) {
    case PolicyRule::Action::prohibit:
      return RouteResult::Outcome::prohibit;
    case PolicyRule::Action::blackhole:
      return RouteResult::Outcome::blackhole;
    default:
      return RouteResult::Outcome::no_route;
  }
}

bool is_broadcast_or_multicast(Ipv4Address address) {
  return address.is_limited_broadcast() || address.is_multicast();
}

/// Linux 6.1 net/ipv4/fib_semantics.c fib_result_prefsrc()
Ipv4Address source_of(const Routing& routing, const Route& route, const Interface& out) {
  if (!route.preferred_source.is_unspecified()) return route.preferred_source;
  return routing.select_source(&out, route.gateway, route.scope);
}

/// 0: the interface's alone counts.
std::uint16_t mtu_in(const Route& route) {
  constexpr std::uint32_t largest_datagram = 65535;
  return static_cast<std::uint16_t>(std::min(route.mtu, largest_datagram));
}

RouteResult without_route(const Routing& routing, const FlowKey& key, Interface& out, const Route& stand_in) {
  RouteResult result;
  result.outcome = RouteResult::Outcome::found;
  result.type = stand_in.type;
  result.mtu = mtu_in(stand_in);
  result.route = &stand_in;
  result.out = &out;
  result.next_hop = key.destination;
  result.source =
      key.source.is_unspecified() ? routing.select_source(&out, {}, RouteScope::link) : key.source;
  return result;
}

}  // namespace

/// Linux 6.1 net/core/fib_rules.c fib_rules_lookup()
void Routing::State::resolve(const FlowKey& key, Fib::Limits limits, RouteResult& result) const {
  const auto take = [&](const Fib* fib, std::int32_t suppressed_length) {
    if (fib == nullptr) return false;
    const Route* route = fib->find(key.destination, limits);
    if (route == nullptr || route->type == RouteType::throw_) return false;
    if (static_cast<std::int32_t>(route->prefix.length()) <= suppressed_length) return false;
    result.outcome = outcome_of(route->type);
    result.type = route->type;
    result.mtu = mtu_in(*route);
    result.route = route;
    result.table = fib->id();
    return true;
  };
  result.outcome = RouteResult::Outcome::no_route;
  if (!own_rules) {
    for (const PolicyRule& rule : default_rules()) {
      if (!take(table(rule.table), -1)) continue;
      result.rule = &rule;
      return;
    }
    return;
  }
  if (own_rules->stale) {
    own_rules->bound.bind(own_rules->rules, netns, tables);
    own_rules->stale = false;
  }
  const BoundRules& rules = own_rules->bound;
  rules.each_match(key, [&](std::uint32_t number) {
    const BoundRule& rule = rules[number];
    if (rule.action != PolicyRule::Action::lookup) {
      result.outcome = outcome_of(rule.action);
      result.rule = &own_rules->rules[number];
      return true;
    }
    if (!take(rule.table, rule.suppress_prefix_length)) return false;
    result.rule = &own_rules->rules[number];
    return true;
  });
}

/// Linux 6.1 net/ipv4/route.c ip_route_output_key_hash_rcu() for packets of this host; for received ones the
/// lookup of ip_route_input_slow(), whose other checks are in ingress.cc.
RouteResult Routing::lookup(const FlowKey& key) const {
  // An interface asked for may go down, route_localnet may be switched. What becomes of received packets is
  // remembered as a whole: input_route.cc.
  if (key.in_interface != 0 || key.out_interface != 0 || key.source.is_loopback())
    return state_->look_up(key);
  const auto asked =
      key.any_source ? RouteCache::Question::lookup_from_any_source : RouteCache::Question::lookup;
  const RouteCache::Key question = RouteCache::key(key, asked);
  if (const RouteCache::Answer* answer = known_.find(question)) return answer->route;
  const RouteResult result = state_->look_up(key);
  if (!has_learnt()) known_.remember({result, question});  // a redirect ends by time
  return result;
}

RouteResult Routing::State::look_up(const FlowKey& key) const {
  RouteResult result;
  const Routing& routing = netns.routing;
  const bool own = key.in_interface == 0;
  if (own && !key.any_source && !key.source.is_unspecified() &&
      routing.address_type(key.source) != AddressType::local)
    return result;
  FlowKey asked = key;
  Interface* bound = nullptr;
  if (own && key.out_interface != 0) {
    bound = netns.interface(key.out_interface);
    if (bound == nullptr || !bound->up) return result;
    if (is_broadcast_or_multicast(key.destination)) {
      // What goes to all neighbours of a named interface needs no route.
      static constexpr Route to_all{{}, RouteType::broadcast, RouteScope::link, RouteProtocol::kernel};
      return without_route(routing, key, *bound, to_all);
    }
  }
  if (own && key.destination.is_unspecified()) {
    // "this host": by lo to the source, or to 127.0.0.1.
    asked.destination = key.source.is_unspecified() ? Ipv4Address(127, 0, 0, 1) : key.source;
  }
  resolve(asked, {key.out_interface, RouteScope::global}, result);
  if (!result.found()) {
    if (bound == nullptr) return result;
    // "Apparently, routing tables are wrong. Assume that the destination is on link."
    static constexpr Route assumed{{}, RouteType::unicast, RouteScope::link, RouteProtocol::kernel};
    return without_route(routing, key, *bound, assumed);
  }

  const Route& route = *result.route;
  if (result.type == RouteType::local) {
    result.out = &netns.loopback();
    result.next_hop = asked.destination;
    result.source = !key.source.is_unspecified()              ? key.source
                    : route.preferred_source.is_unspecified() ? asked.destination
                                                              : route.preferred_source;
    return result;
  }
  result.out = netns.interface(route.out_interface);
  ASSERT(result.out != nullptr);
  result.next_hop = route.gateway.is_unspecified() ? asked.destination : route.gateway;
  if (routing.has_learnt()) [[unlikely]] {
    const Learnt::Exception* learnt = routing.learnt_->about(asked.destination);
    if (learnt != nullptr && netns.now() < learnt->gateway_expires) result.next_hop = learnt->gateway;
  }
  result.source = key.source;
  if (!own) return result;
  if (key.source.is_unspecified()) result.source = source_of(routing, route, *result.out);
  // __mkroute_output(): 127/8 stays inside (EINVAL).
  const bool localnet = netns.sysctls->all.route_localnet || result.out->conf.route_localnet;
  if (key.source.is_loopback() && !localnet) result.outcome = RouteResult::Outcome::blackhole;
  return result;
}

void Routing::expect(const FlowKey& received) const {
  known_.fetch(RouteCache::key(received, RouteCache::Question::received));
}
Routing::SourceCheck Routing::validate_source(const FlowKey& received, const Interface& in,
                                              const Interface* out) const {
  const State& state = *state_;
  const Netns& netns = state.netns;
  const std::uint8_t mode = std::max(netns.sysctls->all.rp_filter, in.conf.rp_filter);
  const bool accept_local = netns.sysctls->all.accept_local || in.conf.accept_local;
  const bool send_redirects = netns.sysctls->all.send_redirects || in.conf.send_redirects;
  if (mode == 0 && (out != &in || !send_redirects) && (accept_local || !state.own_rules)) {
    // The kernel's short cut: an own address as the source is a martian, anything else is fine.
    if (accept_local) return SourceCheck::ok;
    return address_type(received.source) == AddressType::local ? SourceCheck::martian : SourceCheck::ok;
  }

  // __fib_validate_source(): the way back, from the packet's destination (translated or not) to its source.
  // The mark takes part only if src_valid_mark says so.
  FlowKey back;
  back.destination = received.source;
  back.source = received.destination;
  back.in_interface = out != nullptr ? out->index : loopback_index;
  back.tos = received.tos;
  if (netns.sysctls->all.src_valid_mark || in.conf.src_valid_mark) back.mark = received.mark;
  const SourceCheck last_resort = mode != 0 ? SourceCheck::rp_filter : SourceCheck::ok;
  RouteResult result;
  state.resolve(back, {0, RouteScope::global}, result);
  if (!result.found()) return last_resort;
  const RouteType type = result.type;
  if (type != RouteType::unicast && !(type == RouteType::local && accept_local)) return SourceCheck::martian;
  const auto neighbourly = [](const Route& route) {
    return route.gateway.is_unspecified() ? SourceCheck::on_link : SourceCheck::ok;
  };
  const bool same_device = result.route->out_interface == in.index ||
                           (type == RouteType::local && in.kind == InterfaceKind::loopback);
  if (same_device) return neighbourly(*result.route);
  if (in.addresses.empty()) return last_resort;
  if (mode == 1) return SourceCheck::rp_filter;
  RouteResult by_device;
  state.resolve(back, {in.index, RouteScope::global}, by_device);
  if (by_device.found() && by_device.type == RouteType::unicast) return neighbourly(*by_device.route);
  return SourceCheck::ok;
}

/// Linux 6.1 net/ipv4/fib_frontend.c __inet_dev_addr_type()
AddressType Routing::address_type(Ipv4Address address, const Interface* on) const {
  if (address.is_unspecified() || address.is_limited_broadcast()) return AddressType::broadcast;
  if (address.is_multicast()) return AddressType::multicast;
  const Fib* local = state_->table(route_table::local);
  const Route* route = local != nullptr ? local->find(address) : nullptr;
  if (route == nullptr) return AddressType::unicast;
  switch (route->type) {
    case RouteType::local:
    case RouteType::broadcast:
      if (on != nullptr && route->out_interface != on->index) return AddressType::unicast;
      return route->type == RouteType::local ? AddressType::local : AddressType::broadcast;
    default:
      return AddressType::unicast;
  }
}

/// Linux 6.1 net/ipv4/devinet.c inet_select_addr()
Ipv4Address Routing::select_source(const Interface* out, Ipv4Address destination, RouteScope scope) const {
  const auto narrower = [scope](const InterfaceAddress& own) {
    return static_cast<std::uint8_t>(own.scope) > static_cast<std::uint8_t>(scope);
  };
  Ipv4Address first;
  if (out != nullptr) {
    for (const InterfaceAddress& own : out->addresses) {
      if (own.secondary || narrower(own)) continue;
      if (destination.is_unspecified() || own.prefix().contains(destination)) return own.address;
      if (first.is_unspecified()) first = own.address;
    }
    if (!first.is_unspecified()) return first;
  }
  for (const auto& interface : state_->netns.owned_interfaces()) {
    for (const InterfaceAddress& own : interface->addresses) {
      if (own.secondary || own.scope == InterfaceAddress::Scope::link || narrower(own)) continue;
      return own.address;
    }
  }
  return {};
}

std::uint32_t Routing::path_mtu(Ipv4Address destination) const {
  if (!has_learnt()) return 0;
  const Learnt::Exception* learnt = learnt_->about(destination);
  return learnt != nullptr && state_->netns.now() < learnt->mtu_expires ? learnt->mtu : 0;
}

const Fib* Routing::State::table(std::uint32_t id) const {
  for (const Fib& fib : tables) {
    if (fib.id() == id) return &fib;
  }
  return nullptr;
}

}  // namespace ekspath
