#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "sim/apps/program.hh"

namespace ekspath {

/// traceroute(8) 2.1.2.
struct TracerouteOptions {
  enum class Method : std::uint8_t { udp, icmp, tcp } method = Method::udp;  // -I, -T
  bool numeric = false;                                                      // -n
  std::uint16_t port = 0;                                                    // -p; 0: 33434, 80 for TCP
  std::uint32_t probes_per_hop = 3;                                          // -q
  std::uint32_t first_hop = 1;                                               // -f
  std::uint32_t most_hops = 30;                                              // -m
  std::int64_t wait_ns = 5'000'000'000;                                      // -w MAX,HERE,NEAR
  std::int64_t here_factor = 3;
  std::int64_t near_factor = 10;
  std::uint32_t packet_bytes = 60;
  std::string host;
};
[[nodiscard]] std::variant<TracerouteOptions, CommandError> parse_traceroute(
    const std::vector<std::string>& arguments);

}  // namespace ekspath
