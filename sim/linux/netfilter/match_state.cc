#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"
#include "sim/linux/netfilter/state_words.hh"

namespace ekspath {
namespace {

constexpr std::span words(state_words.data(), 5);  // no SNAT, DNAT

constexpr std::array<OptionSpec, 1> options{{
    {.name = "state", .id = 0, .invertible = true, .mandatory = true},
}};

Match start() { return StateMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<StateMatch>(match);
  own = {parse_state_words(option.value, words, "state"), option.invert};
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<StateMatch>(match);
  printer.out += own.invert ? " ! --state" : " --state";
  append_state_words(printer.out, own.states, words);
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<StateMatch>(match);
  printer.out += own.invert ? " ! state" : " state";
  append_state_words(printer.out, own.states, words);
}

}  // namespace

constinit const MatchExtension match_state{"state", options, start, read, check, save, list};

}  // namespace ekspath
