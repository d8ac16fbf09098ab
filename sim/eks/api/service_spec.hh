#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/ipv4_address.hh"
#include "sim/base/prefix.hh"
#include "sim/eks/api/pod_spec.hh"

namespace ekspath {

enum class ServiceType : std::uint8_t { cluster_ip, node_port, load_balancer, external_name };

struct ServicePortSpec {
  std::string name;  // empty: the only port of its service
  std::string protocol = "TCP";
  std::string app_protocol;
  std::uint16_t port = 0;
  NumberOrText target_port = 0;
  std::uint16_t node_port = 0;  // 0: none
};

struct ServiceSpec {
  ServiceType type = ServiceType::cluster_ip;
  Ipv4Address cluster_ip;  // unspecified: headless, or ExternalName
  bool headless = false;   // clusterIP: None
  std::string external_name;
  Labels selector;  // empty: somebody else keeps the endpoints
  std::vector<ServicePortSpec> ports;
  bool client_ip_affinity = false;
  std::int32_t affinity_timeout_seconds = 10800;
  bool external_policy_local = false;
  bool internal_policy_local = false;
  bool publish_not_ready_addresses = false;
  bool allocate_load_balancer_node_ports = true;
  std::uint16_t health_check_node_port = 0;  // 0: none
  std::vector<Ipv4Address> external_ips;
  std::vector<Prefix> load_balancer_source_ranges;
  std::string load_balancer_class;
};

struct ServiceStatus {
  struct Ingress {
    std::optional<Ipv4Address> address;
    std::string hostname;
  };
  std::vector<Ingress> load_balancer;
};

/// A reference from one object to another.
struct ObjectReference {
  ObjectKind kind = ObjectKind::pod;
  std::string name_space;
  std::string name;
  std::string uid;
  std::string field_path;  // "spec.containers{nginx}"

  friend bool operator==(const ObjectReference&, const ObjectReference&) = default;
};

struct EndpointPort {
  std::string name;
  std::string protocol = "TCP";
  std::string app_protocol;
  std::uint16_t port = 0;

  friend bool operator==(const EndpointPort&, const EndpointPort&) = default;
  friend auto operator<=>(const EndpointPort&, const EndpointPort&) = default;
};

/// Endpoints (v1): sets of addresses that share ports.
struct EndpointsContent {
  struct Address {
    Ipv4Address ip;
    std::string hostname;
    std::string node_name;
    std::optional<ObjectReference> target;

    friend bool operator==(const Address&, const Address&) = default;
  };
  struct Subset {
    std::vector<Address> ready;
    std::vector<Address> not_ready;
    std::vector<EndpointPort> ports;

    friend bool operator==(const Subset&, const Subset&) = default;
  };
  std::vector<Subset> subsets;

  friend bool operator==(const EndpointsContent&, const EndpointsContent&) = default;
};

/// EndpointSlice (discovery.k8s.io/v1); its service is the label kubernetes.io/service-name.
struct EndpointSliceContent {
  struct Endpoint {
    std::vector<Ipv4Address> addresses;  // kube-proxy reads the first alone
    bool ready = true;                   // never of a terminating one
    bool serving = true;                 // ready, but for termination
    bool terminating = false;
    std::string hostname;
    std::string node_name;
    std::string zone;
    std::optional<ObjectReference> target;

    friend bool operator==(const Endpoint&, const Endpoint&) = default;
  };
  std::string address_type = "IPv4";
  std::vector<Endpoint> endpoints;
  std::vector<EndpointPort> ports;

  friend bool operator==(const EndpointSliceContent&, const EndpointSliceContent&) = default;
};

/// The label that joins a slice to its service.
inline constexpr std::string_view service_name_label = "kubernetes.io/service-name";

}  // namespace ekspath
