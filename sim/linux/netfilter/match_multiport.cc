#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

constexpr std::array side_words{"sports", "dports", "ports"};

void parse_ports(const GivenOption& option, std::uint8_t protocol, MultiportMatch& own) {
  std::string_view text = option.value;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view word = text.substr(0, comma);
    const std::size_t colon = word.find(':');
    if (own.count + (colon == std::string_view::npos ? 1U : 2U) > own.ports.size()) {
      usage_error("too many ports specified");
    }
    const std::uint16_t low = parse_port(word.substr(0, colon), protocol);
    own.ports[own.count++] = low;
    if (colon != std::string_view::npos) {
      const std::uint16_t high = parse_port(word.substr(colon + 1), protocol);
      if (low >= high) usage_error("invalid portrange specified");
      own.ranges = static_cast<std::uint16_t>(own.ranges | (1U << (own.count - 1U)));
      own.ports[own.count++] = high;
    }
    if (comma == std::string_view::npos) return;
    text.remove_prefix(comma + 1);
  }
}

void append_ports(RulePrinter& printer, const MultiportMatch& own) {
  for (std::size_t i = 0; i < own.count; ++i) {
    if (i > 0) printer.out += ',';
    fmt::format_to(std::back_inserter(printer.out), "{}", own.ports[i]);
    if ((own.ranges >> i & 1U) != 0) fmt::format_to(std::back_inserter(printer.out), ":{}", own.ports[++i]);
  }
}

void check_protocol(const RuleContext& context) {
  if (context.protocol_is({6, 17, 136, 132, 33})) return;
  usage_error("multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'");
}

void append_named_ports(RulePrinter& printer, const MultiportMatch& own) {
  for (std::size_t i = 0; i < own.count; ++i) {
    if (i > 0) printer.out += (own.ranges >> (i - 1) & 1U) != 0 ? ':' : ',';
    const std::string_view name = service_name(own.ports[i], printer.protocol);
    fmt::format_to(std::back_inserter(printer.out), "{}",
                   name.empty() ? fmt::format("{}", own.ports[i]) : std::string(name));
  }
}

constexpr std::array<OptionSpec, 5> options{{
    {.name = "source-ports", .id = 0, .invertible = true, .excludes = bit(1) | bit(2)},
    {.name = "sports", .id = 0, .invertible = true},
    {.name = "destination-ports", .id = 1, .invertible = true, .excludes = bit(0) | bit(2)},
    {.name = "dports", .id = 1, .invertible = true},
    {.name = "ports", .id = 2, .invertible = true, .excludes = bit(0) | bit(1)},
}};

Match start() { return MultiportMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<MultiportMatch>(match);
  check_protocol(context);
  own.count = 0;
  own.ranges = 0;
  own.side = static_cast<MultiportMatch::Side>(option.spec.id);
  own.invert = option.invert;
  parse_ports(option, context.rule.protocol, own);
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {
  check_protocol(context);
  if (seen == 0) usage_error("multiport expection an option");
}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<MultiportMatch>(match);
  fmt::format_to(std::back_inserter(printer.out), "{} --{} ", own.invert ? " !" : "",
                 side_words[static_cast<std::size_t>(own.side)]);
  append_ports(printer, own);
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<MultiportMatch>(match);
  fmt::format_to(std::back_inserter(printer.out), " multiport {} {}",
                 side_words[static_cast<std::size_t>(own.side)], own.invert ? " !" : "");
  if (printer.numeric) {
    append_ports(printer, own);
    return;
  }
  append_named_ports(printer, own);
}

}  // namespace

constinit const MatchExtension match_multiport{"multiport", options, start, read, check, save, list};

}  // namespace ekspath
