#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/base/ipv4_address.hh"

namespace ekspath {

/// An address and a port, host order. Port 0: any, or none yet.
struct Endpoint {
  Ipv4Address address;
  std::uint16_t port = 0;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// IP_MTU_DISCOVER. Linux 6.1 include/uapi/linux/in.h IP_PMTUDISC_*
enum class PathMtuDiscovery : std::uint8_t {
  dont,  // never DF
  want,  // DF while the datagram fits, else fragments: the default
  do_,   // always DF; EMSGSIZE beyond the known path MTU
};

/// What setsockopt(2) may set on every kind of socket.
struct IpOptions {
  std::uint8_t ttl = 0;  // 0: net.ipv4.ip_default_ttl
  std::uint8_t tos = 0;
  PathMtuDiscovery path_mtu = PathMtuDiscovery::want;
  bool broadcast = false;             // SO_BROADCAST
  std::uint32_t mark = 0;             // SO_MARK
  std::uint32_t bound_interface = 0;  // SO_BINDTODEVICE, an interface index; 0: none
};

/// An error about an earlier datagram, as IP_RECVERR queues it. Linux 6.1 include/uapi/linux/errqueue.h
/// sock_extended_err
struct SocketError {
  enum class Origin : std::uint8_t { local, icmp };
  int error = 0;  // an errno: ECONNREFUSED, EHOSTUNREACH, EMSGSIZE, ...
  Origin origin = Origin::icmp;
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint32_t info = 0;             // the next MTU of EMSGSIZE, the gateway of a redirect
  Ipv4Address offender;               // who sent the ICMP error
  std::uint8_t ttl = 0;               // of the error as it arrived
  Endpoint destination;               // of the datagram it is about
  std::uint16_t sequence = 0;         // of an echo request
  std::vector<std::uint8_t> payload;  // what was quoted behind the transport header
};

/// What a host takes an ICMP error for. `fatal`: ends a connection that is being opened.
/// Linux 6.1 net/ipv4/icmp.c icmp_err_convert[]
struct IcmpErrno {
  int error = 0;
  bool fatal = false;
};
[[nodiscard]] IcmpErrno errno_of_icmp(std::uint8_t type, std::uint8_t code);

}  // namespace ekspath
