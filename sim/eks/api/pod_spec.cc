#include "sim/eks/api/pod_spec.hh"

#include <algorithm>

namespace ekspath {

void PodSpec::join(const PodSpec& other) {
  shape.join(other.shape);
  pinned_node.join(node_name);
  init_containers.join(other.init_containers);
  const std::size_t both = std::min(containers.size(), other.containers.size());
  for (std::size_t i = 0; i < both; ++i) {
    containers[i].name.join(other.containers[i].name);
    containers[i].shape.join(other.containers[i].shape);
  }
  containers.shrink_to_fit();
}

void PodStatus::join(const PodStatus& other) {
  conditions.join(other.conditions);
  init_containers.join(other.init_containers);
  containers.join(other.containers);
}

}  // namespace ekspath
