#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/apps/dns_settings.hh"

namespace ekspath {

/// `forward FROM TO...`
struct CorefileForward {
  DnsName from;
  std::vector<std::string> to;  // an address, with a port or without, or a file such as /etc/resolv.conf
  enum class Policy : std::uint8_t { random, round_robin, sequential };
  Policy policy = Policy::random;
  bool force_tcp = false;
};

/// `kubernetes ZONES...`: of the zones, the reverse ones are apart.
struct CorefileKubernetes {
  DnsName zone;  // the first that is no reverse zone
  std::vector<DnsName> reverse_zones;
  bool pods_insecure = false;
  std::uint32_t ttl_s = 5;
  bool fallthrough = false;  // for the zones below; empty: all
  std::vector<DnsName> fallthrough_zones;
};

/// `cache TTL`: the longest a positive and a negative answer is kept, seconds.
struct CorefileCache {
  std::uint32_t positive_s = 3600;
  std::uint32_t negative_s = 1800;
};

/// One server block: `ZONE:PORT { ... }`.
struct CorefileServer {
  DnsName zone;
  std::uint16_t port = 53;
  std::optional<CorefileKubernetes> kubernetes;
  std::optional<CorefileForward> forward;
  std::optional<CorefileCache> cache;
  bool load_balance = false;
  bool errors = false;  // logs them
};

/// The Corefile of CoreDNS 1.11 as far as it is modelled: errors, health, ready, kubernetes, prometheus,
/// forward, cache, loop, reload, loadbalance, in blocks by zone and port. health, ready and prometheus open
/// no port, loop sends no probe, and reload re-reads nothing. Any other directive, and any option that is not
/// listed above, is refused by name: the text is CoreDNS's own where it would refuse it, too.
[[nodiscard]] std::variant<std::vector<CorefileServer>, std::string> parse_corefile(std::string_view text);

/// What EKS installs. facts/kube-proxy.md 12
inline constexpr std::string_view eks_corefile =
    ".:53 {\n"
    "    errors\n"
    "    health {\n"
    "        lameduck 5s\n"
    "      }\n"
    "    ready\n"
    "    kubernetes cluster.local in-addr.arpa ip6.arpa {\n"
    "      pods insecure\n"
    "      fallthrough in-addr.arpa ip6.arpa\n"
    "    }\n"
    "    prometheus :9153\n"
    "    forward . /etc/resolv.conf\n"
    "    cache 30\n"
    "    loop\n"
    "    reload\n"
    "    loadbalance\n"
    "}\n";

}  // namespace ekspath
