#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

// Linux 6.1 include/uapi/linux/netfilter/xt_limit.h: averages are kept in 1/10000 s.
constexpr std::uint32_t scale = 10000;
constexpr std::uint32_t default_burst = 5;

std::uint32_t parse_rate(std::string_view text) {
  const std::size_t slash = text.find('/');
  std::uint32_t seconds = 1;
  const auto bad = [&] { usage_error(fmt::format("bad rate \"{}\"'", text)); };
  if (slash != std::string_view::npos) {
    const std::string_view unit = text.substr(slash + 1);
    const auto is = [&](std::string_view word) { return !unit.empty() && word.starts_with(unit); };
    if (is("second"))
      seconds = 1;
    else if (is("minute"))
      seconds = 60;
    else if (is("hour"))
      seconds = 60 * 60;
    else if (is("day"))
      seconds = 24 * 60 * 60;
    else
      bad();
  }
  const auto number = parse_number(text.substr(0, slash), 0xffffffff);
  if (!number || *number == 0) bad();
  if (*number / seconds > scale) usage_error(fmt::format("Rate too fast \"{}\"", text));
  return static_cast<std::uint32_t>(std::uint64_t{scale} * seconds / *number);
}

/// print_rate() of extensions/libxt_limit.c
void append_rate(std::string& out, std::uint32_t period) {
  struct Unit {
    std::string_view name;
    std::uint32_t multiple;
  };
  constexpr std::array units{Unit{"day", scale * 24 * 60 * 60}, Unit{"hour", scale * 60 * 60},
                             Unit{"min", scale * 60}, Unit{"sec", scale}};
  if (period == 0) {
    out += " ";
    out += "18446744073709551615/day";
    return;
  }
  std::size_t i = 1;
  for (; i < units.size(); ++i) {
    if (period > units[i].multiple || units[i].multiple / period < units[i].multiple % period) break;
  }
  fmt::format_to(std::back_inserter(out), " {}/{}", units[i - 1].multiple / period, units[i - 1].name);
}

constexpr std::array<OptionSpec, 2> options{{
    {.name = "limit", .id = 0},
    {.name = "limit-burst", .id = 1},
}};

Match start() { return LimitMatch{.average = scale * 3600 / 3}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<LimitMatch>(match);
  if (option.spec.id == 0) own.average = parse_rate(option.value);
  if (option.spec.id == 1) own.burst = parse_uint("limit", option, 0, 10000);
  if (option.spec.id == 1 && own.burst == 0)
    own.burst = default_burst;  // limit_mt_check() of the tool (observed)
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<LimitMatch>(match);
  printer.out += " --limit";
  append_rate(printer.out, own.average);
  if (own.burst != default_burst)
    fmt::format_to(std::back_inserter(printer.out), " --limit-burst {}", own.burst);
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<LimitMatch>(match);
  printer.out += " limit: avg";
  append_rate(printer.out, own.average);
  fmt::format_to(std::back_inserter(printer.out), " burst {}", own.burst);
}

}  // namespace

constinit const MatchExtension match_limit{"limit", options, start, read, check, save, list};

}  // namespace ekspath
