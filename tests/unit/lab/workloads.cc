#include <doctest/doctest.h>

#include <map>
#include <set>

#include "sim/eks/coredns/corefile.hh"
#include "tests/unit/lab/workloads.hh"

namespace ekspath {
namespace {

using namespace literals;

constexpr std::string_view deployment = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: nginx, image: "nginx:1.27", ports: [{containerPort: 80, name: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: http}]
)";

TEST_CASE("a fresh cluster has what EKS puts there, and all of it runs") {
  Workloads lab("");
  const auto running = [&](const char* app) {
    std::size_t ready = 0;
    for (const ApiObject* pod :
         lab.objects().list(ObjectKind::pod, "kube-system", LabelSelector(Labels{{"k8s-app", app}})))
      ready += pod->as<PodStatus>().ready() ? 1 : 0;
    return ready;
  };
  CHECK(running("aws-node") == 3);
  CHECK(running("kube-proxy") == 3);
  CHECK(running("kube-dns") == 2);
  CHECK(lab.objects().find(ObjectKind::config_map, "kube-system", "kube-proxy-config") != nullptr);
  const auto& dns = *lab.objects().find(ObjectKind::service, "kube-system", "kube-dns");
  CHECK(dns.as<ServiceSpec>().cluster_ip == Ipv4Address(10, 100, 0, 10));
  const auto& endpoints = *lab.objects().find(ObjectKind::endpoints, "kube-system", "kube-dns");
  CHECK(endpoints.as<EndpointsContent>().subsets.at(0).ready.size() == 2);
  CHECK(lab.objects()
            .find(ObjectKind::endpoints, "default", "kubernetes")
            ->as<EndpointsContent>()
            .subsets.at(0)
            .ready.size() == 2);
  CHECK(lab.objects().count(ObjectKind::event) == 0);
  CHECK(lab.world->now() == Nanoseconds());
}

// facts/kube-proxy.md 12
TEST_CASE("CoreDNS reads the Corefile of its ConfigMap when its pod starts, and one that is none ends it") {
  Workloads lab("");
  CHECK(lab.type("kubectl get cm coredns -n kube-system -o jsonpath={.data.Corefile}") == eks_corefile);
  const auto roll_out = [&](std::string_view plugins) {
    (void)lab.type("kubectl apply -f -",
                   fmt::format("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: coredns, namespace: "
                               "kube-system}}\ndata:\n  Corefile: |\n    .:53 {{\n      {}\n    }}\n",
                               plugins));
    (void)lab.type("kubectl rollout restart deploy/coredns -n kube-system");
    lab.run_for(60_s);
  };
  const std::string ask = "ssh node1 dig +short @10.100.0.10 kubernetes.default.svc.";
  CHECK(lab.type(ask + "cluster.local") == "10.100.0.1\n");
  roll_out("kubernetes lab.local");
  CHECK(lab.type(ask + "lab.local") == "10.100.0.1\n");
  CHECK(lab.type(ask + "cluster.local") == "");
  roll_out("kubernets lab.local");
  CHECK(lab.type("kubectl get pods -n kube-system -l k8s-app=kube-dns").find("CrashLoopBackOff") !=
        std::string::npos);
  CHECK(lab.type("kubectl logs -n kube-system -l k8s-app=kube-dns")
            .find("/etc/coredns/Corefile:2 - Error during parsing: Unknown directive 'kubernets'") !=
        std::string::npos);
  CHECK(lab.type("kubectl logs -l app=nobody") == "No resources found in default namespace.\n");
}

TEST_CASE("a node says how many pods it takes: 17 on a t3.medium") {
  Workloads lab("");
  const ApiObject& node = *lab.objects().list(ObjectKind::node).at(0);
  CHECK(node.as<NodeStatus>().capacity->at("pods").whole() == 17);
  CHECK(node.as<NodeStatus>().allocatable->at("cpu").text() == "1930m");
  CHECK(node.meta.labels.at("topology.kubernetes.io/zone") == "ap-northeast-2a");
}

TEST_CASE("the pods of a Deployment come up with the names and events of a real one, and answer") {
  Workloads lab(deployment);
  REQUIRE(lab.text_of_errors == "");
  lab.run_for(30_s);
  REQUIRE(lab.count("web", "Running") == 3);
  const ApiObject& set = *lab.objects().list(ObjectKind::replica_set, "default").at(0);
  const std::string_view set_name = set.meta.name;
  CHECK(set_name.starts_with("web-"));
  CHECK(set_name.find_first_not_of("456789bcdf", 4) == std::string::npos);
  const ApiObject& pod = *lab.pods("web").at(0);
  CHECK(pod.meta.name.text().starts_with(fmt::format("{}-", set_name)));
  const std::string node = pod.as<PodSpec>().node_name;
  CHECK(lab.events_of(pod) ==
        std::vector<std::string>{
            fmt::format("Scheduled: Successfully assigned default/{} to {}", pod.meta.name, node),
            "Pulling: Pulling image \"nginx:1.27\"",
            "Pulled: Successfully pulled image \"nginx:1.27\" in 2s (2s including waiting). Image size: "
            "72195292 "
            "bytes.",
            "Created: Created container nginx", "Started: Started container nginx"});
  const Host* host = lab.world->pod_host("default", pod.meta.name);
  REQUIRE(host != nullptr);
  CHECK(host->address == pod.as<PodStatus>().pod_ip);
  CHECK(host->netns->find_interface("eth0") != nullptr);
}

TEST_CASE("replicas are spread over the nodes, and a service has them as endpoints") {
  Workloads lab(deployment);
  lab.run_for(30_s);
  std::set<std::string> nodes;
  for (const ApiObject* pod : lab.pods("web")) nodes.insert(pod->as<PodSpec>().node_name);
  CHECK(nodes.size() == 3);
  const auto& slices = lab.objects().list(ObjectKind::endpoint_slice, "default",
                                          LabelSelector(Labels{{std::string(service_name_label), "web"}}));
  REQUIRE(slices.size() == 1);
  const auto& slice = slices.at(0)->as<EndpointSliceContent>();
  CHECK(slice.endpoints.size() == 3);
  CHECK(slice.endpoints.at(0).ready);
  CHECK(slice.ports.at(0).port == 80);
  const auto& subset =
      lab.objects().find(ObjectKind::endpoints, "default", "web")->as<EndpointsContent>().subsets.at(0);
  CHECK(subset.ready.size() == 3);
}

TEST_CASE(
    "fifty replicas on three t3.medium: 17 pods a node in all, the rest pends with the scheduler's words") {
  Workloads lab(deployment);
  CHECK(lab.world->cluster->api().scale(ObjectKind::deployment, "default", "web", 50));
  lab.run_for(120_s);
  std::map<std::string, int> on_node;
  for (const ApiObject* pod : lab.objects().list(ObjectKind::pod)) ++on_node[pod->as<PodSpec>().node_name];
  const std::size_t pending = lab.count("web", "Pending");
  CHECK(on_node[""] == static_cast<int>(pending));
  CHECK(pending == 50 - (3 * 17 - 8));  // aws-node and kube-proxy on each node, two coredns
  for (const ApiObject* node : lab.objects().list(ObjectKind::node)) CHECK(on_node[node->meta.name] == 17);
  for (const ApiObject* pod : lab.pods("web")) {
    if (!pod->as<PodSpec>().node_name.empty()) continue;
    CHECK(lab.events_of(*pod).at(0) ==
          "FailedScheduling: 0/3 nodes are available: 3 Too many pods. preemption: 0/3 nodes are available: "
          "3 No "
          "preemption victims found for incoming pod.");
    break;
  }
}

// facts/vpc-cni.md 5: from 10 spare addresses on an idle ENI goes, one a pass, when its addresses have cooled
// down
TEST_CASE("fifty replicas need three ENIs a node, and with none of them the pools shrink again") {
  Workloads lab(deployment);
  const auto shapes = [&] {
    std::multiset<std::string> all;
    for (const Node& node : lab.world->cluster->nodes())
      all.insert(fmt::format("{}/{}", node.ipamd->pool().enis().size(), node.ipamd->pool().total()));
    return all;
  };
  CHECK(lab.world->cluster->api().scale(ObjectKind::deployment, "default", "web", 50));
  lab.run_for(120_s);
  CHECK(shapes() == std::multiset<std::string>{"3/15", "3/15", "3/15"});
  CHECK(lab.world->cluster->api().scale(ObjectKind::deployment, "default", "web", 0));
  lab.run_for(25_s);
  CHECK(lab.pods("web").empty());
  CHECK(shapes() == std::multiset<std::string>{"3/15", "3/15", "3/15"});
  lab.run_for(60_s);
  // Two nodes have a coredns: 10 - 1 = 9 are less than the 10 that make an ENI one too many.
  CHECK(shapes() == std::multiset<std::string>{"1/5", "2/10", "2/10"});
}

TEST_CASE("a deletion cascades to the pods, and their namespaces and endpoints go") {
  Workloads lab(deployment);
  lab.run_for(30_s);
  const std::string pod = lab.pods("web").at(0)->meta.name;
  CHECK_FALSE(lab.world->cluster->api().remove(ObjectKind::deployment, "default", "web", {}));
  lab.run_for(10_s);
  CHECK(lab.pods("web").empty());
  CHECK(lab.objects().list(ObjectKind::replica_set, "default").empty());
  CHECK(lab.world->pod_host("default", pod) == nullptr);
  CHECK(lab.world->cluster->pod("default", pod) == nullptr);
  CHECK(lab.objects().find(ObjectKind::endpoints, "default", "web")->as<EndpointsContent>().subsets.empty());
}

TEST_CASE("a rolling update never has fewer pods ready than maxUnavailable allows, nor more than maxSurge") {
  Workloads lab(deployment);
  lab.run_for(30_s);
  Document manifest =
      Document::parse(R"({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
    "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels":
      {"app": "web"}}, "spec": {"containers": [{"name": "nginx", "image": "nginx:1.28",
        "ports": [{"containerPort": 80, "name": "http"}]}]}}}})");
  CHECK(lab.world->cluster->api().apply(manifest, "default").outcome);
  std::size_t least = 99;
  std::size_t most = 0;
  for (int i = 0; i < 300; ++i) {
    lab.run_for(100_ms);
    std::size_t ready = 0;
    std::size_t alive = 0;
    for (const ApiObject* pod : lab.pods("web")) {
      if (pod->meta.terminating()) continue;
      ++alive;
      ready += pod->as<PodStatus>().ready() ? 1 : 0;
    }
    least = std::min(least, ready);
    most = std::max(most, alive);
  }
  CHECK(least == 3);  // 25 % of 3, rounded down, is none
  CHECK(most == 4);   // 25 % of 3, rounded up, is one
  CHECK(lab.count("web", "Running") == 3);
  for (const ApiObject* pod : lab.pods("web"))
    CHECK(pod->as<PodSpec>().containers.at(0)->image == "nginx:1.28");
  CHECK(lab.objects().list(ObjectKind::replica_set, "default").size() == 2);
}

TEST_CASE("process 1 that heeds no SIGTERM is killed when the grace period is over") {
  Workloads lab(R"(apiVersion: v1
kind: Pod
metadata: {name: shell, labels: {app: shell}}
spec:
  terminationGracePeriodSeconds: 5
  containers: [{name: shell, image: nicolaka/netshoot, command: [sleep, infinity]}]
)");
  lab.run_for(10_s);
  REQUIRE(lab.count("shell", "Running") == 1);
  CHECK_FALSE(lab.world->cluster->api().remove(ObjectKind::pod, "default", "shell", {}));
  lab.run_for(4_s);
  CHECK(lab.pods("shell").size() == 1);
  lab.run_for(2_s);
  CHECK(lab.pods("shell").empty());
}

TEST_CASE("a shell without a command ends at once, and is started again with longer and longer pauses") {
  Workloads lab(R"(apiVersion: v1
kind: Pod
metadata: {name: shell, labels: {app: shell}}
spec:
  containers: [{name: shell, image: busybox}]
)");
  lab.run_for(20_s);
  const auto& status = lab.pods("shell").at(0)->as<PodStatus>().containers->at(0);
  CHECK(status.reason == "CrashLoopBackOff");
  CHECK(status.restart_count >= 1);
}

TEST_CASE("an image that nobody modelled runs, and says so once") {
  Workloads lab(R"(apiVersion: v1
kind: Pod
metadata: {name: shop, labels: {app: shop}}
spec:
  containers: [{name: one, image: "example.com/shop:1"}, {name: two, image: "example.com/shop:1"}]
)");
  std::vector<std::string> notes;
  lab.world->cluster->on_note = [&](const std::string& text) { notes.push_back(text); };
  lab.run_for(10_s);
  CHECK(lab.count("shop", "Running") == 1);
  CHECK(notes ==
        std::vector<std::string>{"image example.com/shop:1: what it does is not modelled; its containers "
                                 "run and listen nowhere"});
}

TEST_CASE("mistakes of a manifest are told with their places") {
  const Workloads lab(R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replica: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
---
apiVersion: v1
kind: Servise
metadata: {name: web}
)");
  CHECK(lab.text_of_errors ==
        "web.yaml:5:3: Deployment \"web\": unknown field \"spec.replica\"; did you mean 'replicas'?\n"
        "web.yaml:12:7: no matches for kind \"Servise\" in version \"v1\"; did you mean 'Service'?\n");
}

TEST_CASE("a namespace takes what is in it with it") {
  Workloads lab(R"(apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {terminationGracePeriodSeconds: 1, containers: [{name: web, image: nginx}]}
)");
  lab.run_for(10_s);
  REQUIRE(lab.objects().find(ObjectKind::pod, "shop", "web")->as<PodStatus>().ready());
  CHECK_FALSE(lab.world->cluster->api().remove(ObjectKind::name_space, "", "shop", {}));
  lab.run_for(10_s);
  CHECK(lab.objects().find(ObjectKind::name_space, "", "shop") == nullptr);
  CHECK(lab.objects().list(ObjectKind::pod, "shop").empty());
}

TEST_CASE("a change of aws-node's environment is rolled out node by node") {
  Workloads lab("");
  CHECK(lab.world->cluster->set_environment({{"AWS_VPC_K8S_CNI_EXTERNALSNAT", "true"}}, {}));
  CHECK(lab.world->cluster->rollout().running);
  lab.run_for(3_s);
  CHECK(lab.world->cluster->rollout().running);
  lab.run_for(60_s);
  CHECK_FALSE(lab.world->cluster->rollout().running);
  CHECK(lab.world->cluster->rollout().updated == 3);
  for (const Node& node : lab.world->cluster->nodes()) CHECK(node.cni->settings().external_snat);
}

}  // namespace
}  // namespace ekspath
