#pragma once

#include "sim/eks/api/api_server.hh"
#include "sim/eks/controllers/control_delays.hh"
#include "sim/eks/controllers/controller.hh"

namespace ekspath {

/// Deletes what has no owner any more (background cascade), and owners whose dependents are gone
/// (foreground). pkg/controller/garbagecollector. Also the namespace controller: a terminating namespace goes
/// when nothing is left in it. pkg/controller/namespace/deletion
class GarbageCollector final : public Controller {
 public:
  GarbageCollector(Engine& engine, ApiServer& api, const ControlDelays& delays);
  void object_changed(ObjectChange change, const ApiObject& object) override;

 private:
  void sync(const ObjectKey& key) override;
  void empty_namespace(const ApiObject& name_space);
  [[nodiscard]] bool has_living_owner(const ApiObject& object) const;

  ApiServer* api_;
  const ControlDelays* delays_;
};

}  // namespace ekspath
