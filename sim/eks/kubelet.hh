#pragma once

#include "sim/linux/netns.hh"

namespace ekspath {

/// What the AMI and kubelet program on a node before any pod runs: `iptables -P FORWARD ACCEPT` of the
/// kubelet unit, the canary and hint chains, KUBE-FIREWALL. kubernetes pkg/kubelet/kubelet_network_linux.go;
/// facts/kube-proxy.md 2 and 4.
void start_kubelet_network(Netns& host);

}  // namespace ekspath
