#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

struct Kind {
  std::string_view name, alias;
};
// In the order of RejectTarget::With.
constexpr std::array kinds{
    Kind{"icmp-net-unreachable", "net-unreach"},     Kind{"icmp-host-unreachable", "host-unreach"},
    Kind{"icmp-proto-unreachable", "proto-unreach"}, Kind{"icmp-port-unreachable", "port-unreach"},
    Kind{"icmp-net-prohibited", "net-prohib"},       Kind{"icmp-host-prohibited", "host-prohib"},
    Kind{"icmp-admin-prohibited", "admin-prohib"},   Kind{"tcp-reset", "tcp-rst"}};

constexpr std::array<OptionSpec, 1> options{{
    {.name = "reject-with", .id = 0},
}};

Target start() { return RejectTarget{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Target& target) {
  auto& own = std::get<RejectTarget>(target);
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    // strncasecmp() over the length given: any abbreviation, the first that fits (extensions/libipt_REJECT.c)
    if (!kinds[i].name.starts_with(option.value) && !kinds[i].alias.starts_with(option.value)) continue;
    own.with = static_cast<RejectTarget::With>(i);
    return;
  }
  usage_error(fmt::format("unknown reject type \"{}\"", option.value));
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Target& target) {
  // Linux 6.1 net/ipv4/netfilter/ipt_REJECT.c reject_tg_check()
  if (std::get<RejectTarget>(target).with == RejectTarget::With::tcp_reset && !context.protocol_is({6})) {
    kernel_error("Invalid argument");
  }
}

void save(RulePrinter& printer, const Target& target) {
  const auto& own = std::get<RejectTarget>(target);
  fmt::format_to(std::back_inserter(printer.out), " --reject-with {}",
                 kinds[static_cast<std::size_t>(own.with)].name);
}

void list(RulePrinter& printer, const Target& target) {
  const auto& own = std::get<RejectTarget>(target);
  fmt::format_to(std::back_inserter(printer.out), " reject-with {}",
                 kinds[static_cast<std::size_t>(own.with)].name);
}

}  // namespace

constinit const TargetExtension target_reject{"REJECT", options, start, read, check, save, list};

}  // namespace ekspath
