#include <doctest/doctest.h>

#include "sim/lab/commands/commands.hh"
#include "sim/lab/commands/kubectl_get.hh"
#include "tests/unit/lab/commands/typed.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

std::string refusal(std::string_view line) { return kubectl_command().check(shell_words(line).value()); }

World& with_cluster(FixtureNode& node) {
  node.world.cluster =
      std::make_unique<Cluster>(node.world.engine(), 1, "myeks", Cluster::Versions{}, CniEnvironment{});
  Node joined;
  joined.name = "node";
  joined.kubernetes_name = "ip-192-168-1-251.ap-northeast-2.compute.internal";
  joined.netns = &node.netns("node");
  joined.address = Ipv4Address(192, 168, 1, 251);
  Fabric& fabric = node.world.fabric;
  const VpcId vpc = fabric.add_vpc({"vpc", {Prefix::parse("192.168.0.0/16").value()}, true}).value();
  const SubnetId subnet =
      fabric.add_subnet({"subnet", vpc, Prefix::parse("192.168.1.0/24").value(), "a", false, {}, {}}).value();
  EniSpec primary;
  primary.name = "node/eni0";
  primary.subnet = subnet;
  primary.address = joined.address;
  joined.fabric = &fabric;
  joined.type = find_instance_type("t3.medium");
  joined.enis.emplace_back(fabric.create_eni(primary).value(), 0U);
  node.world.cluster->join(std::move(joined), {Prefix::parse("192.168.0.0/16").value()}, LinkSpec{});
  for (const auto& [name, pod_namespace] : {std::pair("web", "shop"), std::pair("netshoot", "default")}) {
    Pod pod;
    pod.name = name;
    pod.pod_namespace = pod_namespace;
    pod.netns = &node.netns("node");
    pod.address = Ipv4Address(192, 168, 1, 251);
    pod.host_network = true;
    REQUIRE(node.world.cluster->place(std::move(pod)) == "");
  }
  return node.world;
}

}  // namespace

TEST_CASE(
    "kubectl get pods prints the columns of kubectl, of one namespace or of all (facts/kube-proxy.md 11)") {
  FixtureNode node;
  const World& world = with_cluster(node);
  CHECK(kubectl_get(world, {"pods"}).out ==
        "NAME       READY   STATUS    RESTARTS   AGE\nnetshoot   1/1     Running   0          0s\n");
  CHECK(kubectl_get(world, {"po", "-A"}).out ==
        "NAMESPACE   NAME       READY   STATUS    RESTARTS   AGE\n"
        "default     netshoot   1/1     Running   0          0s\n"
        "shop        web        1/1     Running   0          0s\n");
  CHECK(kubectl_get(world, {"pod", "web", "-n", "shop", "-o", "wide", "--no-headers"}).out ==
        "web   1/1   Running   0     0s    192.168.1.251   ip-192-168-1-251.ap-northeast-2.compute.internal  "
        " <none>   "
        "<none>\n");
  CHECK(kubectl_get(world, {"pod/web", "-n", "shop", "--no-headers"}).out ==
        "web   1/1   Running   0     0s\n");
}

TEST_CASE("kubectl get tells what it does not find") {
  FixtureNode node;
  const World& world = with_cluster(node);
  const CommandResult missing = kubectl_get(world, {"pods", "web"});
  CHECK(missing.err == "Error from server (NotFound): pods \"web\" not found\n");
  CHECK(missing.status == 1);
  const CommandResult none = kubectl_get(world, {"pods", "-n", "empty"});
  CHECK(none.err == "No resources found in empty namespace.\n");
  CHECK(none.status == 0);
}

TEST_CASE("kubectl get nodes and daemonset aws-node print the columns of kubectl") {
  FixtureNode node;
  const World& world = with_cluster(node);
  const std::string nodes = kubectl_get(world, {"nodes", "-owide"}).out;
  CHECK(nodes.starts_with(
      "NAME                                               STATUS   ROLES    AGE   VERSION"));
  CHECK(nodes.find("ip-192-168-1-251.ap-northeast-2.compute.internal   Ready    <none>   0s    v1.") !=
        std::string::npos);
  CHECK(nodes.find("   192.168.1.251   <none>        Amazon Linux 2023") != std::string::npos);
  CHECK(kubectl_get(world, {"daemonset", "aws-node", "-n", "kube-system"}).out ==
        "NAME       DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR   AGE\n"
        "aws-node   1         1         1       1            1           <none>          0s\n");
}

TEST_CASE("ages are those of kubectl (facts/kube-proxy.md 11)") {
  CHECK(kubectl_age(119_s) == "119s");
  CHECK(kubectl_age(120_s) == "2m");
  CHECK(kubectl_age(181_s) == "3m1s");
  CHECK(kubectl_age(601_s) == "10m");
  CHECK(kubectl_age(3600_s * 3 + 60_s) == "3h1m");
  CHECK(kubectl_age(3600_s * 47) == "47h");
  CHECK(kubectl_age(3600_s * 49) == "2d1h");
  CHECK(kubectl_age(3600_s * 24 * 9) == "9d");
}

TEST_CASE("what kubectl does not model is refused by name before a run") {
  CHECK(refusal("kubectl get pods") == "");
  CHECK(refusal("kubectl set env daemonset aws-node -n kube-system AWS_VPC_K8S_CNI_EXTERNALSNAT=true") == "");
  CHECK(refusal("kubectl rollout status ds/aws-node -n kube-system") == "");
  for (const auto& [line, word] :
       {std::pair("kubectl get services", "'services'"), std::pair("kubectl get pods -o yaml", "'yaml'"),
        std::pair("kubectl get pods -w", "'-w'"), std::pair("kubectl get ds", "aws-node"),
        std::pair("kubectl apply -f x", "apply"), std::pair("kubectl get pods -n kube-system", "kube-system"),
        std::pair("kubectl describe pod x", "describe"),
        std::pair("kubectl set env daemonset aws-node -n kube-system --list", "--list"),
        std::pair("kubectl set env daemonset aws-node -n kube-system AWS_VPC_K8S_CNI_EXTERNALSNAP=true",
                  "EXTERNALSNAT")}) {
    INFO(line);
    CHECK(refusal(line).find(word) != std::string::npos);
  }
}
