#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

struct DscpClass {
  std::string_view name;
  std::uint8_t value;
};
constexpr std::array classes{
    DscpClass{"CS0", 0},   DscpClass{"CS1", 8},   DscpClass{"CS2", 16},  DscpClass{"CS3", 24},
    DscpClass{"CS4", 32},  DscpClass{"CS5", 40},  DscpClass{"CS6", 48},  DscpClass{"CS7", 56},
    DscpClass{"BE", 0},    DscpClass{"AF11", 10}, DscpClass{"AF12", 12}, DscpClass{"AF13", 14},
    DscpClass{"AF21", 18}, DscpClass{"AF22", 20}, DscpClass{"AF23", 22}, DscpClass{"AF31", 26},
    DscpClass{"AF32", 28}, DscpClass{"AF33", 30}, DscpClass{"AF41", 34}, DscpClass{"AF42", 36},
    DscpClass{"AF43", 38}, DscpClass{"EF", 46}};

constexpr std::array<OptionSpec, 2> options{{
    {.name = "dscp", .id = 0, .invertible = true, .excludes = bit(1)},
    {.name = "dscp-class", .id = 1, .invertible = true, .excludes = bit(0)},
}};

Match start() { return DscpMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<DscpMatch>(match);
  own.invert = option.invert;
  if (option.spec.id == 0) {
    own.value = static_cast<std::uint8_t>(parse_uint("dscp", option, 0, 63));
    return;
  }
  const auto* found = std::ranges::find(classes, option.value, &DscpClass::name);
  if (found == classes.end()) usage_error(fmt::format("Invalid DSCP value `{}'", option.value));
  own.value = found->value;
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {
  if (seen == 0) usage_error("DSCP match: Parameter --dscp is required");
}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<DscpMatch>(match);
  fmt::format_to(std::back_inserter(printer.out), "{} --dscp 0x{:02x}", own.invert ? " !" : "", own.value);
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<DscpMatch>(match);
  fmt::format_to(std::back_inserter(printer.out), " DSCP match {}0x{:02x}", own.invert ? "!" : "", own.value);
}

}  // namespace

constinit const MatchExtension match_dscp{"dscp", options, start, read, check, save, list};

}  // namespace ekspath
