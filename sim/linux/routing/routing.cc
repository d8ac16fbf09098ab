#include "sim/linux/routing/routing.hh"

#include <algorithm>
#include <cerrno>

#include "sim/linux/routing/routing_state.hh"

namespace ekspath {
namespace {

using namespace literals;

/// Linux 6.1 net/ipv4/route.c ip_rt_mtu_expires, ip_rt_gc_timeout; the least MTU that is believed,
/// ip_rt_min_pmtu.
constexpr Nanoseconds mtu_lifetime = 600_s;
constexpr Nanoseconds redirect_lifetime = 300_s;
constexpr std::uint32_t least_path_mtu = 552;

bool needs_interface(RouteType type) {
  return type == RouteType::unicast || type == RouteType::local || type == RouteType::broadcast;
}

/// fib4_rule_compare(), fib_nl_delrule(): what is left at its default in `wanted` matches anything.
bool fits(const PolicyRule& rule, const PolicyRule& wanted) {
  const PolicyRule any;
  const auto same = [&](auto member) {
    return wanted.*member == any.*member || wanted.*member == rule.*member;
  };
  return same(&PolicyRule::priority) && same(&PolicyRule::invert) && same(&PolicyRule::from) &&
         same(&PolicyRule::to) && same(&PolicyRule::fwmark) && same(&PolicyRule::fwmask) &&
         same(&PolicyRule::iif) && same(&PolicyRule::oif) && same(&PolicyRule::tos) &&
         same(&PolicyRule::action) && same(&PolicyRule::table) && same(&PolicyRule::suppress_prefix_length) &&
         same(&PolicyRule::protocol);
}

}  // namespace

Routing::Routing(Netns& netns) : state_(std::make_unique<State>(netns)) {}
Routing::~Routing() = default;

const std::vector<PolicyRule>& Routing::State::default_rules() {
  const auto rule = [](std::uint32_t priority, std::uint32_t table) {
    PolicyRule made;
    made.priority = priority;
    made.table = table;
    made.protocol = RouteProtocol::kernel;
    return made;
  };
  static const std::vector<PolicyRule> rules{rule(0, route_table::local), rule(32766, route_table::main),
                                             rule(32767, route_table::default_)};
  return rules;
}

void Routing::State::forget() {
  netns.routing.known_.forget();
  if (netns.netfilter) netns.netfilter->forget_flows();
}

Fib& Routing::State::ensure_table(std::uint32_t id) {
  forget();
  const auto place = std::lower_bound(tables.begin(), tables.end(), id,
                                      [](const Fib& fib, std::uint32_t wanted) { return fib.id() < wanted; });
  if (place != tables.end() && place->id() == id) return *place;
  if (own_rules) own_rules->stale = true;
  return *tables.insert(place, Fib(id));
}

Routing::State::OwnRules& Routing::State::ensure_own_rules() {
  forget();
  if (!own_rules) {
    own_rules = std::make_unique<OwnRules>();
    own_rules->rules = default_rules();
  }
  own_rules->stale = true;
  return *own_rules;
}

/// Linux 6.1 net/ipv4/fib_semantics.c fib_create_info(), fib_check_nh(): fills in the interface of a gateway.
int Routing::State::check_next_hop(std::uint32_t table_id, Route& route) const {
  if (!needs_interface(route.type)) return 0;
  if (route.out_interface != 0 && netns.interface(route.out_interface) == nullptr) return ENODEV;
  if (!route.preferred_source.is_unspecified() && route.type != RouteType::local &&
      netns.routing.address_type(route.preferred_source) != AddressType::local) {
    return EINVAL;
  }
  if (route.gateway.is_unspecified()) {
    if (route.out_interface == 0) return ENODEV;
    // fib_check_nh_nongw(); a local route may stand on an interface that is down.
    return route.type == RouteType::local || netns.interface(route.out_interface)->up ? 0 : ENETDOWN;
  }
  if (route.onlink) {
    if (route.out_interface == 0) return ENODEV;
    if (!netns.interface(route.out_interface)->up) return ENETDOWN;
    return netns.routing.address_type(route.gateway) == AddressType::unicast ? 0 : EINVAL;
  }
  // The gateway must be a neighbour already: by this table, else by all of them.
  const Fib::Limits limits{route.out_interface, RouteScope::link};
  const Route* towards = nullptr;
  if (const Fib* own = table(table_id); own != nullptr && table_id != route_table::main) {
    towards = own->find(route.gateway, limits);
  }
  if (towards == nullptr || !needs_interface(towards->type)) {
    FlowKey key;
    key.destination = route.gateway;
    key.out_interface = route.out_interface;
    RouteResult result;
    resolve(key, limits, result);
    if (!result.found()) return ENETUNREACH;
    towards = result.route;
  }
  if (towards->type != RouteType::unicast && towards->type != RouteType::local) return EINVAL;
  route.out_interface = towards->out_interface;
  return netns.interface(route.out_interface)->up ? 0 : ENETDOWN;
}

int Routing::add_route(std::uint32_t table, const Route& route) {
  Route checked = route;
  if (const int error = state_->check_next_hop(table, checked); error != 0) return error;
  return state_->ensure_table(table).insert(checked, Fib::Insert::exclusive) ? 0 : EEXIST;
}

int Routing::replace_route(std::uint32_t table, const Route& route) {
  Route checked = route;
  if (const int error = state_->check_next_hop(table, checked); error != 0) return error;
  (void)state_->ensure_table(table).insert(checked, Fib::Insert::replace);
  return 0;
}

void Routing::append_route(std::uint32_t table, const Route& route) {
  (void)state_->ensure_table(table).insert(route, Fib::Insert::append);
}

void Routing::remove_route(std::uint32_t table, const Route& route) {
  state_->ensure_table(table).erase_if([&](const Route& other) { return other == route; });
}

int Routing::delete_route(std::uint32_t table, const Route& wanted) {
  if (state_->table(table) == nullptr) return ESRCH;
  bool found = false;
  state_->ensure_table(table).erase_if([&](const Route& route) {
    if (found || route.prefix != wanted.prefix || route.type != wanted.type) return false;
    if (wanted.metric != 0 && route.metric != wanted.metric) return false;
    if (wanted.out_interface != 0 && route.out_interface != wanted.out_interface) return false;
    if (!wanted.gateway.is_unspecified() && route.gateway != wanted.gateway) return false;
    return found = true;
  });
  return found ? 0 : ESRCH;
}

void Routing::flush_routes_of(const Interface& interface, bool forced) {
  state_->forget();
  for (Fib& fib : state_->tables) {
    fib.erase_if([&](const Route& route) {
      if (route.out_interface != interface.index || !needs_interface(route.type)) return false;
      return forced || route.type != RouteType::local;
    });
  }
}

void Routing::flush_routes_from(Ipv4Address address) {
  state_->forget();
  for (Fib& fib : state_->tables) {
    fib.erase_if([&](const Route& route) { return route.preferred_source == address; });
  }
}

int Routing::add_rule(PolicyRule rule, bool priority_given) {
  std::vector<PolicyRule>& rules = state_->ensure_own_rules().rules;
  if (!priority_given) {
    // Linux 6.1 net/core/fib_rules.c fib_default_rule_pref(): one before the second rule of the list.
    rule.priority = rules.size() > 1 && rules[1].priority != 0 ? rules[1].priority - 1 : 0;
  }
  // rule_exists(): who added it makes no difference.
  PolicyRule twin = rule;
  const bool exists = std::any_of(rules.begin(), rules.end(), [&](const PolicyRule& other) {
    twin.protocol = other.protocol;
    return other == twin;
  });
  if (exists) return EEXIST;
  const auto after = std::find_if(rules.begin(), rules.end(),
                                  [&](const PolicyRule& other) { return other.priority > rule.priority; });
  const auto place = after - rules.begin();
  // A node has a rule for each pod: an eighth of slack, not as much again.
  if (rules.size() == rules.capacity()) rules.reserve(rules.size() + rules.size() / 8 + 1);
  rules.insert(rules.begin() + place, rule);
  return 0;
}

int Routing::delete_rule(const PolicyRule& wanted) {
  std::vector<PolicyRule>& rules = state_->ensure_own_rules().rules;
  const auto found =
      std::find_if(rules.begin(), rules.end(), [&](const PolicyRule& rule) { return fits(rule, wanted); });
  if (found == rules.end()) return ENOENT;
  rules.erase(found);
  return 0;
}

void Routing::interfaces_changed() {
  state_->forget();
  if (state_->own_rules) state_->own_rules->stale = true;
}

std::vector<Route> Routing::routes(std::uint32_t table) const {
  const Fib* fib = state_->table(table);
  return fib != nullptr ? fib->routes() : std::vector<Route>();
}

std::vector<std::uint32_t> Routing::tables() const {
  std::vector<std::uint32_t> ids;
  for (const Fib& fib : state_->tables) {
    if (!fib.routes().empty()) ids.push_back(fib.id());
  }
  return ids;
}

const std::vector<PolicyRule>& Routing::rules() const {
  return state_->own_rules ? state_->own_rules->rules : State::default_rules();
}

Routing::Learnt& Routing::ensure_learnt() {
  state_->forget();  // from now on answers are good for a time only
  if (!learnt_) learnt_ = std::make_unique<Learnt>();
  return *learnt_;
}

void Routing::learn_path_mtu(Ipv4Address destination, std::uint32_t mtu) {
  Learnt::Exception& learnt = ensure_learnt().exceptions[destination.bits()];
  learnt.mtu = std::max(mtu, least_path_mtu);
  learnt.mtu_expires = state_->netns.now() + mtu_lifetime;
}

void Routing::learn_redirect(Ipv4Address destination, Ipv4Address gateway) {
  Learnt::Exception& learnt = ensure_learnt().exceptions[destination.bits()];
  learnt.gateway = gateway;
  learnt.gateway_expires = state_->netns.now() + redirect_lifetime;
}

}  // namespace ekspath
