#include "sim/linux/routing/policy_rules.hh"

#include "sim/linux/netns.hh"

namespace ekspath {
namespace {

constexpr std::uint32_t loopback_index = 1;

std::uint32_t bound_index(const Netns& netns, const SharedText& name) {
  if (name.empty()) return 0;
  const Interface* interface = netns.find_interface(name);
  return interface != nullptr ? interface->index : BoundRule::no_interface;
}

}  // namespace

/// Linux 6.1 net/core/fib_rules.c fib_rule_match(), net/ipv4/fib_rules.c fib4_rule_match(). Packets of the
/// host itself come in by lo.
bool BoundRule::matches(const FlowKey& key) const {
  const std::uint32_t in = key.in_interface == 0 ? loopback_index : key.in_interface;
  const bool all =
      (key.destination.bits() & to_mask) == to_network && (key.source.bits() & from_mask) == from_network &&
      ((key.mark ^ mark) & mark_mask) == 0 && (in_interface == 0 || in_interface == in) &&
      (out_interface == 0 || out_interface == key.out_interface) && (tos == 0 || tos == (key.tos & 0x1c));
  return all != invert;
}

void BoundRules::bind(const std::vector<PolicyRule>& rules, const Netns& netns, std::span<const Fib> tables) {
  rules_.clear();
  steps_.clear();
  hosts_.clear();
  for (const PolicyRule& rule : rules) {
    BoundRule bound{rule.from.network().bits(),
                    rule.from.mask(),
                    rule.to.network().bits(),
                    rule.to.mask(),
                    rule.fwmark,
                    rule.fwmask,
                    bound_index(netns, rule.iif),
                    bound_index(netns, rule.oif),
                    rule.suppress_prefix_length,
                    rule.tos,
                    rule.invert,
                    rule.action,
                    nullptr};
    for (const Fib& table : tables) {
      if (table.id() == rule.table) bound.table = &table;
    }
    rules_.push_back(bound);
  }
  next_of_host_.assign(rules_.size(), end);
  for (std::uint32_t first = 0; first < rules_.size();) {
    const Step::Kind kind = kind_of(rules_[first]);
    std::uint32_t last = first + 1;
    while (kind != Step::Kind::one && last < rules_.size() && kind_of(rules_[last]) == kind) ++last;
    if (last - first >= shortest_run) {
      add_run(first, last, kind);
    } else {
      for (std::uint32_t i = first; i < last; ++i) steps_.push_back({Step::Kind::one, i});
    }
    first = last;
  }
}

BoundRules::Step::Kind BoundRules::kind_of(const BoundRule& rule) {
  const bool plain = !rule.invert && rule.mark_mask == 0 && rule.in_interface == 0 &&
                     rule.out_interface == 0 && rule.tos == 0;
  constexpr std::uint32_t host = 0xffffffff;
  if (plain && rule.to_mask == host && rule.from_mask == 0) return Step::Kind::to_hosts;
  if (plain && rule.from_mask == host && rule.to_mask == 0) return Step::Kind::from_hosts;
  return Step::Kind::one;
}

void BoundRules::add_run(std::uint32_t first, std::uint32_t last, Step::Kind kind) {
  steps_.push_back({kind, first});
  // From the back, so that each host's list is in the rules' order.
  for (std::uint32_t i = last; i-- > first;) {
    const std::uint32_t address =
        kind == Step::Kind::to_hosts ? rules_[i].to_network : rules_[i].from_network;
    const auto [found, is_new] = hosts_.try_emplace((std::uint64_t{first} << 32) | address, i);
    if (!is_new) {
      next_of_host_[i] = found->second;
      found->second = i;
    }
  }
}

}  // namespace ekspath
