#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

/// ether_aton(): one or two digits a byte.
MacAddress parse_mac(std::string_view text) {
  MacAddress mac;
  for (std::size_t i = 0; i < mac.bytes.size(); ++i) {
    const std::size_t colon = i + 1 < mac.bytes.size() ? text.find(':') : text.size();
    const std::string_view digits = text.substr(0, colon);
    const auto value = parse_number("0x" + std::string(digits), 255);
    if (colon == std::string_view::npos || digits.empty() || digits.size() > 2 || !value)
      usage_error("Invalid MAC address specified.");
    mac.bytes[i] = static_cast<std::uint8_t>(*value);
    text.remove_prefix(std::min(text.size(), colon + 1));
  }
  return mac;
}

constexpr std::array<OptionSpec, 1> options{{
    {.name = "mac-source", .id = 0, .invertible = true, .mandatory = true},
}};

Match start() { return MacMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<MacMatch>(match);
  own.source = parse_mac(option.value);
  own.invert = option.invert;
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<MacMatch>(match);
  fmt::format_to(std::back_inserter(printer.out), "{} --mac-source {}", own.invert ? " !" : "", own.source);
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<MacMatch>(match);
  fmt::format_to(std::back_inserter(printer.out), " MAC {}{}", own.invert ? "! " : "", own.source);
}

}  // namespace

constinit const MatchExtension match_mac{"mac", options, start, read, check, save, list};

}  // namespace ekspath
