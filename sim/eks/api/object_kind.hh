#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ekspath {

/// The kinds of object that the simulated API server serves. The last group is stored and returned, and
/// nothing acts on it, as in a cluster without the controllers that would.
enum class ObjectKind : std::uint8_t {
  config_map,
  daemon_set,
  deployment,
  endpoint_slice,
  endpoints,
  eni_config,
  event,
  name_space,
  node,
  pod,
  replica_set,
  service,
  cluster_role,
  cluster_role_binding,
  ingress,
  ingress_class,
  network_policy,
  pod_disruption_budget,
  priority_class,
  role,
  role_binding,
  secret,
  service_account,
};

struct KindInfo {
  ObjectKind kind = ObjectKind::pod;
  std::string_view name;      // "Deployment"
  std::string_view plural;    // "deployments"
  std::string_view singular;  // "deployment"
  std::string_view group;     // "apps"; empty: the core group
  std::string_view version;   // "v1"
  bool namespaced = true;
  std::vector<std::string_view> short_names;

  /// "v1", "apps/v1"
  [[nodiscard]] std::string api_version() const;
  /// As the API server's errors name it: "pods", "deployments.apps".
  [[nodiscard]] std::string resource() const;
  /// As kubectl names an object of it: "pod", "deployment.apps".
  [[nodiscard]] std::string singular_resource() const;
};

[[nodiscard]] const KindInfo& info(ObjectKind kind);
[[nodiscard]] std::span<const KindInfo> all_kinds();
/// As a manifest names it.
[[nodiscard]] std::optional<ObjectKind> find_kind(std::string_view api_version, std::string_view kind);
/// As kubectl's user names it: singular, plural, short, with or without ".group" or ".version.group".
[[nodiscard]] std::optional<ObjectKind> parse_resource(std::string_view word);

}  // namespace ekspath
