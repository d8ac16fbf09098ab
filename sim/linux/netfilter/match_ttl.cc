#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

constexpr std::array<OptionSpec, 4> options{{
    {.name = "ttl-lt", .id = 0},
    {.name = "ttl-gt", .id = 1},
    {.name = "ttl-eq", .id = 2, .invertible = true},
    {.name = "ttl", .id = 2, .invertible = true},
}};

Match start() { return TtlMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<TtlMatch>(match);
  own.ttl = static_cast<std::uint8_t>(
      parse_uint("ttl", {options[option.spec.id], option.value, {}, false, 0}, 0, 255));
  own.mode = option.spec.id == 0   ? TtlMatch::Mode::less
             : option.spec.id == 1 ? TtlMatch::Mode::greater
             : option.invert       ? TtlMatch::Mode::not_equal
                                   : TtlMatch::Mode::equal;
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {
  if (seen == 0) usage_error("TTL match: You must specify one of `--ttl-eq', `--ttl-lt', `--ttl-gt");
}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<TtlMatch>(match);
  constexpr std::array words{" --ttl-eq", " ! --ttl-eq", " --ttl-lt", " --ttl-gt"};
  fmt::format_to(std::back_inserter(printer.out), "{} {}", words[static_cast<std::size_t>(own.mode)],
                 own.ttl);
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<TtlMatch>(match);
  constexpr std::array words{"==", "!=", "<", ">"};
  fmt::format_to(std::back_inserter(printer.out), " TTL match TTL {} {}",
                 words[static_cast<std::size_t>(own.mode)], own.ttl);
}

}  // namespace

constinit const MatchExtension match_ttl{"ttl", options, start, read, check, save, list};

}  // namespace ekspath
