#include "sim/eks/kube_proxy/endpoint_choice.hh"

#include <algorithm>
#include <iterator>

namespace ekspath {
namespace {

bool drains(const ServiceEndpoint& endpoint) { return endpoint.serving && endpoint.terminating; }

/// The ready ones; if there is none, those that still serve while they terminate.
std::vector<const ServiceEndpoint*> usable(const std::vector<const ServiceEndpoint*>& endpoints) {
  std::vector<const ServiceEndpoint*> result;
  std::ranges::copy_if(endpoints, std::back_inserter(result), &ServiceEndpoint::ready);
  if (result.empty()) {
    std::ranges::copy_if(endpoints, std::back_inserter(result),
                         [](const ServiceEndpoint* endpoint) { return drains(*endpoint); });
  }
  return result;
}

}  // namespace

EndpointChoice choose_endpoints(const ServicePort& port, const std::vector<ServiceEndpoint>& endpoints,
                                std::string_view node) {
  std::vector<const ServiceEndpoint*> all;
  std::vector<const ServiceEndpoint*> of_node;
  for (const ServiceEndpoint& endpoint : endpoints) {
    all.push_back(&endpoint);
    if (endpoint.node == node) of_node.push_back(&endpoint);
  }
  EndpointChoice choice;
  if (port.uses_cluster_endpoints()) choice.cluster = usable(all);
  if (port.uses_local_endpoints()) choice.local = usable(of_node);
  choice.any = port.uses_local_endpoints() ? !usable(all).empty() : !choice.cluster.empty();
  // A draining local endpoint may be offered locally while the cluster's set has only ready ones. Both lists
  // are in the order of `endpoints`, hence of addresses.
  std::ranges::set_union(choice.cluster, choice.local, std::back_inserter(choice.reachable));
  return choice;
}

}  // namespace ekspath
