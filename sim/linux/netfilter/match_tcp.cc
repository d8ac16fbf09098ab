#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

struct FlagName {
  std::string_view name;
  std::uint8_t bits;
};
// iptables extensions/libxt_tcp.c tcp_flag_names[]
constexpr std::array flag_names{FlagName{"FIN", 0x01}, FlagName{"SYN", 0x02}, FlagName{"RST", 0x04},
                                FlagName{"PSH", 0x08}, FlagName{"ACK", 0x10}, FlagName{"URG", 0x20},
                                FlagName{"ALL", 0x3f}, FlagName{"NONE", 0}};

std::uint8_t parse_flags(std::string_view text) {
  std::uint8_t bits = 0;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view word = text.substr(0, comma);
    const auto* found = std::ranges::find(flag_names, word, &FlagName::name);
    if (found == flag_names.end()) usage_error(fmt::format("Unknown TCP flag `{}'", word));
    bits = static_cast<std::uint8_t>(bits | found->bits);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return bits;
}

void append_flags(std::string& out, std::uint8_t bits) {
  if (bits == 0) {
    out += "NONE";
    return;
  }
  bool first = true;
  for (const FlagName& flag : flag_names) {
    if (flag.bits == 0 || flag.bits == 0x3f || (bits & flag.bits) == 0) continue;
    if (!first) out += ',';
    out += flag.name;
    first = false;
  }
}

constexpr std::uint8_t tcp = 6;

constexpr std::array<OptionSpec, 7> options{{
    {.name = "source-port", .id = 0, .invertible = true},
    {.name = "sport", .id = 0, .invertible = true},
    {.name = "destination-port", .id = 1, .invertible = true},
    {.name = "dport", .id = 1, .invertible = true},
    {.name = "syn", .id = 4, .argument = false, .invertible = true},
    {.name = "tcp-flags", .id = 2, .invertible = true, .words = 2},
    {.name = "tcp-option", .id = 3, .invertible = true},
}};

Match start() { return TcpMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<TcpMatch>(match);
  switch (option.spec.id) {
    case 0:
      own.source = parse_port_range(option, tcp);
      return;
    case 1:
      own.destination = parse_port_range(option, tcp);
      return;
    case 2:
    case 4:
      if ((option.seen & (bit(2) | bit(4))) != 0) {
        usage_error("Only one of `--syn' or `--tcp-flags'  allowed");
      }
      own.invert_flags = option.invert;
      own.flag_mask = option.spec.argument ? parse_flags(option.value) : 0x17;
      own.flag_compare = option.spec.argument ? parse_flags(option.second_value) : 0x02;
      return;
    default:
      break;
  }
  const auto number = parse_number(option.value, 255);
  if (!number || *number == 0) usage_error(fmt::format("Bad TCP option \"{}\"", option.value));
  own.option = static_cast<std::uint8_t>(*number);
  own.invert_option = option.invert;
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {
  if (!context.protocol_is({tcp})) usage_error("TCP match requires '-p tcp'");
}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<TcpMatch>(match);
  save_port_range(printer.out, "sport", own.source);
  save_port_range(printer.out, "dport", own.destination);
  auto out = std::back_inserter(printer.out);
  if (own.option != 0) fmt::format_to(out, "{} --tcp-option {}", own.invert_option ? " !" : "", own.option);
  if (own.flag_mask == 0) return;
  printer.out += own.invert_flags ? " ! --tcp-flags " : " --tcp-flags ";
  append_flags(printer.out, own.flag_mask);
  printer.out += ' ';
  append_flags(printer.out, own.flag_compare);
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<TcpMatch>(match);
  printer.out += " tcp";
  list_port_range(printer, "spt", own.source, tcp);
  list_port_range(printer, "dpt", own.destination, tcp);
  auto out = std::back_inserter(printer.out);
  if (own.option != 0) fmt::format_to(out, " option={}{}", own.invert_option ? "!" : "", own.option);
  if (own.flag_mask == 0) return;
  printer.out += own.invert_flags ? " flags:!" : " flags:";
  if (printer.numeric) {
    fmt::format_to(out, "0x{:02X}/0x{:02X}", own.flag_mask, own.flag_compare);
    return;
  }
  append_flags(printer.out, own.flag_mask);
  printer.out += '/';
  append_flags(printer.out, own.flag_compare);
}

}  // namespace

constinit const MatchExtension match_tcp{"tcp", options, start, read, check, save, list};

}  // namespace ekspath
