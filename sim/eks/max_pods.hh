#pragma once

#include <cstdint>
#include <optional>

#include "sim/aws/instance_type.hh"

namespace ekspath {

/// How the CNI of a node is set up, as far as the number of its pods hangs on it.
struct MaxPodsWish {
  bool prefix_delegation = false;
  bool custom_networking = false;         // the primary ENI carries no pods
  std::optional<std::uint32_t> max_enis;  // MAX_ENI
};

/// What a node can carry: an address for each pod, and two pods that live in the host's namespace (aws-node,
/// kube-proxy). Prefix delegation counts on Nitro (bare metal included); on other types it is as without.
/// awslabs/amazon-eks-ami max-pods-calculator.sh; nodeadm/internal/kubelet/eni_max_pods.go
[[nodiscard]] std::uint32_t max_pods(const InstanceType& type, const MaxPodsWish& wish);

/// The calculator's recommendation: never above 110, or 250 with more than 30 vCPUs.
/// max-pods-calculator.sh, without --show-max-allowed
[[nodiscard]] std::uint32_t recommended_max_pods(const InstanceType& type, const MaxPodsWish& wish);

/// Whether EC2 delegates prefixes to its ENIs. awsutils IsPrefixDelegationSupported(): nitro or bare metal
[[nodiscard]] bool supports_prefixes(const InstanceType& type);
/// What the calculator's cap hangs on. EC2's own tables are not at hand: read from the size in the name,
/// which counts four vCPUs for an xlarge, with the exceptions by name.
[[nodiscard]] bool has_more_than_30_vcpus(const InstanceType& type);

}  // namespace ekspath
