#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/linux/netfilter/match.hh"
#include "sim/linux/netfilter/target.hh"

namespace ekspath {

/// An interface name in a rule, `+` at its end for any ending: numbered by the RuleStore. 0: any interface,
/// not asked.
using PatternNumber = std::uint16_t;

enum class RuleAction : std::uint8_t { none, accept, drop, return_, jump, goto_, extension };

/// What a rule asks beyond its header, comments aside. The two that nearly all rules of Kubernetes ask stand
/// in the rule itself.
enum class RuleCondition : std::uint8_t {
  none,
  state,  // a lone -m conntrack --ctstate
  mark,   // a lone -m mark
  matches
};

/// One rule as the walk reads it: the header match in its first cache line, spans into its chain's matches
/// and targets.
struct Rule {
  static constexpr std::uint8_t not_source = 1, not_destination = 2, not_in = 4, not_out = 8,
                                not_protocol = 16, fragment = 32, not_fragment = 64, not_condition = 128;
  std::uint32_t source = 0, source_mask = 0;
  std::uint32_t destination = 0, destination_mask = 0;
  PatternNumber in = 0, out = 0;
  std::uint8_t protocol = 0;  // 0: all
  std::uint8_t flags = 0;
  RuleAction action = RuleAction::none;
  RuleCondition condition = RuleCondition::none;  // set when the rule joins a chain, like what follows
  std::uint32_t first_match = 0;
  std::uint32_t match_count = 0;
  std::uint32_t condition_value = 0;  // states, or the mark
  std::uint32_t condition_mask = 0;   // of the mark
  std::uint32_t argument = 0;         // a chain's symbol, or an index into the chain's targets

  [[nodiscard]] bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
  [[nodiscard]] bool jumps() const { return action == RuleAction::jump || action == RuleAction::goto_; }
  [[nodiscard]] Symbol chain() const { return Symbol(argument); }
  friend bool operator==(const Rule&, const Rule&) = default;
};
static_assert(sizeof(Rule) <= 64);

/// A rule that stands in no chain yet, as a command describes it.
struct RuleSpec {
  Rule rule;
  std::vector<Match> matches;
  std::optional<Target> target;

  void clear() {
    rule = Rule();
    matches.clear();
    target.reset();
  }
};

}  // namespace ekspath
