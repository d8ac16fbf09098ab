#include <set>

#include "sim/lab/commands/kubectl_describe_parts.hh"

namespace ekspath {
namespace {

constexpr std::size_t endpoints_shown = 3;

std::vector<std::string> texts_of(const Document& list) {
  std::vector<std::string> texts;
  for (const Document& one : list) texts.push_back(scalar_text(one));
  return texts;
}

std::string listed_or_none(const Document& list) {
  return list.empty() ? "<none>" : joined_texts(texts_of(list), ",");
}

/// buildIngressString()
std::string ingress_text(const Document& ingress) {
  std::vector<std::string> texts;
  for (const Document& one : ingress) {
    const std::string ip = text_at(one, {"ip"}), mode = text_at(one, {"ipMode"});
    texts.push_back(ip.empty() ? text_at(one, {"hostname"}) : ip + (mode.empty() ? "" : " (" + mode + ")"));
  }
  return joined_texts(texts, ", ");
}

void describe_port(DescriptionWriter& out, const Document& port, const std::vector<Document>& slices) {
  const std::string given = text_at(port, {"name"}), name = given.empty() ? "<unset>" : given,
                    protocol = text_at(port, {"protocol"});
  out.line(0, "Port:\t{}\t{}/{}", name, number_at(port, {"port"}), protocol);
  out.line(0, "TargetPort:\t{}/{}", scalar_text(document_at(port, {"targetPort"})), protocol);
  if (const std::int64_t node_port = number_at(port, {"nodePort"}); node_port != 0)
    out.line(0, "NodePort:\t{}\t{}/{}", name, node_port, protocol);
  out.line(0, "Endpoints:\t{}", endpoint_slice_text(slices, given));
}

void optional_line(DescriptionWriter& out, std::string_view title, const std::string& text) {
  if (!text.empty()) out.line(0, "{}:\t{}", title, text);
}

std::string text_or_unset(const Document& value) { return value.is_null() ? "<unset>" : scalar_text(value); }

}  // namespace

std::string load_balancer_text(const Document& load_balancer) {
  std::set<std::string> addresses;
  for (const Document& one : document_at(load_balancer, {"ingress"})) {
    const std::string ip = text_at(one, {"ip"});
    addresses.insert(ip.empty() ? text_at(one, {"hostname"}) : ip);
  }
  return joined_texts({addresses.begin(), addresses.end()}, ",");
}

std::vector<Document> slices_of(const ClusterReader& reader, const std::string& name_space,
                                const std::string& service) {
  std::vector<Document> slices;
  for (Document& slice : reader.list(ObjectKind::endpoint_slice, name_space)) {
    if (text_at(slice, {"metadata", "labels", "kubernetes.io/service-name"}) == service)
      slices.push_back(std::move(slice));
  }
  return slices;
}

/// formatEndpointSlices(): ready or not, in the order of the slices.
std::string endpoint_slice_text(const std::vector<Document>& slices, std::string_view port_name) {
  if (slices.empty()) return "<none>";
  std::vector<std::string> shown;
  std::size_t count = 0;
  const auto add = [&](const Document& slice, const std::string& suffix) {
    for (const Document& endpoint : document_at(slice, {"endpoints"})) {
      if (++count <= endpoints_shown)
        shown.push_back(scalar_text(document_at(endpoint, {"addresses"}).at(0)) + suffix);
    }
  };
  for (const Document& slice : slices) {
    const Document& ports = document_at(slice, {"ports"});
    if (ports.empty()) add(slice, "");
    for (const Document& port : ports) {
      if (text_at(port, {"name"}) == port_name) add(slice, fmt::format(":{}", number_at(port, {"port"})));
    }
  }
  const std::string text = joined_texts(shown, ",");
  return count > endpoints_shown ? fmt::format("{} + {} more...", text, count - endpoints_shown) : text;
}

void describe_service(DescriptionWriter& out, const ClusterReader& reader, const Document& service) {
  const Document& spec = document_at(service, {"spec"});
  const std::string name = text_at(service, {"metadata", "name"}),
                    name_space = text_at(service, {"metadata", "namespace"});
  out.line(0, "Name:\t{}", name);
  out.line(0, "Namespace:\t{}", name_space);
  describe_labels(out, "Labels", document_at(service, {"metadata", "labels"}));
  describe_annotations(out, "Annotations", document_at(service, {"metadata", "annotations"}));
  out.line(0, "Selector:\t{}", label_text(document_at(spec, {"selector"})));
  out.line(0, "Type:\t{}", text_at(spec, {"type"}));
  optional_line(out, "IP Family Policy", text_at(spec, {"ipFamilyPolicy"}));
  out.line(0, "IP Families:\t{}", listed_or_none(document_at(spec, {"ipFamilies"})));
  out.line(0, "IP:\t{}", text_at(spec, {"clusterIP"}));
  out.line(0, "IPs:\t{}", listed_or_none(document_at(spec, {"clusterIPs"})));
  optional_line(out, "External IPs", joined_texts(texts_of(document_at(spec, {"externalIPs"})), ","));
  optional_line(out, "Desired LoadBalancer IP", text_at(spec, {"loadBalancerIP"}));
  optional_line(out, "External Name", text_at(spec, {"externalName"}));
  optional_line(out, "LoadBalancer Ingress",
                ingress_text(document_at(service, {"status", "loadBalancer", "ingress"})));
  const std::vector<Document> slices = slices_of(reader, name_space, name);
  for (const Document& port : document_at(spec, {"ports"})) describe_port(out, port, slices);
  out.line(0, "Session Affinity:\t{}", text_at(spec, {"sessionAffinity"}));
  optional_line(out, "External Traffic Policy", text_at(spec, {"externalTrafficPolicy"}));
  optional_line(out, "Internal Traffic Policy", text_at(spec, {"internalTrafficPolicy"}));
  optional_line(out, "HealthCheck NodePort", scalar_text(document_at(spec, {"healthCheckNodePort"})));
  optional_line(out, "LoadBalancer Source Ranges",
                joined_texts(texts_of(document_at(spec, {"loadBalancerSourceRanges"})), ","));
}

void describe_endpoints(DescriptionWriter& out, const ClusterReader&, const Document& endpoints) {
  out.line(0, "Name:\t{}", text_at(endpoints, {"metadata", "name"}));
  out.line(0, "Namespace:\t{}", text_at(endpoints, {"metadata", "namespace"}));
  describe_labels(out, "Labels", document_at(endpoints, {"metadata", "labels"}));
  describe_annotations(out, "Annotations", document_at(endpoints, {"metadata", "annotations"}));
  out.line(0, "Subsets:");
  for (const Document& subset : document_at(endpoints, {"subsets"})) {
    for (const auto& [field, title] :
         {std::pair("addresses", "Addresses"), std::pair("notReadyAddresses", "NotReadyAddresses")}) {
      std::vector<std::string> addresses;
      for (const Document& address : document_at(subset, {field}))
        addresses.push_back(text_at(address, {"ip"}));
      out.line(1, "{}:\t{}", title, addresses.empty() ? "<none>" : joined_texts(addresses, ","));
    }
    if (const Document& ports = document_at(subset, {"ports"}); !ports.empty()) {
      out.line(1, "Ports:");
      out.line(2, "Name\tPort\tProtocol");
      out.line(2, "----\t----\t--------");
      for (const Document& port : ports) {
        const std::string name = text_at(port, {"name"});
        out.line(2, "{}\t{}\t{}", name.empty() ? "<unset>" : name, number_at(port, {"port"}),
                 text_at(port, {"protocol"}));
      }
    }
    out.line(0, "");
  }
}

void describe_endpoint_slice(DescriptionWriter& out, const ClusterReader&, const Document& slice) {
  out.line(0, "Name:\t{}", text_at(slice, {"metadata", "name"}));
  out.line(0, "Namespace:\t{}", text_at(slice, {"metadata", "namespace"}));
  describe_labels(out, "Labels", document_at(slice, {"metadata", "labels"}));
  describe_annotations(out, "Annotations", document_at(slice, {"metadata", "annotations"}));
  out.line(0, "AddressType:\t{}", text_at(slice, {"addressType"}));
  const Document& ports = document_at(slice, {"ports"});
  out.line(0, "Ports:{}", ports.empty() ? " <unset>" : "");
  if (!ports.empty()) {
    out.line(1, "Name\tPort\tProtocol");
    out.line(1, "----\t----\t--------");
  }
  for (const Document& port : ports) {
    const std::string name = text_at(port, {"name"});
    out.line(1, "{}\t{}\t{}", name.empty() ? "<unset>" : name, text_or_unset(document_at(port, {"port"})),
             text_at(port, {"protocol"}));
  }
  const Document& endpoints = document_at(slice, {"endpoints"});
  out.line(0, "Endpoints:{}", endpoints.empty() ? " <none>" : "");
  for (const Document& endpoint : endpoints) {
    const Document& addresses = document_at(endpoint, {"addresses"});
    out.line(1, "- Addresses:\t{}", addresses.empty() ? "<none>" : joined_texts(texts_of(addresses), ", "));
    out.line(2, "Conditions:");
    out.line(3, "Ready:\t{}", text_or_unset(document_at(endpoint, {"conditions", "ready"})));
    out.line(2, "Hostname:\t{}", text_or_unset(document_at(endpoint, {"hostname"})));
    if (const Document& target = document_at(endpoint, {"targetRef"}); target.is_object())
      out.line(2, "TargetRef:\t{}/{}", text_at(target, {"kind"}), text_at(target, {"name"}));
    out.line(2, "NodeName:\t{}", text_or_unset(document_at(endpoint, {"nodeName"})));
    out.line(2, "Zone:\t{}", text_or_unset(document_at(endpoint, {"zone"})));
  }
}

}  // namespace ekspath
