#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

constexpr std::uint32_t others(unsigned id) { return 0x7fU & ~bit(id); }

constexpr std::array<OptionSpec, 10> options{{
    {.name = "set-xmark", .id = 0, .excludes = others(0)},
    {.name = "set-mark", .id = 1, .excludes = others(1)},
    {.name = "and-mark", .id = 2, .excludes = others(2)},
    {.name = "or-mark", .id = 3, .excludes = others(3)},
    {.name = "xor-mark", .id = 4, .excludes = others(4)},
    {.name = "save-mark", .id = 5, .argument = false, .excludes = others(5)},
    {.name = "restore-mark", .id = 6, .argument = false, .excludes = others(6)},
    {.name = "nfmask", .id = 7},
    {.name = "ctmask", .id = 8},
    {.name = "mask", .id = 9, .excludes = bit(7) | bit(8)},
}};

Target start() { return ConnmarkTarget{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Target& target) {
  auto& own = std::get<ConnmarkTarget>(target);
  using Action = ConnmarkTarget::Action;
  switch (option.spec.id) {
    case 0:
    case 1: {
      const auto [mark, mask] = parse_mark_mask("CONNMARK", option);
      own.action = Action::set;
      own.value = mark;
      own.ct_mask = option.spec.id == 0 ? mask : mark | mask;
      return;
    }
    case 5:
      own.action = Action::save;
      return;
    case 6:
      own.action = Action::restore;
      return;
    case 7:
      own.nf_mask = parse_mark("CONNMARK", option);
      return;
    case 8:
      own.ct_mask = parse_mark("CONNMARK", option);
      return;
    case 9:
      own.nf_mask = own.ct_mask = parse_mark("CONNMARK", option);
      return;
    default:
      break;
  }
  const std::uint32_t mark = parse_mark("CONNMARK", option);
  own.action = Action::set;
  own.value = option.spec.id == 2 ? 0 : mark;
  own.ct_mask = option.spec.id == 2 ? ~mark : option.spec.id == 3 ? mark : 0;
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Target& target) {
  if (std::get<ConnmarkTarget>(target).action == ConnmarkTarget::Action::none) {
    usage_error("CONNMARK target: No operation specified");
  }
}

void save(RulePrinter& printer, const Target& target) {
  const auto& own = std::get<ConnmarkTarget>(target);
  auto out = std::back_inserter(printer.out);
  if (own.action == ConnmarkTarget::Action::set) {
    fmt::format_to(out, " --set-xmark 0x{:x}/0x{:x}", own.value, own.ct_mask);
    return;
  }
  fmt::format_to(out, " --{}-mark --nfmask 0x{:x} --ctmask 0x{:x}",
                 own.action == ConnmarkTarget::Action::save ? "save" : "restore", own.nf_mask, own.ct_mask);
}

void list(RulePrinter& printer, const Target& target) {
  const auto& own = std::get<ConnmarkTarget>(target);
  auto out = std::back_inserter(printer.out);
  if (own.action == ConnmarkTarget::Action::set) {
    if (own.value == 0)
      fmt::format_to(out, " CONNMARK and 0x{:x}", ~own.ct_mask);
    else if (own.value == own.ct_mask)
      fmt::format_to(out, " CONNMARK or 0x{:x}", own.value);
    else if (own.ct_mask == 0)
      fmt::format_to(out, " CONNMARK xor 0x{:x}", own.value);
    else if (own.ct_mask == 0xffffffff)
      fmt::format_to(out, " CONNMARK set 0x{:x}", own.value);
    else
      fmt::format_to(out, " CONNMARK xset 0x{:x}/0x{:x}", own.value, own.ct_mask);
    return;
  }
  const bool saves = own.action == ConnmarkTarget::Action::save;
  printer.out += saves ? " CONNMARK save" : " CONNMARK restore";
  if (own.nf_mask == 0xffffffff && own.ct_mask == 0xffffffff) return;
  if (own.nf_mask == own.ct_mask)
    fmt::format_to(out, " mask 0x{:x}", own.nf_mask);
  else if (saves)
    fmt::format_to(out, " nfmask 0x{:x} ctmask ~0x{:x}", own.nf_mask, own.ct_mask);
  else
    fmt::format_to(out, " ctmask 0x{:x} nfmask ~0x{:x}", own.ct_mask, own.nf_mask);
}

}  // namespace

constinit const TargetExtension target_connmark{"CONNMARK", options, start, read, check, save, list};

}  // namespace ekspath
