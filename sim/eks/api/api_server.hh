#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "sim/base/prefix.hh"
#include "sim/eks/api/decode.hh"
#include "sim/eks/api/store.hh"

namespace ekspath {

/// What stands between clients and the store: admission plugins (service account, tolerations, priority),
/// allocation of cluster IPs and node ports, apply, and deletion with its grace periods and cascades.
class ApiServer {
 public:
  ApiServer(ObjectStore& objects, Prefix service_cidr, std::uint64_t seed);

  [[nodiscard]] ObjectStore& objects() { return *objects_; }
  [[nodiscard]] const ObjectStore& objects() const { return *objects_; }
  [[nodiscard]] Prefix service_cidr() const { return service_cidr_; }

  /// POST of an object that decode_object() has made, or a controller.
  ApiOutcome create(ApiObject object);
  /// PUT: the body, spec, labels and annotations of `wanted`; the rest of the object stays.
  ApiOutcome replace(ApiObject wanted);

  /// `kubectl apply` of one document: three-way with the annotation last-applied-configuration.
  struct Applied {
    enum class Effect : std::uint8_t { created, configured, unchanged };
    ApiOutcome outcome;
    Effect effect = Effect::created;
  };
  /// `name_space`: of objects that name none. The document's kind must be one that kind_of() knows.
  Applied apply(Document document, std::string_view name_space);

  /// Of a Deployment or ReplicaSet.
  ApiOutcome scale(ObjectKind kind, std::string_view name_space, std::string_view name,
                   std::int64_t replicas);

  struct DeleteOptions {
    std::optional<std::int64_t> grace_seconds;  // --grace-period
    enum class Propagation : std::uint8_t {
      background,
      foreground,
      orphan
    } propagation = Propagation::background;
  };
  /// DELETE. Pods get their grace period; the kubelet, the garbage collector and the namespace controller do
  /// the rest in their time. None: accepted.
  std::optional<ApiError> remove(ObjectKind kind, std::string_view name_space, std::string_view name,
                                 const DeleteOptions& options);

 private:
  /// Takes what a Service asks for, or draws it, and writes it into object and body.
  std::optional<ApiError> allocate(ApiObject& service, const ApiObject* before);
  void release(const ApiObject& service);
  [[nodiscard]] Ipv4Address draw_cluster_ip();
  [[nodiscard]] std::uint16_t draw_node_port();

  ObjectStore* objects_;
  Prefix service_cidr_;
  std::set<Ipv4Address> cluster_ips_;
  std::set<std::uint16_t> node_ports_;
  Random address_draws_;
  Random port_draws_;
};

}  // namespace ekspath
