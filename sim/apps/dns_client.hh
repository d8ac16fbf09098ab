#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/apps/dns_settings.hh"
#include "sim/apps/task.hh"
#include "sim/engine/random.hh"
#include "sim/linux/socket/udp_socket.hh"
#include "sim/packet/dns_message.hh"

namespace ekspath {

/// Why a name has no address. glibc's EAI_* of the same meaning.
enum class NameError : std::uint8_t {
  none,
  again,    // nobody answered, or every server failed: EAI_AGAIN
  fail,     // EAI_FAIL
  unknown,  // EAI_NONAME
  no_data,  // the name is there, an address is not: EAI_NODATA
};
/// gai_strerror(3).
[[nodiscard]] std::string_view to_string(NameError error);

/// What getaddrinfo(3) or gethostbyname(3) give.
struct NamedHost {
  NameError error = NameError::none;
  std::string canonical_name;        // without a final dot
  std::vector<std::string> aliases;  // what led there
  std::vector<Ipv4Address> addresses;
  std::vector<std::string> ipv6;  // as text: nothing here can use them
};

enum class NameFamily : std::uint8_t { ipv4, ipv6, any };

/// The stub resolver of glibc, with `hosts: files dns`: /etc/hosts, then the name servers of
/// /etc/resolv.conf. glibc 2.34 resolv/res_query.c, res_send.c; observed: glibc 2.36 against servers that
/// answer, refuse, fail, stay silent, or answer half. Not modelled: a second run of the whole question when
/// the caller's buffer is too small (over some 50 addresses), the order of RFC 6724 among several addresses.
class DnsClient {
 public:
  struct Files {
    std::string_view resolv_conf;
    std::string_view hosts;
  };
  /// `purpose` names the stream of its message ids: another for each program.
  DnsClient(Scheduler& scheduler, Netns& netns, const Files& files, std::string_view purpose);

  /// getaddrinfo(3): of `any`, A and AAAA are asked at once.
  [[nodiscard]] Task<NamedHost> find(std::string name, NameFamily family);
  /// getnameinfo(3), gethostbyaddr(3): the name of an address, or "".
  [[nodiscard]] Task<std::string> name_of(Ipv4Address address);

 private:
  struct Exchange;
  enum class Heard : std::uint8_t { answers, nothing, cut };

  [[nodiscard]] std::optional<NamedHost> in_hosts_file(std::string_view name, NameFamily family) const;
  [[nodiscard]] DnsMessage question(const DnsName& name, DnsType type);
  [[nodiscard]] Task<NamedHost> search(std::string name, std::vector<DnsType> types);
  [[nodiscard]] Task<NamedHost> query(DnsName name, std::vector<DnsType> types);
  [[nodiscard]] Task<NameError> send(Exchange& exchange);
  [[nodiscard]] Task<Heard> ask_by_udp(Exchange& exchange, std::size_t server);
  [[nodiscard]] Task<bool> listen(Exchange& exchange, std::size_t server);
  [[nodiscard]] Task<Heard> ask_by_tcp(Exchange& exchange, std::size_t server);
  [[nodiscard]] int open(Exchange& exchange, std::size_t server);

  Scheduler& scheduler_;
  Netns& netns_;
  ResolvConf conf_;
  std::vector<HostsLine> hosts_;
  Random ids_;
  bool last_failed_ = false;   // the last message of the last query() had SERVFAIL
  bool nobody_there_ = false;  // no server of the last send() took a datagram
};

}  // namespace ekspath
