#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

constexpr std::array<OptionSpec, 1> options{{
    {.name = "length", .id = 0, .invertible = true, .mandatory = true},
}};

Match start() { return LengthMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<LengthMatch>(match);
  const std::size_t colon = option.value.find(':');
  const auto read_one = [&](std::string_view text, std::uint16_t otherwise) {
    if (text.empty() && colon != std::string_view::npos) return otherwise;
    const auto number = parse_number(text, 65535);
    if (!number)
      usage_error(fmt::format(
          "length: bad value for option \"--length\" near \"{}\", or out of range (0-65535).\n", text));
    return static_cast<std::uint16_t>(*number);
  };
  own.low = own.high = read_one(option.value.substr(0, colon), 0);
  if (colon != std::string_view::npos) own.high = read_one(option.value.substr(colon + 1), 65535);
  own.invert = option.invert;
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<LengthMatch>(match);
  auto out = std::back_inserter(printer.out);
  fmt::format_to(out, "{} --length {}", own.invert ? " !" : "", own.low);
  if (own.low != own.high) fmt::format_to(out, ":{}", own.high);
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<LengthMatch>(match);
  auto out = std::back_inserter(printer.out);
  fmt::format_to(out, " length {}{}", own.invert ? "!" : "", own.low);
  if (own.low != own.high) fmt::format_to(out, ":{}", own.high);
}

}  // namespace

constinit const MatchExtension match_length{"length", options, start, read, check, save, list};

}  // namespace ekspath
