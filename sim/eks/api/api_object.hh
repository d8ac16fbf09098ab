#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "sim/base/assert.hh"
#include "sim/eks/api/cluster_spec.hh"
#include "sim/eks/api/object_body.hh"
#include "sim/eks/api/object_kind.hh"
#include "sim/eks/api/object_meta.hh"
#include "sim/eks/api/service_spec.hh"
#include "sim/eks/api/workload_spec.hh"

namespace ekspath {

/// One object of the API server. What its user wrote stays in `body`; what the control plane reads of it is
/// `spec`, decoded once (decode.hh) and replaced together with the body; `meta` and `status` are typed alone.
/// Kinds that controllers write (Endpoints, EndpointSlice, Event, Node, Namespace) have no body: their typed
/// parts are all there is. to_document() (render.hh) puts the parts together.
struct ApiObject {
  using Spec = std::variant<std::monostate, PodSpec, DeploymentSpec, ReplicaSetSpec, DaemonSetSpec,
                            ServiceSpec, EndpointsContent, EndpointSliceContent, NodeSpec, ConfigMapContent,
                            EventContent, EniConfigContent>;
  using Status = std::variant<std::monostate, PodStatus, DeploymentStatus, ReplicaSetStatus, DaemonSetStatus,
                              ServiceStatus, NodeStatus, NamespaceStatus>;

  ObjectKind kind = ObjectKind::pod;
  ObjectMeta meta;
  ObjectBody body;  // but for apiVersion, kind, metadata and status: {"spec": {...}}
  Spec spec;
  Status status;

  /// `object.as<PodSpec>()`; the kind is the caller's to know.
  template <class T>
  [[nodiscard]] const T& as() const {
    const T* part = part_of<T>(spec, status);
    ASSERT(part != nullptr);
    return *part;
  }
  template <class T>
  [[nodiscard]] T& as() {
    return const_cast<T&>(std::as_const(*this).as<T>());
  }

 private:
  template <class T, class... Alternatives>
  static consteval bool one_of(const std::variant<Alternatives...>*) {
    return (std::is_same_v<T, Alternatives> || ...);
  }
  template <class T>
  static const T* part_of(const Spec& spec, const Status& status) {
    if constexpr (one_of<T>(static_cast<const Spec*>(nullptr))) {
      return std::get_if<T>(&spec);
    } else {
      return std::get_if<T>(&status);
    }
  }
};

}  // namespace ekspath
