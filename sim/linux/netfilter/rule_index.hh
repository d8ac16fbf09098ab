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

/// Which rows of a chain a packet can match, where many rows in a row differ in one address or port
/// (KUBE-SERVICES, KUBE-NODEPORTS): the rows between are passed over. They would not have matched, and a rule
/// that does not match counts nothing; those whose matches would have left a trace before they failed (limit,
/// recent, ...) are in no stretch. style.md: 10,000 rules in a row cost 48 us a packet, a hash 6 ns.
class RuleIndex {
 public:
  /// What of a packet decides.
  struct Key {
    std::uint32_t source, destination;
    std::uint32_t protocol_and_port;  // protocol << 16 | destination port; ~0 when there is none
  };

  /// Of rules that do not change any more; `matches` are all matches of the chain.
  void build(std::span<const Rule> rules, std::span<const Match> matches);

  [[nodiscard]] bool is_empty() const { return stretches_.empty(); }
  /// The first row at or behind `row` that the key does not exclude. `row` is 0, or follows a candidate.
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
  enum class Field : std::uint8_t { destination, source, port };
  /// Rows that all ask for one value of one field.
  struct Stretch {
    Field field = Field::destination;
    std::uint32_t begin = 0, end = 0;
    boost::unordered_flat_map<std::uint32_t, std::uint32_t, IntegerHash> first;  // value to its first row
  };
  static constexpr std::uint32_t no_stretch = ~std::uint32_t{0};
  /// Per row: its stretch, and the next row of the stretch that asks for the same value (or the stretch's
  /// end).
  struct Skip {
    std::uint32_t stretch = no_stretch;
    std::uint32_t next_equal = 0;
  };
  static constexpr std::uint32_t worth_an_index = 8;  // different values in a stretch

  [[nodiscard]] std::uint32_t indexed_candidate(std::uint32_t row, const Key& key) const;
  void add(Stretch stretch, const std::vector<std::uint32_t>& values);

  std::vector<Skip> skips_;  // empty: no stretch
  std::vector<Stretch> stretches_;
};

}  // namespace ekspath
