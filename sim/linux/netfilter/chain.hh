#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/linux/netfilter/rule_index.hh"

namespace ekspath {

/// The rules of one chain, compiled. While a command builds it it changes; in the RuleStore it never does
/// again.
class ChainBlock {
 public:
  explicit ChainBlock(Symbol name) : name_(name) {}

  [[nodiscard]] Symbol name() const { return name_; }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(rules_.size()); }
  [[nodiscard]] const Rule& rule(std::uint32_t row) const { return rules_[row]; }
  [[nodiscard]] std::span<const Rule> rules() const { return rules_; }
  [[nodiscard]] std::span<const Match> matches(const Rule& rule) const {
    return {matches_.data() + rule.first_match, rule.match_count};
  }
  [[nodiscard]] const Target* target(const Rule& rule) const {
    return rule.action == RuleAction::extension ? &targets_[rule.argument] : nullptr;
  }
  [[nodiscard]] RuleSpec spec(std::uint32_t row) const;
  [[nodiscard]] bool equals(std::uint32_t row, const RuleSpec& spec) const;
  /// How many matches keep state (limit, statistic nth).
  [[nodiscard]] std::uint16_t slots() const { return slots_; }
  [[nodiscard]] bool needs_conntrack() const { return needs_conntrack_; }
  /// Once sealed: the chains that its rules jump to, each once, and the hooks (bit n: Hook n) at which all
  /// its rules may stand.
  [[nodiscard]] std::span<const Symbol> jump_targets() const { return jump_targets_; }
  [[nodiscard]] std::uint8_t allowed_hooks() const { return allowed_hooks_; }
  /// Once sealed: of a rule that jumps, its chain's place among jump_targets().
  [[nodiscard]] std::uint32_t jump_number(std::uint32_t row) const { return jump_numbers_[row]; }

  void append(const RuleSpec& spec);

  /// Called once, when the chain enters the store.
  void seal();
  [[nodiscard]] std::uint64_t content_hash() const;
  [[nodiscard]] bool same_content(const ChainBlock& other) const;

  /// Whether rows are passed over by what the packet's key is.
  [[nodiscard]] bool is_indexed() const { return !index_.is_empty(); }
  using Key = RuleIndex::Key;
  [[nodiscard]] std::uint32_t candidate(std::uint32_t row, const Key& key) const {
    return index_.candidate(row, key);
  }
  [[nodiscard]] std::uint32_t candidate_after(std::uint32_t row, const Key& key) const {
    return index_.candidate_after(row, key);
  }

 private:
  friend class ChainRef;
  friend class RuleStore;

  void summarize();

  Symbol name_;
  bool needs_conntrack_ = false;
  std::uint16_t slots_ = 0;
  std::uint8_t allowed_hooks_ = 0;
  std::vector<Rule> rules_;
  std::vector<Match> matches_;
  std::vector<Target> targets_;
  std::vector<Symbol> jump_targets_;
  std::vector<std::uint32_t> jump_numbers_;  // per row; empty: no rule jumps
  RuleIndex index_;
  // the store's
  std::uint64_t hash_ = 0;
  std::uint32_t references_ = 0;
};

}  // namespace ekspath
