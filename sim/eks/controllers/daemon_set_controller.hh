#pragma once

#include "sim/eks/api/api_server.hh"
#include "sim/eks/controllers/control_delays.hh"
#include "sim/eks/controllers/controller.hh"
#include "sim/eks/controllers/event_recorder.hh"

namespace ekspath {

/// A pod of each DaemonSet on each node that it fits; a rolling update takes down at most maxUnavailable old
/// ones at a time. pkg/controller/daemon (daemon_controller.go, update.go). maxSurge is taken as 0.
class DaemonSetController final : public Controller {
 public:
  DaemonSetController(Engine& engine, ApiServer& api, const ControlDelays& delays);
  void object_changed(ObjectChange change, const ApiObject& object) override;

 private:
  /// A pod of the set, without a name; pod_for() pins it to a node.
  [[nodiscard]] static ApiObject unplaced_pod(const ApiObject& set);
  [[nodiscard]] static ApiObject pod_for(const ApiObject& unplaced, const std::string& node);
  void sync(const ObjectKey& key) override;
  void roll(const ApiObject& set, const std::vector<const ApiObject*>& pods, std::size_t nodes);
  void update_status(const ApiObject& set, std::size_t nodes);

  ApiServer* api_;
  const ControlDelays* delays_;
  EventRecorder events_;
};

}  // namespace ekspath
