#include "pcap/filter_names.hh"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "sim/base/mac_address.hh"
#include "sim/base/near_miss.hh"

namespace ekspath {
namespace {

/// What a name stands for, after the qualifier before it; later ones inherit it ("port 80 or 443").
enum class Kind : std::uint8_t { host, ether_host, port, port_range, protocol, ether_protocol };

struct Number {
  std::string_view name;
  std::uint16_t value;
};

// libpcap scanner.l, as of 1.10: the words that are no names.
constexpr auto keywords = std::to_array<std::string_view>({
    "dst",
    "src",
    "link",
    "ether",
    "ppp",
    "slip",
    "fddi",
    "tr",
    "wlan",
    "arp",
    "rarp",
    "ip",
    "sctp",
    "tcp",
    "udp",
    "icmp",
    "igmp",
    "igrp",
    "pim",
    "vrrp",
    "carp",
    "radio",
    "ip6",
    "icmp6",
    "ah",
    "esp",
    "atalk",
    "aarp",
    "decnet",
    "lat",
    "sca",
    "moprc",
    "mopdl",
    "iso",
    "esis",
    "es-is",
    "isis",
    "is-is",
    "l1",
    "l2",
    "iih",
    "lsp",
    "snp",
    "csnp",
    "psnp",
    "clnp",
    "stp",
    "ipx",
    "netbeui",
    "host",
    "net",
    "mask",
    "port",
    "portrange",
    "proto",
    "protochain",
    "less",
    "greater",
    "byte",
    "broadcast",
    "multicast",
    "and",
    "or",
    "not",
    "len",
    "length",
    "inbound",
    "outbound",
    "ifindex",
    "vlan",
    "mpls",
    "pppoed",
    "pppoes",
    "geneve",
    "llc",
    "icmptype",
    "icmpcode",
    "icmp-echoreply",
    "icmp-unreach",
    "icmp-sourcequench",
    "icmp-redirect",
    "icmp-echo",
    "icmp-routeradvert",
    "icmp-routersolicit",
    "icmp-timxceed",
    "icmp-paramprob",
    "icmp-tstamp",
    "icmp-tstampreply",
    "icmp-ireq",
    "icmp-ireqreply",
    "icmp-maskreq",
    "icmp-maskreply",
    "tcpflags",
    "tcp-fin",
    "tcp-syn",
    "tcp-rst",
    "tcp-push",
    "tcp-ack",
    "tcp-urg",
    "tcp-ece",
    "tcp-cwr",
});

// IANA service names: those that one meets in a cluster. Never /etc/services.
constexpr std::array<Number, 27> services{{
    {"ftp", 21},     {"ssh", 22},        {"telnet", 23},  {"smtp", 25},         {"domain", 53},
    {"bootps", 67},  {"bootpc", 68},     {"tftp", 69},    {"http", 80},         {"kerberos", 88},
    {"pop3", 110},   {"sunrpc", 111},    {"ntp", 123},    {"imap", 143},        {"snmp", 161},
    {"bgp", 179},    {"ldap", 389},      {"https", 443},  {"syslog", 514},      {"ldaps", 636},
    {"nfs", 2049},   {"mysql", 3306},    {"vxlan", 4789}, {"postgresql", 5432}, {"geneve", 6081},
    {"redis", 6379}, {"http-alt", 8080},
}};

// IANA protocol numbers. Never /etc/protocols.
constexpr std::array<Number, 11> protocols{{{"icmp", 1},
                                            {"igmp", 2},
                                            {"ipip", 4},
                                            {"tcp", 6},
                                            {"udp", 17},
                                            {"ipv6", 41},
                                            {"gre", 47},
                                            {"esp", 50},
                                            {"ah", 51},
                                            {"icmp6", 58},
                                            {"sctp", 132}}};

// libpcap nametoaddr.c llc and eproto tables, those of today.
constexpr std::array<Number, 5> ether_types{
    {{"ip", 0x0800}, {"arp", 0x0806}, {"rarp", 0x8035}, {"vlan", 0x8100}, {"ip6", 0x86dd}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_keyword(std::string_view word) { return std::ranges::find(keywords, word) != keywords.end(); }

/// Counts the groups of a text like "0a:58:c0:a8:01:fb"; 0 when one has another number of digits, or no
/// hexadecimal ones.
std::size_t hex_groups(std::string_view text, char separator, std::size_t least, std::size_t most) {
  std::size_t groups = 0;
  for (std::size_t begin = 0; begin <= text.size(); ++groups) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    const std::string_view group = text.substr(begin, end - begin);
    if (group.size() < least || group.size() > most || !std::ranges::all_of(group, is_hex)) return 0;
    begin = end + 1;
  }
  return groups;
}

/// The spellings of scanner.l.
bool is_mac(std::string_view word) {
  return hex_groups(word, ':', 1, 2) == 6 || hex_groups(word, '-', 1, 2) == 6 ||
         hex_groups(word, '.', 1, 2) == 6 || hex_groups(word, '.', 4, 4) == 3 ||
         (word.size() == 12 && std::ranges::all_of(word, is_hex));
}

bool is_ipv6(std::string_view word) {
  in6_addr address{};
  return ::inet_pton(AF_INET6, std::string(word).c_str(), &address) == 1;
}

/// A number, an address, or the front of one ("192.168").
bool is_number(std::string_view word) {
  if (word.starts_with("0x") || word.starts_with("0X")) {
    return word.size() > 2 && std::ranges::all_of(word.substr(2), is_hex);
  }
  std::size_t dots = 0;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '.') {
      if (i == 0 || i + 1 == word.size() || word[i + 1] == '.') return false;
      ++dots;
    } else if (!is_digit(word[i])) {
      return false;
    }
  }
  return !word.empty() && dots <= 3;
}

template <std::size_t size>
std::optional<std::uint16_t> value_of(const std::array<Number, size>& table, std::string_view name) {
  const auto* found = std::ranges::find(table, name, &Number::name);
  if (found == table.end()) return std::nullopt;
  return found->value;
}

template <std::size_t size>
std::vector<std::string_view> names_of(const std::array<Number, size>& table) {
  std::vector<std::string_view> names;
  for (const Number& entry : table) names.push_back(entry.name);
  return names;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string near = near_miss(word, candidates);
  return near.empty() ? std::string() : fmt::format("did you mean '{}'?", near);
}

/// Reads an expression word by word and writes it again without names.
class Resolver {
 public:
  Resolver(std::string_view expression, const FilterNames& names) : rest_(expression), names_(names) {}

  ResolvedFilter resolve() {
    while (!rest_.empty() && result_.found.empty()) next();
    return std::move(result_);
  }

 private:
  void next() {
    const char c = rest_.front();
    if (c == '\\') return escaped();
    if (is_alnum(c) || (c == ':' && brackets_ == 0)) return word();
    if (c == '[') ++brackets_;
    if (c == ']' && brackets_ > 0) --brackets_;
    // A name of the resolver's begins with none of these: scanner.l takes them for operators, or refuses
    // them.
    if (static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\n' && c != '\r')
      return refuse_character(c);
    if (static_cast<unsigned char>(c) >= 0x7f || c == '$') return refuse_character(c);
    result_.expression += c;
    rest_.remove_prefix(1);
  }

  void escaped() {
    rest_.remove_prefix(1);
    const std::string_view name = rest_.substr(0, rest_.find_first_of(" !()\t\r\n"));
    rest_.remove_prefix(name.size());
    replace(name);
  }

  void word() {
    const auto belongs = [&](char c) {
      return is_alnum(c) || c == '-' || c == '_' || c == '.' || (c == ':' && brackets_ == 0);
    };
    const auto* end = std::ranges::find_if_not(rest_, belongs);
    std::string_view word = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    while (word.size() > 1 && (word.back() == '-' || word.back() == '_')) word.remove_suffix(1);
    rest_.remove_prefix(word.size());
    if (is_keyword(word)) return keyword(word);
    if (is_number(word)) return keep(word);
    if (names_.find(word) == names_.end() && (is_mac(word) || is_ipv6(word))) return keep(word);
    replace(word);
  }

  void keyword(std::string_view word) {
    keep(word);
    if (word == "and" || word == "or" || word == "not") return;
    if (word == "port")
      kind_ = Kind::port;
    else if (word == "portrange")
      kind_ = Kind::port_range;
    else if (word == "proto" || word == "protochain")
      kind_ = ether_ ? Kind::ether_protocol : Kind::protocol;
    else if (word == "ether" || word == "link")
      kind_ = Kind::ether_host;
    else if (word != "src" && word != "dst" && word != "host")
      kind_ = Kind::host;
    else if (kind_ != Kind::ether_host || !ether_)
      kind_ = Kind::host;
    ether_ = word == "ether" || word == "link" || (ether_ && (word == "src" || word == "dst"));
  }

  void keep(std::string_view word) { result_.expression += word; }

  /// A word that libpcap would look up.
  void replace(std::string_view word) {
    if (word == "on" || word == "ifname") {
      return refuse(fmt::format("'{}' selects an interface", word), "an expression about packets",
                    "name the interface where the capture is placed");
    }
    if (word == "gateway")
      return refuse("'gateway' needs the system's resolver", "'host' and 'ether host'", "");
    switch (kind_) {
      case Kind::host:
        return host(word);
      case Kind::ether_host:
        return refuse_name("Ethernet address", word, "a MAC address", {});
      case Kind::port:
        return number("service", word, services);
      case Kind::port_range:
        return range(word);
      case Kind::protocol:
        return number("protocol", word, protocols);
      case Kind::ether_protocol:
        return number("Ethernet protocol", word, ether_types);
    }
  }

  void host(std::string_view word) {
    const auto found = names_.find(word);
    if (found != names_.end() && !found->second.empty()) {
      const std::vector<Ipv4Address>& addresses = found->second;
      // "host (A or B)": the parentheses inherit the qualifier in front of them.
      if (addresses.size() == 1) return keep(fmt::format("{}", addresses.front()));
      return keep(fmt::format("({})", fmt::join(addresses, " or ")));
    }
    std::vector<std::string_view> candidates(keywords.begin(), keywords.end());
    for (const auto& [name, addresses] : names_) candidates.push_back(name);
    refuse_name("name", word, "an address, or the name of a pod, a node, a service or a host", candidates);
  }

  template <std::size_t size>
  void number(std::string_view what, std::string_view word, const std::array<Number, size>& table) {
    if (const auto value = value_of(table, word)) return keep(std::to_string(*value));
    if (names_.find(word) != names_.end()) {
      return refuse(fmt::format("'{}' where a {} is meant", word, what),
                    fmt::format("a {} or its number", what), fmt::format("write 'host {}'", word));
    }
    const auto candidates = names_of(table);
    refuse_name(what, word, fmt::format("a number, or one of {}", fmt::join(candidates, ", ")), candidates);
  }

  /// "8000-8080", "http-8080"; the names themselves may have hyphens.
  void range(std::string_view word) {
    for (std::size_t at = word.find('-'); at != std::string_view::npos; at = word.find('-', at + 1)) {
      const auto first = port(word.substr(0, at));
      const auto last = port(word.substr(at + 1));
      if (first && last) return keep(fmt::format("{}-{}", *first, *last));
    }
    refuse(fmt::format("'{}' is no range of ports", word), "FIRST-LAST", "");
  }

  static std::optional<std::uint16_t> port(std::string_view word) {
    if (const auto value = value_of(services, word)) return value;
    if (word.empty() || word.size() > 5 || !std::ranges::all_of(word, is_digit)) return std::nullopt;
    const unsigned long value = std::stoul(std::string(word));
    if (value > 65535) return std::nullopt;
    return static_cast<std::uint16_t>(value);
  }

  void refuse_name(std::string_view what, std::string_view word, std::string expected,
                   std::span<const std::string_view> candidates) {
    refuse(fmt::format("unknown {} '{}'", what, word), std::move(expected), did_you_mean(word, candidates));
  }
  void refuse_character(char c) {
    refuse(fmt::format("character 0x{:02x}", static_cast<unsigned char>(c)), "a tcpdump expression", "");
  }
  void refuse(std::string found, std::string expected, std::string hint) {
    result_ = {{}, std::move(found), std::move(expected), std::move(hint)};
  }

  std::string_view rest_;
  const FilterNames& names_;
  ResolvedFilter result_;
  Kind kind_ = Kind::host;
  bool ether_ = false;
  int brackets_ = 0;
};

}  // namespace

ResolvedFilter resolve_filter_names(std::string_view expression, const FilterNames& names) {
  return Resolver(expression, names).resolve();
}

}  // namespace ekspath
