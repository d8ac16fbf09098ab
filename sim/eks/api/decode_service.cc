#include <fmt/format.h>

#include <algorithm>

#include "sim/eks/api/decode_parts.hh"

namespace ekspath {
namespace {

constexpr std::string_view port_range = "must be between 1 and 65535, inclusive";

std::optional<ServiceType> service_type(std::string_view text) {
  if (text == "ClusterIP") return ServiceType::cluster_ip;
  if (text == "NodePort") return ServiceType::node_port;
  if (text == "LoadBalancer") return ServiceType::load_balancer;
  if (text == "ExternalName") return ServiceType::external_name;
  return std::nullopt;
}

void check_protocol(const std::string& protocol, const std::string& path, FieldErrors& errors) {
  if (protocol != "TCP" && protocol != "UDP" && protocol != "SCTP")
    errors.unsupported(path + ".protocol", protocol, {"SCTP", "TCP", "UDP"});
}

ServicePortSpec decode_service_port(Document& port, const std::string& path, bool named,
                                    FieldErrors& errors) {
  set_default(port, "protocol", "TCP");
  set_default(port, "targetPort", port.contains("port") ? port["port"] : Document(0));
  ServicePortSpec out;
  out.name = text_at(port, "name");
  if (out.name.empty() && named) errors.required(path + ".name");
  out.protocol = text_at(port, "protocol");
  check_protocol(out.protocol, path, errors);
  out.app_protocol = text_at(port, "appProtocol");
  const std::int64_t number = number_at(port, "port");
  if (number < 1 || number > 65535) errors.invalid_number(path + ".port", number, port_range);
  out.port = static_cast<std::uint16_t>(number);
  out.target_port = number_or_text(port["targetPort"]);
  if (const auto* target = std::get_if<std::int32_t>(&out.target_port)) {
    if (number >= 1 && (*target < 1 || *target > 65535))
      errors.invalid_number(path + ".targetPort", *target, port_range);
  }
  out.node_port = static_cast<std::uint16_t>(number_at(port, "nodePort"));
  return out;
}

void decode_ports(Document& spec, ServiceSpec& out, FieldErrors& errors) {
  Document* ports = member(spec, "ports");
  if (ports == nullptr || ports->empty()) {
    // pkg/apis/core/validation ValidateService(): a headless service may have none.
    if (!out.headless && out.type != ServiceType::external_name) errors.required("spec.ports");
    return;
  }
  for (std::size_t i = 0; i < ports->size(); ++i) {
    const std::string path = fmt::format("spec.ports[{}]", i);
    ServicePortSpec port = decode_service_port((*ports)[i], path, ports->size() > 1, errors);
    for (const ServicePortSpec& other : out.ports) {
      if (other.name == port.name && !port.name.empty())
        errors.add(path + ".name", fmt::format("Duplicate value: \"{}\"", port.name));
      if (other.port == port.port && other.protocol == port.protocol)
        errors.add(path, fmt::format("Duplicate value: core.ServicePort{{Name:\"\", Protocol:\"{}\", "
                                     "AppProtocol:(*string)(nil), Port:{}, TargetPort:intstr.IntOrString"
                                     "{{Type:0, IntVal:0, StrVal:\"\"}}, NodePort:0}}",
                                     port.protocol, port.port));
    }
    if (port.node_port != 0 && out.type == ServiceType::cluster_ip)
      errors.add(path + ".nodePort", "Forbidden: may not be used when `type` is 'ClusterIP'");
    out.ports.push_back(std::move(port));
  }
}

void decode_addresses(const Document& spec, ServiceSpec& out, FieldErrors& errors) {
  for (const std::string& text : texts_at(spec, "externalIPs")) {
    if (const auto address = Ipv4Address::parse(text)) {
      out.external_ips.push_back(*address);
    } else {
      errors.invalid_text("spec.externalIPs[0]", text, "must be a valid IP address, (e.g. 10.9.8.7)");
    }
  }
  for (const std::string& text : texts_at(spec, "loadBalancerSourceRanges")) {
    if (const auto range = Prefix::parse_loose(text)) {
      out.load_balancer_source_ranges.push_back(*range);
    } else {
      errors.invalid_text("spec.LoadBalancerSourceRanges", text,
                          "must be a list of IP ranges. For example, 10.240.0.0/24,10.250.0.0/24");
    }
  }
}

void decode_cluster_ip(const Document& spec, ServiceSpec& out, FieldErrors& errors) {
  std::string text = text_at(spec, "clusterIP");
  if (text.empty()) {
    const auto listed = texts_at(spec, "clusterIPs");
    if (!listed.empty()) text = listed.front();
  }
  if (text.empty()) return;
  if (text == "None") {
    out.headless = true;
    if (out.type == ServiceType::node_port || out.type == ServiceType::load_balancer)
      errors.invalid_text("spec.clusterIPs[0]", "None",
                          fmt::format("may not be set to 'None' for {} services", text_at(spec, "type")));
  } else if (const auto address = Ipv4Address::parse(text)) {
    out.cluster_ip = *address;
  } else {
    errors.invalid_text("spec.clusterIPs[0]", text,
                        "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
  }
}

bool is_local_policy(Document& spec, const char* key, FieldErrors& errors) {
  set_default(spec, key, "Cluster");
  const std::string policy = text_at(spec, key);
  if (policy != "Cluster" && policy != "Local")
    errors.unsupported(fmt::format("spec.{}", key), policy, {"Cluster", "Local"});
  return policy == "Local";
}

EndpointPort decode_endpoint_port(const Document& port, const std::string& path, FieldErrors& errors) {
  EndpointPort out{text_at(port, "name"), text_at(port, "protocol", "TCP"), text_at(port, "appProtocol"),
                   static_cast<std::uint16_t>(number_at(port, "port"))};
  check_protocol(out.protocol, path, errors);
  const std::int64_t number = number_at(port, "port");
  if (number < 1 || number > 65535) errors.invalid_number(path + ".port", number, port_range);
  return out;
}

std::optional<ObjectReference> decode_reference(const Document* target) {
  if (target == nullptr || text_at(*target, "kind") != "Pod") return std::nullopt;
  return ObjectReference{ObjectKind::pod, text_at(*target, "namespace"), text_at(*target, "name"),
                         text_at(*target, "uid"), ""};
}

std::optional<Ipv4Address> decode_endpoint_address(const std::string& text, const std::string& path,
                                                   FieldErrors& errors) {
  const auto address = Ipv4Address::parse(text);
  // validateNonSpecialIP(): an endpoint may not be unspecified, loopback, link-local or multicast.
  const bool special = address && (address->is_unspecified() || address->bits() >> 24 == 127 ||
                                   address->bits() >> 16 == 0xa9fe || address->bits() >> 28 == 14);
  if (!address) {
    errors.invalid_text(path, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
  } else if (special) {
    errors.invalid_text(path, text,
                        "may not be an address that is unspecified, loopback, link-local or multicast");
    return std::nullopt;
  }
  return address;
}

std::vector<EndpointsContent::Address> decode_addresses_of(const Document& subset, std::string_view key,
                                                           const std::string& path, FieldErrors& errors) {
  std::vector<EndpointsContent::Address> out;
  const Document* addresses = member(subset, key);
  if (addresses == nullptr) return out;
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    const Document& one = (*addresses)[i];
    const auto ip =
        decode_endpoint_address(text_at(one, "ip"), fmt::format("{}.{}[{}].ip", path, key, i), errors);
    if (ip)
      out.push_back({*ip, text_at(one, "hostname"), text_at(one, "nodeName"),
                     decode_reference(member(one, "targetRef"))});
  }
  return out;
}

}  // namespace

ServiceSpec decode_service(Document& spec, FieldErrors& errors) {
  // pkg/apis/core/v1/defaults.go SetDefaults_Service()
  set_default(spec, "type", "ClusterIP");
  set_default(spec, "sessionAffinity", "None");
  ServiceSpec out;
  const std::string type = text_at(spec, "type");
  if (const auto known = service_type(type)) {
    out.type = *known;
  } else {
    errors.unsupported("spec.type", type, {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"});
  }
  out.external_name = text_at(spec, "externalName");
  out.selector = labels_at(spec, "selector");
  if (out.type == ServiceType::external_name) {
    if (out.external_name.empty()) {
      errors.required("spec.externalName");
    } else if (!is_dns_subdomain(out.external_name.substr(
                   0, out.external_name.size() - (out.external_name.ends_with('.') ? 1 : 0)))) {
      errors.invalid_text(
          "spec.externalName", out.external_name,
          "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
          "'-' or '.', and must start and end with an alphanumeric character");
    }
  } else {
    decode_cluster_ip(spec, out, errors);
    out.internal_policy_local = is_local_policy(spec, "internalTrafficPolicy", errors);
  }
  decode_ports(spec, out, errors);
  const std::string affinity = text_at(spec, "sessionAffinity");
  out.client_ip_affinity = affinity == "ClientIP";
  if (affinity != "ClientIP" && affinity != "None")
    errors.unsupported("spec.sessionAffinity", affinity, {"ClientIP", "None"});
  if (out.client_ip_affinity) {
    set_default(spec, "sessionAffinityConfig", Document::object());
    set_default(spec["sessionAffinityConfig"], "clientIP", Document::object());
    set_default(spec["sessionAffinityConfig"]["clientIP"], "timeoutSeconds", 10800);
    const std::int64_t seconds = number_at(spec["sessionAffinityConfig"]["clientIP"], "timeoutSeconds");
    if (seconds < 1 || seconds > 86400)
      errors.invalid_number("spec.sessionAffinityConfig.clientIP.timeoutSeconds", seconds,
                            "must be greater than 0 and less than 86400");
    out.affinity_timeout_seconds = static_cast<std::int32_t>(seconds);
  }
  if (out.type == ServiceType::node_port || out.type == ServiceType::load_balancer)
    out.external_policy_local = is_local_policy(spec, "externalTrafficPolicy", errors);
  if (out.type == ServiceType::load_balancer) {
    set_default(spec, "allocateLoadBalancerNodePorts", true);
    out.allocate_load_balancer_node_ports = flag_at(spec, "allocateLoadBalancerNodePorts");
    out.load_balancer_class = text_at(spec, "loadBalancerClass");
  }
  out.health_check_node_port = static_cast<std::uint16_t>(number_at(spec, "healthCheckNodePort"));
  out.publish_not_ready_addresses = flag_at(spec, "publishNotReadyAddresses");
  decode_addresses(spec, out, errors);
  return out;
}

EndpointsContent decode_endpoints(const Document& document, FieldErrors& errors) {
  EndpointsContent out;
  const Document* subsets = member(document, "subsets");
  if (subsets == nullptr) return out;
  for (std::size_t i = 0; i < subsets->size(); ++i) {
    const std::string path = fmt::format("subsets[{}]", i);
    const Document& one = (*subsets)[i];
    EndpointsContent::Subset subset;
    subset.ready = decode_addresses_of(one, "addresses", path, errors);
    subset.not_ready = decode_addresses_of(one, "notReadyAddresses", path, errors);
    if (const Document* ports = member(one, "ports")) {
      for (std::size_t port = 0; port < ports->size(); ++port)
        subset.ports.push_back(
            decode_endpoint_port((*ports)[port], fmt::format("{}.ports[{}]", path, port), errors));
    }
    if (subset.ready.empty() && subset.not_ready.empty())
      errors.required(path, "must specify `addresses` or `notReadyAddresses`");
    out.subsets.push_back(std::move(subset));
  }
  return out;
}

EndpointSliceContent decode_endpoint_slice(const Document& document, FieldErrors& errors) {
  EndpointSliceContent out;
  out.address_type = text_at(document, "addressType");
  if (out.address_type != "IPv4") {
    if (out.address_type.empty()) {
      errors.required("addressType");
    } else {
      errors.add("addressType",
                 fmt::format("Unsupported value: \"{}\": only IPv4 is modelled", out.address_type));
    }
  }
  if (const Document* endpoints = member(document, "endpoints")) {
    for (std::size_t i = 0; i < endpoints->size(); ++i) {
      const Document& one = (*endpoints)[i];
      EndpointSliceContent::Endpoint endpoint;
      for (const std::string& text : texts_at(one, "addresses")) {
        if (const auto ip =
                decode_endpoint_address(text, fmt::format("endpoints[{}].addresses[0]", i), errors))
          endpoint.addresses.push_back(*ip);
      }
      const Document conditions = one.value("conditions", Document::object());
      // Absent means true, and false for terminating. discovery/v1 types.go EndpointConditions
      endpoint.ready = flag_at(conditions, "ready", true);
      endpoint.serving = flag_at(conditions, "serving", endpoint.ready);
      endpoint.terminating = flag_at(conditions, "terminating");
      endpoint.hostname = text_at(one, "hostname");
      endpoint.node_name = text_at(one, "nodeName");
      endpoint.zone = text_at(one, "zone");
      endpoint.target = decode_reference(member(one, "targetRef"));
      out.endpoints.push_back(std::move(endpoint));
    }
  }
  if (const Document* ports = member(document, "ports")) {
    for (std::size_t i = 0; i < ports->size(); ++i)
      out.ports.push_back(decode_endpoint_port((*ports)[i], fmt::format("ports[{}]", i), errors));
  }
  return out;
}

}  // namespace ekspath
