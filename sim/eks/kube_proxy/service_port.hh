#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/ipv4_address.hh"
#include "sim/base/prefix.hh"

namespace ekspath {

struct ServiceName {
  std::string name_space;
  std::string name;

  friend auto operator<=>(const ServiceName&, const ServiceName&) = default;
};

/// SCTP is not modelled: nothing below routes it by port.
enum class ServiceProtocol : std::uint8_t { tcp, udp };
/// "tcp", as rules name it.
[[nodiscard]] std::string_view to_string(ServiceProtocol protocol);

/// kubernetes pkg/proxy/types.go ServicePortName
struct ServicePortName {
  ServiceName service;
  std::string port;  // empty: the only port of its service
  ServiceProtocol protocol = ServiceProtocol::tcp;

  /// "default/web:http", "default/web": without the protocol, as comments and hashes have it.
  [[nodiscard]] std::string text() const;

  friend auto operator<=>(const ServicePortName&, const ServicePortName&) = default;
};

/// Which endpoints a kind of traffic may reach: all, or those of the node where the packet is.
enum class TrafficPolicy : std::uint8_t { cluster, local };

/// What kube-proxy makes rules from: one port of a Service that has a cluster address. kubernetes
/// pkg/proxy/serviceport.go BaseServicePortInfo
struct ServicePort {
  ServicePortName name;
  Ipv4Address cluster_ip;
  std::uint16_t port = 0;
  std::uint16_t node_port = 0;               // 0: none
  std::uint16_t health_check_node_port = 0;  // 0: none
  std::vector<Ipv4Address> external_ips;
  std::vector<Ipv4Address> load_balancer_ips;  // of status.loadBalancer.ingress; AWS publishes names instead
  std::vector<Prefix> source_ranges;
  TrafficPolicy internal_policy = TrafficPolicy::cluster;
  TrafficPolicy external_policy = TrafficPolicy::cluster;
  std::optional<std::uint32_t> affinity_seconds;  // sessionAffinity: ClientIP

  /// By a NodePort, a load balancer's address or an external one.
  [[nodiscard]] bool externally_accessible() const {
    return node_port != 0 || !load_balancer_ips.empty() || !external_ips.empty();
  }
  /// Even with two Local policies an external port needs them: what comes from the node itself goes to all.
  [[nodiscard]] bool uses_cluster_endpoints() const {
    return internal_policy == TrafficPolicy::cluster || externally_accessible();
  }
  [[nodiscard]] bool uses_local_endpoints() const {
    return internal_policy == TrafficPolicy::local ||
           (external_policy == TrafficPolicy::local && externally_accessible());
  }

  friend bool operator==(const ServicePort&, const ServicePort&) = default;
};

/// One address and port behind a service port. kubernetes pkg/proxy/endpoint.go BaseEndpointInfo
struct ServiceEndpoint {
  Ipv4Address address;
  std::uint16_t port = 0;
  std::string node;  // the Node object's name
  bool ready = true;
  bool serving = true;
  bool terminating = false;

  /// "10.0.1.10:80"
  [[nodiscard]] std::string text() const;

  friend bool operator==(const ServiceEndpoint&, const ServiceEndpoint&) = default;
};

}  // namespace ekspath
