#include <algorithm>

#include "sim/eks/kube_proxy/service_proxies.hh"

namespace ekspath {
namespace {

std::optional<ServiceProtocol> protocol_of(std::string_view text) {
  if (text == "TCP") return ServiceProtocol::tcp;
  if (text == "UDP") return ServiceProtocol::udp;
  return std::nullopt;  // SCTP: docs/limitations.md
}

}  // namespace

std::vector<ServicePort> service_ports(const ApiObject& service) {
  const auto& spec = service.as<ServiceSpec>();
  const bool is_ours = !service.meta.labels.contains("service.kubernetes.io/service-proxy-name");
  if (!is_ours || spec.type == ServiceType::external_name || spec.cluster_ip.is_unspecified()) return {};
  std::vector<ServicePort> ports;
  for (const ServicePortSpec& one : spec.ports) {
    const auto protocol = protocol_of(one.protocol);
    if (!protocol) continue;
    ServicePort port;
    port.name = {{service.meta.name_space, service.meta.name}, one.name, *protocol};
    port.cluster_ip = spec.cluster_ip;
    port.port = one.port;
    port.node_port = one.node_port;
    port.external_ips = spec.external_ips;
    port.source_ranges = spec.load_balancer_source_ranges;
    if (spec.internal_policy_local) port.internal_policy = TrafficPolicy::local;
    if (spec.external_policy_local) port.external_policy = TrafficPolicy::local;
    if (spec.client_ip_affinity)
      port.affinity_seconds = static_cast<std::uint32_t>(spec.affinity_timeout_seconds);
    if (spec.type == ServiceType::load_balancer && spec.external_policy_local)
      port.health_check_node_port = spec.health_check_node_port;
    if (const auto* status = service.find<ServiceStatus>()) {
      for (const ServiceStatus::Ingress& ingress : status->load_balancer) {
        if (ingress.address) port.load_balancer_ips.push_back(*ingress.address);
      }
    }
    ports.push_back(std::move(port));
  }
  return ports;
}

std::vector<ServiceTable::NamedEndpoints> named_endpoints(const ApiObject& slice) {
  const auto& content = slice.as<EndpointSliceContent>();
  std::vector<ServiceTable::NamedEndpoints> result;
  if (content.address_type != "IPv4" || slice.meta.labels.contains("service.kubernetes.io/headless"))
    return result;
  for (const EndpointPort& port : content.ports) {
    const auto protocol = protocol_of(port.protocol);
    if (!protocol || port.port == 0) continue;
    ServiceTable::NamedEndpoints named{port.name, *protocol, {}};
    for (const EndpointSliceContent::Endpoint& one : content.endpoints) {
      if (one.addresses.empty()) continue;
      named.endpoints.push_back(
          {one.addresses.front(), port.port, one.node_name, one.ready, one.serving, one.terminating});
    }
    result.push_back(std::move(named));
  }
  return result;
}

}  // namespace ekspath
