#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

struct StateName {
  std::string_view name;
  std::uint16_t bit;
};
constexpr std::array state_names{StateName{"INVALID", ct_state::invalid}, StateName{"NEW", ct_state::new_},
                                 StateName{"RELATED", ct_state::related},
                                 StateName{"ESTABLISHED", ct_state::established},
                                 StateName{"UNTRACKED", ct_state::untracked}};

std::uint16_t parse_states(std::string_view text) {
  std::uint16_t bits = 0;
  const std::string_view whole = text;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view word = text.substr(0, comma);
    const auto* found = std::ranges::find(state_names, word, &StateName::name);
    if (found == state_names.end())
      usage_error(fmt::format("Bad state \"{}\"", comma == std::string_view::npos ? text : whole));
    bits = static_cast<std::uint16_t>(bits | found->bit);
    if (comma == std::string_view::npos) return bits;
    text.remove_prefix(comma + 1);
  }
}

void append_states(std::string& out, std::uint16_t bits) {
  char separator = ' ';
  for (const StateName& state : state_names) {
    if ((bits & state.bit) == 0) continue;
    out += separator;
    out += state.name;
    separator = ',';
  }
}

constexpr std::array<OptionSpec, 1> options{{
    {.name = "state", .id = 0, .invertible = true, .mandatory = true},
}};

Match start() { return StateMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<StateMatch>(match);
  own = {parse_states(option.value), option.invert};
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<StateMatch>(match);
  printer.out += own.invert ? " ! --state" : " --state";
  append_states(printer.out, own.states);
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<StateMatch>(match);
  printer.out += own.invert ? " ! state" : " state";
  append_states(printer.out, own.states);
}

}  // namespace

constinit const MatchExtension match_state{"state", options, start, read, check, save, list};

}  // namespace ekspath
