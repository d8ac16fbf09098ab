#include "sim/eks/api/api_server.hh"

#include <doctest/doctest.h>

namespace ekspath {
namespace {

struct Server {
  Engine engine;
  ObjectStore objects{engine, 1};
  ApiServer api{objects, *Prefix::parse("10.100.0.0/16"), 1};

  Server() {
    ApiObject space;
    space.kind = ObjectKind::name_space;
    space.meta.name = "default";
    space.status = NamespaceStatus();
    CHECK(api.create(std::move(space)));
  }

  ApiServer::Applied apply(const char* text) { return api.apply(Document::parse(text), "default"); }
  const ServiceSpec& service(const char* name) {
    return objects.find(ObjectKind::service, "default", name)->as<ServiceSpec>();
  }
};

constexpr const char* node_port_service =
    R"({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
  "spec": {"type": "NodePort", "selector": {"app": "web"}, "ports": [{"port": 80, "nodePort": 30080}]}})";

TEST_CASE("a Service gets a cluster IP out of the range, above the static band, and keeps it") {
  Server server;
  CHECK(server
            .apply(R"({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
    "spec": {"ports": [{"port": 80}]}})")
            .outcome);
  const Ipv4Address address = server.service("web").cluster_ip;
  CHECK(Prefix::parse("10.100.0.0/16")->contains(address));
  CHECK(address >= Ipv4Address(10, 100, 1, 0));
  const auto again = server.apply(R"({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
    "spec": {"ports": [{"port": 81}]}})");
  CHECK(again.effect == ApiServer::Applied::Effect::configured);
  CHECK(server.service("web").cluster_ip == address);
  CHECK(server.service("web").ports.at(0).port == 81);
}

TEST_CASE("a live pod gets no other containers, and another image") {
  Server server;
  const auto pod = [](const char* containers) {
    return std::string(
               R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [)") +
           containers + "]}}";
  };
  REQUIRE(server.apply(pod(R"({"name": "web", "image": "nginx:1.25"})").c_str()).outcome);
  const auto more = server.apply(
      pod(R"({"name": "web", "image": "nginx:1.25"}, {"name": "log", "image": "busybox"})").c_str());
  REQUIRE(more.outcome.error);
  CHECK(
      more.outcome.error->text() ==
      "The Pod \"web\" is invalid: spec.containers: Forbidden: pod updates may not add or remove containers");
  CHECK(server.apply(pod(R"({"name": "web", "image": "nginx:1.27"})").c_str()).outcome);
  const ApiObject& live = *server.objects.find(ObjectKind::pod, "default", "web");
  CHECK(live.as<PodSpec>().containers.at(0)->image == "nginx:1.27");
  CHECK(live.body.read()["spec"]["containers"][0]["image"] == "nginx:1.27");
}

TEST_CASE("a node port that is taken is refused") {
  Server server;
  CHECK(server.apply(node_port_service).outcome);
  const auto other = server.apply(R"({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"},
    "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]}})");
  REQUIRE(other.outcome.error);
  CHECK(other.outcome.error->text() ==
        "The Service \"shop\" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is "
        "already "
        "allocated");
}

TEST_CASE("a node port outside of the range is refused, and an address of no service range") {
  Server server;
  const auto port = server.apply(R"({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"},
    "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 8080}]}})");
  CHECK(port.outcome.error->causes ==
        std::vector<std::string>{
            "spec.ports[0].nodePort: Invalid value: 8080: provided port is not in the valid "
            "range. The range of valid ports is 30000-32767"});
  const auto address = server.apply(R"({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"},
    "spec": {"clusterIP": "10.0.0.5", "ports": [{"port": 80}]}})");
  CHECK(address.outcome.error->causes.at(0).ends_with(
      "failed to allocate IP 10.0.0.5: the provided IP (10.0.0.5) is not in the valid range. The range of "
      "valid "
      "IPs is 10.100.0.0/16"));
}

TEST_CASE("the same manifest applied again changes nothing") {
  Server server;
  CHECK(server.apply(node_port_service).effect == ApiServer::Applied::Effect::created);
  const auto again = server.apply(node_port_service);
  CHECK(again.effect == ApiServer::Applied::Effect::unchanged);
  CHECK(again.outcome);
}

TEST_CASE("what a manifest does not say stays as somebody else has set it") {
  Server server;
  constexpr const char* manifest =
      R"({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
    "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}},
      "spec": {"containers": [{"name": "web", "image": "nginx"}]}}}})";
  CHECK(server.apply(manifest).outcome);
  CHECK(server.api.scale(ObjectKind::deployment, "default", "web", 5));
  Document changed = Document::parse(manifest);
  changed["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:1.27";
  CHECK(server.api.apply(changed, "default").outcome);
  const auto& spec = server.objects.find(ObjectKind::deployment, "default", "web")->as<DeploymentSpec>();
  CHECK(spec.replicas == 5);
  CHECK(spec.pod_template.spec.containers.at(0)->image == "nginx:1.27");
}

TEST_CASE("a Deployment cannot be scaled below zero") {
  Server server;
  CHECK(server
            .apply(R"({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
    "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}},
      "spec": {"containers": [{"name": "web", "image": "nginx"}]}}}})")
            .outcome);
  CHECK(server.api.scale(ObjectKind::deployment, "default", "web", -1).error->text() ==
        "The Deployment \"web\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal "
        "to 0");
}

TEST_CASE("a pod on a node is given its grace period, one without a node is gone at once") {
  Server server;
  constexpr const char* manifest = R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
    "spec": {"containers": [{"name": "web", "image": "nginx"}]}})";
  CHECK(server.apply(manifest).outcome);
  CHECK_FALSE(server.api.remove(ObjectKind::pod, "default", "web", {}));
  CHECK(server.objects.find(ObjectKind::pod, "default", "web") == nullptr);

  const ApiObject& pod = *server.apply(manifest).outcome.object;
  (void)server.objects.edit(pod, ObjectStore::Part::spec,
                            [](ApiObject& object) { object.as<PodSpec>().node_name = "node"; });
  CHECK_FALSE(server.api.remove(ObjectKind::pod, "default", "web", {}));
  CHECK(pod.meta.terminating());
  CHECK((*pod.meta.deletion)->grace_seconds == 30);
}

TEST_CASE("a pod is admitted with its service account, its tolerations and its quality of service") {
  Server server;
  CHECK(server
            .apply(R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers":
    [{"name": "web", "image": "nginx", "resources": {"requests": {"cpu": "100m"}}}]}})")
            .outcome);
  const ApiObject& pod = *server.objects.find(ObjectKind::pod, "default", "web");
  CHECK(pod.body.read()["spec"]["serviceAccountName"] == "default");
  CHECK(pod.as<PodSpec>()->tolerations.size() == 2);
  CHECK(pod.as<PodStatus>().qos_class == "Burstable");
  CHECK(pod.body.read()["spec"]["containers"][0]["volumeMounts"][0]["mountPath"] ==
        "/var/run/secrets/kubernetes.io/serviceaccount");
}

}  // namespace
}  // namespace ekspath
