#include "sim/eks/fresh_cluster.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sim/base/assert.hh"
#include "sim/eks/coredns/corefile.hh"
#include "sim/eks/coredns/kube_dns.hh"

namespace ekspath {
namespace {

constexpr std::string_view registry = "602401143452.dkr.ecr.{}.amazonaws.com";

std::string region_of(const Node& node) { return node.zone.substr(0, node.zone.size() - 1); }

/// kubelet's reservation. awslabs/amazon-eks-ami nodeadm/internal/kubelet/config.go: 6 % of the first CPU, 1
/// % of the second, 0.5 % of the next two, 0.25 % of the rest; 11 MiB a pod and 255 more; 100 MiB for
/// eviction.
std::int64_t reserved_cpu_milli(std::int64_t cpus) {
  std::int64_t tenths = 600;
  tenths += std::clamp<std::int64_t>(cpus - 1, 0, 1) * 100;
  tenths += std::clamp<std::int64_t>(cpus - 2, 0, 2) * 50;
  tenths += std::max<std::int64_t>(cpus - 4, 0) * 25;
  return tenths / 10;
}

Quantity quantity(std::string text) { return *Quantity::parse(text); }

void create(Cluster& cluster, Document document) {
  DecodedObject decoded = decode_object(std::move(document));
  if (!decoded.object) fmt::print(stderr, "{}\n", decoded.error().text());
  ASSERT(decoded.object.has_value());
  ASSERT(cluster.api().create(std::move(*decoded.object)));
}

Document system_meta(const char* name, Document labels) {
  return {{"name", name}, {"namespace", "kube-system"}, {"labels", std::move(labels)}};
}

Document tolerate_all() { return {{{"operator", "Exists"}}}; }

/// Of the add-on's manifest: those that the CNI's programming hangs on, as facts/vpc-cni.md 7 lists them,
/// with the scenario's over them.
Document aws_node_environment(const CniEnvironment& environment) {
  CniEnvironment variables{
      {"AWS_VPC_CNI_NODE_PORT_SUPPORT", "true"},
      {"AWS_VPC_ENI_MTU", "9001"},
      {"AWS_VPC_K8S_CNI_EXTERNALSNAT", "false"},
      {"AWS_VPC_K8S_CNI_RANDOMIZESNAT", "prng"},
      {"AWS_VPC_K8S_CNI_VETHPREFIX", "eni"},
      {"ENABLE_PREFIX_DELEGATION", "false"},
      {"WARM_ENI_TARGET", "1"},
      {"WARM_PREFIX_TARGET", "1"},
  };
  for (const auto& [name, value] : environment) variables[name] = value;
  Document list = Document::array();
  for (const auto& [name, value] : variables) list.push_back({{"name", name}, {"value", value}});
  return list;
}

Document aws_node(const Cluster& cluster, const std::string& images) {
  const std::string tag = "v" + to_string(cluster.versions().cni);
  return {
      {"apiVersion", "apps/v1"},
      {"kind", "DaemonSet"},
      {"metadata", system_meta("aws-node", {{"app.kubernetes.io/instance", "aws-vpc-cni"},
                                            {"app.kubernetes.io/name", "aws-node"},
                                            {"app.kubernetes.io/version", tag},
                                            {"k8s-app", "aws-node"}})},
      {"spec",
       {{"selector", {{"matchLabels", {{"k8s-app", "aws-node"}}}}},
        {"updateStrategy", {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxUnavailable", "10%"}}}}},
        {"template",
         {{"metadata",
           {{"labels",
             {{"app.kubernetes.io/instance", "aws-vpc-cni"},
              {"app.kubernetes.io/name", "aws-node"},
              {"k8s-app", "aws-node"}}}}},
          {"spec",
           {{"containers",
             {{{"name", "aws-node"},
               {"image", fmt::format("{}/amazon-k8s-cni:{}", images, tag)},
               {"env", aws_node_environment(cluster.environment())},
               {"ports", {{{"containerPort", 61678}, {"name", "metrics"}}}},
               {"readinessProbe",
                {{"exec",
                  {{"command",
                    {"/app/grpc-health-probe", "-addr=:50051", "-connect-timeout=5s", "-rpc-timeout=5s"}}}},
                 {"initialDelaySeconds", 1},
                 {"timeoutSeconds", 10}}},
               {"resources", {{"requests", {{"cpu", "25m"}}}}}},
              {{"name", "aws-eks-nodeagent"},
               {"image", fmt::format("{}/amazon/aws-network-policy-agent:v1.1.5", images)},
               {"resources", {{"requests", {{"cpu", "25m"}}}}}}}},
            {"hostNetwork", true},
            {"initContainers",
             {{{"name", "aws-vpc-cni-init"},
               {"image", fmt::format("{}/amazon-k8s-cni-init:{}", images, tag)},
               {"resources", {{"requests", {{"cpu", "25m"}}}}}}}},
            {"priorityClassName", "system-node-critical"},
            {"serviceAccountName", "aws-node"},
            {"terminationGracePeriodSeconds", 10},
            {"tolerations", tolerate_all()}}}}}}}};
}

Document kube_proxy(const Cluster& cluster, const std::string& images) {
  const auto& version = cluster.versions().kubernetes;
  return {
      {"apiVersion", "apps/v1"},
      {"kind", "DaemonSet"},
      {"metadata",
       system_meta("kube-proxy", {{"eks.amazonaws.com/component", "kube-proxy"}, {"k8s-app", "kube-proxy"}})},
      {"spec",
       {{"selector", {{"matchLabels", {{"k8s-app", "kube-proxy"}}}}},
        {"updateStrategy", {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxUnavailable", "10%"}}}}},
        {"template",
         {{"metadata", {{"labels", {{"k8s-app", "kube-proxy"}}}}},
          {"spec",
           {{"containers",
             {{{"name", "kube-proxy"},
               {"image",
                fmt::format("{}/eks/kube-proxy:v{}.{}.0-eksbuild.5", images, version.major, version.minor)},
               {"command",
                {"kube-proxy", "--v=2", "--config=/var/lib/kube-proxy-config/config",
                 "--hostname-override=$(NODE_NAME)"}},
               {"resources", {{"requests", {{"cpu", "100m"}}}}}}}},
            {"hostNetwork", true},
            {"priorityClassName", "system-node-critical"},
            {"serviceAccountName", "kube-proxy"},
            {"tolerations", tolerate_all()}}}}}}}};
}

Document coredns(const std::string& images) {
  const Document labels = {{"eks.amazonaws.com/component", "coredns"}, {"k8s-app", "kube-dns"}};
  return {
      {"apiVersion", "apps/v1"},
      {"kind", "Deployment"},
      {"metadata", system_meta("coredns", {{"eks.amazonaws.com/component", "coredns"},
                                           {"k8s-app", "kube-dns"},
                                           {"kubernetes.io/name", "CoreDNS"}})},
      {"spec",
       {{"replicas", 2},
        {"selector", {{"matchLabels", labels}}},
        {"strategy",
         {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxSurge", "25%"}, {"maxUnavailable", 1}}}}},
        {"template",
         {{"metadata", {{"labels", labels}}},
          {"spec",
           {{"containers",
             {{{"name", "coredns"},
               {"image", fmt::format("{}/eks/coredns:v1.11.3-eksbuild.1", images)},
               {"args", {"-conf", "/etc/coredns/Corefile"}},
               {"ports",
                {{{"containerPort", 53}, {"name", "dns"}, {"protocol", "UDP"}},
                 {{"containerPort", 53}, {"name", "dns-tcp"}, {"protocol", "TCP"}},
                 {{"containerPort", 9153}, {"name", "metrics"}, {"protocol", "TCP"}}}},
               {"readinessProbe", {{"httpGet", {{"path", "/ready"}, {"port", 8181}, {"scheme", "HTTP"}}}}},
               {"resources",
                {{"limits", {{"memory", "170Mi"}}}, {"requests", {{"cpu", "100m"}, {"memory", "70Mi"}}}}}}}},
            {"dnsPolicy", "Default"},
            {"priorityClassName", "system-cluster-critical"},
            {"serviceAccountName", "coredns"},
            {"tolerations",
             {{{"effect", "NoSchedule"}, {"key", "node-role.kubernetes.io/control-plane"}},
              {{"key", "CriticalAddonsOnly"}, {"operator", "Exists"}}}}}}}}}}};
}

constexpr std::string_view kube_proxy_config = R"(apiVersion: kubeproxy.config.k8s.io/v1alpha1
bindAddress: 0.0.0.0
clientConnection:
  acceptContentTypes: ""
  burst: 10
  contentType: application/vnd.kubernetes.protobuf
  kubeconfig: /var/lib/kube-proxy/kubeconfig
  qps: 5
clusterCIDR: ""
configSyncPeriod: 15m0s
conntrack:
  maxPerCore: 32768
  min: 131072
  tcpCloseWaitTimeout: 1h0m0s
  tcpEstablishedTimeout: 24h0m0s
enableProfiling: false
healthzBindAddress: 0.0.0.0:10256
hostnameOverride: ""
iptables:
  masqueradeAll: false
  masqueradeBit: 14
  minSyncPeriod: 0s
  syncPeriod: 30s
ipvs:
  excludeCIDRs: null
  minSyncPeriod: 0s
  scheduler: ""
  syncPeriod: 30s
kind: KubeProxyConfiguration
metricsBindAddress: 0.0.0.0:10249
mode: "iptables"
nodePortAddresses: null
oomScoreAdj: -998
portRange: ""
)";

/// The service of the API server itself, whose endpoints the control plane writes. pkg/controlplane
void create_kubernetes_service(Cluster& cluster) {
  const Prefix services = cluster.api().service_cidr();
  create(cluster, {{"apiVersion", "v1"},
                   {"kind", "Service"},
                   {"metadata",
                    {{"name", "kubernetes"},
                     {"namespace", "default"},
                     {"labels", {{"component", "apiserver"}, {"provider", "kubernetes"}}}}},
                   {"spec",
                    {{"clusterIP", fmt::format("{}", Ipv4Address(services.network().bits() + 1))},
                     {"ports", {{{"name", "https"}, {"port", 443}, {"targetPort", 443}}}}}}});
  std::vector<Ipv4Address> addresses = cluster.control_plane();
  if (addresses.empty()) return;
  std::ranges::sort(addresses, {}, [](Ipv4Address one) { return fmt::format("{}", one); });
  const EndpointPort https{"https", "TCP", "", 443};
  ApiObject endpoints;
  endpoints.kind = ObjectKind::endpoints;
  endpoints.meta.name = "kubernetes";
  endpoints.meta.labels["endpointslice.kubernetes.io/skip-mirror"] = "true";
  EndpointsContent::Subset subset;
  ApiObject slice;
  slice.kind = ObjectKind::endpoint_slice;
  slice.meta.name = "kubernetes";
  slice.meta.labels[std::string(service_name_label)] = "kubernetes";
  EndpointSliceContent content;
  for (const Ipv4Address address : addresses) {
    subset.ready.push_back({address, "", "", std::nullopt});
    EndpointSliceContent::Endpoint endpoint;
    endpoint.addresses.push_back(address);
    content.endpoints.push_back(std::move(endpoint));
  }
  subset.ports.push_back(https);
  content.ports.push_back(https);
  endpoints.spec = EndpointsContent{{std::move(subset)}};
  slice.spec = std::move(content);
  ASSERT(cluster.api().create(std::move(endpoints)));
  ASSERT(cluster.api().create(std::move(slice)));
}

Document config_map(const char* name, const char* key, std::string_view text) {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", system_meta(name, Document::object())},
          {"data", {{key, text}}}};
}

}  // namespace

void create_namespaces(ApiServer& api) {
  for (const char* name : {"default", "kube-node-lease", "kube-public", "kube-system"}) {
    ApiObject object;
    object.kind = ObjectKind::name_space;
    object.meta.name = name;
    object.meta.labels["kubernetes.io/metadata.name"] = name;
    object.status = NamespaceStatus();
    ASSERT(api.create(std::move(object)));
  }
}

void create_system_objects(Cluster& cluster) {
  const std::string region = cluster.nodes().empty() ? "us-east-1" : region_of(cluster.nodes().front());
  const std::string images = fmt::format(fmt::runtime(registry), region);
  create_kubernetes_service(cluster);
  create(cluster, config_map("kube-proxy-config", "config", kube_proxy_config));
  create(cluster, aws_node(cluster, images));
  create(cluster, kube_proxy(cluster, images));
  // A scenario that places its name servers by hand has made their objects.
  if (cluster.objects().find(ObjectKind::service, "kube-system", "kube-dns") != nullptr) return;
  create(cluster, config_map("coredns", "Corefile", eks_corefile));
  const Prefix services = cluster.api().service_cidr();
  create(cluster, {{"apiVersion", "v1"},
                   {"kind", "Service"},
                   {"metadata", system_meta("kube-dns", {{"eks.amazonaws.com/component", "kube-dns"},
                                                         {"k8s-app", "kube-dns"},
                                                         {"kubernetes.io/cluster-service", "true"},
                                                         {"kubernetes.io/name", "CoreDNS"}})},
                   {"spec",
                    {{"clusterIP", fmt::format("{}", kube_dns_address(services))},
                     {"selector", {{"k8s-app", "kube-dns"}}},
                     {"ports",
                      {{{"name", "dns"}, {"port", 53}, {"protocol", "UDP"}, {"targetPort", 53}},
                       {{"name", "dns-tcp"}, {"port", 53}, {"protocol", "TCP"}, {"targetPort", 53}},
                       {{"name", "metrics"}, {"port", 9153}, {"protocol", "TCP"}, {"targetPort", 9153}}}}}}});
  create(cluster, coredns(images));
}

ApiObject node_object(const Node& node, const Cluster& cluster) {
  const std::string region = region_of(node);
  const MachineSize size = machine_size(node.instance_type);
  ApiObject object;
  object.kind = ObjectKind::node;
  object.meta.name = node.kubernetes_name;
  object.meta.labels = {{"alpha.eksctl.io/cluster-name", cluster.name()},
                        {"beta.kubernetes.io/arch", "amd64"},
                        {"beta.kubernetes.io/instance-type", node.instance_type},
                        {"beta.kubernetes.io/os", "linux"},
                        {"eks.amazonaws.com/capacityType", "ON_DEMAND"},
                        {"failure-domain.beta.kubernetes.io/region", region},
                        {"failure-domain.beta.kubernetes.io/zone", node.zone},
                        {"kubernetes.io/arch", "amd64"},
                        {"kubernetes.io/hostname", node.kubernetes_name},
                        {"kubernetes.io/os", "linux"},
                        {"node.kubernetes.io/instance-type", node.instance_type},
                        {"topology.kubernetes.io/region", region},
                        {"topology.kubernetes.io/zone", node.zone}};
  if (!node.group.empty()) object.meta.labels["eks.amazonaws.com/nodegroup"] = node.group;
  object.spec = NodeSpec{fmt::format("aws:///{}/{}", node.zone, node.instance_id), false, {}};

  NodeStatus status;
  // The kernel and the firmware keep about 6 % of a machine's memory.
  const std::int64_t memory_kib = size.memory_mib * 1024 * 94 / 100;
  const std::int64_t reserved_kib = (255 + 11 * std::int64_t{node.max_pods} + 100) * 1024;
  status.capacity = ResourceList{{"cpu", Quantity::of(size.cpus)},
                                 {"ephemeral-storage", quantity("83873772Ki")},
                                 {"hugepages-1Gi", Quantity::of(0)},
                                 {"hugepages-2Mi", Quantity::of(0)},
                                 {"memory", quantity(fmt::format("{}Ki", memory_kib))},
                                 {"pods", Quantity::of(node.max_pods)}};
  status.allocatable = status.capacity;
  ResourceList& allocatable = status.allocatable.write();
  allocatable["cpu"] = quantity(fmt::format("{}m", size.cpus * 1000 - reserved_cpu_milli(size.cpus)));
  allocatable["ephemeral-storage"] = quantity("76224326324");
  allocatable["memory"] = quantity(fmt::format("{}Ki", std::max<std::int64_t>(memory_kib - reserved_kib, 0)));
  status.addresses.push_back({"InternalIP", fmt::format("{}", node.address)});
  if (!node.public_address.is_unspecified())
    status.addresses.push_back({"ExternalIP", fmt::format("{}", node.public_address)});
  status.addresses.push_back({"InternalDNS", node.kubernetes_name});
  status.addresses.push_back({"Hostname", node.kubernetes_name});
  const Nanoseconds now = cluster.objects().now();
  status.conditions = std::vector<ObjectCondition>{
      {"MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available",
       now},
      {"DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure", now},
      {"PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available", now},
      {"Ready", "True", "KubeletReady", "kubelet is posting ready status", now}};
  // The kubelet of the EKS AMI; the hash is that of the fact's AMI, whatever the minor version.
  // facts/kube-proxy.md 12
  const auto& version = cluster.versions().kubernetes;
  status.info = NodeStatus::Info{"amd64", "containerd://1.7.23", "6.1.115-126.197.amzn2023.x86_64",
                                 fmt::format("v{}.{}.0-eks-a737599", version.major, version.minor),
                                 "Amazon Linux 2023.6.20241121"};
  object.status = std::move(status);
  return object;
}

MachineSize machine_size(std::string_view instance_type) {
  const std::size_t dot = instance_type.find('.');
  const std::string_view family = instance_type.substr(0, dot);
  const std::string_view size = dot == std::string_view::npos ? "" : instance_type.substr(dot + 1);
  const char letter = family.empty() ? 'm' : family.front();
  if (family.starts_with("t")) {
    // Burstable types: two CPUs up to large, memory by name.
    constexpr std::pair<std::string_view, std::int64_t> small[] = {
        {"nano", 512}, {"micro", 1024}, {"small", 2048}, {"medium", 4096}, {"large", 8192}};
    for (const auto& [name, memory] : small) {
      if (name == size) return {2, memory};
    }
  }
  std::int64_t cpus = 2;
  if (size == "medium") cpus = 1;
  if (size == "xlarge") cpus = 4;
  if (size.ends_with("xlarge") && size != "xlarge") {
    std::int64_t count = 1;
    (void)std::from_chars(size.data(), size.data() + size.size(), count);
    cpus = 4 * count;
  }
  if (size.starts_with("metal")) cpus = 96;
  // GiB a CPU: 2 in the compute families, 8 in the memory ones, 4 elsewhere.
  const std::int64_t gib = letter == 'c' ? 2 : letter == 'r' || letter == 'x' || letter == 'z' ? 8 : 4;
  return {cpus, cpus * gib * 1024};
}

}  // namespace ekspath
