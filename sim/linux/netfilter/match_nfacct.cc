#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"
#include "sim/linux/netfilter/rule_store.hh"

namespace ekspath {
namespace {

constexpr std::array<OptionSpec, 1> options{{
    {.name = "nfacct-name", .id = 0, .mandatory = true},
}};

Match start() { return NfacctMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<NfacctMatch>(match);
  if (option.value.empty() || option.value.size() > 31)
    usage_error("nfacct: bad value for option \"--nfacct-name\".\n");
  own.name = context.store.chain_name(option.value);
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<NfacctMatch>(match);
  fmt::format_to(std::back_inserter(printer.out), " --nfacct-name  {}", printer.store.chain_name(own.name));
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<NfacctMatch>(match);
  fmt::format_to(std::back_inserter(printer.out), " nfacct-name  {}", printer.store.chain_name(own.name));
}

}  // namespace

constinit const MatchExtension match_nfacct{"nfacct", options, start, read, check, save, list};

}  // namespace ekspath
