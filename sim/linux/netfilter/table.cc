#include "sim/linux/netfilter/table.hh"

#include <utility>

#include "sim/base/assert.hh"
#include "sim/linux/netfilter/rule_store.hh"

namespace ekspath {

LiveChain::LiveChain(ChainRef chain) : chain_(std::move(chain)) {
  const std::size_t rows = chain_->size();
  counters_.reset(static_cast<Counter*>(std::calloc(rows + 1, sizeof(Counter))));
  states_.reset(static_cast<MatchState*>(std::calloc(std::size_t{chain_->slots()} + 1, sizeof(MatchState))));
  ASSERT(counters_ != nullptr);
  ASSERT(states_ != nullptr);
}

TableState::TableState(RuleStore& rule_store, TableName table_name)
    : store(&rule_store), name(table_name), chains(rule_store) {
  for (std::size_t i = 0; i < bases.size(); ++i) {
    const std::string_view chain = base_chain_name(name, static_cast<Hook>(i));
    if (chain.empty()) continue;
    bases[i].name = store->chain_name(chain);
    chains.insert(store->intern(ChainBlock(bases[i].name)));
  }
}

LiveChain& TableState::enter(Symbol chain) {
  auto& entry = live[chain.value()];
  if (!entry) {
    ChainRef ref = chains.ref(chain);
    ASSERT(ref);  // commands refuse jumps to chains that do not exist
    entry = std::make_unique<LiveChain>(std::move(ref));
  }
  return *entry;
}

LiveChain& TableState::follow(LiveChain& from, std::uint32_t row) {
  const ChainBlock& block = from.block();
  const std::uint32_t number = block.jump_number(row);
  if (from.linked_at_ != generation) [[unlikely]] {
    from.links_ = std::make_unique<LiveChain*[]>(block.jump_targets().size());
    from.linked_at_ = generation;
  }
  LiveChain*& link = from.links_[number];
  if (link == nullptr) [[unlikely]]
    link = &enter(block.jump_targets()[number]);
  return *link;
}

const LiveChain* TableState::find_live(Symbol chain) const {
  const auto found = live.find(chain.value());
  return found == live.end() ? nullptr : found->second.get();
}

Counter TableState::counter(Symbol chain, std::uint32_t row) const {
  const LiveChain* entered = find_live(chain);
  return entered == nullptr ? Counter{} : entered->counter(row);
}

BaseChain* TableState::base(Symbol chain) {
  for (BaseChain& candidate : bases) {
    if (candidate.name && candidate.name == chain) return &candidate;
  }
  return nullptr;
}

const BaseChain* TableState::base(Symbol chain) const { return const_cast<TableState*>(this)->base(chain); }

void TableState::forget(Symbol chain) {
  forget_links();
  live.erase(chain.value());
  if (BaseChain* at = base(chain)) at->live = nullptr;
}

std::string_view base_chain_name(TableName table, Hook hook) {
  constexpr std::array<std::string_view, 5> names{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"};
  // Linux 6.1 net/ipv4/netfilter/iptable_{raw,mangle,nat,filter}.c: *_VALID_HOOKS
  constexpr std::array<unsigned, 4> hooks{0b01001, 0b11111, 0b11011, 0b01110};
  const auto index = static_cast<std::size_t>(hook);
  return (hooks[static_cast<std::size_t>(table)] >> index & 1U) != 0 ? names[index] : std::string_view();
}

bool is_base_chain(TableName table, std::string_view chain) {
  for (unsigned i = 0; i < 5; ++i) {
    if (!chain.empty() && base_chain_name(table, static_cast<Hook>(i)) == chain) return true;
  }
  return false;
}

}  // namespace ekspath
