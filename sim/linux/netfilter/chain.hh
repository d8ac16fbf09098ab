#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/linux/netfilter/rule.hh"

namespace ekspath {

/// Spreads the bits of an integer key; ours, the same on every machine.
struct IntegerHash {
  using is_avalanching = void;
  [[nodiscard]] std::size_t operator()(std::uint64_t key) const {
    key ^= key >> 32;
    key *= 0x9e3779b97f4a7c15;
    key ^= key >> 29;
    return static_cast<std::size_t>(key * 0xbf58476d1ce4e5b9);
  }
};

/// The rules of one chain, compiled. While a command builds it it changes; in the RuleStore it never does
/// again.
class ChainBlock {
 public:
  explicit ChainBlock(Symbol name) : name_(name) {}

  [[nodiscard]] Symbol name() const { return name_; }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(rules_.size()); }
  [[nodiscard]] const Rule& rule(std::uint32_t row) const { return rules_[row]; }
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

  void append(const RuleSpec& spec);

  /// Called once, when the chain enters the store.
  void seal();
  [[nodiscard]] std::uint64_t content_hash() const;
  [[nodiscard]] bool same_content(const ChainBlock& other) const;

  /// The next row at or behind `row` that the packet's addresses and ports do not exclude: the rows between
  /// would not match, so they count nothing. Style: 10,000 rules of KUBE-SERVICES in a row cost 48 us a
  /// packet, a hash 6 ns.
  struct Key {
    std::uint32_t source, destination;
    std::uint32_t protocol_and_port;  // protocol << 16 | destination port; ~0 when there is none
  };
  [[nodiscard]] std::uint32_t candidate(std::uint32_t row, const Key& key) const {
    if (row >= skips_.size()) [[likely]]
      return row;
    return indexed_candidate(row, key);
  }
  /// The candidate behind `row`, which was one itself.
  [[nodiscard]] std::uint32_t candidate_after(std::uint32_t row, const Key& key) const {
    if (row >= skips_.size()) [[likely]]
      return row + 1;
    const Skip& skip = skips_[row];
    if (skip.stretch == no_stretch) return candidate(row + 1, key);
    const std::uint32_t end = stretches_[skip.stretch].end;
    return skip.next_equal < end ? skip.next_equal : candidate(end, key);
  }

 private:
  friend class ChainRef;
  friend class RuleStore;

  enum class Field : std::uint8_t { none, source, destination, port };
  /// A stretch of at least `worth_an_index` rows that all ask for one value of one field.
  struct Stretch {
    Field field = Field::none;
    std::uint32_t begin = 0, end = 0;
    boost::unordered_flat_map<std::uint32_t, std::uint32_t, IntegerHash>
        first;  // value to the first row that asks for it
  };
  static constexpr std::uint32_t no_stretch = ~std::uint32_t{0};
  /// Per row: its stretch, and the next row of the stretch that asks for the same value (or the stretch's
  /// end).
  struct Skip {
    std::uint32_t stretch = no_stretch;
    std::uint32_t next_equal = 0;
  };
  static constexpr std::uint32_t worth_an_index = 8;

  [[nodiscard]] std::uint32_t indexed_candidate(std::uint32_t row, const Key& key) const;
  [[nodiscard]] Field field_of(const Rule& rule, std::uint32_t& value) const;
  void build_index();
  void summarize();

  Symbol name_;
  bool needs_conntrack_ = false;
  std::uint16_t slots_ = 0;
  std::uint8_t allowed_hooks_ = 0;
  std::vector<Rule> rules_;
  std::vector<Match> matches_;
  std::vector<Target> targets_;
  std::vector<Symbol> jump_targets_;
  std::vector<Skip> skips_;  // empty: no stretch
  std::vector<Stretch> stretches_;
  // the store's
  std::uint64_t hash_ = 0;
  std::uint32_t references_ = 0;
};

}  // namespace ekspath
