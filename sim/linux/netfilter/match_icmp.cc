#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

struct IcmpName {
  std::string_view name;
  std::uint8_t type;
  std::uint8_t code_low, code_high;
};
// iptables libxtables/xtoptions.c, extensions/libxt_icmp.h xtables_icmp_codes[]
constexpr std::array icmp_names{IcmpName{"any", 255, 0, 255},
                                IcmpName{"echo-reply", 0, 0, 255},
                                IcmpName{"pong", 0, 0, 255},
                                IcmpName{"destination-unreachable", 3, 0, 255},
                                IcmpName{"network-unreachable", 3, 0, 0},
                                IcmpName{"host-unreachable", 3, 1, 1},
                                IcmpName{"protocol-unreachable", 3, 2, 2},
                                IcmpName{"port-unreachable", 3, 3, 3},
                                IcmpName{"fragmentation-needed", 3, 4, 4},
                                IcmpName{"source-route-failed", 3, 5, 5},
                                IcmpName{"network-unknown", 3, 6, 6},
                                IcmpName{"host-unknown", 3, 7, 7},
                                IcmpName{"network-prohibited", 3, 9, 9},
                                IcmpName{"host-prohibited", 3, 10, 10},
                                IcmpName{"TOS-network-unreachable", 3, 11, 11},
                                IcmpName{"TOS-host-unreachable", 3, 12, 12},
                                IcmpName{"communication-prohibited", 3, 13, 13},
                                IcmpName{"host-precedence-violation", 3, 14, 14},
                                IcmpName{"precedence-cutoff", 3, 15, 15},
                                IcmpName{"source-quench", 4, 0, 255},
                                IcmpName{"redirect", 5, 0, 255},
                                IcmpName{"network-redirect", 5, 0, 0},
                                IcmpName{"host-redirect", 5, 1, 1},
                                IcmpName{"TOS-network-redirect", 5, 2, 2},
                                IcmpName{"TOS-host-redirect", 5, 3, 3},
                                IcmpName{"echo-request", 8, 0, 255},
                                IcmpName{"ping", 8, 0, 255},
                                IcmpName{"router-advertisement", 9, 0, 255},
                                IcmpName{"router-solicitation", 10, 0, 255},
                                IcmpName{"time-exceeded", 11, 0, 255},
                                IcmpName{"ttl-exceeded", 11, 0, 255},
                                IcmpName{"ttl-zero-during-transit", 11, 0, 0},
                                IcmpName{"ttl-zero-during-reassembly", 11, 1, 1},
                                IcmpName{"parameter-problem", 12, 0, 255},
                                IcmpName{"ip-header-bad", 12, 0, 0},
                                IcmpName{"required-option-missing", 12, 1, 1},
                                IcmpName{"timestamp-request", 13, 0, 255},
                                IcmpName{"timestamp-reply", 14, 0, 255},
                                IcmpName{"address-mask-request", 17, 0, 255},
                                IcmpName{"address-mask-reply", 18, 0, 255}};

void parse_type(std::string_view text, IcmpMatch& own) {
  const IcmpName* found = nullptr;
  for (const IcmpName& known : icmp_names) {
    if (known.name != text && !(known.name.starts_with(text) && !text.empty())) continue;
    if (found != nullptr && known.name != text) {
      if (found->name == text) continue;
      usage_error(fmt::format("Ambiguous ICMP type `{}': `{}' or `{}'?", text, found->name, known.name));
    }
    found = &known;
    if (known.name == text) break;
  }
  if (found != nullptr) {
    own.type = found->type;
    own.code_low = found->code_low;
    own.code_high = found->code_high;
    return;
  }
  const std::size_t slash = text.find('/');
  const auto type = parse_number(text.substr(0, slash), 255);
  if (!type) usage_error(fmt::format("Unknown ICMP type `{}'", text.substr(0, slash)));
  own.type = static_cast<std::uint8_t>(*type);
  own.code_low = 0;
  own.code_high = 255;
  if (slash == std::string_view::npos) return;
  const auto code = parse_number(text.substr(slash + 1), 255);
  if (!code) usage_error(fmt::format("Unknown ICMP code `{}'", text.substr(slash + 1)));
  own.code_low = own.code_high = static_cast<std::uint8_t>(*code);
}

constexpr std::array<OptionSpec, 1> options{{
    {.name = "icmp-type", .id = 0, .invertible = true, .mandatory = true},
}};

Match start() { return IcmpMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<IcmpMatch>(match);
  parse_type(option.value, own);
  own.invert = option.invert;
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {
  if (!context.protocol_is({1})) kernel_error("Invalid argument");
}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<IcmpMatch>(match);
  if (own.invert) printer.out += " !";
  auto out = std::back_inserter(printer.out);
  if (own.type == IcmpMatch::any) {
    printer.out += " --icmp-type any";
    return;
  }
  fmt::format_to(out, " --icmp-type {}", own.type);
  if (own.code_low != 0 || own.code_high != 255) fmt::format_to(out, "/{}", own.code_low);
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<IcmpMatch>(match);
  auto out = std::back_inserter(printer.out);
  const std::string_view negation = own.invert ? "!" : "";
  if (!printer.numeric) {
    for (const IcmpName& known : icmp_names) {
      if (known.type != own.type || known.code_low != own.code_low || known.code_high != own.code_high)
        continue;
      fmt::format_to(out, " icmp {}{}", negation, known.name);
      return;
    }
  }
  fmt::format_to(out, " icmp{}{}type {}", own.invert ? " " : "", negation, own.type);
  if (own.code_low != 0 || own.code_high != 255) fmt::format_to(out, " code {}", own.code_low);
}

}  // namespace

constinit const MatchExtension match_icmp{"icmp", options, start, read, check, save, list};

}  // namespace ekspath
