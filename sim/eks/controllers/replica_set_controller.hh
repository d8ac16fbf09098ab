#pragma once

#include "sim/eks/api/api_server.hh"
#include "sim/eks/controllers/control_delays.hh"
#include "sim/eks/controllers/controller.hh"
#include "sim/eks/controllers/event_recorder.hh"

namespace ekspath {

/// Makes and deletes pods until as many are there as a ReplicaSet says.
/// pkg/controller/replicaset/replica_set.go
class ReplicaSetController final : public Controller {
 public:
  ReplicaSetController(Engine& engine, ApiServer& api, const ControlDelays& delays);
  void object_changed(ObjectChange change, const ApiObject& object) override;

 private:
  void sync(const ObjectKey& key) override;
  void make_pods(const ApiObject& set, std::size_t count);
  void delete_pods(const ApiObject& set, std::vector<const ApiObject*> pods, std::size_t count);
  void update_status(const ApiObject& set, const std::vector<const ApiObject*>& pods);
  [[nodiscard]] std::vector<const ApiObject*> pods_of(const ApiObject& set) const;

  ApiServer* api_;
  const ControlDelays* delays_;
  EventRecorder events_;
};

}  // namespace ekspath
