#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/ipv4_address.hh"
#include "sim/packet/dns_name.hh"

/// DNS messages: RFC 1035 4, with EDNS(0) of RFC 6891. Reading checks every bound and names none of the
/// bytes twice; what it cannot read is refused whole.
namespace ekspath {

constexpr std::uint16_t dns_port = 53;

/// Numbers of the IANA registry; others stay numbers.
enum class DnsType : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  ptr = 12,
  mx = 15,
  txt = 16,
  aaaa = 28,
  srv = 33,
  opt = 41,
  axfr = 252,
  any = 255,
};
/// "A", "TYPE65": RFC 3597 5.
[[nodiscard]] std::string to_string(DnsType type);
/// Without regard to case; "TYPE65" too.
[[nodiscard]] std::optional<DnsType> parse_dns_type(std::string_view text);

enum class DnsClass : std::uint16_t { internet = 1, chaos = 3, hesiod = 4, none = 254, any = 255 };
[[nodiscard]] std::string to_string(DnsClass value);

enum class DnsCode : std::uint16_t {
  no_error = 0,
  format_error = 1,
  server_failure = 2,
  name_error = 3,
  not_implemented = 4,
  refused = 5,
  bad_version = 16,  // needs EDNS
};
/// "NOERROR", "NXDOMAIN", "RESERVED11" as dig prints them.
[[nodiscard]] std::string to_string(DnsCode code);

// What a record holds. Names in it may be compressed where RFC 3597 4 allows it: NS, CNAME, SOA, PTR, MX.
struct DnsSoa {
  DnsName primary;
  DnsName mailbox;
  std::uint32_t serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0;
  bool operator==(const DnsSoa&) const = default;
};
struct DnsSrv {
  std::uint16_t priority = 0, weight = 0, port = 0;
  DnsName target;
  bool operator==(const DnsSrv&) const = default;
};
struct DnsMx {
  std::uint16_t preference = 0;
  DnsName exchange;
  bool operator==(const DnsMx&) const = default;
};
using DnsIpv6 = std::array<std::uint8_t, 16>;
using DnsTexts = std::vector<std::string>;    // TXT: at most 255 bytes each
using DnsOpaque = std::vector<std::uint8_t>;  // of a type not named here
/// DnsName: NS, CNAME, PTR.
using DnsData = std::variant<DnsOpaque, Ipv4Address, DnsIpv6, DnsName, DnsSoa, DnsSrv, DnsMx, DnsTexts>;

struct DnsRecord {
  DnsName name;
  DnsType type = DnsType::a;
  DnsClass record_class = DnsClass::internet;
  std::uint32_t ttl_s = 0;
  DnsData data;
  bool operator==(const DnsRecord&) const = default;
};
/// What stands behind the type: "10.0.0.5", "0 50 80 web.default.svc.cluster.local.", "\# 2 0102".
[[nodiscard]] std::string data_text(const DnsRecord& record);

struct DnsQuestion {
  DnsName name;
  DnsType type = DnsType::a;
  DnsClass question_class = DnsClass::internet;
  bool operator==(const DnsQuestion&) const = default;
};

/// The OPT record of the additional section.
struct DnsEdns {
  static constexpr std::uint16_t cookie = 10;  // RFC 7873
  struct Option {
    std::uint16_t code = 0;
    std::vector<std::uint8_t> value;
    bool operator==(const Option&) const = default;
  };
  std::uint16_t udp_size = 1232;
  std::uint8_t version = 0;
  bool dnssec_ok = false;
  std::vector<Option> options;
  bool operator==(const DnsEdns&) const = default;
};

struct DnsMessage {
  std::uint16_t id = 0;
  std::uint8_t opcode = 0;
  bool response = false;             // qr
  bool authoritative = false;        // aa
  bool truncated = false;            // tc
  bool recursion_desired = false;    // rd
  bool recursion_available = false;  // ra
  bool authenticated = false;        // ad
  bool checking_disabled = false;    // cd
  DnsCode code = DnsCode::no_error;  // with the upper bits of an OPT record
  std::vector<DnsQuestion> questions;
  std::vector<DnsRecord> answers;
  std::vector<DnsRecord> authority;
  std::vector<DnsRecord> additional;  // but for the OPT record
  std::optional<DnsEdns> edns;
  bool operator==(const DnsMessage&) const = default;
};

/// None: cut short, a bad pointer or label, record data that does not fill its length, a second OPT, bytes
/// behind the end.
[[nodiscard]] std::optional<DnsMessage> read_dns(std::span<const std::uint8_t> bytes);

enum class DnsCompression : std::uint8_t { off, on };
/// At most 65535 bytes, which is asserted; see cut_to_size().
[[nodiscard]] std::vector<std::uint8_t> write_dns(const DnsMessage& message,
                                                  DnsCompression compression = DnsCompression::on);

/// Takes records away from the end until the message fits `size` bytes compressed, and sets `truncated` when
/// any went. RFC 2181 9
void cut_to_size(DnsMessage& message, std::size_t size);

/// The answer's shell: id, question, opcode, rd and cd of the query.
[[nodiscard]] DnsMessage reply_to(const DnsMessage& query);

/// Messages in a TCP stream: each behind its length in two bytes. RFC 1035 4.2.2
class DnsStreamReader {
 public:
  void feed(std::string_view bytes) { bytes_ += bytes; }
  /// The next whole message's bytes.
  [[nodiscard]] std::optional<std::string> take();

 private:
  std::string bytes_;
};
[[nodiscard]] std::string dns_stream_frame(std::span<const std::uint8_t> message);

}  // namespace ekspath
