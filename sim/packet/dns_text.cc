#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sim/packet/byte_order.hh"
#include "sim/packet/dns_message.hh"

/// Records as zone files and dig have them. RFC 1035 5, RFC 3597 5
namespace ekspath {
namespace {

struct NamedType {
  DnsType type;
  std::string_view name;
};
constexpr std::array<NamedType, 12> types{{{DnsType::a, "A"},
                                           {DnsType::ns, "NS"},
                                           {DnsType::cname, "CNAME"},
                                           {DnsType::soa, "SOA"},
                                           {DnsType::ptr, "PTR"},
                                           {DnsType::mx, "MX"},
                                           {DnsType::txt, "TXT"},
                                           {DnsType::aaaa, "AAAA"},
                                           {DnsType::srv, "SRV"},
                                           {DnsType::opt, "OPT"},
                                           {DnsType::axfr, "AXFR"},
                                           {DnsType::any, "ANY"}}};

/// RFC 5952 4: the longest run of at least two zero groups, the first of equals, becomes "::".
std::string ipv6_text(const DnsIpv6& address) {
  std::array<std::uint16_t, 8> groups{};
  for (std::size_t i = 0; i < groups.size(); ++i) groups[i] = load16(&address[2 * i]);
  std::size_t best = 0, best_length = 1;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    std::size_t length = 0;
    while (i + length < groups.size() && groups[i + length] == 0) ++length;
    if (length > best_length) {
      best = i;
      best_length = length;
    }
  }
  std::string text;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (best_length > 1 && i == best) {
      text += "::";
      i += best_length - 1;
      continue;
    }
    if (!text.empty() && !text.ends_with(':')) text += ':';
    text += fmt::format("{:x}", groups[i]);
  }
  return text;
}

/// bind lib/dns/rdata.c txt_totext(): in quotes, quotes and backslashes escaped.
std::string quoted(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) {
      text += fmt::format("\\{:03}", byte);
    } else {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
  }
  return text + '"';
}

}  // namespace

std::string to_string(DnsType type) {
  const auto known = std::ranges::find(types, type, &NamedType::type);
  return known != types.end() ? std::string(known->name)
                              : fmt::format("TYPE{}", static_cast<std::uint16_t>(type));
}

std::optional<DnsType> parse_dns_type(std::string_view text) {
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  const auto known = std::ranges::find(types, std::string_view(upper), &NamedType::name);
  if (known != types.end()) return known->type;
  if (!upper.starts_with("TYPE")) return std::nullopt;
  std::uint16_t number = 0;
  const char* end = upper.data() + upper.size();
  const auto [stop, error] = std::from_chars(upper.data() + 4, end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return DnsType{number};
}

std::string to_string(DnsClass value) {
  switch (value) {
    case DnsClass::internet:
      return "IN";
    case DnsClass::chaos:
      return "CH";
    case DnsClass::hesiod:
      return "HS";
    case DnsClass::none:
      return "NONE";
    case DnsClass::any:
      return "ANY";
  }
  return fmt::format("CLASS{}", static_cast<std::uint16_t>(value));
}

std::string to_string(DnsCode code) {
  constexpr std::array<std::string_view, 11> names{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
                                                   "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET",
                                                   "NXRRSET", "NOTAUTH", "NOTZONE"};
  const auto number = static_cast<std::size_t>(code);
  if (number < names.size()) return std::string(names[number]);
  return code == DnsCode::bad_version ? "BADVERS" : fmt::format("RESERVED{}", number);
}

std::string data_text(const DnsRecord& record) {
  struct Visitor {
    std::string operator()(const DnsOpaque& value) const {
      std::string text = fmt::format("\\# {}", value.size());
      if (!value.empty()) text += ' ';
      for (const std::uint8_t byte : value) text += fmt::format("{:02X}", byte);
      return text;
    }
    std::string operator()(Ipv4Address value) const { return fmt::format("{}", value); }
    std::string operator()(const DnsIpv6& value) const { return ipv6_text(value); }
    std::string operator()(const DnsName& value) const { return value.text(); }
    std::string operator()(const DnsSoa& soa) const {
      return fmt::format("{} {} {} {} {} {} {}", soa.primary.text(), soa.mailbox.text(), soa.serial,
                         soa.refresh, soa.retry, soa.expire, soa.minimum);
    }
    std::string operator()(const DnsSrv& srv) const {
      return fmt::format("{} {} {} {}", srv.priority, srv.weight, srv.port, srv.target.text());
    }
    std::string operator()(const DnsMx& mx) const {
      return fmt::format("{} {}", mx.preference, mx.exchange.text());
    }
    std::string operator()(const DnsTexts& texts) const {
      std::string text;
      for (const std::string& value : texts) text += (text.empty() ? "" : " ") + quoted(value);
      return text;
    }
  };
  return std::visit(Visitor{}, record.data);
}

}  // namespace ekspath
