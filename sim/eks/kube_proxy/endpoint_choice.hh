#pragma once

#include <string_view>
#include <vector>

#include "sim/eks/kube_proxy/service_port.hh"

namespace ekspath {

/// Which of a port's endpoints one node offers to which traffic; each list in the order of the whole.
struct EndpointChoice {
  std::vector<const ServiceEndpoint*> cluster;    // to traffic of policy Cluster
  std::vector<const ServiceEndpoint*> local;      // to traffic of policy Local
  std::vector<const ServiceEndpoint*> reachable;  // to any: those that get a chain
  bool any = false;                               // whether there is a usable one on whatever node
};

/// kubernetes pkg/proxy/topology.go CategorizeEndpoints(); facts/kube-proxy.md 6. Topology hints are not
/// modelled: no controller of ours writes them. `endpoints` stay where they are as long as the result is
/// used.
[[nodiscard]] EndpointChoice choose_endpoints(const ServicePort& port,
                                              const std::vector<ServiceEndpoint>& endpoints,
                                              std::string_view node);

}  // namespace ekspath
