#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/eks/kube_proxy/port_rules.hh"
#include "sim/eks/kube_proxy/service_port.hh"

namespace ekspath {

/// What the kube-proxies of a cluster know of its services and endpoints. Each real one keeps this for
/// itself; theirs are equal, so ours is held once, with the rules that are the same on every node.
class ServiceTable {
 public:
  /// The endpoints of one port of a service, by the port's name.
  struct NamedEndpoints {
    std::string port;
    ServiceProtocol protocol = ServiceProtocol::tcp;
    std::vector<ServiceEndpoint> endpoints;
  };

  /// All ports of a service, in place of those that it had; none: it is gone, or has no address. False:
  /// nothing changed.
  bool put_service(const ServiceName& service, std::vector<ServicePort> ports);
  /// All endpoints of a service, ready or not.
  bool put_endpoints(const ServiceName& service, std::vector<NamedEndpoints> endpoints);

  struct Entry {
    ServicePort port;
    PortEndpoints endpoints;
  };
  /// Sorted by namespace, service, port: a real kube-proxy writes its rules in the arbitrary order of a Go
  /// map.
  [[nodiscard]] const std::map<ServicePortName, Entry>& entries() const { return entries_; }
  [[nodiscard]] const Entry* find(const ServicePortName& name) const;
  /// Over all service ports: what decides about the large-cluster mode.
  [[nodiscard]] std::size_t endpoint_count() const { return endpoint_count_; }

  /// port_rules() for this node; the result is good until the next call or change.
  [[nodiscard]] const PortRules& rules(const Entry& entry, const ProxyNode& node, RuleStyle style) const;

  /// What of a service decides about stale UDP connections.
  struct UdpState {
    std::map<ServicePortName, Ipv4Address> ports;  // of the service, with its address
    std::map<ServicePortName, std::vector<std::pair<Ipv4Address, std::string>>>
        serving;  // address and "ip:port"
  };
  [[nodiscard]] UdpState udp_state(const ServiceName& service) const;
  /// How many addresses of ready endpoints of the service are on that node.
  /// EndpointsMap.LocalReadyEndpoints()
  [[nodiscard]] std::size_t local_ready_endpoints(const ServiceName& service, const std::string& node) const;

 private:
  using PortKey = std::pair<std::string, ServiceProtocol>;

  void rebuild(const ServiceName& service);

  std::map<ServiceName, std::vector<ServicePort>> services_;
  std::map<ServiceName, std::map<PortKey, PortEndpoints>> endpoints_;
  std::map<ServicePortName, Entry> entries_;
  std::size_t endpoint_count_ = 0;
  struct Written {
    RuleStyle style;
    PortRules rules;
  };
  mutable std::map<ServicePortName, Written> written_;  // of entries whose rules are the same on all nodes
  mutable PortRules of_one_node_;
};

}  // namespace ekspath
