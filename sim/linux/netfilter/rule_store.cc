#include "sim/linux/netfilter/rule_store.hh"

#include <algorithm>
#include <cstring>

#include "sim/base/assert.hh"
#include "sim/linux/netfilter/restore_plan.hh"

namespace ekspath {
namespace {

/// FNV-1a by eight bytes at a time: texts are short, and most are met again and again.
std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325 ^ text.size();
  while (text.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
    text.remove_prefix(8);
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, text.data(), text.size());
  hash = (hash ^ rest) * 0x9e3779b97f4a7c15;
  return hash ^ (hash >> 29);
}

// A table that differs in one chain has a node of its own at each level: many small ones are less than few
// large.
constexpr unsigned fan_out_bits = 4;
constexpr unsigned fan_out = 1U << fan_out_bits;
constexpr unsigned leaf_level = 5;  // levels 0 to 5: 2^24 names

unsigned slot_of(std::uint32_t key, unsigned level) {
  return (key >> (fan_out_bits * (leaf_level - level))) & (fan_out - 1);
}

}  // namespace

/// At leaf_level the children are chains, above it nodes. A null child: nothing there.
struct ChainMapNode {
  bool is_leaf = false;
  bool needs_conntrack = false;  // any chain below
  std::uint32_t references = 0;
  std::uint64_t hash = 0;
  std::array<void*, fan_out> children{};

  [[nodiscard]] ChainMapNode* node(unsigned slot) const { return static_cast<ChainMapNode*>(children[slot]); }
  [[nodiscard]] ChainBlock* block(unsigned slot) const { return static_cast<ChainBlock*>(children[slot]); }
  [[nodiscard]] bool empty() const {
    return std::ranges::all_of(children, [](const void* child) { return child == nullptr; });
  }
};

// --- texts and patterns

std::size_t RuleStore::Texts::TextHash::operator()(std::string_view text) const {
  return static_cast<std::size_t>(hash_text(text));
}

Symbol RuleStore::Texts::add(std::string_view text) {
  if (const auto found = symbols_.find(text); found != symbols_.end()) return found->second;
  const Symbol symbol(static_cast<std::uint32_t>(texts_.size()));
  texts_.emplace_back(text);
  symbols_.emplace(texts_.back(), symbol);
  return symbol;
}

Symbol RuleStore::Texts::find(std::string_view text) const {
  const auto found = symbols_.find(text);
  return found == symbols_.end() ? Symbol::none() : found->second;
}

PatternNumber RuleStore::pattern(std::string_view text) {
  const auto found = std::ranges::find(patterns_, text);
  const auto index = static_cast<PatternNumber>(found - patterns_.begin());
  if (found == patterns_.end()) patterns_.emplace_back(text);
  return static_cast<PatternNumber>(index + 1);
}

bool RuleStore::pattern_fits(PatternNumber number, std::string_view interface) const {
  const std::string_view text = pattern_text(number);
  if (!text.ends_with('+')) return interface == text;
  return interface.starts_with(text.substr(0, text.size() - 1));
}

std::uint32_t RuleStore::pattern_class(std::string_view interface) {
  std::uint64_t bits = 0;
  const std::size_t count = std::min<std::size_t>(patterns_.size(), 64);
  for (std::size_t i = 0; i < count; ++i) {
    if (pattern_fits(static_cast<PatternNumber>(i + 1), interface)) bits |= std::uint64_t{1} << i;
  }
  const auto number = static_cast<std::uint32_t>(class_bits_.size());
  const auto [known, is_new] = pattern_classes_.try_emplace(bits, number);
  if (is_new) class_bits_.push_back(bits);
  return known->second;
}

// --- chains

RuleStore::RuleStore() { (void)pattern("+"); }

RuleStore::~RuleStore() {
  plans_.clear();
  ASSERT(chains_held_ == 0);  // every namespace is gone before the store
}

ChainRef RuleStore::intern(ChainBlock&& block) {
  const std::uint64_t hash = block.content_hash();
  auto& bucket = chains_[hash];
  for (ChainBlock* held : bucket) {
    if (held->same_content(block)) return {*this, held};
  }
  auto* fresh = new ChainBlock(std::move(block));
  fresh->hash_ = hash;
  fresh->references_ = 0;
  fresh->seal();
  bucket.push_back(fresh);
  ++chains_held_;
  return {*this, fresh};
}

void RuleStore::release(ChainBlock* block) {
  if (--block->references_ > 0) return;
  const auto bucket = chains_.find(block->hash_);
  std::erase(bucket->second, block);
  if (bucket->second.empty()) chains_.erase(bucket);
  --chains_held_;
  delete block;
}

ChainRef::ChainRef(RuleStore& store, ChainBlock* block) : store_(&store), block_(block) {
  if (block_ != nullptr) ++block_->references_;
}
ChainRef::ChainRef(const ChainRef& other) : store_(other.store_), block_(other.block_) {
  if (block_ != nullptr) ++block_->references_;
}
ChainRef::~ChainRef() {
  if (block_ != nullptr) store_->release(block_);
}

// --- the trie

ChainMapNode* RuleStore::intern(const ChainMapNode& node) {
  if (node.empty()) return nullptr;
  std::uint64_t hash = node.is_leaf ? 1 : 2;
  for (unsigned slot = 0; slot < fan_out; ++slot) {
    const std::uint64_t child = node.children[slot] == nullptr ? 0
                                : node.is_leaf                 ? node.block(slot)->hash_
                                                               : node.node(slot)->hash;
    hash = (hash ^ child) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
  }
  auto& bucket = nodes_[hash];
  for (ChainMapNode* held : bucket) {
    if (held->is_leaf != node.is_leaf || held->children != node.children) continue;
    ++held->references;
    for (unsigned slot = 0; slot < fan_out; ++slot) {
      if (node.children[slot] == nullptr) continue;
      if (node.is_leaf) release(node.block(slot));
      if (!node.is_leaf) release(node.node(slot));
    }
    return held;
  }
  auto* fresh = new ChainMapNode(node);
  fresh->hash = hash;
  fresh->references = 1;
  fresh->needs_conntrack = false;
  for (unsigned slot = 0; slot < fan_out; ++slot) {
    if (node.children[slot] == nullptr) continue;
    if (node.is_leaf ? node.block(slot)->needs_conntrack() : node.node(slot)->needs_conntrack)
      fresh->needs_conntrack = true;
  }
  bucket.push_back(fresh);
  return fresh;
}

void RuleStore::release(ChainMapNode* node) {
  if (node == nullptr || --node->references > 0) return;
  const auto bucket = nodes_.find(node->hash);
  std::erase(bucket->second, node);
  if (bucket->second.empty()) nodes_.erase(bucket);
  for (unsigned slot = 0; slot < fan_out; ++slot) {
    if (node->children[slot] == nullptr) continue;
    if (node->is_leaf) release(node->block(slot));
    if (!node->is_leaf) release(node->node(slot));
  }
  delete node;
}

ChainMapNode RuleStore::copy_of(const ChainMapNode* node, bool is_leaf) {
  ChainMapNode copy;
  copy.is_leaf = is_leaf;
  if (node == nullptr) return copy;
  copy.children = node->children;
  for (unsigned slot = 0; slot < fan_out; ++slot) {
    if (copy.children[slot] == nullptr) continue;
    if (is_leaf) ++copy.block(slot)->references_;
    if (!is_leaf) ++copy.node(slot)->references;
  }
  return copy;
}

ChainMapNode* RuleStore::with(ChainMapNode* node, unsigned level, std::uint32_t key, ChainBlock* block) {
  const bool is_leaf = level == leaf_level;
  ChainMapNode copy = copy_of(node, is_leaf);
  const unsigned slot = slot_of(key, level);
  if (is_leaf) {
    if (copy.children[slot] != nullptr) release(copy.block(slot));
    if (block != nullptr) ++block->references_;
    copy.children[slot] = block;
  } else {
    ChainMapNode* before = copy.node(slot);
    copy.children[slot] = with(before, level + 1, key, block);
    release(before);
  }
  return intern(copy);
}

ChainMapNode* RuleStore::with_all(ChainMapNode* node, unsigned level, std::span<const ChainRef> chains) {
  const bool is_leaf = level == leaf_level;
  ChainMapNode copy = copy_of(node, is_leaf);
  while (!chains.empty()) {
    const unsigned slot = slot_of(chains.front()->name().value(), level);
    std::size_t count = 1;
    while (count < chains.size() && slot_of(chains[count]->name().value(), level) == slot) ++count;
    if (is_leaf) {
      ASSERT(count == 1);
      if (copy.children[slot] != nullptr) release(copy.block(slot));
      ++chains.front().block_->references_;
      copy.children[slot] = chains.front().block_;
    } else {
      ChainMapNode* before = copy.node(slot);
      copy.children[slot] = with_all(before, level + 1, chains.first(count));
      release(before);
    }
    chains = chains.subspan(count);
  }
  return intern(copy);
}

ChainMapNode* RuleStore::merged(ChainMapNode* own, ChainMapNode* other, unsigned level) {
  if (other == nullptr || own == other) {
    if (own != nullptr) ++own->references;
    return own;
  }
  if (own == nullptr) {
    ++other->references;
    return other;
  }
  const bool is_leaf = level == leaf_level;
  ChainMapNode result;
  result.is_leaf = is_leaf;
  for (unsigned slot = 0; slot < fan_out; ++slot) {
    if (!is_leaf) {
      result.children[slot] = merged(own->node(slot), other->node(slot), level + 1);
      continue;
    }
    ChainBlock* block = other->block(slot) != nullptr ? other->block(slot) : own->block(slot);
    if (block != nullptr) ++block->references_;
    result.children[slot] = block;
  }
  return intern(result);
}

ChainMap::ChainMap(const ChainMap& other) : store_(other.store_), root_(other.root_) {
  if (root_ != nullptr) ++root_->references;
}
ChainMap::~ChainMap() {
  if (root_ != nullptr) store_->release(root_);
}

const ChainBlock* ChainMap::find(Symbol name) const {
  const ChainMapNode* node = root_;
  for (unsigned level = 0; level < leaf_level && node != nullptr; ++level) {
    node = node->node(slot_of(name.value(), level));
  }
  return node == nullptr ? nullptr : node->block(slot_of(name.value(), leaf_level));
}

ChainRef ChainMap::ref(Symbol name) const { return {*store_, const_cast<ChainBlock*>(find(name))}; }

bool ChainMap::needs_conntrack() const { return root_ != nullptr && root_->needs_conntrack; }

void ChainMap::insert(const ChainRef& chain) {
  ChainMapNode* before = root_;
  root_ = store_->with(before, 0, chain->name().value(), chain.block_);
  store_->release(before);
}

void ChainMap::insert_sorted(std::span<const ChainRef> chains) {
  if (chains.empty()) return;
  ChainMapNode* before = root_;
  root_ = store_->with_all(before, 0, chains);
  store_->release(before);
}

void ChainMap::erase(Symbol name) {
  ChainMapNode* before = root_;
  root_ = store_->with(before, 0, name.value(), nullptr);
  store_->release(before);
}

void ChainMap::merge(const ChainMap& other) {
  ChainMapNode* before = root_;
  root_ = store_->merged(before, other.root_, 0);
  store_->release(before);
}

void RuleStore::visit(const ChainMapNode& node, const std::function<void(const ChainBlock&)>& each) {
  for (unsigned slot = 0; slot < fan_out; ++slot) {
    if (node.children[slot] == nullptr) continue;
    if (node.is_leaf) each(*node.block(slot));
    if (!node.is_leaf) visit(*node.node(slot), each);
  }
}

void ChainMap::for_each(const std::function<void(const ChainBlock&)>& each) const {
  if (root_ != nullptr) RuleStore::visit(*root_, each);
}

// --- restored texts

const RestorePlan* RuleStore::plan(std::string_view options, std::string_view text) const {
  for (const auto& plan : plans_) {
    if (plan->options == options && plan->text == text) return plan.get();
  }
  return nullptr;
}

void RuleStore::remember(std::unique_ptr<const RestorePlan> plan) {
  constexpr std::size_t most_plans = 16;
  constexpr std::size_t most_bytes = std::size_t{64} << 20;
  plans_.push_back(std::move(plan));
  std::size_t bytes = 0;
  for (const auto& held : plans_) bytes += held->text.size();
  while (plans_.size() > most_plans || (bytes > most_bytes && plans_.size() > 1)) {
    bytes -= plans_.front()->text.size();
    plans_.pop_front();
  }
}

}  // namespace ekspath
