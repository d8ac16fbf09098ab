#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>

#include "sim/base/ipv4_address.hh"
#include "sim/engine/random.hh"
#include "sim/linux/ip_id.hh"

namespace ekspath {

class Netns;

/// How many ICMP errors and redirects a namespace may still send: one bucket for all of it, one for each
/// destination. Linux 6.1 net/ipv4/icmp.c icmp_global_allow(), net/ipv4/inetpeer.c inet_peer_xrlim_allow(),
/// net/ipv4/route.c ip_error(), ip_rt_send_redirect(): the last three share the peer's tokens, which is why
/// "no route" is charged twice (facts 5).
class IcmpLimits {
 public:
  explicit IcmpLimits(Netns& netns);

  [[nodiscard]] bool global_allows();
  [[nodiscard]] bool host_allows(Ipv4Address destination);
  /// ip_error()'s own charge, before the error is built.
  [[nodiscard]] bool route_error_allowed(Ipv4Address source);
  [[nodiscard]] bool redirect_allowed(Ipv4Address source);

 private:
  struct Peer {
    std::int64_t tokens = 0;  // ms
    std::int64_t last = 0;    // ms
    std::uint32_t redirects = 0;
  };
  [[nodiscard]] std::int64_t now_ms() const;
  [[nodiscard]] Peer& peer(Ipv4Address address);

  Netns* netns_;
  Random random_;
  std::int64_t credit_ = 0;
  std::int64_t stamp_ = -1'000'000;
  boost::unordered_flat_map<std::uint32_t, Peer, MixedHash> peers_;
};

/// The namespace's; made when first asked for.
[[nodiscard]] IcmpLimits& icmp_limits_of(Netns& netns);

}  // namespace ekspath
