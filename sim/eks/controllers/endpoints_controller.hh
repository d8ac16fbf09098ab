#pragma once

#include "sim/eks/api/api_server.hh"
#include "sim/eks/controllers/control_delays.hh"
#include "sim/eks/controllers/controller.hh"

namespace ekspath {

/// What both controllers below need to know of services and pods: which services a change of a pod concerns,
/// and the pods and ports of a service.
class ServiceWatcher : public Controller {
 public:
  ServiceWatcher(Engine& engine, ApiServer& api, const ControlDelays& delays);
  void object_changed(ObjectChange change, const ApiObject& object) override;

 protected:
  ~ServiceWatcher() = default;

  /// Those with an address that the selector takes, finished ones left out, by name.
  [[nodiscard]] std::vector<const ApiObject*> pods_of(const ApiObject& service) const;
  /// The service's ports as this pod has them; a named target that the pod lacks is left out.
  [[nodiscard]] static std::vector<EndpointPort> ports_for(const ServiceSpec& service, const PodSpec& pod);
  [[nodiscard]] static ObjectReference reference_to(const ApiObject& pod);
  [[nodiscard]] ApiServer& api() const { return *api_; }

 private:
  ApiServer* api_;
  const ControlDelays* delays_;
};

/// Keeps the Endpoints object of each service with a selector. pkg/controller/endpoint
class EndpointsController final : public ServiceWatcher {
 public:
  using ServiceWatcher::ServiceWatcher;

 private:
  void sync(const ObjectKey& key) override;
};

/// Keeps the EndpointSlices of each service with a selector: up to 100 endpoints in each, new ones fill what
/// is there. staging/src/k8s.io/endpointslice/reconciler.go
class EndpointSliceController final : public ServiceWatcher {
 public:
  using ServiceWatcher::ServiceWatcher;

 private:
  void sync(const ObjectKey& key) override;
  [[nodiscard]] EndpointSliceContent::Endpoint endpoint_of(const ApiObject& pod,
                                                           const ApiObject& service) const;
};

}  // namespace ekspath
