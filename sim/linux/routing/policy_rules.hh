#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/linux/ip_id.hh"
#include "sim/linux/routing/fib.hh"
#include "sim/linux/routing/routing.hh"

namespace ekspath {

/// One policy rule as a lookup needs it: names are indexes, tables are pointers.
struct BoundRule {
  std::uint32_t from_network = 0, from_mask = 0;
  std::uint32_t to_network = 0, to_mask = 0;
  std::uint32_t mark = 0, mark_mask = 0;
  std::uint32_t in_interface = 0, out_interface = 0;  // 0: any; no_interface: one that does not exist
  std::int32_t suppress_prefix_length = -1;
  std::uint8_t tos = 0;
  bool invert = false;
  PolicyRule::Action action = PolicyRule::Action::lookup;
  const Fib* table = nullptr;  // null: empty or missing, falls through
  static constexpr std::uint32_t no_interface = 0xffffffff;

  [[nodiscard]] bool matches(const FlowKey& key) const;
};

/// The rules in order of priority, with runs of "to X/32 lookup T" and of "from X/32 lookup T" found by one
/// probe: within such a run only the rules of this very address can match, so that skipping the others
/// changes nothing.
class BoundRules {
 public:
  void bind(const std::vector<PolicyRule>& rules, const Netns& netns, std::span<const Fib> tables);

  /// Calls `visit(rule number)` for each rule that matches, in order, until it returns true.
  template <class Visit>
  void each_match(const FlowKey& key, Visit visit) const {
    for (const Step& step : steps_) {
      switch (step.kind) {
        case Step::Kind::one:
          if (rules_[step.first].matches(key) && visit(step.first)) return;
          break;
        case Step::Kind::to_hosts:
        case Step::Kind::from_hosts: {
          const Ipv4Address address = step.kind == Step::Kind::to_hosts ? key.destination : key.source;
          const auto found = hosts_.find((std::uint64_t{step.first} << 32) | address.bits());
          if (found == hosts_.end()) break;
          for (std::uint32_t i = found->second; i != end; i = next_of_host_[i]) {
            if (visit(i)) return;
          }
          break;
        }
      }
    }
  }
  [[nodiscard]] const BoundRule& operator[](std::uint32_t number) const { return rules_[number]; }

 private:
  struct Step {
    enum class Kind : std::uint8_t { one, to_hosts, from_hosts } kind = Kind::one;
    std::uint32_t first = 0;  // of a run: the number of its first rule, which names the run in hosts_
  };
  static constexpr std::uint32_t end = 0xffffffff;
  static constexpr std::size_t shortest_run = 4;
  static Step::Kind kind_of(const BoundRule& rule);
  void add_run(std::uint32_t first, std::uint32_t last, Step::Kind kind);

  std::vector<BoundRule> rules_;
  std::vector<Step> steps_;
  std::vector<std::uint32_t> next_of_host_;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t, MixedHash> hosts_;  // (run, address) -> first rule
};

}  // namespace ekspath
