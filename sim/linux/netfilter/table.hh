#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>

#include "sim/linux/netfilter/chain_map.hh"
#include "sim/linux/netfilter/netfilter.hh"

namespace ekspath {

/// Packets and their bytes (IP total length) that matched.
struct Counter {
  std::uint64_t packets = 0, bytes = 0;
  friend bool operator==(const Counter&, const Counter&) = default;
};

/// What a limit or an nth match of one rule in one namespace remembers.
struct MatchState {
  std::uint64_t value = 0;
  std::int64_t time = 0;
  bool started = false;
};

/// A chain that this namespace's packets have entered, or whose counters were set: its counters and states.
/// From calloc(), so that pages of rules that no packet reaches cost nothing.
class LiveChain {
 public:
  explicit LiveChain(ChainRef chain);

  [[nodiscard]] const ChainBlock& block() const { return *chain_; }
  [[nodiscard]] const ChainRef& ref() const { return chain_; }
  [[nodiscard]] Counter& counter(std::uint32_t row) { return counters_[row]; }
  [[nodiscard]] const Counter& counter(std::uint32_t row) const { return counters_[row]; }
  [[nodiscard]] MatchState& state(std::uint16_t slot) { return states_[slot]; }

 private:
  friend struct TableState;
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  ChainRef chain_;
  std::unique_ptr<LiveChain*[]>
      links_;                    // where each of the block's jump_targets() leads; null: ask the table
  std::uint64_t linked_at_ = 0;  // TableState::generation that the links were made in
  std::unique_ptr<Counter[], Free> counters_;
  std::unique_ptr<MatchState[], Free> states_;
};

/// A built-in chain's place in the walk.
struct BaseChain {
  Symbol name;         // none: this table has no chain at the hook
  bool drops = false;  // the policy
  Counter policy;
  LiveChain* live = nullptr;
};

/// One table of one namespace: its chains by name, shared with every table that has the same, and what is its
/// own.
struct TableState {
  TableState(RuleStore& rule_store, TableName table_name);

  /// The chain as this namespace counts it; made at its first use.
  [[nodiscard]] LiveChain& enter(Symbol chain);
  /// The same for the chain that a rule of `from` jumps to: found by its name once, then by a pointer.
  [[nodiscard]] LiveChain& follow(LiveChain& from, std::uint32_t row);
  [[nodiscard]] const LiveChain* find_live(Symbol chain) const;
  /// Counters of a row; zero where no packet has been.
  [[nodiscard]] Counter counter(Symbol chain, std::uint32_t row) const;
  [[nodiscard]] BaseChain* base(Symbol chain);
  [[nodiscard]] const BaseChain* base(Symbol chain) const;
  /// Drops what is remembered of entered chains so that the next packet looks them up again.
  void forget(Symbol chain);
  /// Chains came or went: where jumps lead is looked up again.
  void forget_links() { ++generation; }

  RuleStore* store;
  TableName name;
  ChainMap chains;
  std::uint64_t generation = 1;
  std::array<BaseChain, 5> bases;  // by Hook
  boost::unordered_flat_map<std::uint32_t, std::unique_ptr<LiveChain>, IntegerHash> live;
};

/// "PREROUTING", or "" where the table has none.
[[nodiscard]] std::string_view base_chain_name(TableName table, Hook hook);
[[nodiscard]] bool is_base_chain(TableName table, std::string_view chain);

}  // namespace ekspath
