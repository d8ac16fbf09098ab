#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>

#include "sim/linux/netfilter/chain.hh"

namespace ekspath {

class RuleStore;

/// A counted handle to a chain that the RuleStore holds once by content. The store must outlive it.
class ChainRef {
 public:
  ChainRef() = default;
  ChainRef(RuleStore& store, ChainBlock* block);
  ChainRef(const ChainRef& other);
  ChainRef(ChainRef&& other) noexcept : store_(other.store_), block_(std::exchange(other.block_, nullptr)) {}
  ChainRef& operator=(ChainRef other) noexcept {
    std::swap(store_, other.store_);
    std::swap(block_, other.block_);
    return *this;
  }
  ~ChainRef();

  [[nodiscard]] const ChainBlock* get() const { return block_; }
  [[nodiscard]] const ChainBlock& operator*() const { return *block_; }
  [[nodiscard]] const ChainBlock* operator->() const { return block_; }
  [[nodiscard]] explicit operator bool() const { return block_ != nullptr; }
  friend bool operator==(const ChainRef& a, const ChainRef& b) { return a.block_ == b.block_; }

 private:
  friend class ChainMap;
  friend class RuleStore;
  RuleStore* store_ = nullptr;
  ChainBlock* block_ = nullptr;
};

struct ChainMapNode;

/// The chains of a table by name: a trie whose nodes the RuleStore holds once by content, so that the tables
/// of a thousand nodes share all but the few chains in which they differ, whatever the order in which they
/// were written. A value.
class ChainMap {
 public:
  explicit ChainMap(RuleStore& store) : store_(&store) {}
  ChainMap(const ChainMap& other);
  ChainMap(ChainMap&& other) noexcept : store_(other.store_), root_(std::exchange(other.root_, nullptr)) {}
  ChainMap& operator=(ChainMap other) noexcept {
    std::swap(store_, other.store_);
    std::swap(root_, other.root_);
    return *this;
  }
  ~ChainMap();

  [[nodiscard]] const ChainBlock* find(Symbol name) const;
  [[nodiscard]] ChainRef ref(Symbol name) const;
  /// Whether a rule of any chain asks for connection tracking.
  [[nodiscard]] bool needs_conntrack() const;
  void insert(const ChainRef& chain);
  /// The same for many at once, in the order of their symbols.
  void insert_sorted(std::span<const ChainRef> chains);
  void erase(Symbol name);
  /// Takes each chain of `other`, in place of an own one of the same name.
  void merge(const ChainMap& other);
  /// In the order of symbols: the order in which the world first heard of the names.
  void for_each(const std::function<void(const ChainBlock&)>& visit) const;

  friend bool operator==(const ChainMap& a, const ChainMap& b) { return a.root_ == b.root_; }

 private:
  friend class RuleStore;
  RuleStore* store_;
  ChainMapNode* root_ = nullptr;
};

}  // namespace ekspath
