#pragma once

#include "sim/eks/api/api_server.hh"
#include "sim/eks/controllers/control_delays.hh"
#include "sim/eks/controllers/controller.hh"
#include "sim/eks/controllers/event_recorder.hh"

namespace ekspath {

/// Moves a Deployment from its old ReplicaSets to the one of its present template, within maxSurge and
/// maxUnavailable. pkg/controller/deployment (sync.go, rolling.go, recreate.go)
///
/// Not modelled: proportional scaling of several sets when a rollout is scaled half-way, rollback to a
/// revision, the progress deadline.
class DeploymentController final : public Controller {
 public:
  DeploymentController(Engine& engine, ApiServer& api, const ControlDelays& delays);
  void object_changed(ObjectChange change, const ApiObject& object) override;

 private:
  /// The sets of a Deployment: that of its template (null: not made yet), and the others by age.
  struct Sets {
    const ApiObject* current = nullptr;
    std::vector<const ApiObject*> old;

    [[nodiscard]] std::vector<const ApiObject*> all() const;
  };

  void sync(const ObjectKey& key) override;
  [[nodiscard]] Sets sets_of(const ApiObject& deployment) const;
  void make_set(const ApiObject& deployment, const Sets& sets);
  void take_up(const ApiObject& deployment, const Sets& sets);
  void tell_revision(const ApiObject& deployment, std::int64_t revision);
  /// Each returns whether it changed something: then it is enough for this time.
  bool scale_up(const ApiObject& deployment, const Sets& sets);
  bool scale_down(const ApiObject& deployment, const Sets& sets);
  bool recreate(const ApiObject& deployment, const Sets& sets);
  bool scale(const ApiObject& deployment, const ApiObject& set, std::int32_t replicas);
  void forget_old(const ApiObject& deployment, const Sets& sets);
  void update_status(const ApiObject& deployment, const Sets& sets);

  ApiServer* api_;
  const ControlDelays* delays_;
  EventRecorder events_;
};

/// Annotations that a Deployment and its ReplicaSets do not take over from each other.
/// pkg/controller/deployment/util annotationsToSkip
[[nodiscard]] bool stays_with_deployment(std::string_view annotation);

}  // namespace ekspath
