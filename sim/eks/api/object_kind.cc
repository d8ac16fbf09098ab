#include "sim/eks/api/object_kind.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "sim/base/assert.hh"

namespace ekspath {
namespace {

const std::vector<KindInfo>& table() {
  using enum ObjectKind;
  static const std::vector<KindInfo> kinds{
      {config_map, "ConfigMap", "configmaps", "configmap", "", "v1", true, {"cm"}},
      {daemon_set, "DaemonSet", "daemonsets", "daemonset", "apps", "v1", true, {"ds"}},
      {deployment, "Deployment", "deployments", "deployment", "apps", "v1", true, {"deploy"}},
      {endpoint_slice,
       "EndpointSlice",
       "endpointslices",
       "endpointslice",
       "discovery.k8s.io",
       "v1",
       true,
       {}},
      {endpoints, "Endpoints", "endpoints", "endpoints", "", "v1", true, {"ep"}},
      {eni_config, "ENIConfig", "eniconfigs", "eniconfig", "crd.k8s.amazonaws.com", "v1alpha1", false, {}},
      {event, "Event", "events", "event", "", "v1", true, {"ev"}},
      {name_space, "Namespace", "namespaces", "namespace", "", "v1", false, {"ns"}},
      {node, "Node", "nodes", "node", "", "v1", false, {"no"}},
      {pod, "Pod", "pods", "pod", "", "v1", true, {"po"}},
      {replica_set, "ReplicaSet", "replicasets", "replicaset", "apps", "v1", true, {"rs"}},
      {service, "Service", "services", "service", "", "v1", true, {"svc"}},
      {cluster_role,
       "ClusterRole",
       "clusterroles",
       "clusterrole",
       "rbac.authorization.k8s.io",
       "v1",
       false,
       {}},
      {cluster_role_binding,
       "ClusterRoleBinding",
       "clusterrolebindings",
       "clusterrolebinding",
       "rbac.authorization.k8s.io",
       "v1",
       false,
       {}},
      {ingress, "Ingress", "ingresses", "ingress", "networking.k8s.io", "v1", true, {"ing"}},
      {ingress_class, "IngressClass", "ingressclasses", "ingressclass", "networking.k8s.io", "v1", false, {}},
      {network_policy,
       "NetworkPolicy",
       "networkpolicies",
       "networkpolicy",
       "networking.k8s.io",
       "v1",
       true,
       {"netpol"}},
      {pod_disruption_budget,
       "PodDisruptionBudget",
       "poddisruptionbudgets",
       "poddisruptionbudget",
       "policy",
       "v1",
       true,
       {"pdb"}},
      {priority_class,
       "PriorityClass",
       "priorityclasses",
       "priorityclass",
       "scheduling.k8s.io",
       "v1",
       false,
       {"pc"}},
      {role, "Role", "roles", "role", "rbac.authorization.k8s.io", "v1", true, {}},
      {role_binding,
       "RoleBinding",
       "rolebindings",
       "rolebinding",
       "rbac.authorization.k8s.io",
       "v1",
       true,
       {}},
      {secret, "Secret", "secrets", "secret", "", "v1", true, {}},
      {service_account, "ServiceAccount", "serviceaccounts", "serviceaccount", "", "v1", true, {"sa"}},
  };
  return kinds;
}

}  // namespace

std::string KindInfo::api_version() const {
  return group.empty() ? std::string(version) : fmt::format("{}/{}", group, version);
}

std::string KindInfo::resource() const {
  return group.empty() ? std::string(plural) : fmt::format("{}.{}", plural, group);
}

std::string KindInfo::singular_resource() const {
  return group.empty() ? std::string(singular) : fmt::format("{}.{}", singular, group);
}

const KindInfo& info(ObjectKind kind) {
  const KindInfo& found = table()[static_cast<std::size_t>(kind)];
  ASSERT(found.kind == kind);
  return found;
}

std::span<const KindInfo> all_kinds() { return table(); }

std::optional<ObjectKind> find_kind(std::string_view api_version, std::string_view kind) {
  for (const KindInfo& known : table()) {
    if (known.name == kind && known.api_version() == api_version) return known.kind;
  }
  return std::nullopt;
}

std::optional<ObjectKind> parse_resource(std::string_view word) {
  std::string lower;
  for (const char letter : word) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  const std::size_t dot = lower.find('.');
  const std::string name = lower.substr(0, dot);
  const std::string rest = dot == std::string::npos ? std::string() : lower.substr(dot + 1);
  for (const KindInfo& known : table()) {
    const bool named = name == known.plural || name == known.singular ||
                       std::ranges::find(known.short_names, name) != known.short_names.end();
    if (!named) continue;
    if (rest.empty() || rest == known.group || rest == fmt::format("{}.{}", known.version, known.group))
      return known.kind;
  }
  return std::nullopt;
}

}  // namespace ekspath
