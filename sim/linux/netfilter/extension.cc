#include "sim/linux/netfilter/extension.hh"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <iterator>

#include "sim/base/assert.hh"
#include "sim/base/prefix.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

/// In the order of MatchKind.
constexpr std::array match_extensions{
    &match_comment,   &match_tcp,     &match_udp,       &match_mark,     &match_conntrack, &match_addrtype,
    &match_statistic, &match_icmp,    &match_multiport, &match_connmark, &match_state,     &match_recent,
    &match_set,       &match_limit,   &match_length,    &match_ttl,      &match_tos,       &match_dscp,
    &match_mac,       &match_pkttype, &match_iprange,   &match_nfacct};
static_assert(match_extensions.size() == std::variant_size_v<Match>);

constexpr std::array target_extensions{&target_mark,       &target_connmark, &target_snat,   &target_dnat,
                                       &target_masquerade, &target_redirect, &target_reject, &target_log,
                                       &target_ct,         &target_notrack,  &target_tcpmss, &target_ttl};

struct Service {
  std::uint16_t port;
  std::string_view name;
  std::uint8_t protocols;
};
/// The few of /etc/services that a cluster's rules mention.
constexpr std::uint8_t for_tcp = 1, for_udp = 2, for_both = 3;
constexpr std::array services{
    Service{1, "tcpmux", for_tcp},        Service{7, "echo", for_both},      Service{9, "discard", for_both},
    Service{11, "systat", for_tcp},       Service{13, "daytime", for_both},  Service{15, "netstat", for_tcp},
    Service{20, "ftp-data", for_tcp},     Service{21, "ftp", for_tcp},       Service{21, "fsp", for_udp},
    Service{22, "ssh", for_tcp},          Service{23, "telnet", for_tcp},    Service{25, "smtp", for_tcp},
    Service{53, "domain", for_both},      Service{67, "bootps", for_udp},    Service{68, "bootpc", for_udp},
    Service{80, "http", for_tcp},         Service{110, "pop3", for_tcp},     Service{123, "ntp", for_udp},
    Service{143, "imap2", for_tcp},       Service{161, "snmp", for_both},    Service{179, "bgp", for_tcp},
    Service{389, "ldap", for_both},       Service{443, "https", for_both},   Service{514, "syslog", for_udp},
    Service{514, "shell", for_tcp},       Service{636, "ldaps", for_both},   Service{993, "imaps", for_tcp},
    Service{995, "pop3s", for_tcp},       Service{2049, "nfs", for_both},    Service{3306, "mysql", for_tcp},
    Service{5432, "postgresql", for_tcp}, Service{8080, "http-alt", for_tcp}};

bool exists_for(const Service& service, std::uint8_t protocol) {
  return (service.protocols & (protocol == 17 ? for_udp : for_tcp)) != 0;
}

struct ProtocolName {
  std::uint8_t number;
  std::string_view name;
};
// iptables libxtables/xtables.c xtables_chain_protos[], /etc/protocols
constexpr std::array protocols{
    ProtocolName{6, "tcp"},       ProtocolName{132, "sctp"}, ProtocolName{17, "udp"},
    ProtocolName{136, "udplite"}, ProtocolName{1, "icmp"},   ProtocolName{50, "esp"},
    ProtocolName{51, "ah"},       ProtocolName{0, "all"},    ProtocolName{2, "igmp"},
    ProtocolName{4, "ipencap"},   ProtocolName{41, "ipv6"},  ProtocolName{47, "gre"},
    ProtocolName{89, "ospf"},     ProtocolName{112, "vrrp"}, ProtocolName{58, "ipv6-icmp"},
    ProtocolName{33, "dccp"},     ProtocolName{103, "pim"}};

}  // namespace

const MatchExtension* find_match(std::string_view name) {
  for (const MatchExtension* extension : match_extensions) {
    if (extension->name == name) return extension;
  }
  return nullptr;
}

const TargetExtension* find_target(std::string_view name) {
  for (const TargetExtension* extension : target_extensions) {
    if (extension->name == name) return extension;
  }
  return nullptr;
}

const MatchExtension& extension_of(const Match& match) { return *match_extensions[match.index()]; }

const TargetExtension& extension_of(const Target& target) {
  if (std::holds_alternative<MarkTarget>(target)) return target_mark;
  if (std::holds_alternative<ConnmarkTarget>(target)) return target_connmark;
  if (const auto* nat = std::get_if<NatTarget>(&target)) {
    switch (nat->kind) {
      case NatTarget::Kind::snat:
        return target_snat;
      case NatTarget::Kind::dnat:
        return target_dnat;
      case NatTarget::Kind::masquerade:
        return target_masquerade;
      case NatTarget::Kind::redirect:
        return target_redirect;
    }
  }
  if (std::holds_alternative<RejectTarget>(target)) return target_reject;
  if (std::holds_alternative<LogTarget>(target)) return target_log;
  if (const auto* ct = std::get_if<CtTarget>(&target)) return ct->alias ? target_notrack : target_ct;
  if (std::holds_alternative<TcpmssTarget>(target)) return target_tcpmss;
  ASSERT(std::holds_alternative<TtlTarget>(target));
  return target_ttl;
}

void append_quoted(std::string& out, std::string_view text) {
  const auto is_bare = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  };
  bool bare = !text.empty();
  for (const char c : text) bare = bare && is_bare(c);
  out += ' ';
  if (bare) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '\'') out += '\\';
    out += c;
  }
  out += '"';
}

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text.front() == '0') {
    base = 8;
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

MarkAndMask parse_mark_mask(std::string_view extension, const GivenOption& option) {
  MarkAndMask result;
  const std::size_t slash = option.value.find('/');
  const auto mark = parse_number(option.value.substr(0, slash), 0xffffffff);
  if (!mark) {
    usage_error(fmt::format("{}: bad integer value for option \"--{}\", or out of range.\n", extension,
                            option.spec.name));
  }
  result.mark = static_cast<std::uint32_t>(*mark);
  if (slash == std::string_view::npos) return result;
  const auto mask = parse_number(option.value.substr(slash + 1), 0xffffffff);
  if (!mask) {
    usage_error(fmt::format("{}: bad integer value for option \"--{}\", or out of range.\n", extension,
                            option.spec.name));
  }
  result.mask = static_cast<std::uint32_t>(*mask);
  return result;
}

std::uint32_t parse_mark(std::string_view extension, const GivenOption& option) {
  const auto value = parse_number(option.value, 0xffffffff);
  if (!value) {
    usage_error(fmt::format("{}: bad value for option \"--{}\", or out of range (0-4294967295).\n", extension,
                            option.spec.name));
  }
  return static_cast<std::uint32_t>(*value);
}

std::uint32_t parse_uint(std::string_view extension, const GivenOption& option, std::uint32_t low,
                         std::uint32_t high) {
  const auto value = parse_number(option.value, high);
  if (!value || *value < low) {
    usage_error(fmt::format("{}: bad value for option \"--{}\", or out of range ({}-{}).\n", extension,
                            option.spec.name, low, high));
  }
  return static_cast<std::uint32_t>(*value);
}

std::uint16_t parse_port(std::string_view text, std::uint8_t protocol) {
  if (const auto number = parse_number(text, 65535)) return static_cast<std::uint16_t>(*number);
  for (const Service& service : services) {
    if (service.name == text && exists_for(service, protocol)) return service.port;
  }
  usage_error(fmt::format("invalid port/service `{}' specified", text));
}

std::string_view service_name(std::uint16_t port, std::uint8_t protocol) {
  for (const Service& service : services) {
    if (service.port == port && exists_for(service, protocol)) return service.name;
  }
  return "";
}

std::optional<std::uint8_t> protocol_number(std::string_view name) {
  if (const auto number = parse_number(name, 255)) return static_cast<std::uint8_t>(*number);
  std::string lower(name);  // xtables_parse_protocol() lowers the case
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (const ProtocolName& protocol : protocols) {
    if (protocol.name == lower) return protocol.number;
  }
  return std::nullopt;
}

std::string_view protocol_name(std::uint8_t number) {
  for (const ProtocolName& protocol : protocols) {
    if (protocol.number == number) return protocol.name;
  }
  return "";
}

PortRange parse_port_range(const GivenOption& option, std::uint8_t protocol) {
  PortRange range;
  range.invert = option.invert;
  const std::size_t colon = option.value.find(':');
  const std::string_view low = option.value.substr(0, colon);
  if (colon == std::string_view::npos) {
    range.low = range.high = parse_port(low, protocol);
    return range;
  }
  const std::string_view high = option.value.substr(colon + 1);
  range.low = low.empty() ? std::uint16_t{0} : parse_port(low, protocol);
  range.high = high.empty() ? std::uint16_t{65535} : parse_port(high, protocol);
  if (range.low > range.high) usage_error("invalid portrange (min > max)");
  return range;
}

void save_port_range(std::string& out, std::string_view option, const PortRange& range) {
  if (range.low == 0 && range.high == 65535) return;
  fmt::format_to(std::back_inserter(out), "{} --{} {}", range.invert ? " !" : "", option, range.low);
  if (range.high != range.low) fmt::format_to(std::back_inserter(out), ":{}", range.high);
}

void list_port_range(RulePrinter& printer, std::string_view word, const PortRange& range,
                     std::uint8_t protocol) {
  if (range.low == 0 && range.high == 65535) return;
  const auto port = [&](std::uint16_t number) {
    const std::string_view name = printer.numeric ? std::string_view() : service_name(number, protocol);
    return name.empty() ? fmt::format("{}", number) : std::string(name);
  };
  auto out = std::back_inserter(printer.out);
  fmt::format_to(out, " {}{}:{}{}", word, range.low == range.high ? "" : "s", range.invert ? "!" : "",
                 port(range.low));
  if (range.low != range.high) fmt::format_to(out, ":{}", port(range.high));
}

AddressAndMask parse_address_and_mask(std::string_view text) {
  AddressAndMask result;
  const std::size_t slash = text.find('/');
  const std::string_view host = text.substr(0, slash);
  result.mask = 0xffffffff;
  if (slash != std::string_view::npos) {
    const std::string_view mask = text.substr(slash + 1);
    if (const auto dotted = Ipv4Address::parse(mask)) {
      result.mask = dotted->bits();
    } else if (const auto length = parse_number(mask, 32)) {
      result.mask = Prefix::mask_of(static_cast<unsigned>(*length));
    } else {
      usage_error(fmt::format("invalid mask `{}' specified", mask));
    }
  }
  const auto address = Ipv4Address::parse(host);
  if (!address) usage_error(fmt::format("host/network `{}' not found", host));
  result.address = address->bits() & result.mask;
  return result;
}

void append_mask(std::string& out, std::uint32_t mask) {
  const auto length = static_cast<unsigned>(std::countl_one(mask));
  if (mask == Prefix::mask_of(length)) {
    fmt::format_to(std::back_inserter(out), "/{}", length);
  } else {
    fmt::format_to(std::back_inserter(out), "/{}", Ipv4Address(mask));
  }
}

}  // namespace ekspath
