#include "sim/eks/coredns/kube_dns.hh"

#include "sim/base/assert.hh"
#include "sim/eks/coredns/corefile.hh"

namespace ekspath {
namespace {

constexpr std::string_view system_namespace = "kube-system";

ApiObject object_of(ObjectKind kind, std::string name) {
  ApiObject object;
  object.kind = kind;
  object.meta.name_space = system_namespace;
  object.meta.name = std::move(name);
  return object;
}

}  // namespace

void add_kube_dns(ObjectStore& objects, Ipv4Address address, const std::vector<PlacedCoreDns>& pods) {
  if (objects.find(ObjectKind::service, system_namespace, "kube-dns") != nullptr) return;
  ApiObject service = object_of(ObjectKind::service, "kube-dns");
  service.meta.labels = {{"k8s-app", "kube-dns"}, {"kubernetes.io/name", "CoreDNS"}};
  ServiceSpec spec;
  spec.cluster_ip = address;
  spec.ports = {
      {"dns", "UDP", "", 53, 53}, {"dns-tcp", "TCP", "", 53, 53}, {"metrics", "TCP", "", 9153, 9153}};
  service.spec = std::move(spec);
  service.status = ServiceStatus();
  ASSERT(objects.create(std::move(service)));

  ApiObject slice = object_of(ObjectKind::endpoint_slice, "");
  slice.meta.generate_name = "kube-dns-";
  slice.meta.labels[std::string(service_name_label)] = "kube-dns";
  EndpointSliceContent content;
  content.ports = {{"dns", "UDP", "", 53}, {"dns-tcp", "TCP", "", 53}, {"metrics", "TCP", "", 9153}};
  for (const PlacedCoreDns& pod : pods) {
    EndpointSliceContent::Endpoint endpoint;
    endpoint.addresses = {pod.address};
    endpoint.node_name = pod.node;
    endpoint.target = ObjectReference{ObjectKind::pod, std::string(system_namespace), pod.name, "", ""};
    content.endpoints.push_back(std::move(endpoint));
  }
  slice.spec = std::move(content);
  ASSERT(objects.create(std::move(slice)));

  if (objects.find(ObjectKind::config_map, system_namespace, "coredns") != nullptr) return;
  ApiObject config = object_of(ObjectKind::config_map, "coredns");
  config.spec = ConfigMapContent{{{"Corefile", std::string(eks_corefile)}}};
  ASSERT(objects.create(std::move(config)));
}

std::string installed_corefile(const ObjectStore& objects) {
  const ApiObject* config = objects.find(ObjectKind::config_map, system_namespace, "coredns");
  if (config == nullptr) return std::string(eks_corefile);
  const auto& data = config->as<ConfigMapContent>().data;
  const auto text = data.find("Corefile");
  return text == data.end() ? std::string() : text->second;
}

}  // namespace ekspath
