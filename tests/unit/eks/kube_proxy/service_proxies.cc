#include "sim/eks/kube_proxy/service_proxies.hh"

#include <doctest/doctest.h>

#include "sim/base/assert.hh"
#include "tests/unit/eks/kube_proxy/proxied_node.hh"

namespace ekspath {
namespace {

using namespace literals;

ApiObject service_object(std::string_view name, std::string_view cluster_ip) {
  ApiObject object;
  object.kind = ObjectKind::service;
  object.meta.name = name;
  object.meta.name_space = "default";
  ServiceSpec spec;
  spec.cluster_ip = *Ipv4Address::parse(cluster_ip);
  ServicePortSpec port;
  port.port = 80;
  port.target_port = 8080;
  spec.ports = {port};
  object.spec = spec;
  object.status = ServiceStatus();
  return object;
}

ApiObject slice_object(std::string_view service, std::initializer_list<std::string_view> endpoints) {
  ApiObject object;
  object.kind = ObjectKind::endpoint_slice;
  object.meta.name = std::string(service) + "-abcde";
  object.meta.name_space = "default";
  object.meta.labels[std::string(service_name_label)] = service;
  EndpointSliceContent content;
  content.ports = {{"", "TCP", "", 8080}};
  for (const std::string_view text : endpoints) {
    const ServiceEndpoint one = endpoint(std::string(text) + ":8080@node1");
    EndpointSliceContent::Endpoint added;
    added.addresses = {one.address};
    added.node_name = one.node;
    content.endpoints.push_back(added);
  }
  object.spec = content;
  return object;
}

/// A cluster of one node, as the API server and kube-proxy see it.
struct ProxiedCluster {
  LinuxWorld world{""};
  Netns& netns = world.add_host("node");
  ObjectStore objects{world.engine, 1};
  ServiceProxies proxies{world.engine, objects};
  KubeProxy proxy{netns, {1, 31}, {"node1", Ipv4Address(192, 168, 1, 10)}, proxies.table()};

  ProxiedCluster() {
    ApiObject object;
    object.kind = ObjectKind::name_space;
    object.meta.name = "default";
    object.status = NamespaceStatus();
    ASSERT(objects.create(std::move(object)));
    start_kubelet_network(netns);
    proxies.add(proxy);
  }

  void create(ApiObject object) { CHECK(objects.create(std::move(object)).error == std::nullopt); }
  void endpoints_become(std::string_view service, std::initializer_list<std::string_view> endpoints) {
    const ApiObject fresh = slice_object(service, endpoints);
    CHECK(objects.edit(ObjectKind::endpoint_slice, "default", fresh.meta.name, ObjectStore::Part::spec,
                       [&](ApiObject& object) { object.spec = fresh.spec; }));
  }
  [[nodiscard]] bool translates_to(std::string_view address) {
    return iptables(netns, "-t nat -S").out.find(fmt::format("--to-destination {}:8080\n", address)) !=
           std::string::npos;
  }
  [[nodiscard]] std::uint32_t syncs() const { return proxy.statistics().full + proxy.statistics().partial; }
};

}  // namespace

TEST_CASE("a Service and its slice become rules a moment after they were written") {
  ProxiedCluster cluster;
  cluster.create(service_object("web", "10.100.44.7"));
  cluster.create(slice_object("web", {"10.0.1.10"}));
  CHECK_FALSE(cluster.translates_to("10.0.1.10"));
  cluster.world.run_for(4_ms);
  CHECK_FALSE(cluster.translates_to("10.0.1.10"));
  cluster.world.run_for(1_ms);
  CHECK(cluster.translates_to("10.0.1.10"));
  CHECK(cluster.syncs() == 2);
}

TEST_CASE("after a burst of two, changes are gathered for a second") {
  ProxiedCluster cluster;
  cluster.create(service_object("web", "10.100.44.7"));
  cluster.create(slice_object("web", {"10.0.1.1"}));
  cluster.world.run_for(100_ms);
  cluster.endpoints_become("web", {"10.0.1.2"});
  cluster.world.run_for(100_ms);
  CHECK(cluster.syncs() == 3);
  for (const char* address : {"10.0.1.3", "10.0.1.4", "10.0.1.5"}) {
    cluster.endpoints_become("web", {address});
    cluster.world.run_for(100_ms);
  }
  CHECK(cluster.syncs() == 3);
  CHECK(cluster.translates_to("10.0.1.2"));
  cluster.world.run_for(700_ms);
  CHECK(cluster.syncs() == 4);
  CHECK(cluster.translates_to("10.0.1.5"));
}

TEST_CASE("what is written and changes nothing for a proxy makes it do nothing") {
  ProxiedCluster cluster;
  cluster.create(service_object("web", "10.100.44.7"));
  cluster.world.run_for(10_ms);
  const std::uint32_t before = cluster.syncs();
  CHECK(cluster.objects.edit(ObjectKind::service, "default", "web", ObjectStore::Part::metadata,
                             [](ApiObject& object) { object.meta.annotations.write()["note"] = "x"; }));
  cluster.world.run_for(10_s);
  CHECK(cluster.syncs() == before);
}

TEST_CASE("deleting Service and slice takes the rules away") {
  ProxiedCluster cluster;
  cluster.create(service_object("web", "10.100.44.7"));
  cluster.create(slice_object("web", {"10.0.1.10"}));
  cluster.world.run_for(10_s);
  CHECK_FALSE(cluster.objects.remove(ObjectKind::service, "default", "web"));
  CHECK_FALSE(cluster.objects.remove(ObjectKind::endpoint_slice, "default", "web-abcde"));
  cluster.world.run_for(10_s);
  CHECK(iptables(cluster.netns, "-t nat -S").out.find("default/web") == std::string::npos);
}

TEST_CASE("a world begins with the rules of what was there before it began") {
  ProxiedCluster cluster;
  cluster.create(service_object("web", "10.100.44.7"));
  cluster.create(slice_object("web", {"10.0.1.10"}));
  cluster.proxies.settle();
  CHECK(cluster.translates_to("10.0.1.10"));
}

TEST_CASE("headless services, ExternalName and those of another proxy get no rule") {
  ApiObject service = service_object("web", "10.100.44.7");
  CHECK(service_ports(service).size() == 1);
  service.meta.labels["service.kubernetes.io/service-proxy-name"] = "other";
  CHECK(service_ports(service).empty());
  service = service_object("web", "0.0.0.0");
  CHECK(service_ports(service).empty());
}

TEST_CASE("only a LoadBalancer of policy Local has a health check port") {
  ApiObject service = service_object("web", "10.100.44.7");
  auto& spec = service.as<ServiceSpec>();
  spec.health_check_node_port = 31234;
  spec.external_policy_local = true;
  CHECK(service_ports(service).front().health_check_node_port == 0);
  spec.type = ServiceType::load_balancer;
  CHECK(service_ports(service).front().health_check_node_port == 31234);
}

TEST_CASE("when somebody deletes the canaries everything is written again within half a minute") {
  ProxiedCluster cluster;
  cluster.create(service_object("web", "10.100.44.7"));
  cluster.create(slice_object("web", {"10.0.1.10"}));
  cluster.world.run_for(10_s);
  for (const char* table : {"mangle", "nat", "filter"}) {
    static_cast<void>(iptables(cluster.netns, fmt::format("-t {} -F", table)));
    static_cast<void>(iptables(cluster.netns, fmt::format("-t {} -X", table)));
  }
  CHECK_FALSE(cluster.translates_to("10.0.1.10"));
  cluster.world.run_for(21_s);
  CHECK(cluster.translates_to("10.0.1.10"));
  CHECK(cluster.proxy.statistics().full == 2);
  CHECK_FALSE(cluster.proxy.canary_gone(KubeProxy::CanaryTable::first));
}

TEST_CASE("rules alone that somebody flushes stay away until the hourly full sync") {
  ProxiedCluster cluster;
  cluster.create(service_object("web", "10.100.44.7"));
  cluster.create(slice_object("web", {"10.0.1.10"}));
  cluster.world.run_for(10_s);
  static_cast<void>(iptables(cluster.netns, "-t nat -F"));
  cluster.world.run_for(1000_s);
  CHECK_FALSE(cluster.translates_to("10.0.1.10"));
  cluster.world.run_for(2700_s);
  CHECK(cluster.translates_to("10.0.1.10"));
}

}  // namespace ekspath
