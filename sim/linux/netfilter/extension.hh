#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sim/linux/netfilter/rule.hh"

namespace ekspath {

class RuleStore;

/// One long option of a match or a target. iptables include/xtables.h struct xt_option_entry
struct OptionSpec {
  std::string_view name;
  std::uint8_t id = 0;  // a bit of `seen`
  bool argument = true;
  bool invertible = false;
  bool mandatory = false;
  std::uint32_t excludes = 0;  // bits of options that must not come with it
  std::uint32_t needs = 0;     // the bit of an option that must come with it
  std::string_view needed_name = {};
  std::uint8_t words = 1;  // how many arguments it takes
};
[[nodiscard]] constexpr std::uint32_t bit(unsigned id) { return std::uint32_t{1} << id; }

/// What an extension may know while it reads: the rule so far, and the objects of the namespace that rules
/// refer to.
struct RuleContext {
  RuleStore& store;
  const Rule& rule;
  bool (*has_set)(const void* environment, std::string_view name);
  const void* environment;
  [[nodiscard]] bool protocol_is(std::initializer_list<std::uint8_t> protocols) const {
    if (rule.has(Rule::not_protocol)) return false;
    for (const std::uint8_t protocol : protocols) {
      if (rule.protocol == protocol) return true;
    }
    return false;
  }
};

/// An option as it stands in the text.
struct GivenOption {
  const OptionSpec& spec;
  std::string_view value;
  std::string_view second_value;  // of options that take two words
  bool invert = false;
  std::uint32_t seen = 0;  // the bits of the options before it
};

/// Appends a match's or target's own text.
struct RulePrinter {
  std::string& out;
  const RuleStore& store;
  bool numeric = true;        // listings: names of ports and ICMP types when false
  std::uint8_t protocol = 0;  // the rule's
};

/// How one match reads and prints. `save` appends " --option ..." as iptables-save has it, `list` " words" as
/// -L has them.
struct MatchExtension {
  std::string_view name;
  std::span<const OptionSpec> options;
  Match (*start)();
  void (*read)(const RuleContext& context, const GivenOption& option, Match& match);
  void (*check)(const RuleContext& context, std::uint32_t seen, const Match& match);
  void (*save)(RulePrinter& printer, const Match& match);
  void (*list)(RulePrinter& printer, const Match& match);
};

struct TargetExtension {
  std::string_view name;
  std::span<const OptionSpec> options;
  Target (*start)();
  void (*read)(const RuleContext& context, const GivenOption& option, Target& target);
  void (*check)(const RuleContext& context, std::uint32_t seen, const Target& target);
  void (*save)(RulePrinter& printer, const Target& target);
  void (*list)(RulePrinter& printer, const Target& target);
};

extern const MatchExtension match_comment, match_tcp, match_udp, match_mark, match_conntrack, match_addrtype,
    match_statistic, match_icmp, match_multiport, match_connmark, match_state, match_recent, match_set,
    match_limit, match_length, match_ttl, match_tos, match_dscp, match_mac, match_pkttype, match_iprange,
    match_nfacct;
extern const TargetExtension target_mark, target_connmark, target_snat, target_dnat, target_masquerade,
    target_redirect, target_reject, target_log, target_ct, target_notrack, target_tcpmss, target_ttl;

/// By name; null: not modelled.
[[nodiscard]] const MatchExtension* find_match(std::string_view name);
[[nodiscard]] const TargetExtension* find_target(std::string_view name);
[[nodiscard]] const MatchExtension& extension_of(const Match& match);
[[nodiscard]] const TargetExtension& extension_of(const Target& target);

// --- what extensions share in reading and printing

/// libxtables xtables_save_string(): bare when it is made of letters, digits, '_' and '-', else quoted and
/// escaped.
void append_quoted(std::string& out, std::string_view text);
/// strtoul() with base 0 and nothing behind the number: "8", "0x8", "010".
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max);
/// "V" or "V/M" (xtables_parse_mark_mask()); fails in the words of XTTYPE_MARKMASK32.
struct MarkAndMask {
  std::uint32_t mark = 0, mask = 0xffffffff;
};
[[nodiscard]] MarkAndMask parse_mark_mask(std::string_view extension, const GivenOption& option);
[[nodiscard]] std::uint32_t parse_mark(std::string_view extension, const GivenOption& option);
/// XTTYPE_UINT*: fails with "bad value for option".
[[nodiscard]] std::uint32_t parse_uint(std::string_view extension, const GivenOption& option,
                                       std::uint32_t low, std::uint32_t high);
/// A port by number or name ("domain"); xtables_parse_port().
[[nodiscard]] std::uint16_t parse_port(std::string_view text, std::uint8_t protocol);
[[nodiscard]] std::string_view service_name(std::uint16_t port, std::uint8_t protocol);  // "": none known
[[nodiscard]] std::optional<std::uint8_t> protocol_number(std::string_view name);
/// The name iptables knows for it; "" for others. `all` is 0.
[[nodiscard]] std::string_view protocol_name(std::uint8_t protocol);
/// Ports or a range of ports as the tcp and udp matches read and print them.
[[nodiscard]] PortRange parse_port_range(const GivenOption& option, std::uint8_t protocol);
void save_port_range(std::string& out, std::string_view option, const PortRange& range);
void list_port_range(RulePrinter& printer, std::string_view word, const PortRange& range,
                     std::uint8_t protocol);
/// "A.B.C.D" or "A.B.C.D/mask" cut to the mask: what -s takes.
struct AddressAndMask {
  std::uint32_t address = 0, mask = 0;
};
[[nodiscard]] AddressAndMask parse_address_and_mask(std::string_view text);
/// "/24" when the mask is a prefix, else "/255.0.255.0".
void append_mask(std::string& out, std::uint32_t mask);

}  // namespace ekspath
