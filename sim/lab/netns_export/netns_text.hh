#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/base/diagnostics.hh"
#include "sim/lab/world.hh"

namespace ekspath {

/// One real network namespace as the texts that make it, but for its links.
struct NetnsText {
  std::string name;      // of `ip netns`: a host's own, or `_` and a name of the fabric's
  std::string sysctls;   // lines "net/ipv4/ip_forward 1", in the order in which they are written
  std::string ip;        // for `ip -batch`
  std::string iptables;  // for `iptables-restore -c`; "": no rules
  std::string ipset;     // for `ipset restore`; "": no sets
};

/// A simulated namespace as it stands: addresses, routes, rules, permanent neighbours, sysctls, iptables.
[[nodiscard]] NetnsText netns_text(Netns& netns);

/// The veths between simulated namespaces, a line of `ip -batch` each. Names that Linux does not take are
/// reported.
[[nodiscard]] std::string veth_links(const World& world, Diagnostics& diagnostics);

/// One end of a veth in the words of `ip link add`: "node1", "ens5", index 2.
struct LinkEnd {
  std::string netns;
  std::string name;
  MacAddress mac;
  std::uint32_t mtu = 1500;
  std::uint32_t index = 0;  // 0: whichever is free
};
[[nodiscard]] std::string link_line(const LinkEnd& end, const LinkEnd& peer);

/// The fabric as namespaces that route: one for each VPC, internet gateway and NAT gateway, and the internet.
struct FabricText {
  std::vector<NetnsText> namespaces;
  std::string links;  // lines of `ip -batch`
};
[[nodiscard]] FabricText fabric_text(const World& world);

}  // namespace ekspath
