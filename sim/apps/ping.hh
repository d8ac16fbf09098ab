#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "sim/apps/program.hh"
#include "sim/linux/socket/socket_options.hh"

namespace ekspath {

/// ping(8) of iputils 20221126 (its text is that of AL2023's 20210202).
struct PingOptions {
  std::string target;
  std::int64_t count = 0;                              // -c; 0: until stopped
  std::int64_t interval_ms = 1000;                     // -i
  std::int64_t size = 56;                              // -s
  std::int64_t linger_ms = 10'000;                     // -W
  std::int64_t deadline_s = 0;                         // -w; 0: none
  std::uint8_t ttl = 0;                                // -t
  PathMtuDiscovery path_mtu = PathMtuDiscovery::want;  // -M
  std::string source;                                  // -I: an address or an interface
  bool quiet = false;                                  // -q
  bool numeric = false;                                // -n
};
[[nodiscard]] std::variant<PingOptions, CommandError> parse_ping(const std::vector<std::string>& arguments);

}  // namespace ekspath
