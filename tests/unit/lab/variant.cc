#include "sim/lab/variant.hh"

#include "tests/unit/lab/load_lab.hh"

namespace ekspath {
namespace {

Scenario with_set(std::vector<std::string> sets) {
  LoadOptions options;
  options.sets = std::move(sets);
  return loaded(good_lab, options);
}

std::string errors_of_set(const std::string& set) {
  LoadOptions options;
  options.sets = {set};
  return errors_of(good_lab, options);
}

TEST_CASE("a variant changes values and keeps the base's expectations unless it has its own") {
  LoadOptions options;
  options.variant = "outside";
  const Scenario lab = loaded(good_lab, options);
  CHECK(lab.variant == "outside");
  CHECK(*lab.cluster->cni.env.front().value == "true");
  CHECK(lab.expectations.size() == 1);
  CHECK(*loaded(good_lab).cluster->cni.env.front().value == "false");
}

TEST_CASE("a variant's own expectations replace the base's") {
  LoadOptions options;
  options.variant = "outside";
  const std::string text =
      lab_with("\"true\"}}", "\"true\"}, expect: [{step: ping, exit: 1}, {step: ping, contains: x}]}");
  CHECK(loaded(text, options).expectations.size() == 2);
  CHECK(loaded(text).expectations.size() == 1);
}

TEST_CASE("an unknown variant is refused with those that there are") {
  LoadOptions options;
  options.variant = "outsid";
  CHECK(errors_of(good_lab, options) == "lab.yaml: unknown variant 'outsid'; expected outside\n");
}

TEST_CASE("a mistake that only a variant makes is reported as the variant's, though the base was asked for") {
  CHECK(errors_with("EXTERNALSNAT: \"true\"", "EXTERNALSNATT: \"true\"")
            .find("lab.yaml:37:29: in variant 'outside': unknown variable") != std::string::npos);
  CHECK(errors_with("{cluster.cni.env.AWS_VPC_K8S_CNI_EXTERNALSNAT: \"true\"}",
                    "{cluster.nodeGroups.ng1.count: 1}") == "");
  CHECK(errors_with("{cluster.cni.env.AWS_VPC_K8S_CNI_EXTERNALSNAT: \"true\"}",
                    "{cluster.pods.pod2.node: node7}") ==
        "lab.yaml:37:53: in variant 'outside': unknown node 'node7' of pod 'pod2'; expected one of node1, "
        "node2; did you mean 'node1'?\n");
}

TEST_CASE("--set chooses keys, and list items by their names") {
  CHECK(*with_set({"cluster.nodeGroups.ng1.count=5"}).cluster->node_groups[0].count == 5);
  CHECK(with_set({"seed=7"}).seed == 7);
  CHECK(*with_set({"internet.hosts.dns.google.ip=1.1.1.1"}).internet_hosts[0].ip ==
        *Ipv4Address::parse("1.1.1.1"));
  CHECK(*with_set({"vpcs.right.cidrs.0=172.20.0.0/17"}).vpc("right")->cidrs[0] ==
        *Prefix::parse("172.20.0.0/17"));
  CHECK(*with_set({"steps.ping.run=kubectl get pods"}).steps[0].run == "kubectl get pods");
}

TEST_CASE("--set makes what the file leaves out") {
  CHECK(with_set({"cluster.kubeProxy.mode=iptables"}).cluster.has_value());
  const Scenario lab =
      with_set({"cluster.nodeGroups.ng1.sysctls.net.ipv4.conf.ens5.rp_filter=1", "links.internet.loss=1%"});
  REQUIRE(lab.cluster->node_groups[0].sysctls.size() == 1);
  CHECK(*lab.cluster->node_groups[0].sysctls[0].name == "net.ipv4.conf.ens5.rp_filter");
  CHECK(lab.links[0].loss_per_million == 10'000);
}

TEST_CASE("a value on the command line needs no quotes where the format wants a string") {
  CHECK(*with_set({"cluster.cni.env.AWS_VPC_K8S_CNI_EXTERNALSNAT=true"}).cluster->cni.env[0].value == "true");
  CHECK(*with_set({"cluster.cni.version=1.16"}).cluster->cni.version == "1.16");
}

TEST_CASE("a value may be any YAML") {
  CHECK(with_set({"captures=[{at: node1/ens5}]"}).captures.size() == 1);
  CHECK(with_set({"cluster.nodeGroups.ng1.subnets=[public-a, private-a]"}).node("node2")->subnet ==
        "private-a");
}

TEST_CASE("--set wins over the variant") {
  LoadOptions options;
  options.variant = "outside";
  options.sets = {"cluster.cni.env.AWS_VPC_K8S_CNI_EXTERNALSNAT=false"};
  CHECK(*loaded(good_lab, options).cluster->cni.env[0].value == "false");
}

TEST_CASE("an unknown path is refused with a near miss, at the --set") {
  CHECK(errors_of_set("cluster.nodeGroup.ng1.count=5") ==
        "--set cluster.nodeGroup.ng1.count=5: unknown 'nodeGroup' in the path 'cluster.nodeGroup.ng1.count': "
        "the cluster has no such thing; "
        "expected one of name, version, vpc, serviceCidr, cni, kubeProxy, nodeSecurityGroups, nodeGroups, "
        "delays, pods; did you mean 'nodeGroups'?\n");
  CHECK(errors_of_set("cluster.pods.pod3.node=node1")
            .find("the list 'cluster.pods' has no such thing; expected one of pod1, pod2; did you mean "
                  "'pod1'?") != std::string::npos);
  CHECK(errors_of_set("seed.x=1").find("nothing lies below 'seed'") != std::string::npos);
  CHECK(errors_of_set("cluster.cni.envy.X=1").find("did you mean 'env'?") != std::string::npos);
}

TEST_CASE("a bad value of --set is refused at the --set") {
  CHECK(errors_of_set("cluster.nodeGroups.ng1.count=many") ==
        "--set cluster.nodeGroups.ng1.count=many: 'many' for 'count'; expected a number of nodes: a whole "
        "number from 1 to 5000\n");
  CHECK(errors_of_set("seed").find("--set seed: no change; expected PATH=VALUE") != std::string::npos);
  CHECK(errors_of_set("captures=[").find("this is not YAML") != std::string::npos);
}

}  // namespace
}  // namespace ekspath
