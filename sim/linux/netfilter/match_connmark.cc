#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

constexpr std::array<OptionSpec, 1> options{{
    {.name = "mark", .id = 0, .invertible = true, .mandatory = true},
}};

Match start() { return ConnmarkMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<ConnmarkMatch>(match);
  const auto [mark, mask] = parse_mark_mask("connmark", option);
  own = {mark, mask, option.invert};
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<ConnmarkMatch>(match);
  auto out = std::back_inserter(printer.out);
  fmt::format_to(out, "{} --mark 0x{:x}", own.invert ? " !" : "", own.mark);
  if (own.mask != 0xffffffff) fmt::format_to(out, "/0x{:x}", own.mask);
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<ConnmarkMatch>(match);
  auto out = std::back_inserter(printer.out);
  fmt::format_to(out, " connmark match {}0x{:x}", own.invert ? "! " : " ", own.mark);
  if (own.mask != 0xffffffff) fmt::format_to(out, "/0x{:x}", own.mask);
}

}  // namespace

constinit const MatchExtension match_connmark{"connmark", options, start, read, check, save, list};

}  // namespace ekspath
