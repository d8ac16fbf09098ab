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
#include "sim/eks/api/shared.hh"
#include "sim/eks/api/workload_spec.hh"

namespace ekspath {

/// One object of the API server. What its user wrote stays in `body`; what the control plane reads of it is
/// `spec`, decoded once (decode.hh) and replaced together with the body; `meta` and `status` are typed alone.
/// Kinds that controllers write (Endpoints, EndpointSlice, Event, Node, Namespace) have no body: their typed
/// parts are all there is. to_document() (render.hh) puts the parts together.
struct ApiObject {
  template <class... Parts>
  using OneOf = std::variant<std::monostate, Indirect<Parts>...>;
  using Spec = OneOf<PodSpec, DeploymentSpec, ReplicaSetSpec, DaemonSetSpec, ServiceSpec, EndpointsContent,
                     EndpointSliceContent, NodeSpec, ConfigMapContent, EventContent, EniConfigContent>;
  using Status = OneOf<PodStatus, DeploymentStatus, ReplicaSetStatus, DaemonSetStatus, ServiceStatus,
                       NodeStatus, NamespaceStatus>;

  ObjectKind kind = ObjectKind::pod;
  ObjectMeta meta;
  ObjectBody body;  // but for apiVersion, kind, metadata and status: {"spec": {...}}
  Spec spec;
  Status status;

  /// `object.as<PodSpec>()`; the kind is the caller's to know.
  template <class T>
  [[nodiscard]] const T& as() const {
    const T* part = find<T>();
    ASSERT(part != nullptr);
    return *part;
  }
  template <class T>
  [[nodiscard]] T& as() {
    return const_cast<T&>(std::as_const(*this).as<T>());
  }
  /// Null: it is of another kind.
  template <class T>
  [[nodiscard]] const T* find() const {
    const Indirect<T>* part = nullptr;
    if constexpr (one_of<T>(static_cast<const Spec*>(nullptr))) {
      part = std::get_if<Indirect<T>>(&spec);
    } else {
      part = std::get_if<Indirect<T>>(&status);
    }
    return part == nullptr ? nullptr : &**part;
  }

 private:
  template <class T, class... Alternatives>
  static consteval bool one_of(const std::variant<Alternatives...>*) {
    return (std::is_same_v<Indirect<T>, Alternatives> || ...);
  }
};

}  // namespace ekspath
