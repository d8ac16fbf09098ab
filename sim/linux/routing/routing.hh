#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/linux/interface.hh"
#include "sim/linux/routing/route.hh"
#include "sim/linux/routing/route_cache.hh"
#include "sim/linux/routing/route_result.hh"

namespace ekspath {

class Netns;
struct InputRoute;  // routing/input_route.hh

enum class AddressType : std::uint8_t {
  unspecified,
  unicast,
  local,
  broadcast,
  anycast,
  multicast,
  blackhole,
  unreachable,
  prohibit,
  throw_
};

/// The tables and the policy rules of one namespace, and the lookups in them. Only route_lookup routes.
/// Changes return 0 or the errno that `ip` would print as "RTNETLINK answers: ...".
class Routing {
 public:
  explicit Routing(Netns& netns);
  ~Routing();

  // lookups: on the packet path, no allocation. Indexed by hash: tables of 30,000 /32 routes and databases of
  // 60 rules "to X/32" / "from X/32" cost a few probes.
  [[nodiscard]] RouteResult lookup(const FlowKey& key) const;
  /// Source validation of a received packet. Linux 6.1 net/ipv4/fib_frontend.c fib_validate_source()
  /// on_link: fine, and the sender is a neighbour on `in` (who may be redirected).
  enum class SourceCheck : std::uint8_t { ok, on_link, martian, rp_filter };
  /// `out`: where the packet will leave, null for local delivery.
  [[nodiscard]] SourceCheck validate_source(const FlowKey& received, const Interface& in,
                                            const Interface* out) const;
  /// inet_addr_type_dev_table(): `on` limits LOCAL and BROADCAST to one interface; null: any.
  [[nodiscard]] AddressType address_type(Ipv4Address address, const Interface* on = nullptr) const;
  /// inet_select_addr(): the address of `out` best fit to talk to `destination`, else any global one by
  /// index.
  [[nodiscard]] Ipv4Address select_source(const Interface* out, Ipv4Address destination,
                                          RouteScope scope = RouteScope::global) const;

  /// Hints: a packet like this comes in soon, or one leaves. See Entity::expect().
  void expect(const FlowKey& received) const;
  /// What a packet of the host's own probably is told: the last one's answer, which may not be in a cache
  /// yet.
  [[nodiscard]] const RouteResult* probable_answer() const { return known_.last_sent(); }

  // `ip route`, `ip rule`
  [[nodiscard]] int add_route(std::uint32_t table,
                              const Route& route);  // EEXIST, ENETUNREACH, EINVAL, ENODEV
  [[nodiscard]] int replace_route(std::uint32_t table, const Route& route);
  /// Deletes the first that matches what is set (metric 0, unspecified gateway and interface 0 match any).
  /// ESRCH
  [[nodiscard]] int delete_route(std::uint32_t table, const Route& route);
  [[nodiscard]] int add_rule(PolicyRule rule, bool priority_given = true);  // EEXIST
  [[nodiscard]] int delete_rule(const PolicyRule& rule);                    // ENOENT
  /// The interface went down, or lost its last address (`forced`: its local routes too). fib_sync_down_dev()
  void flush_routes_of(const Interface& interface, bool forced = false);
  /// The address is gone: so are the routes that prefer it as their source. fib_sync_down_addr()
  void flush_routes_from(Ipv4Address address);
  /// The kernel adds a route of its own beside what is there (NLM_F_APPEND). fib_magic()
  void append_route(std::uint32_t table, const Route& route);
  /// Deletes exactly this route.
  void remove_route(std::uint32_t table, const Route& route);
  /// An interface was born or is gone: rules that name one are bound again.
  void interfaces_changed();

  /// In the order that `ip route show table N` prints.
  [[nodiscard]] std::vector<Route> routes(std::uint32_t table) const;
  [[nodiscard]] std::vector<std::uint32_t> tables() const;
  /// In order of priority, then of insertion.
  [[nodiscard]] const std::vector<PolicyRule>& rules() const;
  /// Path MTU learnt from ICMP 3/4 for a destination; 0: none. Expires as Linux does (600 s).
  [[nodiscard]] std::uint32_t path_mtu(Ipv4Address destination) const;
  void learn_path_mtu(Ipv4Address destination, std::uint32_t mtu);
  /// Whether ICMP has taught something, which ends by time: answers are not good until the next change then.
  [[nodiscard]] bool has_learnt() const { return learnt_ != nullptr; }
  /// A router said that `gateway` is the better way to `destination` (5/1); kept 300 s. __ip_do_redirect()
  void learn_redirect(Ipv4Address destination, Ipv4Address gateway);

  /// "default via 192.168.1.1 dev ens5 proto dhcp src 192.168.1.5 metric 512", as `ip route` prints it. Cold.
  [[nodiscard]] std::string text(const Route& route) const;
  /// "1024:\tfrom all fwmark 0x80/0x80 lookup main", as `ip rule` prints it. Cold.
  [[nodiscard]] std::string text(const PolicyRule& rule) const;
  /// "1024: from all fwmark 0x80/0x80 lookup main -> default via 192.168.1.1 dev ens5": what decided, for
  /// observers. Cold.
  [[nodiscard, gnu::cold]] std::string text(const RouteResult& result) const;

 private:
  friend InputRoute route_input(const Netns& netns, const Interface& in, const FlowKey& key);

  struct State;
  struct Learnt;
  [[nodiscard]] Learnt& ensure_learnt();

  std::unique_ptr<State> state_;
  std::unique_ptr<Learnt> learnt_;  // null: nothing
  mutable RouteCache
      known_;  // answers, until something in state_ changes; none once ICMP has taught something
};

}  // namespace ekspath
