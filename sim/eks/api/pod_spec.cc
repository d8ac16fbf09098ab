#include "sim/eks/api/pod_spec.hh"

#include <algorithm>

namespace ekspath {

void PodSpec::join(const PodSpec& other) {
  shape.join(other.shape);
  const auto join_all = [](std::vector<ContainerSpec>& own, const std::vector<ContainerSpec>& others) {
    const std::size_t both = std::min(own.size(), others.size());
    for (std::size_t i = 0; i < both; ++i) {
      own[i].name.join(others[i].name);
      own[i].shape.join(others[i].shape);
    }
    own.shrink_to_fit();
  };
  join_all(init_containers, other.init_containers);
  join_all(containers, other.containers);
}

void PodStatus::join(const PodStatus& other) {
  conditions.join(other.conditions);
  init_containers.join(other.init_containers);
  containers.join(other.containers);
}

}  // namespace ekspath
