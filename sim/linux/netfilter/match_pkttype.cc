#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

// iptables extensions/libxt_pkttype.c supported_types[], in the order of PacketType
constexpr std::array<std::string_view, 5> type_names{"unicast", "broadcast", "multicast", "otherhost",
                                                     "outgoing"};

constexpr std::array<OptionSpec, 1> options{{
    {.name = "pkt-type", .id = 0, .invertible = true, .mandatory = true},
}};

Match start() { return PkttypeMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<PkttypeMatch>(match);
  std::string lower(option.value);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (lower == "host") lower = "unicast";
  const auto* found = std::ranges::find(type_names, lower);
  if (found == type_names.end()) usage_error(fmt::format("Bad packet type '{}'", option.value));
  own.type = static_cast<std::uint8_t>(found - type_names.begin());
  own.invert = option.invert;
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<PkttypeMatch>(match);
  fmt::format_to(std::back_inserter(printer.out), "{} --pkt-type {}", own.invert ? " !" : "",
                 type_names[own.type]);
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<PkttypeMatch>(match);
  fmt::format_to(std::back_inserter(printer.out), " PKTTYPE {}= {}", own.invert ? "!" : "",
                 type_names[own.type]);
}

}  // namespace

constinit const MatchExtension match_pkttype{"pkttype", options, start, read, check, save, list};

}  // namespace ekspath
