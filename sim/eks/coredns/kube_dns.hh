#pragma once

#include <string>
#include <vector>

#include "sim/base/ipv4_address.hh"
#include "sim/base/prefix.hh"
#include "sim/eks/api/store.hh"

namespace ekspath {

/// The tenth address of the services: the cluster's DNS. facts/kube-proxy.md 12
[[nodiscard]] constexpr Ipv4Address kube_dns_address(Prefix services) { return services.network().plus(10); }

/// A CoreDNS pod that was placed by hand.
struct PlacedCoreDns {
  std::string name;
  std::string node;  // as Kubernetes calls it
  Ipv4Address address;
};
/// The objects kube-system/kube-dns (Service and EndpointSlice) and ConfigMap coredns for such pods, as EKS
/// installs them: what kube-proxy and CoreDNS itself read. For a cluster whose control plane has made none.
void add_kube_dns(ObjectStore& objects, Ipv4Address address, const std::vector<PlacedCoreDns>& pods);

/// The Corefile of the ConfigMap coredns; EKS's own where there is no such object.
[[nodiscard]] std::string installed_corefile(const ObjectStore& objects);

}  // namespace ekspath
