#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/lab/commands/kubectl_describe.hh"

namespace ekspath {

/// The ReplicaSets that a Deployment owns. kubectl pkg/util/deployment GetAllReplicaSets()
struct DeploymentHistory {
  std::vector<Document> old;        // by name
  std::optional<Document> current;  // made from the Deployment's template
};
[[nodiscard]] DeploymentHistory deployment_history(const ClusterReader& reader, const Document& deployment);

}  // namespace ekspath
