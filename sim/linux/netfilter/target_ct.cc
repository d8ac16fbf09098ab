#include <array>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

constexpr std::array<OptionSpec, 1> options{{
    {.name = "notrack", .id = 0, .argument = false},
}};

Target start() { return CtTarget{}; }
/// NOTRACK is CT --notrack under an older name, and prints as it was written.
Target start_alias() { return CtTarget{.notrack = true, .alias = true}; }

void read(const RuleContext&, const GivenOption&, Target& target) {
  std::get<CtTarget>(target).notrack = true;
}
void check(const RuleContext&, std::uint32_t, const Target&) {}

void save(RulePrinter& printer, const Target& target) {
  const auto& own = std::get<CtTarget>(target);
  if (own.notrack && !own.alias) printer.out += " --notrack";
}

void list(RulePrinter& printer, const Target& target) {
  const auto& own = std::get<CtTarget>(target);
  printer.out += own.alias ? " NOTRACK" : own.notrack ? " CT notrack" : " CT";
}

}  // namespace

constinit const TargetExtension target_ct{"CT", options, start, read, check, save, list};
constinit const TargetExtension target_notrack{"NOTRACK", {}, start_alias, read, check, save, list};

}  // namespace ekspath
