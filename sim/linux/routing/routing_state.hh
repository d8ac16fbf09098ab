#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <vector>

#include "sim/base/nanoseconds.hh"
#include "sim/linux/netns.hh"
#include "sim/linux/routing/fib.hh"
#include "sim/linux/routing/policy_rules.hh"

namespace ekspath {

/// What ICMP taught, by destination. Linux 6.1 net/ipv4/route.c struct fib_nh_exception
struct Routing::Learnt {
  struct Exception {
    std::uint32_t mtu = 0;
    Nanoseconds mtu_expires;
    Ipv4Address gateway;
    Nanoseconds gateway_expires;
  };
  boost::unordered_flat_map<std::uint32_t, Exception, MixedHash> exceptions;

  [[nodiscard]] const Exception* about(Ipv4Address destination) const {
    const auto found = exceptions.find(destination.bits());
    return found != exceptions.end() ? &found->second : nullptr;
  }
};

/// What Routing holds. A namespace with the three default rules has no rules of its own in memory.
struct Routing::State {
  explicit State(Netns& owner) : netns(owner) {}

  struct OwnRules {
    std::vector<PolicyRule> rules;
    BoundRules bound;
    bool stale = true;  // the rules, the tables or the interfaces changed since `bound` was made
  };

  Netns& netns;
  boost::container::small_vector<Fib, 2> tables;  // by id; local and main stand here
  std::unique_ptr<OwnRules> own_rules;            // null: the default rules

  /// Something that routes depend on is about to change, or was changed.
  void forget();
  [[nodiscard]] const Fib* table(std::uint32_t id) const;
  [[nodiscard]] Fib& ensure_table(std::uint32_t id);
  [[nodiscard]] OwnRules& ensure_own_rules();
  [[nodiscard]] static const std::vector<PolicyRule>& default_rules();

  /// fib_lookup(): outcome, route, rule and table of `result`; no interface or source yet.
  void resolve(const FlowKey& key, Fib::Limits limits, RouteResult& result) const;
  /// Routing::lookup() without what is known.
  [[nodiscard]] RouteResult look_up(const FlowKey& key) const;
  [[nodiscard]] int check_next_hop(std::uint32_t table, Route& route) const;
};

}  // namespace ekspath
