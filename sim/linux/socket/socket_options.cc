#include "sim/linux/socket/socket_options.hh"

#include <array>
#include <cerrno>

#include "sim/packet/headers.hh"

namespace ekspath {

IcmpErrno errno_of_icmp(std::uint8_t type, std::uint8_t code) {
  static constexpr std::array<IcmpErrno, 16> of_unreachable{{
      {ENETUNREACH, false},   // network
      {EHOSTUNREACH, false},  // host
      {ENOPROTOOPT, true},    // protocol
      {ECONNREFUSED, true},   // port
      {EMSGSIZE, false},      // fragmentation needed
      {EOPNOTSUPP, false},    // source route failed
      {ENETUNREACH, true},    // network unknown
      {EHOSTDOWN, true},      // host unknown
      {ENONET, true},         // host isolated
      {ENETUNREACH, true},    // network prohibited
      {EHOSTUNREACH, true},   // host prohibited
      {ENETUNREACH, false},   // network, for this type of service
      {EHOSTUNREACH, false},  // host, for this type of service
      {EHOSTUNREACH, true},   // administratively prohibited
      {EHOSTUNREACH, true},   // precedence violation
      {EHOSTUNREACH, true},   // precedence cutoff
  }};
  switch (type) {
    case icmp::unreachable:
      return code < of_unreachable.size() ? of_unreachable[code] : IcmpErrno{EHOSTUNREACH, false};
    case icmp::parameter_problem:
      return {EPROTO, true};
    default:
      return {EHOSTUNREACH, false};  // time exceeded and the like
  }
}

}  // namespace ekspath
