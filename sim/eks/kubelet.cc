#include "sim/eks/kubelet.hh"

#include "sim/base/assert.hh"
#include "sim/linux/netfilter/iptables_text.hh"

namespace ekspath {

void start_kubelet_network(Netns& host) {
  constexpr std::string_view commands[] = {
      "-P FORWARD ACCEPT -w 5",
      "-t mangle -N KUBE-IPTABLES-HINT",
      "-t filter -N KUBE-FIREWALL",
      "-t filter -A KUBE-FIREWALL -m comment --comment \"block incoming localnet connections\" --dst "
      "127.0.0.0/8 "
      "! --src 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP",
      "-t filter -I OUTPUT -j KUBE-FIREWALL",
      "-t filter -I INPUT -j KUBE-FIREWALL",
      "-t mangle -N KUBE-KUBELET-CANARY",
      "-t nat -N KUBE-KUBELET-CANARY",
      "-t filter -N KUBE-KUBELET-CANARY",
  };
  for (const std::string_view command : commands) {
    const CommandResult result = iptables(host, command);
    if (result.status != 0) fmt::print(stderr, "iptables {}: {}", command, result.err);
    ASSERT(result.status == 0);
  }
}

}  // namespace ekspath
