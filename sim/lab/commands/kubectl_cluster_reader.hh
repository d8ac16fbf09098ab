#pragma once

#include <string>
#include <vector>

#include "sim/lab/commands/kubectl_session.hh"

namespace ekspath {

class World;

/// The objects of a world's cluster: those of the API server, and documents for the nodes, pods and agents
/// that the scenario placed by hand and that no object stands for.
class WorldReader final : public ClusterReader {
 public:
  explicit WorldReader(World& world);

  [[nodiscard]] std::vector<Document> list(ObjectKind kind, const std::string& name_space) const override;
  [[nodiscard]] std::int64_t now_ns() const override { return stored_.now_ns(); }

 private:
  World* world_;
  StoreReader stored_;
};

}  // namespace ekspath
