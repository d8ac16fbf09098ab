#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

/// lround(0x80000000 * probability), exactly: the text is a decimal fraction of at most 18 digits that count.
std::uint32_t parse_probability(std::string_view text) {
  const auto bad = [] {
    usage_error("statistic: bad value for option \"--probability\", or out of range (0-1).\n");
  };
  std::uint64_t whole = 0;
  std::uint64_t fraction = 0;
  std::uint64_t scale = 1;
  bool digits = false;
  bool behind_point = false;
  for (const char c : text) {
    if (c == '.' && !behind_point) {
      behind_point = true;
      continue;
    }
    if (c < '0' || c > '9') bad();
    digits = true;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (!behind_point) {
      whole = whole * 10 + digit;
      if (whole > 1) bad();
    } else if (scale < 1'000'000'000'000'000'000) {
      fraction = fraction * 10 + digit;
      scale *= 10;
    }
  }
  if (!digits || (whole == 1 && fraction > 0)) bad();
  if (whole == 1) return 0x80000000;
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint32_t>((static_cast<Wide>(fraction) * 0x80000000U + scale / 2) / scale);
}

/// "%.11f" of probability / 2^31, without floating point.
void append_probability(std::string& out, std::uint32_t probability) {
  __extension__ using Wide = unsigned __int128;
  constexpr std::uint64_t scale = 100'000'000'000;
  const Wide scaled = static_cast<Wide>(probability) * scale;
  auto value = static_cast<std::uint64_t>(scaled >> 31);
  const auto rest = static_cast<std::uint64_t>(scaled & 0x7fffffff);
  if (rest > 0x40000000 || (rest == 0x40000000 && (value & 1) != 0)) ++value;
  fmt::format_to(std::back_inserter(out), "{}.{:011}", value / scale, value % scale);
}

constexpr std::array<OptionSpec, 4> options{{
    {.name = "mode", .id = 0, .mandatory = true},
    {.name = "probability", .id = 1, .invertible = true},
    {.name = "every", .id = 2, .invertible = true, .needs = bit(3), .needed_name = "packet"},
    {.name = "packet", .id = 3, .needs = bit(2), .needed_name = "every"},
}};

Match start() { return StatisticMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<StatisticMatch>(match);
  switch (option.spec.id) {
    case 0:
      if (option.value != "random" && option.value != "nth")
        usage_error(fmt::format("Bad mode \"{}\"", option.value));
      own.nth = option.value == "nth";
      return;
    case 1:
      own.probability = parse_probability(option.value);
      own.invert = own.invert || option.invert;
      return;
    case 2:
      own.every = parse_uint("statistic", option, 1, 0xffffffff) - 1;
      own.invert = own.invert || option.invert;
      return;
    default:
      own.packet = parse_uint("statistic", option, 0, 0xffffffff);
      return;
  }
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {
  const auto& own = std::get<StatisticMatch>(match);
  if (!own.nth && (seen & bit(1)) == 0) usage_error("--probability must be specified when using random mode");
  if (own.nth && (seen & (bit(2) | bit(3))) == 0)
    usage_error("--every must be specified when using nth mode");
  if (own.nth && (seen & bit(2)) != 0 && own.packet > own.every)
    usage_error("the --packet p must be 0 <= p <= n-1");
}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<StatisticMatch>(match);
  printer.out += own.nth ? " --mode nth" : " --mode random";
  if (own.invert) printer.out += " !";
  if (!own.nth) {
    printer.out += " --probability ";
    append_probability(printer.out, own.probability);
    return;
  }
  fmt::format_to(std::back_inserter(printer.out), " --every {} --packet {}", own.every + 1, own.packet);
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<StatisticMatch>(match);
  printer.out += own.nth ? " statistic mode nth" : " statistic mode random";
  if (own.invert) printer.out += " !";
  if (!own.nth) {
    printer.out += " probability ";
    append_probability(printer.out, own.probability);
    return;
  }
  fmt::format_to(std::back_inserter(printer.out), " every {}", own.every + 1);
  if (own.packet != 0) fmt::format_to(std::back_inserter(printer.out), " packet {}", own.packet);
}

}  // namespace

constinit const MatchExtension match_statistic{"statistic", options, start, read, check, save, list};

}  // namespace ekspath
