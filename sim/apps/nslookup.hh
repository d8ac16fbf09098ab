#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sim/apps/program.hh"
#include "sim/packet/dns_message.hh"

namespace ekspath {

/// nslookup(1) of bind 9.18 with a name on its command line; without one it would ask, and there is nobody
/// to.
struct NslookupOptions {
  std::string name;
  std::string server;           // "": the first one of /etc/resolv.conf
  std::optional<DnsType> type;  // absent: A, then AAAA of the same name
  std::uint16_t port = dns_port;
  std::int64_t timeout_s = 5;
  std::int64_t tries = 3;
  bool search = true;
};
[[nodiscard]] std::variant<NslookupOptions, CommandError> parse_nslookup(
    const std::vector<std::string>& arguments);

/// getent(1) of glibc for one or more names or addresses of the database `hosts`.
struct GetentOptions {
  std::vector<std::string> keys;
};
[[nodiscard]] std::variant<GetentOptions, CommandError> parse_getent(
    const std::vector<std::string>& arguments);

}  // namespace ekspath
