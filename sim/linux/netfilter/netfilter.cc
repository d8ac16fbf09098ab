#include "sim/linux/netfilter/netfilter.hh"

#include <algorithm>

#include "sim/linux/netfilter/match_objects.hh"
#include "sim/linux/netfilter/rule_store.hh"
#include "sim/linux/netfilter/table.hh"
#include "sim/linux/netns.hh"

namespace ekspath {

std::string_view to_string(TableName table) {
  constexpr std::array<std::string_view, 4> names{"raw", "mangle", "nat", "filter"};
  return names[static_cast<std::size_t>(table)];
}

Netfilter::Netfilter(Netns& netns)
    : netns_(&netns), objects_(std::make_unique<MatchObjects>(netns.random("statistic"))), flows_(netns) {}
Netfilter::~Netfilter() = default;

TableState* Netfilter::table(TableName name) {
  forget_flows();
  return tables_[static_cast<std::size_t>(name)].get();
}

TableState& Netfilter::ensure_table(TableName name) {
  forget_flows();
  auto& entry = tables_[static_cast<std::size_t>(name)];
  if (!entry) entry = std::make_unique<TableState>(netns_->kernel().rules, name);
  return *entry;
}

void Netfilter::delete_table(TableName name) {
  forget_flows();
  tables_[static_cast<std::size_t>(name)].reset();
}

void Netfilter::rules_changed() {
  needs_conntrack_ = std::ranges::any_of(
      tables_, [](const auto& table) { return table != nullptr && table->chains.needs_conntrack(); });
  if (needs_conntrack_) netns_->ensure_conntrack();
  interfaces_changed();
}

void Netfilter::interfaces_changed() {
  forget_flows();
  RuleStore& rules = netns_->kernel().rules;
  for (const auto& interface : netns_->owned_interfaces()) {
    interface->pattern_class = rules.pattern_class(interface->name);
  }
}

}  // namespace ekspath
