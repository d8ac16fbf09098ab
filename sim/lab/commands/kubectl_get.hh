#pragma once

#include <string>
#include <vector>

#include "sim/lab/world.hh"
#include "sim/linux/netfilter/iptables_text.hh"

namespace ekspath {

/// `kubectl get pods|nodes|daemonset aws-node` in the columns of kubectl 1.31; `words` begin behind `get`.
/// Pods are those that the scenario placed: the agents' own (aws-node, kube-proxy, CoreDNS) are no objects
/// yet.
[[nodiscard]] std::string check_kubectl_get(const std::vector<std::string>& words);
[[nodiscard]] CommandResult kubectl_get(const World& world, const std::vector<std::string>& words);

/// "45s", "3m1s", "25m", "3h5m", "9h", "3d", as kubectl prints an age. k8s.io/apimachinery pkg/util/duration
/// HumanDuration()
[[nodiscard]] std::string kubectl_age(Nanoseconds age);

}  // namespace ekspath
