#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

constexpr std::uint32_t others(unsigned id) { return 0x1fU & ~bit(id); }

constexpr std::array<OptionSpec, 5> options{{
    {.name = "set-xmark", .id = 0, .excludes = others(0)},
    {.name = "set-mark", .id = 1, .excludes = others(1)},
    {.name = "and-mark", .id = 2, .excludes = others(2)},
    {.name = "or-mark", .id = 3, .excludes = others(3)},
    {.name = "xor-mark", .id = 4, .excludes = others(4)},
}};

Target start() { return MarkTarget{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Target& target) {
  auto& own = std::get<MarkTarget>(target);
  if (option.spec.id <= 1) {
    const auto [mark, mask] = parse_mark_mask("MARK", option);
    own = {mark, option.spec.id == 0 ? mask : mark | mask};
    return;
  }
  const std::uint32_t mark = parse_mark("MARK", option);
  if (option.spec.id == 2) own = {0, ~mark};
  if (option.spec.id == 3) own = {mark, mark};
  if (option.spec.id == 4) own = {mark, 0};
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Target& target) {
  if (seen == 0) usage_error("MARK: One of the --set-xmark, --{and,or,xor,set}-mark options is required");
}

void save(RulePrinter& printer, const Target& target) {
  const auto& own = std::get<MarkTarget>(target);
  fmt::format_to(std::back_inserter(printer.out), " --set-xmark 0x{:x}/0x{:x}", own.value, own.mask);
}

void list(RulePrinter& printer, const Target& target) {
  const auto& own = std::get<MarkTarget>(target);
  auto out = std::back_inserter(printer.out);
  if (own.value == 0)
    fmt::format_to(out, " MARK and 0x{:x}", ~own.mask);
  else if (own.value == own.mask)
    fmt::format_to(out, " MARK or 0x{:x}", own.value);
  else if (own.mask == 0)
    fmt::format_to(out, " MARK xor 0x{:x}", own.value);
  else if (own.mask == 0xffffffff)
    fmt::format_to(out, " MARK set 0x{:x}", own.value);
  else
    fmt::format_to(out, " MARK xset 0x{:x}/0x{:x}", own.value, own.mask);
}

}  // namespace

constinit const TargetExtension target_mark{"MARK", options, start, read, check, save, list};

}  // namespace ekspath
