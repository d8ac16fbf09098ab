#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

// iptables extensions/libxt_addrtype.c rtn_names[]; bit n is RTN_* n
constexpr std::array<std::string_view, 12> type_names{"UNSPEC",   "UNICAST",   "LOCAL",     "BROADCAST",
                                                      "ANYCAST",  "MULTICAST", "BLACKHOLE", "UNREACHABLE",
                                                      "PROHIBIT", "THROW",     "NAT",       "XRESOLVE"};

std::uint16_t parse_types(std::string_view text) {
  std::uint16_t bits = 0;
  while (true) {
    const std::size_t comma = text.find(',');
    std::string upper(text.substr(0, comma));
    for (char& c : upper) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    const auto* found = std::ranges::find(type_names, upper);
    if (found == type_names.end()) usage_error(fmt::format("addrtype: bad type \"{}\"", text));
    bits = static_cast<std::uint16_t>(bits | (1U << (found - type_names.begin())));
    if (comma == std::string_view::npos) return bits;
    text.remove_prefix(comma + 1);
  }
}

void append_types(std::string& out, std::uint16_t bits) {
  bool first = true;
  for (std::size_t i = 0; i < type_names.size(); ++i) {
    if ((bits >> i & 1U) == 0) continue;
    if (!first) out += ',';
    out += type_names[i];
    first = false;
  }
}

constexpr std::array<OptionSpec, 4> options{{
    {.name = "src-type", .id = 0, .invertible = true},
    {.name = "dst-type", .id = 1, .invertible = true},
    {.name = "limit-iface-in", .id = 2, .argument = false, .excludes = bit(3)},
    {.name = "limit-iface-out", .id = 3, .argument = false, .excludes = bit(2)},
}};

Match start() { return AddrtypeMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<AddrtypeMatch>(match);
  switch (option.spec.id) {
    case 0:
      own.source = parse_types(option.value);
      own.invert_source = option.invert;
      return;
    case 1:
      own.destination = parse_types(option.value);
      own.invert_destination = option.invert;
      return;
    case 2:
      own.limit_in = true;
      return;
    default:
      own.limit_out = true;
      return;
  }
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {
  if ((seen & (bit(0) | bit(1))) == 0) usage_error("addrtype: you must specify --src-type or --dst-type");
}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<AddrtypeMatch>(match);
  if (own.source != 0) {
    printer.out += own.invert_source ? " ! --src-type " : " --src-type ";
    append_types(printer.out, own.source);
  }
  if (own.destination != 0) {
    printer.out += own.invert_destination ? " ! --dst-type " : " --dst-type ";
    append_types(printer.out, own.destination);
  }
  if (own.limit_in) printer.out += " --limit-iface-in";
  if (own.limit_out) printer.out += " --limit-iface-out";
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<AddrtypeMatch>(match);
  printer.out += " ADDRTYPE match";
  if (own.source != 0) {
    printer.out += own.invert_source ? " src-type !" : " src-type ";
    append_types(printer.out, own.source);
  }
  if (own.destination != 0) {
    printer.out += own.invert_destination ? " dst-type !" : " dst-type ";
    append_types(printer.out, own.destination);
  }
  if (own.limit_in) printer.out += " limit-in";
  if (own.limit_out) printer.out += " limit-out";
}

}  // namespace

constinit const MatchExtension match_addrtype{"addrtype", options, start, read, check, save, list};

}  // namespace ekspath
