#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"
#include "sim/linux/netfilter/rule_store.hh"

namespace ekspath {
namespace {

constexpr std::array<OptionSpec, 1> options{{
    {.name = "comment", .id = 0, .mandatory = true},
}};

Match start() { return CommentMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<CommentMatch>(match);
  // xt_comment keeps 256 bytes with the terminating zero; the tool cuts what is longer (observed:
  // iptables 1.8.9).
  own.text = context.store.text(option.value.substr(0, 255));
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<CommentMatch>(match);
  printer.out += " --comment";
  append_quoted(printer.out, printer.store.text(own.text));
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<CommentMatch>(match);
  fmt::format_to(std::back_inserter(printer.out), " /* {} */", printer.store.text(own.text));
}

}  // namespace

constinit const MatchExtension match_comment{"comment", options, start, read, check, save, list};

}  // namespace ekspath
