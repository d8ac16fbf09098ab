#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

std::pair<Ipv4Address, Ipv4Address> parse_range(const GivenOption& option) {
  const std::string_view text = option.value;
  const auto bad = [&](std::string_view value) {
    usage_error(fmt::format("iprange: Bad value for \"--{}\" option: \"{}\"", option.spec.name, value));
  };
  const std::size_t dash = text.find('-');
  const auto low = Ipv4Address::parse(text.substr(0, dash));
  if (!low) bad(text.substr(0, dash));
  if (dash == std::string_view::npos) return {*low, *low};
  const auto high = Ipv4Address::parse(text.substr(dash + 1));
  if (!high) bad(text.substr(dash + 1));
  return {*low, *high};
}

constexpr std::array<OptionSpec, 2> options{{
    {.name = "src-range", .id = 0, .invertible = true},
    {.name = "dst-range", .id = 1, .invertible = true},
}};

Match start() { return IprangeMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<IprangeMatch>(match);
  const auto [low, high] = parse_range(option);
  if (option.spec.id == 0) {
    own.source = true;
    own.invert_source = option.invert;
    own.source_low = low;
    own.source_high = high;
    return;
  }
  own.destination = true;
  own.invert_destination = option.invert;
  own.destination_low = low;
  own.destination_high = high;
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {
  if (seen == 0) usage_error("iprange match: You must specify `--src-range' or `--dst-range'");
}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<IprangeMatch>(match);
  auto out = std::back_inserter(printer.out);
  if (own.source)
    fmt::format_to(out, "{} --src-range {}-{}", own.invert_source ? " !" : "", own.source_low,
                   own.source_high);
  if (own.destination)
    fmt::format_to(out, "{} --dst-range {}-{}", own.invert_destination ? " !" : "", own.destination_low,
                   own.destination_high);
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<IprangeMatch>(match);
  auto out = std::back_inserter(printer.out);
  if (own.source)
    fmt::format_to(out, " source IP range{} {}-{}", own.invert_source ? " !" : "", own.source_low,
                   own.source_high);
  if (own.destination)
    fmt::format_to(out, " destination IP range{} {}-{}", own.invert_destination ? " !" : "",
                   own.destination_low, own.destination_high);
}

}  // namespace

constinit const MatchExtension match_iprange{"iprange", options, start, read, check, save, list};

}  // namespace ekspath
