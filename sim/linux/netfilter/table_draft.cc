#include "sim/linux/netfilter/table_draft.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "sim/base/assert.hh"
#include "sim/linux/netfilter/iptables_error.hh"
#include "sim/linux/netfilter/legal.hh"
#include "sim/linux/netfilter/rule_store.hh"
#include "sim/linux/netns.hh"

namespace ekspath {
namespace {

constexpr std::uint32_t deepest = 15;  // jumps: NFT_JUMP_STACK_SIZE - 1
constexpr std::string_view invalid_argument = "Invalid argument";

}  // namespace

TableDraft::TableDraft(Netns& netns, TableName table)
    : netns_(netns),
      store_(netns.kernel().rules),
      name_(table),
      map_(store_),
      adopted_(store_),
      written_(store_) {
  if (netns.netfilter != nullptr && netns.netfilter->has(table)) {
    exists_ = true;
    map_ = netns.netfilter->table(table)->chains;
  }
}

const ChainBlock* TableDraft::find(Symbol chain) const {
  if (interned_) return map_.find(chain);
  if (const auto found = open_.find(chain.value()); found != open_.end()) return &found->second->block;
  return map_.find(chain);
}

std::vector<Symbol> TableDraft::chains() const {
  std::vector<Symbol> users;
  const auto take = [&](Symbol chain) {
    if (!is_base_chain(name_, store_.chain_name(chain))) users.push_back(chain);
  };
  map_.for_each([&](const ChainBlock& block) { take(block.name()); });
  for (const std::uint32_t value : opened_) {
    if (open_.contains(value) && map_.find(Symbol(value)) == nullptr) take(Symbol(value));
  }
  std::ranges::sort(users, {}, [&](Symbol chain) { return store_.chain_name(chain); });
  std::vector<Symbol> result;
  for (unsigned hook = 0; hook < 5; ++hook) {
    const std::string_view base = base_chain_name(name_, static_cast<Hook>(hook));
    if (!base.empty()) result.push_back(store_.chain_name(base));
  }
  result.insert(result.end(), users.begin(), users.end());
  return result;
}

boost::unordered_flat_map<std::uint32_t, std::uint32_t, IntegerHash> TableDraft::references() const {
  boost::unordered_flat_map<std::uint32_t, std::uint32_t, IntegerHash> result;
  for (const Symbol chain : chains()) {
    const ChainBlock* block = find(chain);
    if (block == nullptr) continue;
    for (std::uint32_t row = 0; row < block->size(); ++row) {
      if (block->rule(row).jumps()) ++result[block->rule(row).argument];
    }
  }
  return result;
}

// --- changes

void TableDraft::ensure_table() {
  if (exists_) return;
  exists_ = true;
  for (unsigned hook = 0; hook < 5; ++hook) {
    const std::string_view base = base_chain_name(name_, static_cast<Hook>(hook));
    if (!base.empty()) create(store_.chain_name(base));
  }
}

void TableDraft::wipe() {
  wiped_ = true;
  exists_ = false;
  map_ = ChainMap(store_);
  open_.clear();
  opened_.clear();
  policies_.clear();
}

void TableDraft::adopt(const ChainMap& chains) {
  ensure_table();
  map_.merge(chains);
  adopted_.merge(chains);
  std::erase_if(opened_, [&](std::uint32_t value) {
    const bool replaced = chains.find(Symbol(value)) != nullptr;
    if (replaced) open_.erase(value);
    return replaced;
  });
}

void TableDraft::create(Symbol chain) {
  auto& entry = open_[chain.value()];
  opened_.push_back(chain.value());
  entry = std::make_unique<Chain>(Chain{ChainBlock(chain), {}});
}

TableDraft::Chain& TableDraft::open(Symbol chain) {
  if (const auto found = open_.find(chain.value()); found != open_.end()) return *found->second;
  const ChainBlock* held = map_.find(chain);
  ASSERT(held != nullptr);
  auto fresh = std::make_unique<Chain>(Chain{ChainBlock(chain), {}});
  fresh->rows.reserve(held->size() + 1U);
  for (std::uint32_t row = 0; row < held->size(); ++row) {
    fresh->block.append(held->spec(row));
    fresh->rows.push_back({row, {}});
  }
  opened_.push_back(chain.value());
  return *(open_[chain.value()] = std::move(fresh));
}

void TableDraft::flush(Symbol chain) {
  Chain& opened = open(chain);
  opened.block = ChainBlock(chain);
  opened.rows.clear();
}

void TableDraft::remove(Symbol chain, std::uint32_t line) {
  removed_.emplace_back(chain, line);
  open_.erase(chain.value());
  if (map_.find(chain) != nullptr) map_.erase(chain);
}

void TableDraft::rename(Symbol from, Symbol to) {
  for (const Symbol chain : chains()) {
    const ChainBlock* block = find(chain);
    bool refers = false;
    for (std::uint32_t row = 0; row < block->size(); ++row) {
      refers = refers || (block->rule(row).jumps() && block->rule(row).chain() == from);
    }
    if (!refers) continue;
    edit(chain, [&](std::vector<RuleSpec>& specs, std::vector<Row>&) {
      for (RuleSpec& spec : specs) {
        if (spec.rule.jumps() && spec.rule.chain() == from) spec.rule.argument = to.value();
      }
    });
  }
  Chain& old = open(from);
  ChainBlock block(to);
  for (std::uint32_t row = 0; row < old.block.size(); ++row) block.append(old.block.spec(row));
  auto fresh = std::make_unique<Chain>(Chain{std::move(block), std::move(old.rows)});
  open_.erase(from.value());
  if (map_.find(from) != nullptr) map_.erase(from);
  open_[to.value()] = std::move(fresh);
  opened_.push_back(to.value());
  renamed_.emplace_back(from, to);
}

void TableDraft::append(Symbol chain, const RuleSpec& spec, const Origin& origin) {
  Chain& opened = open(chain);
  opened.block.append(spec);
  opened.rows.push_back({-1, origin});
}

void TableDraft::edit(Symbol chain,
                      const std::function<void(std::vector<RuleSpec>&, std::vector<Row>&)>& change) {
  Chain& opened = open(chain);
  std::vector<RuleSpec> specs;
  specs.reserve(opened.block.size() + 1U);
  for (std::uint32_t row = 0; row < opened.block.size(); ++row) specs.push_back(opened.block.spec(row));
  change(specs, opened.rows);
  opened.block = ChainBlock(chain);
  for (const RuleSpec& spec : specs) opened.block.append(spec);
}

void TableDraft::insert(Symbol chain, std::uint32_t row, const RuleSpec& spec, const Origin& origin) {
  edit(chain, [&](std::vector<RuleSpec>& specs, std::vector<Row>& rows) {
    specs.insert(specs.begin() + row, spec);
    rows.insert(rows.begin() + row, Row{-1, origin});
  });
}

void TableDraft::replace(Symbol chain, std::uint32_t row, const RuleSpec& spec, const Origin& origin) {
  edit(chain, [&](std::vector<RuleSpec>& specs, std::vector<Row>& rows) {
    specs[row] = spec;
    rows[row] = Row{-1, origin};
  });
}

void TableDraft::erase(Symbol chain, std::uint32_t row) {
  edit(chain, [&](std::vector<RuleSpec>& specs, std::vector<Row>& rows) {
    specs.erase(specs.begin() + row);
    rows.erase(rows.begin() + row);
  });
}

void TableDraft::policy(Symbol chain, bool drops, const std::optional<Counter>& counter) {
  policies_[chain.value()] = {drops, counter};
}

void TableDraft::zero(Symbol chain) { zeroed_.emplace_back(chain, std::nullopt); }
void TableDraft::zero(Symbol chain, std::uint32_t row) { zeroed_.emplace_back(chain, row); }

// --- what the kernel checks

void TableDraft::commit(std::uint32_t line) {
  line_ = line;
  check_targets();
  check_removals();
  intern_written();
  if (exists_ && !reaches_well()) check_reach();
  apply();
}

/// What was changed goes into the store; from here on map_ is the table as it will be.
void TableDraft::intern_written() {
  std::ranges::sort(opened_);
  opened_.erase(std::ranges::unique(opened_).begin(), opened_.end());
  std::vector<ChainRef> written;
  written.reserve(opened_.size());
  for (const std::uint32_t value : opened_) {
    const auto found = open_.find(value);
    if (found != open_.end()) written.push_back(store_.intern(std::move(found->second->block)));
  }
  written_.insert_sorted(written);
  map_.merge(written_);
  interned_ = true;
}

const TableDraft::Row* TableDraft::row_of(Symbol chain, std::uint32_t row) const {
  const auto found = open_.find(chain.value());
  return found == open_.end() ? nullptr : &found->second->rows[row];
}

void TableDraft::refuse(const Row* row, Symbol chain, std::string_view reason) const {
  std::string_view what = "RULE_APPEND";
  if (row != nullptr && row->origin.way == Way::insert) what = "RULE_INSERT";
  if (row != nullptr && row->origin.way == Way::replace) what = "RULE_REPLACE";
  const std::uint32_t line = row != nullptr && row->origin.line != 0 ? row->origin.line : line_;
  std::string text = fmt::format("{} failed ({}): rule in chain {}", what, reason, store_.chain_name(chain));
  kernel_error(line_ == 0 ? std::move(text) : fmt::format("line {}: {}", line, text));
}

void TableDraft::check_targets() const {
  for (const std::uint32_t value : opened_) {
    const auto found = open_.find(value);
    if (found == open_.end()) continue;
    const Chain& chain = *found->second;
    const Symbol name(value);
    for (std::uint32_t row = 0; row < chain.block.size(); ++row) {
      const Row& origin = chain.rows[row];
      if (origin.old >= 0) continue;
      const Rule& rule = chain.block.rule(row);
      if (!origin.origin.refusal.empty()) refuse(&origin, name, origin.origin.refusal);
      if (rule.jumps()) {
        if (is_base_chain(name_, store_.chain_name(rule.chain())))
          refuse(&origin, name, "Operation not supported");
        if (find(rule.chain()) != nullptr) continue;
        usage_error(fmt::format("Chain '{}' does not exist", store_.chain_name(rule.chain())));
      }
      const Target* target = chain.block.target(rule);
      if (target == nullptr) continue;
      const Legal where = legal(*target);
      if (where.table && *where.table != name_) refuse(&origin, name, invalid_argument);
      const bool needs_tcp = std::holds_alternative<TcpmssTarget>(*target);
      if (needs_tcp && (rule.protocol != 6 || rule.has(Rule::not_protocol)))
        refuse(&origin, name, invalid_argument);
    }
  }
}

void TableDraft::check_removals() const {
  if (removed_.empty()) return;
  const auto counts = references();
  for (const auto& [chain, line] : removed_) {
    if (find(chain) != nullptr || counts.find(chain.value()) == counts.end()) continue;
    std::string text =
        fmt::format("CHAIN_DEL failed (Device or resource busy): chain {}", store_.chain_name(chain));
    kernel_error(line_ == 0 ? std::move(text) : fmt::format("line {}: {}", line, text));
  }
}

/// The same question as check_reach() asks, chain by chain instead of way by way: how deep the jumps below
/// each chain go, and at which hooks all that is below may stand. Each chain is looked at once.
bool TableDraft::reaches_well() const {
  constexpr std::uint8_t unknown = 0xff, on_path = 0xfe;
  struct Below {
    std::uint8_t depth = unknown;
    std::uint8_t hooks = all_hooks;
  };
  std::vector<Below> known(store_.chain_names());
  struct Step {
    const ChainBlock* chain;
    std::size_t next = 0;
  };
  std::vector<Step> path;
  const auto enter = [&](Symbol name) {
    const ChainBlock* chain = map_.find(name);
    ASSERT(chain != nullptr);
    known[name.value()].depth = on_path;
    known[name.value()].hooks = chain->allowed_hooks();
    path.push_back({chain});
  };
  for (unsigned hook = 0; hook < 5; ++hook) {
    const std::string_view text = base_chain_name(name_, static_cast<Hook>(hook));
    if (text.empty()) continue;
    const Symbol base = store_.chain_name(text);
    if (known[base.value()].depth == unknown) enter(base);
    while (!path.empty()) {
      Step& step = path.back();
      Below& own = known[step.chain->name().value()];
      const auto targets = step.chain->jump_targets();
      if (step.next < targets.size()) {
        const Symbol target = targets[step.next];
        Below& below = known[target.value()];
        if (below.depth == on_path) return false;
        if (below.depth == unknown) {
          enter(target);
          continue;
        }
        ++step.next;
        continue;
      }
      std::uint8_t depth = 0;
      for (const Symbol target : targets) {
        depth = std::max(depth, static_cast<std::uint8_t>(known[target.value()].depth + 1));
        own.hooks &= known[target.value()].hooks;
      }
      if (depth > deepest) return false;
      own.depth = depth;
      path.pop_back();
    }
    if ((known[base.value()].hooks & hook_bit(static_cast<Hook>(hook))) == 0) return false;
  }
  return true;
}

/// Linux 6.1 net/netfilter/nf_tables_api.c nft_chain_validate(), from each built-in chain: how deep jumps go,
/// loops, and whether each rule may stand at the hooks from which it is reached. Chains that nothing reaches
/// are not looked at.
void TableDraft::check_reach() const {
  boost::unordered_flat_map<std::uint32_t, Reach, IntegerHash> reached;
  for (unsigned hook = 0; hook < 5; ++hook) {
    const std::string_view base = base_chain_name(name_, static_cast<Hook>(hook));
    if (base.empty()) continue;
    const Symbol chain = store_.chain_name(base);
    visit(chain, 0, hook_bit(static_cast<Hook>(hook)), nullptr, chain, reached);
  }
}

void TableDraft::visit(Symbol chain, std::uint32_t level, std::uint8_t hooks, const Row* way_in, Symbol from,
                       boost::unordered_flat_map<std::uint32_t, Reach, IntegerHash>& reached) const {
  Reach before = reached[chain.value()];
  if (level > deepest || before.on_path) refuse(way_in, from, "Too many links");
  const ChainBlock* block = find(chain);
  ASSERT(block != nullptr);
  if (before.hooks != 0 && level <= before.level && (hooks & ~before.hooks) == 0) return;
  reached[chain.value()] = {std::max(level, before.level), static_cast<std::uint8_t>(hooks | before.hooks),
                            true};
  for (std::uint32_t row = 0; row < block->size(); ++row) {
    const Rule& rule = block->rule(row);
    std::uint8_t allowed = all_hooks;
    if (const Target* target = block->target(rule)) allowed = legal(*target).hooks;
    if (rule.condition != RuleCondition::none) {
      for (const Match& match : block->matches(rule)) allowed &= legal_hooks(match);
    }
    const Row* own = row_of(chain, row);
    const bool is_new = own != nullptr && own->old < 0;
    if ((hooks & ~allowed) != 0) refuse(is_new ? own : way_in, is_new ? chain : from, invalid_argument);
    if (!rule.jumps()) continue;
    // The complaint is about the newest rule of the way: the one whose coming made it too long.
    const bool is_newer = is_new && (way_in == nullptr || own->origin.line >= way_in->origin.line);
    visit(rule.chain(), level + 1, hooks, is_newer ? own : way_in, is_newer ? chain : from, reached);
  }
  reached[chain.value()].on_path = false;
}

// --- into the namespace

namespace {

/// The states of an old row's matches go on in its new place.
void carry_states(LiveChain& from, std::uint32_t old_row, LiveChain& to, std::uint32_t new_row) {
  const auto slots = [](const ChainBlock& block, std::uint32_t row) {
    std::vector<std::uint16_t> result;
    for (const Match& match : block.matches(block.rule(row))) {
      if (const auto* limit = std::get_if<LimitMatch>(&match)) result.push_back(limit->slot);
      if (const auto* statistic = std::get_if<StatisticMatch>(&match);
          statistic != nullptr && statistic->nth) {
        result.push_back(statistic->slot);
      }
    }
    return result;
  };
  const auto before = slots(from.block(), old_row);
  const auto after = slots(to.block(), new_row);
  for (std::size_t i = 0; i < before.size() && i < after.size(); ++i)
    to.state(after[i]) = from.state(before[i]);
}

}  // namespace

void TableDraft::carry_counters(TableState& table, const ChainRef& chain, const std::vector<Row>& rows) {
  const Symbol name = chain->name();
  std::unique_ptr<LiveChain> before;
  if (const auto entered = table.live.find(name.value()); entered != table.live.end())
    before = std::move(entered->second);
  table.forget(name);
  const bool counted = before != nullptr || std::ranges::any_of(rows, [](const Row& row) {
                         return row.origin.counter && *row.origin.counter != Counter{};
                       });
  if (!counted) return;
  LiveChain& after = *(table.live[name.value()] = std::make_unique<LiveChain>(chain));
  for (std::uint32_t row = 0; row < rows.size(); ++row) {
    const Row& origin = rows[row];
    if (origin.old >= 0 && before != nullptr) {
      const auto old_row = static_cast<std::uint32_t>(origin.old);
      after.counter(row) = before->counter(old_row);
      carry_states(*before, old_row, after, row);
    } else if (origin.origin.counter && *origin.origin.counter != Counter{}) {
      after.counter(row) = *origin.origin.counter;
    }
  }
}

void TableDraft::apply() {
  Netfilter& netfilter = netns_.ensure_netfilter();
  if (!exists_) {
    if (wiped_) netfilter.delete_table(name_);
    netfilter.rules_changed();
    return;
  }
  if (wiped_) netfilter.delete_table(name_);
  TableState& table = netfilter.ensure_table(name_);
  table.chains = std::move(map_);
  table.forget_links();
  for (const auto& [from, to] : renamed_) {
    const auto entered = table.live.find(from.value());
    if (entered == table.live.end()) continue;
    auto moved = std::move(entered->second);
    table.live.erase(entered);
    table.live[to.value()] = std::move(moved);
  }
  for (const auto& [chain, line] : removed_) table.forget(chain);
  std::vector<std::uint32_t> entered_before;
  for (const auto& [value, live] : table.live) {
    if (adopted_.find(Symbol(value)) != nullptr) entered_before.push_back(value);
  }
  for (const std::uint32_t value : entered_before) table.forget(Symbol(value));
  for (const std::uint32_t value : opened_) {
    const auto found = open_.find(value);
    if (found != open_.end()) carry_counters(table, table.chains.ref(Symbol(value)), found->second->rows);
  }
  for (const auto& [value, change] : policies_) {
    BaseChain* base = table.base(Symbol(value));
    if (base == nullptr) continue;
    base->drops = change.drops;
    if (change.counter) base->policy = *change.counter;
  }
  for (const auto& [chain, row] : zeroed_) {
    if (BaseChain* base = table.base(chain); base != nullptr && !row) base->policy = {};
    const auto entered = table.live.find(chain.value());
    if (entered == table.live.end()) continue;
    for (std::uint32_t at = 0; at < entered->second->block().size(); ++at) {
      if (!row || *row == at) entered->second->counter(at) = {};
    }
  }
  netfilter.rules_changed();
}

}  // namespace ekspath
