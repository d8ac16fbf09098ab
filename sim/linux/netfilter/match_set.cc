#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"
#include "sim/linux/netfilter/rule_store.hh"

namespace ekspath {
namespace {

void append_set(RulePrinter& printer, const SetMatch& own) {
  printer.out += printer.store.chain_name(own.name);
  for (unsigned i = 0; i < own.dimensions; ++i) {
    printer.out += i == 0 ? ' ' : ',';
    printer.out += (own.source >> i & 1U) != 0 ? "src" : "dst";
  }
}

constexpr std::array<OptionSpec, 1> options{{
    {.name = "match-set", .id = 0, .invertible = true, .words = 2},
}};

Match start() { return SetMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<SetMatch>(match);
  if (own.name) usage_error("--match-set can be specified only once");
  if (!context.has_set(context.environment, option.value))
    usage_error(fmt::format("Set {} doesn't exist.\n", option.value));
  own.name = context.store.chain_name(option.value);
  own.invert = option.invert;
  std::string_view directions = option.second_value;
  while (true) {
    const std::size_t comma = directions.find(',');
    const std::string_view word = directions.substr(0, comma);
    if (own.dimensions == 6) usage_error("Can't be more src/dst options than 6.");
    if (word == "src") own.source = static_cast<std::uint8_t>(own.source | (1U << own.dimensions));
    if (word != "src" && word != "dst")
      usage_error("You must spefify (the comma separated list of) 'src' or 'dst'.");
    ++own.dimensions;
    if (comma == std::string_view::npos) return;
    directions.remove_prefix(comma + 1);
  }
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {
  if (seen == 0) usage_error("You must specify `--match-set' with proper arguments");
}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<SetMatch>(match);
  printer.out += own.invert ? " ! --match-set " : " --match-set ";
  append_set(printer, own);
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<SetMatch>(match);
  printer.out += own.invert ? " ! match-set " : " match-set ";
  append_set(printer, own);
}

}  // namespace

constinit const MatchExtension match_set{"set", options, start, read, check, save, list};

}  // namespace ekspath
