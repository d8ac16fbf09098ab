#include "sim/linux/netfilter/chain.hh"

#include <algorithm>

#include "sim/base/assert.hh"
#include "sim/linux/netfilter/legal.hh"

namespace ekspath {
namespace {

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15;
  return hash ^ (hash >> 32);
}

bool asks_conntrack(const Match& match) {
  switch (kind_of(match)) {
    case MatchKind::conntrack:
    case MatchKind::state:
    case MatchKind::connmark:
      return true;
    default:
      return false;
  }
}

/// Observed (Linux 6.18, iptables 1.8.9): connections are tracked as soon as one of these stands in any
/// chain, reached or not; an empty nat table, -j CT --notrack and -j NOTRACK do not ask for it.
bool asks_conntrack(const Target& target) {
  if (std::holds_alternative<ConnmarkTarget>(target) || std::holds_alternative<NatTarget>(target))
    return true;
  const auto* ct = std::get_if<CtTarget>(&target);
  return ct != nullptr && !ct->notrack;
}

/// What of a match is likely to differ between chains; the rest is left to the comparison.
std::uint64_t rough_hash(const Match& match) {
  const auto kind = static_cast<std::uint64_t>(match.index());
  if (const auto* comment = std::get_if<CommentMatch>(&match))
    return kind | (std::uint64_t{comment->text.value()} << 8);
  if (const auto* tcp = std::get_if<TcpMatch>(&match)) {
    return kind | (std::uint64_t{tcp->destination.low} << 8) | (std::uint64_t{tcp->source.low} << 24);
  }
  if (const auto* udp = std::get_if<UdpMatch>(&match))
    return kind | (std::uint64_t{udp->destination.low} << 8);
  if (const auto* statistic = std::get_if<StatisticMatch>(&match)) {
    return kind | (std::uint64_t{statistic->probability} << 8);
  }
  return kind;
}

std::uint64_t rough_hash(const Target& target) {
  const auto kind = static_cast<std::uint64_t>(target.index());
  if (const auto* nat = std::get_if<NatTarget>(&target)) {
    return kind | (std::uint64_t{nat->range.low.bits()} << 8) | (std::uint64_t{nat->range.low_port} << 40);
  }
  return kind;
}

/// The first one is put into the rule if it fits there; a second one leaves both to the list of matches.
void add_condition(Rule& rule, const Match& match) {
  const bool is_first = rule.condition == RuleCondition::none;
  rule.condition = RuleCondition::matches;
  rule.condition_value = rule.condition_mask = 0;
  rule.flags &= static_cast<std::uint8_t>(~Rule::not_condition);
  if (!is_first) return;
  bool inverted = false;
  if (const auto* conntrack = std::get_if<ConntrackMatch>(&match)) {
    if (conntrack->given != ConntrackMatch::state) return;
    rule.condition = RuleCondition::state;
    rule.condition_value = conntrack->states;
    inverted = (conntrack->inverted & ConntrackMatch::state) != 0;
  } else if (const auto* mark = std::get_if<MarkMatch>(&match)) {
    rule.condition = RuleCondition::mark;
    rule.condition_value = mark->mark;
    rule.condition_mask = mark->mask;
    inverted = mark->invert;
  }
  if (inverted) rule.flags |= Rule::not_condition;
}

void forget_condition(Rule& rule) {
  rule.condition = RuleCondition::none;
  rule.condition_value = rule.condition_mask = 0;
  rule.flags &= static_cast<std::uint8_t>(~Rule::not_condition);
}

}  // namespace

void ChainBlock::append(const RuleSpec& spec) {
  Rule rule = spec.rule;
  forget_condition(rule);
  rule.first_match = static_cast<std::uint32_t>(matches_.size());
  rule.match_count = static_cast<std::uint32_t>(spec.matches.size());
  for (const Match& match : spec.matches) {
    matches_.push_back(match);
    if (kind_of(match) != MatchKind::comment) add_condition(rule, match);
    if (asks_conntrack(match)) needs_conntrack_ = true;
    if (auto* limit = std::get_if<LimitMatch>(&matches_.back())) limit->slot = slots_++;
    if (auto* statistic = std::get_if<StatisticMatch>(&matches_.back())) {
      statistic->slot = 0;
      if (statistic->nth) statistic->slot = slots_++;
    }
  }
  if (spec.target) {
    ASSERT(rule.action == RuleAction::extension);
    rule.argument = static_cast<std::uint32_t>(targets_.size());
    targets_.push_back(*spec.target);
    if (asks_conntrack(*spec.target)) needs_conntrack_ = true;
  }
  rules_.push_back(rule);
}

RuleSpec ChainBlock::spec(std::uint32_t row) const {
  RuleSpec result;
  result.rule = rules_[row];
  const auto span = matches(result.rule);
  result.matches.assign(span.begin(), span.end());
  if (const Target* extension = target(result.rule)) {
    result.target = *extension;
    result.rule.argument = 0;
  }
  result.rule.first_match = 0;
  result.rule.match_count = 0;
  forget_condition(result.rule);
  for (Match& match : result.matches) {
    if (auto* limit = std::get_if<LimitMatch>(&match)) limit->slot = 0;
    if (auto* statistic = std::get_if<StatisticMatch>(&match)) statistic->slot = 0;
  }
  return result;
}

bool ChainBlock::equals(std::uint32_t row, const RuleSpec& wanted) const {
  const RuleSpec own = spec(row);
  return own.rule == wanted.rule && own.matches == wanted.matches && own.target == wanted.target;
}

std::uint64_t ChainBlock::content_hash() const {
  std::uint64_t hash = mix(name_.value(), rules_.size());
  for (const Rule& rule : rules_) {
    hash = mix(hash, (std::uint64_t{rule.source} << 32) | rule.destination);
    hash = mix(hash, (std::uint64_t{rule.argument} << 32) | (std::uint64_t{rule.in} << 16) | rule.out);
    hash = mix(hash, (std::uint64_t{rule.protocol} << 16) | (std::uint64_t{rule.flags} << 8) |
                         static_cast<std::uint64_t>(rule.action));
  }
  for (const Match& match : matches_) hash = mix(hash, rough_hash(match));
  for (const Target& target : targets_) hash = mix(hash, rough_hash(target));
  return hash;
}

bool ChainBlock::same_content(const ChainBlock& other) const {
  return name_ == other.name_ && rules_ == other.rules_ && matches_ == other.matches_ &&
         targets_ == other.targets_;
}

void ChainBlock::seal() {
  rules_.shrink_to_fit();
  matches_.shrink_to_fit();
  targets_.shrink_to_fit();
  index_.build(rules_, matches_);
  summarize();
}

void ChainBlock::summarize() {
  allowed_hooks_ = all_hooks;
  for (const Match& match : matches_) allowed_hooks_ &= legal_hooks(match);
  for (const Target& target : targets_) allowed_hooks_ &= legal(target).hooks;
  for (const Rule& rule : rules_) {
    if (rule.jumps()) jump_targets_.push_back(rule.chain());
  }
  std::ranges::sort(jump_targets_);
  jump_targets_.erase(std::ranges::unique(jump_targets_).begin(), jump_targets_.end());
  jump_targets_.shrink_to_fit();
  if (!jump_targets_.empty()) jump_numbers_.resize(rules_.size());
  for (std::size_t row = 0; row < jump_numbers_.size(); ++row) {
    if (!rules_[row].jumps()) continue;
    const auto found = std::ranges::lower_bound(jump_targets_, rules_[row].chain());
    jump_numbers_[row] = static_cast<std::uint32_t>(found - jump_targets_.begin());
  }
}

}  // namespace ekspath
