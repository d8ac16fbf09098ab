#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"
#include "sim/linux/netfilter/rule_store.hh"

namespace ekspath {
namespace {

std::string_view name_of(const RulePrinter& printer, const RecentMatch& own) {
  return own.name ? printer.store.chain_name(own.name) : std::string_view("DEFAULT");
}

constexpr std::array<OptionSpec, 12> options{{
    {.name = "set", .id = 0, .argument = false, .invertible = true},
    {.name = "rcheck", .id = 1, .argument = false, .invertible = true},
    {.name = "update", .id = 2, .argument = false, .invertible = true},
    {.name = "remove", .id = 3, .argument = false, .invertible = true},
    {.name = "seconds", .id = 4},
    {.name = "reap", .id = 5, .argument = false, .needs = bit(4), .needed_name = "seconds"},
    {.name = "hitcount", .id = 6},
    {.name = "rttl", .id = 7, .argument = false},
    {.name = "name", .id = 8},
    {.name = "rsource", .id = 9, .argument = false},
    {.name = "rdest", .id = 10, .argument = false},
    {.name = "mask", .id = 11},
}};

Match start() { return RecentMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<RecentMatch>(match);
  const unsigned id = option.spec.id;
  switch (id) {
    case 0:
    case 1:
    case 2:
    case 3: {
      constexpr std::array words{"set", "rcheck", "update", "remove"};
      for (unsigned other = 0; other < 4; ++other) {
        if (other == id || (option.seen & bit(other)) == 0) continue;
        usage_error(fmt::format("recent: option \"--{}\" cannot be used together with \"--{}\".\n",
                                words[std::min(id, other)], words[std::max(id, other)]));
      }
      own.action = static_cast<RecentMatch::Action>(id + 1);
      own.invert = option.invert;
      return;
    }
    case 4:
      own.seconds = parse_uint("recent", option, 1, 0xffffffff);
      return;
    case 5:
      own.reap = true;
      return;
    case 6:
      own.hit_count = parse_uint("recent", option, 0, 0xffffffff);
      return;
    case 7:
      own.ttl = true;
      return;
    case 8:
      if (option.value.empty() || option.value.size() >= 200)
        usage_error("recent: bad value for option \"--name\".\n");
      own.name = context.store.chain_name(option.value);
      return;
    case 9:
      own.destination = false;
      return;
    case 10:
      own.destination = true;
      return;
    default: {
      const auto mask = Ipv4Address::parse(option.value);
      if (!mask)
        usage_error(
            "recent: bad value for option \"--mask\", neither a valid network mask nor valid CIDR (0-32).\n");
      own.mask = mask->bits();
    }
  }
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {
  const auto& own = std::get<RecentMatch>(match);
  if (own.action == RecentMatch::Action::none)
    usage_error("recent: you must specify one of `--set', `--rcheck' `--update' or `--remove'");
  const bool looks = own.action == RecentMatch::Action::rcheck || own.action == RecentMatch::Action::update;
  if (!looks && own.ttl)
    usage_error(fmt::format("recent: option \"--rttl\" cannot be used together with \"--{}\".\n",
                            own.action == RecentMatch::Action::set ? "set" : "remove"));
  // Linux 6.1 net/netfilter/xt_recent.c recent_mt_check()
  if (!looks && (own.seconds != 0 || own.hit_count != 0)) kernel_error("Invalid argument");
}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<RecentMatch>(match);
  auto out = std::back_inserter(printer.out);
  constexpr std::array words{"", "set", "rcheck", "update", "remove"};
  fmt::format_to(out, "{} --{}", own.invert ? " !" : "", words[static_cast<std::size_t>(own.action)]);
  if (own.seconds != 0) fmt::format_to(out, " --seconds {}", own.seconds);
  if (own.reap) printer.out += " --reap";
  if (own.hit_count != 0) fmt::format_to(out, " --hitcount {}", own.hit_count);
  if (own.ttl) printer.out += " --rttl";
  fmt::format_to(out, " --name {} --mask {} --{}", name_of(printer, own), Ipv4Address(own.mask),
                 own.destination ? "rdest" : "rsource");
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<RecentMatch>(match);
  auto out = std::back_inserter(printer.out);
  constexpr std::array words{"", "SET", "CHECK", "UPDATE", "REMOVE"};
  fmt::format_to(out, "{} recent: {}", own.invert ? " !" : "", words[static_cast<std::size_t>(own.action)]);
  if (own.seconds != 0) fmt::format_to(out, " seconds: {}", own.seconds);
  if (own.reap) printer.out += " reap";
  if (own.hit_count != 0) fmt::format_to(out, " hit_count: {}", own.hit_count);
  if (own.ttl) printer.out += " TTL-Match";
  fmt::format_to(out, " name: {} side: {} mask: {}", name_of(printer, own),
                 own.destination ? "dest" : "source", Ipv4Address(own.mask));
}

}  // namespace

constinit const MatchExtension match_recent{"recent", options, start, read, check, save, list};

}  // namespace ekspath
