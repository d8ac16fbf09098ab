#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/linux/netfilter/chain_map.hh"

namespace ekspath {

struct RestorePlan;  // netfilter/restore_plan.hh

/// The compiled rule sets of a world, each held once by content whatever number of namespaces use it, with
/// the texts and interface patterns that they mention. Owned by the world, and outlives its namespaces. Not
/// shared between logical processes.
class RuleStore {
 public:
  RuleStore();
  ~RuleStore();
  RuleStore(const RuleStore&) = delete;
  RuleStore& operator=(const RuleStore&) = delete;

  /// Chains, lists and sets by name; comments and prefixes apart, so that chains have low numbers.
  [[nodiscard]] Symbol chain_name(std::string_view text) { return names_.add(text); }
  [[nodiscard]] std::string_view chain_name(Symbol symbol) const { return names_.text(symbol); }
  /// How many there are: symbols are below.
  [[nodiscard]] std::size_t chain_names() const { return names_.size(); }
  [[nodiscard]] Symbol text(std::string_view text) { return texts_.add(text); }
  [[nodiscard]] std::string_view text(Symbol symbol) const { return texts_.text(symbol); }

  /// "eni+" to a number; the first is "+", which fits whatever there is. Numbers up to 64 are bits of a
  /// class (bit number - 1); later ones are compared as text.
  [[nodiscard]] PatternNumber pattern(std::string_view text);
  [[nodiscard]] std::string_view pattern_text(PatternNumber number) const { return patterns_[number - 1U]; }
  /// A number for all names that fit the same patterns now, and these patterns. 0: no interface, which only
  /// "+" fits.
  [[nodiscard]] std::uint32_t pattern_class(std::string_view interface);
  [[nodiscard]] std::uint64_t class_bits(std::uint32_t pattern_class) const {
    return class_bits_[pattern_class];
  }
  [[nodiscard]] bool pattern_fits(PatternNumber number, std::string_view interface) const;

  /// The held chain of this content.
  [[nodiscard]] ChainRef intern(ChainBlock&& block);

  /// What iptables-restore made of a text before; null: not seen, or forgotten.
  [[nodiscard]] const RestorePlan* plan(std::string_view options, std::string_view text) const;
  void remember(std::unique_ptr<const RestorePlan> plan);

  /// How many different chains are held: for tests and reports.
  [[nodiscard]] std::size_t chains_held() const { return chains_held_; }

 private:
  friend class ChainRef;
  friend class ChainMap;
  class Texts {
   public:
    [[nodiscard]] Symbol add(std::string_view text);
    [[nodiscard]] Symbol find(std::string_view text) const;
    [[nodiscard]] std::string_view text(Symbol symbol) const { return texts_[symbol.value()]; }
    [[nodiscard]] std::size_t size() const { return texts_.size(); }

   private:
    struct TextHash {
      using is_avalanching = void;
      [[nodiscard]] std::size_t operator()(std::string_view text) const;
    };
    std::deque<std::string> texts_;
    boost::unordered_flat_map<std::string_view, Symbol, TextHash> symbols_;
  };

  void release(ChainBlock* block);
  void release(ChainMapNode* node);
  /// A copy of the node, or an empty one, that owns a reference to each child.
  [[nodiscard]] static ChainMapNode copy_of(const ChainMapNode* node, bool is_leaf);
  static void visit(const ChainMapNode& node, const std::function<void(const ChainBlock&)>& each);
  /// The held node of this content; takes over the references of its children.
  [[nodiscard]] ChainMapNode* intern(const ChainMapNode& node);
  [[nodiscard]] ChainMapNode* with(ChainMapNode* node, unsigned level, std::uint32_t key, ChainBlock* block);
  [[nodiscard]] ChainMapNode* with_all(ChainMapNode* node, unsigned level, std::span<const ChainRef> chains);
  [[nodiscard]] ChainMapNode* merged(ChainMapNode* own, ChainMapNode* other, unsigned level);

  Texts names_;
  Texts texts_;
  std::vector<std::string> patterns_;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t, IntegerHash> pattern_classes_;  // by their bits
  std::vector<std::uint64_t> class_bits_{1};
  boost::unordered_flat_map<std::uint64_t, std::vector<ChainBlock*>, IntegerHash> chains_;
  boost::unordered_flat_map<std::uint64_t, std::vector<ChainMapNode*>, IntegerHash> nodes_;
  std::size_t chains_held_ = 0;
  std::deque<std::unique_ptr<const RestorePlan>> plans_;  // the oldest first
};

}  // namespace ekspath
