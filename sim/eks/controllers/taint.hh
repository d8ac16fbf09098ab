#pragma once

#include <vector>

#include "sim/eks/api/pod_spec.hh"

namespace ekspath {

/// The first taint that keeps a pod with these tolerations away, or null. PreferNoSchedule keeps nobody away.
/// k8s.io/component-helpers scheduling/corev1 FindMatchingUntoleratedTaint()
[[nodiscard]] const TaintSpec* untolerated_taint(const std::vector<TolerationSpec>& tolerations,
                                                 const std::vector<TaintSpec>& taints);

}  // namespace ekspath
