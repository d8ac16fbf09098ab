#pragma once

#include "sim/eks/cluster.hh"

namespace ekspath {

/// The Node object of an instance that has joined and is Ready.
[[nodiscard]] ApiObject node_object(const Node& node, const Cluster& cluster);

/// Namespaces that every cluster has.
void create_namespaces(ApiServer& api);

/// What EKS puts into a new cluster, once its nodes are there: the services kubernetes and kube-dns, the
/// ConfigMaps, aws-node, kube-proxy and coredns. facts/kube-proxy.md 12. RBAC and service accounts of the
/// system are left out: nothing here is refused for want of rights.
void create_system_objects(Cluster& cluster);

/// CPUs and memory of an instance type, by the rules of its name: what EC2's tables say of the common
/// families.
struct MachineSize {
  std::int64_t cpus = 2;
  std::int64_t memory_mib = 4096;
};
[[nodiscard]] MachineSize machine_size(std::string_view instance_type);

}  // namespace ekspath
