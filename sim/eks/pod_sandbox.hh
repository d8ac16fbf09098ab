#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/base/shared_text.hh"
#include "sim/eks/api/uid.hh"
#include "sim/eks/sandbox_id.hh"

namespace ekspath {

/// One sandbox of a pod as containerd hands it to a CNI plugin. A pod whose sandbox failed gets another one
/// at the next try, with another id and namespace.
struct PodSandbox {
  SharedText pod_namespace;
  SharedText pod_name;
  std::string pod_uid;  // "8f3c..-....", of the API object
  SandboxId container_id;
  std::string netns_path;  // "/var/run/netns/cni-<uuid>"

  /// Ids for the pod's n-th sandbox, drawn from `seed`; without a `pod_uid`, that too.
  [[nodiscard]] static PodSandbox draw(std::uint64_t seed, const SharedText& pod_namespace,
                                       const SharedText& pod_name, Uid pod_uid, std::uint32_t attempt);
};

/// What kubelet writes into the event FailedCreatePodSandBox, about an error of the plugin's ADD.
/// observed: kubernetes issue 131071, karpenter issue 3989 (facts/vpc-cni.md 5)
[[nodiscard]] std::string sandbox_failure_text(std::string_view container_id, std::string_view plugin_error);

}  // namespace ekspath
