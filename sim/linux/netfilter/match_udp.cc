#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

constexpr std::uint8_t udp = 17;

constexpr std::array<OptionSpec, 4> options{{
    {.name = "source-port", .id = 0, .invertible = true},
    {.name = "sport", .id = 0, .invertible = true},
    {.name = "destination-port", .id = 1, .invertible = true},
    {.name = "dport", .id = 1, .invertible = true},
}};

Match start() { return UdpMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<UdpMatch>(match);
  (option.spec.id == 0 ? own.source : own.destination) = parse_port_range(option, udp);
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {
  if (!context.protocol_is({udp})) usage_error("UDP match requires '-p udp'");
}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<UdpMatch>(match);
  save_port_range(printer.out, "sport", own.source);
  save_port_range(printer.out, "dport", own.destination);
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<UdpMatch>(match);
  printer.out += " udp";
  list_port_range(printer, "spt", own.source, udp);
  list_port_range(printer, "dpt", own.destination, udp);
}

}  // namespace

constinit const MatchExtension match_udp{"udp", options, start, read, check, save, list};

}  // namespace ekspath
