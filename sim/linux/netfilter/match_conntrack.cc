#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sim/linux/conntrack/connection.hh"
#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"
#include "sim/linux/netfilter/state_words.hh"

namespace ekspath {
namespace {

// Linux 6.1 include/uapi/linux/netfilter/nf_conntrack_common.h ip_conntrack_status
constexpr std::array status_words{
    StateWord{"NONE", 0}, StateWord{"EXPECTED", 1}, StateWord{"SEEN_REPLY", connection_status::seen_reply},
    StateWord{"ASSURED", connection_status::assured}, StateWord{"CONFIRMED", connection_status::confirmed}};

constexpr std::array network_words{"ctorigsrc", "ctorigdst", "ctreplsrc", "ctrepldst"};
constexpr std::array port_words{"ctorigsrcport", "ctorigdstport", "ctreplsrcport", "ctrepldstport"};

ConntrackMatch::Ports parse_ports(const GivenOption& option) {
  const std::size_t colon = option.value.find(':');
  const std::string_view low = option.value.substr(0, colon);
  ConntrackMatch::Ports ports;
  ports.low = ports.high = low.empty() ? std::uint16_t{0} : parse_port(low, 6);
  if (colon == std::string_view::npos) return ports;
  const std::string_view high = option.value.substr(colon + 1);
  ports.high = high.empty() ? std::uint16_t{65535} : parse_port(high, 6);
  return ports;
}

/// XTTYPE_HOSTMASK: the address is kept as written.
ConntrackMatch::Network parse_network(std::string_view text) {
  const auto [address, mask] = parse_address_and_mask(text);
  const auto host = Ipv4Address::parse(text.substr(0, text.find('/')));
  return {host ? host->bits() : address, mask};
}

void parse_expiry(const GivenOption& option, ConntrackMatch& own) {
  const std::size_t colon = option.value.find(':');
  const auto read_one = [&](std::string_view text, std::uint32_t otherwise) {
    if (text.empty()) return otherwise;
    const auto number = parse_number(text, 0xffffffff);
    if (!number)
      usage_error(fmt::format(
          "conntrack: bad value for option \"--ctexpire\" near \"{}\", or out of range (0-4294967295).\n",
          text));
    return static_cast<std::uint32_t>(*number);
  };
  own.expires_low = own.expires_high = read_one(option.value.substr(0, colon), 0);
  if (colon != std::string_view::npos)
    own.expires_high = read_one(option.value.substr(colon + 1), 0xffffffff);
}

/// The one order in which iptables prints what was asked; `dash` is "--" in save, "" in lists.
void print(RulePrinter& printer, const ConntrackMatch& own, std::string_view dash) {
  auto out = std::back_inserter(printer.out);
  const auto word = [&](std::uint16_t bit, std::string_view name) {
    if ((own.given & bit) == 0) return false;
    fmt::format_to(out, "{} {}{}", (own.inverted & bit) != 0 ? " !" : "", dash, name);
    return true;
  };
  if (word(ConntrackMatch::state, "ctstate")) append_state_words(printer.out, own.states, state_words);
  if (word(ConntrackMatch::protocol_, "ctproto")) fmt::format_to(out, " {}", own.protocol);
  for (unsigned i = 0; i < 4; ++i) {
    if (!word(static_cast<std::uint16_t>(ConntrackMatch::orig_source << i), network_words[i])) continue;
    fmt::format_to(out, " {}", Ipv4Address(own.networks[i].address));
    if (own.networks[i].mask != 0xffffffff) append_mask(printer.out, own.networks[i].mask);
  }
  for (unsigned i = 0; i < 4; ++i) {
    if (!word(static_cast<std::uint16_t>(ConntrackMatch::orig_source_port << i), port_words[i])) continue;
    fmt::format_to(out, " {}", own.ports[i].low);
    if (own.ports[i].low != own.ports[i].high) fmt::format_to(out, ":{}", own.ports[i].high);
  }
  if (word(ConntrackMatch::status_, "ctstatus")) {
    if (own.status == 0) printer.out += " NONE";
    append_state_words(printer.out, own.status, status_words);
  }
  if (word(ConntrackMatch::expires_, "ctexpire")) {
    fmt::format_to(out, " {}", own.expires_low);
    if (own.expires_low != own.expires_high) fmt::format_to(out, ":{}", own.expires_high);
  }
  if ((own.given & ConntrackMatch::direction_) != 0) {
    fmt::format_to(out, " {}ctdir {}", dash, own.reply_direction ? "REPLY" : "ORIGINAL");
  }
}

constexpr std::array<OptionSpec, 13> options{{
    {.name = "ctstate", .id = 0, .invertible = true},
    {.name = "ctproto", .id = 1, .invertible = true},
    {.name = "ctorigsrc", .id = 2, .invertible = true},
    {.name = "ctorigdst", .id = 3, .invertible = true},
    {.name = "ctreplsrc", .id = 4, .invertible = true},
    {.name = "ctrepldst", .id = 5, .invertible = true},
    {.name = "ctstatus", .id = 6, .invertible = true},
    {.name = "ctexpire", .id = 7, .invertible = true},
    {.name = "ctdir", .id = 8},
    {.name = "ctorigsrcport", .id = 9, .invertible = true},
    {.name = "ctorigdstport", .id = 10, .invertible = true},
    {.name = "ctreplsrcport", .id = 11, .invertible = true},
    {.name = "ctrepldstport", .id = 12, .invertible = true},
}};

Match start() { return ConntrackMatch{}; }

void read([[maybe_unused]] const RuleContext& context, const GivenOption& option, Match& match) {
  auto& own = std::get<ConntrackMatch>(match);
  const unsigned id = option.spec.id;  // the ids are the bits of `given`
  own.given = static_cast<std::uint16_t>(own.given | (1U << id));
  if (option.invert) own.inverted = static_cast<std::uint16_t>(own.inverted | (1U << id));
  switch (id) {
    case 0:
      own.states = parse_state_words(option.value, state_words, "ctstate");
      return;
    case 1: {
      const auto protocol = protocol_number(option.value);
      if (!protocol)
        usage_error(fmt::format("conntrack: bad value for option \"--ctproto\", or out of range (0-255).\n"));
      own.protocol = *protocol;
      if (own.protocol == 0 && option.invert) usage_error("conntrack: rule would never match protocol");
      return;
    }
    case 2:
    case 3:
    case 4:
    case 5:
      own.networks[id - 2] = parse_network(option.value);
      return;
    case 6:
      own.status = parse_state_words(option.value, status_words, "ctstatus");
      return;
    case 7:
      parse_expiry(option, own);
      return;
    case 8:
      if (option.value != "ORIGINAL" && option.value != "REPLY")
        usage_error(fmt::format("conntrack: Bad value for \"--ctdir\" option: \"{}\"", option.value));
      own.reply_direction = option.value == "REPLY";
      return;
    default:
      own.ports[id - 9] = parse_ports(option);
      return;
  }
}

void check([[maybe_unused]] const RuleContext& context, [[maybe_unused]] std::uint32_t seen,
           [[maybe_unused]] const Match& match) {
  if (seen == 0) usage_error("conntrack: At least one option is required");
}

void save(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<ConntrackMatch>(match);
  print(printer, own, "--");
}

void list(RulePrinter& printer, const Match& match) {
  const auto& own = std::get<ConntrackMatch>(match);
  print(printer, own, "");
}

}  // namespace

constinit const MatchExtension match_conntrack{"conntrack", options, start, read, check, save, list};

}  // namespace ekspath
