#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"
#include "sim/linux/netfilter/rule_store.hh"

namespace ekspath {
namespace {

constexpr std::uint8_t default_level = 4;

struct Flag {
  std::string_view option, word;
  std::uint8_t bit;
};
// Linux 6.1 include/uapi/linux/netfilter/nf_log.h; ids 2 and up of the options
constexpr std::array flags{Flag{"tcp-sequence", "tcp-sequence", 1}, Flag{"tcp-options", "tcp-options", 2},
                           Flag{"ip-options", "ip-options", 4}, Flag{"uid", "uid", 8},
                           Flag{"macdecode", "macdecode", 32}};

// iptables libxtables/xtoptions.c xtopt_syslog_levels[]; the first name of a number is the one printed
constexpr std::array<std::string_view, 8> levels{"emerg", "alert",  "crit", "err",
                                                 "warn",  "notice", "info", "debug"};

std::uint8_t parse_level(std::string_view text) {
  if (const auto number = parse_number(text, 7)) return static_cast<std::uint8_t>(*number);
  if (text == "panic") return 0;
  if (text == "error") return 3;
  if (text == "warning") return 4;
  const auto* found = std::ranges::find(levels, text);
  if (found == levels.end()) usage_error(fmt::format("log level \"{}\" unknown\n", text));
  return static_cast<std::uint8_t>(found - levels.begin());
}

constexpr std::array<OptionSpec, 7> options{{
    {.name = "log-level", .id = 0},
    {.name = "log-prefix", .id = 1},
    {.name = "log-tcp-sequence", .id = 2, .argument = false},
    {.name = "log-tcp-options", .id = 3, .argument = false},
    {.name = "log-ip-options", .id = 4, .argument = false},
    {.name = "log-uid", .id = 5, .argument = false},
    {.name = "log-macdecode", .id = 6, .argument = false},
}};

Target start() { return LogTarget{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Target& target) {
  auto& own = std::get<LogTarget>(target);
  switch (option.spec.id) {
    case 0:
      own.level = parse_level(option.value);
      return;
    case 1:
      // struct ipt_log_info keeps 30 bytes; the tool cuts what is longer (observed: iptables 1.8.9).
      if (!option.value.empty()) own.prefix = context.store.text(option.value.substr(0, 29));
      return;
    default:
      own.flags = static_cast<std::uint8_t>(own.flags | flags[option.spec.id - 2U].bit);
      return;
  }
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Target& target) {}

void save(RulePrinter& printer, const Target& target) {
  const auto& own = std::get<LogTarget>(target);
  auto out = std::back_inserter(printer.out);
  if (own.prefix) {
    printer.out += " --log-prefix";
    append_quoted(printer.out, printer.store.text(own.prefix));
  }
  if (own.level != default_level) fmt::format_to(out, " --log-level {}", own.level);
  for (const Flag& flag : flags) {
    if ((own.flags & flag.bit) != 0) fmt::format_to(out, " --log-{}", flag.option);
  }
}

void list(RulePrinter& printer, const Target& target) {
  const auto& own = std::get<LogTarget>(target);
  auto out = std::back_inserter(printer.out);
  printer.out += " LOG";
  if (printer.numeric) {
    fmt::format_to(out, " flags {} level {}", own.flags, own.level);
  } else {
    fmt::format_to(out, " level {}", levels[own.level]);
    for (const Flag& flag : flags) {
      if ((own.flags & flag.bit) != 0) fmt::format_to(out, " {}", flag.word);
    }
  }
  if (own.prefix) fmt::format_to(out, " prefix \"{}\"", printer.store.text(own.prefix));
}

}  // namespace

constinit const TargetExtension target_log{"LOG", options, start, read, check, save, list};

}  // namespace ekspath
