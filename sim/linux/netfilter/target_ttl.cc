#include <fmt/format.h>

#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

constexpr std::array<OptionSpec, 3> options{{
    {.name = "ttl-set", .id = 0, .excludes = bit(1) | bit(2)},
    {.name = "ttl-inc", .id = 1, .excludes = bit(0) | bit(2)},
    {.name = "ttl-dec", .id = 2, .excludes = bit(0) | bit(1)},
}};

Target start() { return TtlTarget{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Target& target) {
  auto& own = std::get<TtlTarget>(target);
  own.value = static_cast<std::uint8_t>(parse_uint("TTL", option, option.spec.id == 0 ? 0 : 1, 255));
  own.action = static_cast<TtlTarget::Action>(option.spec.id + 1);
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Target& target) {
  if (seen == 0) usage_error("TTL: You must specify an action");
}

void save(RulePrinter& printer, const Target& target) {
  const auto& own = std::get<TtlTarget>(target);
  constexpr std::array words{"", "set", "inc", "dec"};
  fmt::format_to(std::back_inserter(printer.out), " --ttl-{} {}", words[static_cast<std::size_t>(own.action)],
                 own.value);
}

void list(RulePrinter& printer, const Target& target) {
  const auto& own = std::get<TtlTarget>(target);
  constexpr std::array words{"", "set to", "increment by", "decrement by"};
  fmt::format_to(std::back_inserter(printer.out), " TTL {} {}", words[static_cast<std::size_t>(own.action)],
                 own.value);
}

}  // namespace

constinit const TargetExtension target_ttl{"TTL", options, start, read, check, save, list};

}  // namespace ekspath
