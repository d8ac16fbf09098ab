#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

struct TosName {
  std::string_view name;
  std::uint8_t value;
};
constexpr std::array tos_names{TosName{"Minimize-Delay", 0x10}, TosName{"Maximize-Throughput", 0x08},
                               TosName{"Maximize-Reliability", 0x04}, TosName{"Minimize-Cost", 0x02},
                               TosName{"Normal-Service", 0}};

constexpr std::array<OptionSpec, 1> options{{
    {.name = "tos", .id = 0, .invertible = true, .mandatory = true},
}};

Match start() { return TosMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<TosMatch>(match);
  own.invert = option.invert;
  const auto* named = std::ranges::find(tos_names, option.value, &TosName::name);
  if (named != tos_names.end()) {
    own.value = named->value;
    own.mask = 0x3f;  // the historic names leave the two bits of ECN's predecessor alone
    return;
  }
  const std::size_t slash = option.value.find('/');
  const auto value = parse_number(option.value.substr(0, slash), 255);
  if (!value) usage_error(fmt::format("Symbolic name \"{}\" is unknown", option.value));
  own.value = static_cast<std::uint8_t>(*value);
  own.mask = 0xff;
  if (slash == std::string_view::npos) return;
  const auto mask = parse_number(option.value.substr(slash + 1), 255);
  if (!mask) usage_error(fmt::format("Illegal value: \"{}\"", option.value));
  own.mask = static_cast<std::uint8_t>(*mask);
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<TosMatch>(match);
  fmt::format_to(std::back_inserter(printer.out), "{} --tos 0x{:02x}/0x{:02x}", own.invert ? " !" : "",
                 own.value, own.mask);
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<TosMatch>(match);
  printer.out += own.invert ? " tos match!" : " tos match";
  const auto* named = std::ranges::find(tos_names, own.value, &TosName::value);
  if (!printer.numeric && own.mask == 0x3f && named != tos_names.end()) {
    fmt::format_to(std::back_inserter(printer.out), " {}", named->name);
    return;
  }
  fmt::format_to(std::back_inserter(printer.out), "0x{:02x}/0x{:02x}", own.value, own.mask);
}

}  // namespace

constinit const MatchExtension match_tos{"tos", options, start, read, check, save, list};

}  // namespace ekspath
