#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/lab/world.hh"
#include "sim/linux/netfilter/iptables_text.hh"

/// ip(8) of iproute2 6.1, by object. Words are those behind the object: `ip route show table 2` hands over
/// {"show", "table", "2"}. Each `check` says what in the words is wrong, "" when nothing is.
namespace ekspath {

struct IpToolOptions {
  bool brief = false;       // -br
  bool statistics = false;  // -s
  bool ipv4_only = false;   // -4
};

/// A host seen from its world: `link-netns` names the namespaces of the pods.
struct IpSubject {
  World& world;
  Netns& netns;
};

[[nodiscard]] std::string check_ip_address(const std::vector<std::string>& words);
[[nodiscard]] CommandResult ip_address(const IpSubject& subject, const IpToolOptions& options,
                                       const std::vector<std::string>& words);
[[nodiscard]] std::string check_ip_link(const std::vector<std::string>& words);
[[nodiscard]] CommandResult ip_link(const IpSubject& subject, const IpToolOptions& options,
                                    const std::vector<std::string>& words);
[[nodiscard]] std::string check_ip_neigh(const std::vector<std::string>& words);
[[nodiscard]] CommandResult ip_neigh(Netns& netns, const std::vector<std::string>& words);
[[nodiscard]] std::string check_ip_route(const std::vector<std::string>& words);
[[nodiscard]] CommandResult ip_route(Netns& netns, const std::vector<std::string>& words);
[[nodiscard]] std::string check_ip_rule(const std::vector<std::string>& words);
[[nodiscard]] CommandResult ip_rule(Netns& netns, const std::vector<std::string>& words);

/// "RTNETLINK answers: File exists", exit status 2. iproute2 lib/libnetlink.c rtnl_talk_error()
[[nodiscard]] CommandResult netlink_answer(int error_number);

}  // namespace ekspath
