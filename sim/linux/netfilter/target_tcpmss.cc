#include <fmt/format.h>

#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

constexpr std::array<OptionSpec, 2> options{{
    {.name = "set-mss", .id = 0, .excludes = bit(1)},
    {.name = "clamp-mss-to-pmtu", .id = 1, .argument = false, .excludes = bit(0)},
}};

Target start() { return TcpmssTarget{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Target& target) {
  auto& own = std::get<TcpmssTarget>(target);
  if (option.spec.id == 0) own.mss = static_cast<std::uint16_t>(parse_uint("TCPMSS", option, 0, 65515));
  if (option.spec.id == 1) own.clamp = true;
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Target& target) {
  if (seen == 0) usage_error("TCPMSS target: At least one parameter is required");
}

void save(RulePrinter& printer, const Target& target) {
  const auto& own = std::get<TcpmssTarget>(target);
  if (own.clamp) printer.out += " --clamp-mss-to-pmtu";
  if (!own.clamp) fmt::format_to(std::back_inserter(printer.out), " --set-mss {}", own.mss);
}

void list(RulePrinter& printer, const Target& target) {
  const auto& own = std::get<TcpmssTarget>(target);
  if (own.clamp) printer.out += " TCPMSS clamp to PMTU";
  if (!own.clamp) fmt::format_to(std::back_inserter(printer.out), " TCPMSS set {}", own.mss);
}

}  // namespace

constinit const TargetExtension target_tcpmss{"TCPMSS", options, start, read, check, save, list};

}  // namespace ekspath
