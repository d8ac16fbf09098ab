#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sim/packet/headers.hh"
#include "sim/packet/tuple.hh"

namespace ekspath {

enum class TrafficDirection : std::uint8_t { ingress, egress };
[[nodiscard]] constexpr std::string_view to_string(TrafficDirection direction) {
  return direction == TrafficDirection::ingress ? "ingress" : "egress";
}

/// The protocol part of a security group's or network ACL's rule: a protocol or all of them, destination
/// ports of TCP and UDP, type and code of ICMP.
struct TrafficFilter {
  static constexpr std::uint16_t all = 0xffff;  // as EC2's -1
  std::uint16_t protocol = all;                 // a number of IANA's, or all
  std::uint16_t low_port = 0;
  std::uint16_t high_port = 65535;
  std::uint16_t icmp_type = all;
  std::uint16_t icmp_code = all;

  [[nodiscard]] static TrafficFilter everything() { return {}; }
  [[nodiscard]] static TrafficFilter tcp(std::uint16_t low, std::uint16_t high) {
    return {static_cast<std::uint16_t>(IpProtocol::tcp), low, high, all, all};
  }
  [[nodiscard]] static TrafficFilter udp(std::uint16_t low, std::uint16_t high) {
    return {static_cast<std::uint16_t>(IpProtocol::udp), low, high, all, all};
  }
  [[nodiscard]] static TrafficFilter icmp(std::uint16_t type = all, std::uint16_t code = all) {
    return {static_cast<std::uint16_t>(IpProtocol::icmp), 0, 65535, type, code};
  }

  [[nodiscard]] bool all_ports() const { return low_port == 0 && high_port == 65535; }
  [[nodiscard]] bool has_ports() const {
    return protocol == static_cast<std::uint16_t>(IpProtocol::tcp) ||
           protocol == static_cast<std::uint16_t>(IpProtocol::udp);
  }
  /// The tuple is that of the packet itself: its destination port is the one that rules speak of.
  [[nodiscard]] bool matches(const Tuple& tuple) const {
    if (protocol == all) return true;
    if (protocol != tuple.protocol) return false;
    if (has_ports()) return tuple.destination_port >= low_port && tuple.destination_port <= high_port;
    if (protocol != static_cast<std::uint16_t>(IpProtocol::icmp)) return true;
    return (icmp_type == all || icmp_type == tuple.icmp_type()) &&
           (icmp_code == all || icmp_code == tuple.icmp_code());
  }
  /// A range is the right way up, and only TCP and UDP have one.
  [[nodiscard]] bool is_sound() const { return low_port <= high_port && (has_ports() || all_ports()); }

  friend bool operator==(const TrafficFilter&, const TrafficFilter&) = default;
};

/// "all", "tcp 80", "udp 1024-65535", "tcp", "icmp", "icmp 8", "icmp 3/4", "protocol 47".
[[nodiscard]] std::string to_string(const TrafficFilter& filter);

}  // namespace ekspath
