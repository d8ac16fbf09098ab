#include "sim/lab/load_scenario.hh"

#include <algorithm>
#include <filesystem>

#include "tests/unit/lab/load_lab.hh"

namespace ekspath {
namespace {

TEST_CASE("a good file gives its values, with their places") {
  const Scenario lab = loaded(good_lab);
  CHECK(*lab.metadata.name == "lab");
  CHECK(lab.vpcs.size() == 2);
  CHECK(lab.subnet("private-a").first->nat_gateway->value == "nat-a");
  CHECK(lab.pod("pod2")->ip->where.line == 31);
  CHECK(lab.steps.front().run.where.line == 33);
  CHECK(lab.captures_all);
}

TEST_CASE("what is left out is what AWS or eksctl would choose") {
  const Scenario lab = loaded(good_lab);
  CHECK(lab.seed == 1);
  CHECK(lab.region == "ap-northeast-2");
  CHECK(*lab.instance("operator")->type == "t3.medium");
  CHECK(lab.instance("operator")->security_groups.front().value == "default");
  CHECK(*lab.cluster->version == "1.31");
  CHECK(*lab.pod("pod1")->device == 0);
  CHECK(lab.pod("pod1")->name_space == "default");
  const SecurityGroupEntry& web = lab.vpc("left")->security_groups.front();
  REQUIRE(web.egress.size() == 1);
  CHECK(**web.egress.front().cidr == Prefix());
  CHECK_FALSE(web.egress.front().selects.protocol.has_value());
}

TEST_CASE("the service network is 10.100/16, and 172.20/16 for a VPC of 10/8") {
  CHECK(*loaded(good_lab).cluster->service_cidr == *Prefix::parse("10.100.0.0/16"));
  const Scenario ten = loaded(R"(apiVersion: ekspath/v1
kind: Scenario
metadata: {name: ten}
spec:
  vpcs: [{name: v, cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.1.0/24, az: a}]}]
  cluster: {name: c, vpc: v, nodeGroups: [{name: ng}]}
)");
  CHECK(*ten.cluster->service_cidr == *Prefix::parse("172.20.0.0/16"));
  CHECK(ten.cluster->nodes.size() == 2);
  CHECK(ten.cluster->nodes[0].type == "m5.large");
  CHECK(ten.cluster->nodes[1].subnet == "a");
}

TEST_CASE("node groups are counted out to node1, node2, ... over their subnets, with their pins") {
  const Scenario lab =
      loaded(lab_with("count: 2, subnets: [public-a]", "count: 3, subnets: [public-a, private-a]"));
  REQUIRE(lab.cluster->nodes.size() == 3);
  CHECK(lab.cluster->nodes[1].name == "node2");
  CHECK(lab.cluster->nodes[1].subnet == "private-a");
  CHECK(lab.cluster->nodes[2].subnet == "public-a");
  CHECK(**lab.node("node1")->private_ip == *Ipv4Address::parse("192.168.1.251"));
  CHECK_FALSE(lab.node("node2")->private_ip.has_value());
}

TEST_CASE("a pod on device 1 says that its node has that ENI") {
  const Scenario lab = loaded(good_lab);
  REQUIRE(lab.node("node1")->enis.size() == 1);
  CHECK(*lab.node("node1")->enis[0].device == 1);
  CHECK(lab.node("node2")->enis.empty());
}

TEST_CASE("a start is an instant, whatever its zone") {
  const auto start_of = [](std::string_view text) {
    return loaded(lab_with("spec:\n", "spec:\n  start: " + std::string(text) + "\n")).start.count();
  };
  CHECK(start_of("2025-02-16T10:00:00+09:00") == 1'739'667'600'000'000'000);
  CHECK(start_of("2025-02-16T01:00:00Z") == 1'739'667'600'000'000'000);
  CHECK(start_of("1970-01-01T00:00:00.000000001Z") == 1);
  CHECK(start_of("2024-02-29T23:59:59.5-00:30") == 1'709'252'999'500'000'000);
}

TEST_CASE("a start that is no time is refused") {
  for (const char* text :
       {"yesterday", "2025-02-30T00:00:00Z", "2025-02-16T10:00:00", "2025-02-16", "2025-02-16T24:00:00Z"}) {
    CHECK(errors_with("spec:\n", "spec:\n  start: " + std::string(text) + "\n")
              .starts_with("lab.yaml:5:10: '"));
  }
}

TEST_CASE("groups let ICMP errors about tracked flows in where the file says so") {
  CHECK_FALSE(loaded(good_lab).fabric.admits_related_errors);
  CHECK(
      loaded(lab_with("  steps:", "  fabric: {relatedErrors: true}\n  steps:")).fabric.admits_related_errors);
  CHECK(errors_with("  steps:", "  fabric: {relatedErrors: 1}\n  steps:").find("relatedErrors") !=
        std::string::npos);
}

TEST_CASE("links are delays, rates and losses") {
  const Scenario lab = loaded(
      lab_with("  steps:",
               "  links: {internet: {rtt: 30ms, loss: 0.25%}, node1/ens5: {bandwidth: 1.5Gbps}}\n  steps:"));
  CHECK(lab.links[0].delay == Nanoseconds(15'000'000));
  CHECK(lab.links[0].loss_per_million == 2500);
  CHECK(lab.links[1].rate_bps == 1'500'000'000);
}

TEST_CASE("an unknown key is refused with a near miss, and the keys that there are") {
  CHECK(errors_with("device: 1}", "device: 1, hostNetwrk: true}") ==
        "lab.yaml:31:65: unknown key 'hostNetwrk' in a pod; expected one of name, namespace, node, ip, "
        "device, hostNetwork, "
        "runs, sysctls, listens; did you mean 'hostNetwork'?\n");
}

TEST_CASE("a missing key is named with what belongs there") {
  CHECK(errors_with("{name: pod1, node: node1,", "{name: pod1,")
            .find("lab.yaml:30:9: a pod without 'node'; expected 'node': node1, node2, ...") !=
        std::string::npos);
}

TEST_CASE("a wrong type is named with the right one") {
  CHECK(errors_with("count: 2", "count: two") ==
        "lab.yaml:28:45: 'two' for 'count'; expected a number of nodes: a whole number from 1 to 5000\n");
  CHECK(errors_with("version: \"1.19\"", "version: 1.19").find("the number 1.19 for 'version'") !=
        std::string::npos);
  CHECK(errors_with("EXTERNALSNAT: \"false\"", "EXTERNALSNAT: false")
            .find("the boolean false for 'AWS_VPC_K8S_CNI_EXTERNALSNAT'; expected a string; write it in "
                  "quotes: \"false\"") != std::string::npos);
  CHECK(errors_with("internetGateway: true", "internetGateway: \"true\"")
            .find("expected true or false; write it without quotes") != std::string::npos);
  CHECK(errors_with("cidrs: [172.20.0.0/16]", "cidrs: 172.20.0.0/16")
            .find("expected a list: each item a CIDR") != std::string::npos);
}

TEST_CASE("a key with nothing behind it is refused where it stands") {
  CHECK(errors_with("subnets: [{name: right-a, cidr: 172.20.1.0/24, az: a}]", "subnets:")
            .find("lab.yaml:17:7: nothing for 'subnets'") != std::string::npos);
}

TEST_CASE("every mistake of a file is reported in one run") {
  std::string text = lab_with("count: 2", "count: two");
  text.replace(text.find("rtt: 20ms"), 9, "rtt: fast");
  text.replace(text.find("kind: Scenario"), 14, "kind: Scenery!");
  const std::string errors = errors_of(text);
  CHECK(errors.find("lab.yaml:2:7:") != std::string::npos);
  CHECK(errors.find("lab.yaml:22:50: 'fast' for 'rtt'") != std::string::npos);
  CHECK(errors.find("lab.yaml:28:45:") != std::string::npos);
}

TEST_CASE("a mistake does not bring others that follow from it") {
  const std::string errors = errors_with("count: 2, subnets", "count: 2, color: red, subnets");
  CHECK(std::ranges::count(errors, '\n') == 1);
}

TEST_CASE("names are unique where they are looked up") {
  CHECK(errors_with("name: right\n", "name: left\n")
            .find("a second VPC 'left'; expected each name once; the first stands at line 6") !=
        std::string::npos);
  CHECK(errors_with("name: right-a", "name: public-a").find("a second subnet 'public-a'") !=
        std::string::npos);
  CHECK(errors_with("name: pod2", "name: operator")
            .find("a second host (node, pod, instance or internet host) 'operator'") != std::string::npos);
  CHECK(errors_with("name: pod2", "name: node2").find("'node2'") != std::string::npos);
  CHECK(errors_with("  expect:", "    - {name: ping, run: kubectl get pods}\n  expect:")
            .find("a second step 'ping'") != std::string::npos);
}

TEST_CASE("names are of small letters, digits and dashes") {
  CHECK(errors_with("name: pod1", "name: Pod_1").find("'Pod_1' for 'name'") != std::string::npos);
}

TEST_CASE("networks of a VPC neither overlap nor are larger than /16 or smaller than /28") {
  CHECK(errors_with("cidrs: [172.20.0.0/16]", "cidrs: [172.20.0.0/16, 172.20.128.0/17]")
            .find("172.20.128.0/17 of VPC 'right' overlaps 172.20.0.0/16 of VPC 'right'") !=
        std::string::npos);
  CHECK(errors_with("cidrs: [172.20.0.0/16]", "cidrs: [172.16.0.0/12]")
            .find("the /12 of VPC 'right'; expected a network from /16 to /28") != std::string::npos);
  CHECK(errors_with("172.20.1.0/24", "172.20.1.0/29").find("the /29 of subnet 'right-a'") !=
        std::string::npos);
  CHECK(
      errors_with("cidrs: [172.20.0.0/16]", "cidrs: [172.20.0.1/16]").find("did you mean '172.20.0.0/16'?") !=
      std::string::npos);
}

TEST_CASE("a subnet lies in its VPC, apart from the others") {
  CHECK(errors_with("172.20.1.0/24", "172.21.1.0/24")
            .find("172.21.1.0/24 of subnet 'right-a' is outside of VPC 'right'; expected a part of "
                  "172.20.0.0/16") != std::string::npos);
  CHECK(errors_with("192.168.2.0/24", "192.168.1.128/25")
            .find("192.168.1.128/25 of subnet 'private-a' overlaps 192.168.1.0/24 of subnet 'public-a'") !=
        std::string::npos);
}

TEST_CASE("a peering joins two VPCs that do not overlap") {
  const std::string errors =
      errors_with("cidrs: [172.20.0.0/16]\n      subnets: [{name: right-a, cidr: 172.20.1.0/24",
                  "cidrs: [192.168.128.0/17]\n      subnets: [{name: right-a, cidr: 192.168.200.0/24");
  CHECK(errors.find("lab.yaml:18:21: peering 'bridge' of overlapping VPCs: 192.168.0.0/16 of 'left' and "
                    "192.168.128.0/17 of 'right'") != std::string::npos);
  CHECK(errors_with("[left, right]", "[left, rigth]")
            .find("unknown VPC 'rigth' of peering 'bridge'; expected one of left, right; did you mean "
                  "'right'?") != std::string::npos);
  CHECK(errors_with("[left, right]", "[left]").find("a peering between 1 VPCs") != std::string::npos);
  CHECK(errors_with("[left, right]", "[left, left]").find("with itself") != std::string::npos);
}

TEST_CASE("a pinned address lies in its subnet, and is neither reserved nor taken") {
  CHECK(errors_with("172.20.1.100", "172.20.2.100") ==
        "lab.yaml:20:52: 172.20.2.100 of instance 'operator' is outside of its subnet 'right-a'; expected an "
        "address in 172.20.1.0/24\n");
  for (const char* reserved : {"172.20.1.0", "172.20.1.1", "172.20.1.3", "172.20.1.255"}) {
    CHECK(errors_with("172.20.1.100", reserved)
              .find("is reserved by AWS in subnet 'right-a'; expected 172.20.1.4 to 172.20.1.254") !=
          std::string::npos);
  }
  CHECK(errors_with("192.168.1.151", "192.168.1.251")
            .find("192.168.1.251 of pod 'pod2' is taken by node1; expected an address other than that of "
                  "line 28") != std::string::npos);
  CHECK(errors_with("198.51.100.9", "8.8.8.8")
            .find("8.8.8.8 of internet host 'dns.google' is taken by NAT gateway 'nat-a'") !=
        std::string::npos);
  CHECK(errors_with("198.51.100.9", "192.168.7.7")
            .find("the public 192.168.7.7 of NAT gateway 'nat-a' lies in VPC 'left'") != std::string::npos);
}

TEST_CASE("VPCs that are not peered may use the same addresses") {
  std::string text =
      lab_with("cidrs: [172.20.0.0/16]\n      subnets: [{name: right-a, cidr: 172.20.1.0/24",
               "cidrs: [192.168.0.0/16]\n      subnets: [{name: right-a, cidr: 192.168.1.0/24");
  text.replace(text.find("  peerings: [{name: bridge, between: [left, right]}]\n"), 53, "");
  text.replace(text.find("172.20.1.100"), 12, "192.168.1.251");
  CHECK(errors_of(text) == "");
}

TEST_CASE("an instance type is one of EC2's") {
  CHECK(errors_with("t3.medium", "t3.mediun")
            .find("unknown instance type 't3.mediun' of node group 'ng1'; expected an EC2 instance type, "
                  "such as t3.medium; did you mean 't3.medium'?") != std::string::npos);
}

TEST_CASE("types of the Xen hypervisor are refused by name") {
  CHECK(errors_with("t3.medium", "t2.medium")
            .find("instance type 't2.medium' of node group 'ng1' is not modelled") != std::string::npos);
}

TEST_CASE("an ENI has no more addresses, and an instance no more ENIs, than its type allows") {
  CHECK(errors_with("device: 1}", "device: 3}")
            .find("ENI 3 of node1: a t3.medium has 3 ENIs; expected a device number from 0 to 2") !=
        std::string::npos);
  std::string more;
  for (int i = 3; i <= 7; ++i)
    more += "      - {name: pod" + std::to_string(i) + ", node: node1, device: 1}\n";
  CHECK(errors_with("  steps:", more + "  steps:") ==
        "lab.yaml:36:16: pod 'pod7' is one more than ENI 1 of node1 has addresses for: a t3.medium has 5 for "
        "pods on each ENI; "
        "expected at most 5 pods with device 1 on node1\n");
}

TEST_CASE("a subnet has five addresses less than its size") {
  std::string text = lab_with("cidr: 172.20.1.0/24", "cidr: 172.20.1.96/28");
  std::string more;
  for (int i = 0; i < 11; ++i) more += "    - {name: more" + std::to_string(i) + ", subnet: right-a}\n";
  text.replace(text.find("  internet:"), 0, more);
  CHECK(errors_of(text).find("12 addresses are wanted of subnet 'right-a', which has 11") !=
        std::string::npos);
}

TEST_CASE("references by name are known ones") {
  CHECK(errors_with("subnet: right-a", "subnet: rigth-a")
            .find("unknown subnet 'rigth-a' of instance 'operator'; expected one of public-a, private-a, "
                  "right-a; did you mean 'right-a'?") != std::string::npos);
  CHECK(errors_with("natGateway: nat-a", "natGateway: nat-b")
            .find("unknown NAT gateway 'nat-b' of subnet 'private-a'; expected nat-a") != std::string::npos);
  CHECK(errors_with("node: node1, ip: 192.168.1.101", "node: node3")
            .find("unknown node 'node3' of pod 'pod1'; expected one of node1, node2") != std::string::npos);
  CHECK(errors_with("vpc: left", "vpc: lefd").find("unknown VPC 'lefd' of the cluster") != std::string::npos);
  CHECK(errors_with("    vpc: left", "    vpc: left\n    nodeSecurityGroups: [default, wep]")
            .find("unknown security group 'wep' of the nodes; expected one of default, web; did you mean "
                  "'web'?") != std::string::npos);
  CHECK(errors_with("from: 0.0.0.0/0", "from: sg/wep")
            .find("unknown security group 'wep' in security group 'web'") != std::string::npos);
  CHECK(errors_with("capture: node1/ens5", "capture: node9/ens5")
            .find("unknown host 'node9' in 'node9/ens5'") != std::string::npos);
  CHECK(errors_with("capture: node1/ens5", "capture: node1/ens9")
            .find("unknown interface 'ens9' of node1; expected one of any, lo, ens5, ens6, ens7") !=
        std::string::npos);
  CHECK(errors_with("{capture: node1/ens5, filter: icmp, packets: 0}", "{step: pong, exit: 0}")
            .find("unknown step 'pong' in an expectation; expected ping") != std::string::npos);
}

TEST_CASE("a ${reference} names a host of the file and something that it has") {
  CHECK(errors_with("${pod2.ip}", "${pod3.ip}")
            .find("unknown reference '${pod3.ip}'; expected a node, pod, instance or internet host, a dot, "
                  "and what of it; did you mean 'pod1'?") != std::string::npos);
  CHECK(errors_with("${pod2.ip}", "${node1.pubicIp}").find("did you mean 'publicIp'?") != std::string::npos);
  CHECK(errors_with("${pod2.ip}", "${pod2.publicIp}").find("expected one of ip, hostName, node of pod2") !=
        std::string::npos);
  CHECK(errors_with("${pod2.ip}", "${node2.veth.pod2}")
            .find("expected veth. and a pod of node2 that has an address of its own") != std::string::npos);
  CHECK(errors_with("${pod2.ip}", "${pod2.ip").find("'${pod2.ip' without its '}'") != std::string::npos);
  // A step's text is there from the next step on, and in no filter.
  CHECK(errors_with("${pod2.ip}", "${steps.ping}").find("unknown reference '${steps.ping}'") !=
        std::string::npos);
  CHECK(errors_with("filter: icmp", "filter: \"host ${steps.ping}\"")
            .find("unknown reference '${steps.ping}'; expected what is known before the first step") !=
        std::string::npos);
  for (const char* good :
       {"${node1.veth.pod2}", "${dns.google.ip}", "${operator.ip}", "${pod1.node}", "${node1.publicIp}"}) {
    CHECK(errors_with("${pod2.ip}", good) == "");
  }
}

TEST_CASE("a drop is expected at a known place, of a known reason") {
  const auto expecting = [](std::string_view drop) {
    return errors_with("{capture: node1/ens5, filter: icmp, packets: 0}",
                       "{drop: {" + std::string(drop) + "}, packets: 1}");
  };
  CHECK(expecting("at: node1/ens6, reason: rp_filter") == "");
  CHECK(expecting("at: igw/left, reason: no_public_address") == "");
  CHECK(expecting("at: nat/nat-a, reason: nat_gateway_idle") == "");
  CHECK(expecting("at: peering/bridge, reason: peering_edge") == "");
  CHECK(expecting("at: pod1, reason: no_socket") == "");
  CHECK(expecting("at: node1/ens6, reason: rp_fliter").find("did you mean 'rp_filter'?") !=
        std::string::npos);
  CHECK(expecting("at: node1/ens6, reason: none").find("'none' for 'reason'") != std::string::npos);
  CHECK(expecting("at: igw/lefd, reason: no_public_address").find("unknown VPC 'lefd' of a drop") !=
        std::string::npos);
}

TEST_CASE("an expectation is of one thing, and whole") {
  const auto expecting = [](std::string_view what) {
    return errors_with("{capture: node1/ens5, filter: icmp, packets: 0}", what);
  };
  CHECK(expecting("{capture: node1/ens5}").find("an expectation without 'packets'") != std::string::npos);
  CHECK(expecting("{packets: 1}").find("an expectation of nothing") != std::string::npos);
  CHECK(expecting("{step: ping}").find("a step that nothing is expected of") != std::string::npos);
  CHECK(expecting("{step: ping, packets: 1}").find("'packets' with 'step'") != std::string::npos);
  CHECK(expecting("{step: ping, matches: \"((\"}").find("'((' is no regular expression") !=
        std::string::npos);
  CHECK(expecting("{capture: node1/ens5, contains: x, packets: 1}").find("without 'step'") !=
        std::string::npos);
}

TEST_CASE("the CNI's variables are the real ones, and those that are not modelled say so") {
  const auto with_env = [](std::string_view env) {
    return errors_with("{AWS_VPC_K8S_CNI_EXTERNALSNAT: \"false\"}", env);
  };
  CHECK(with_env("{AWS_VPC_K8S_CNI_EXTERNALSNT: \"true\"}")
            .find("unknown variable 'AWS_VPC_K8S_CNI_EXTERNALSNT' of the VPC CNI") != std::string::npos);
  CHECK(with_env("{AWS_VPC_K8S_CNI_EXTERNALSNT: \"true\"}")
            .find("did you mean 'AWS_VPC_K8S_CNI_EXTERNALSNAT'?") != std::string::npos);
  CHECK(with_env("{ENABLE_POD_ENI: \"true\"}")
            .find("ENABLE_POD_ENI is not modelled; expected its default \"false\"") != std::string::npos);
  CHECK(with_env("{AWS_VPC_K8S_CNI_VETHPREFIX: veths}")
            .find("'veths' for AWS_VPC_K8S_CNI_VETHPREFIX; expected a value with which aws-node starts; "
                  "AWS_VPC_K8S_CNI_VETHPREFIX cannot be longer than 4 characters") != std::string::npos);
  CHECK(with_env("{ENABLE_POD_ENI: \"false\", ENABLE_PREFIX_DELEGATION: \"true\"}") == "");
}

TEST_CASE("an environment with which aws-node would not start is refused in its words") {
  const auto with_env = [](std::string_view env) {
    return errors_with("{AWS_VPC_K8S_CNI_EXTERNALSNAT: \"false\"}", env);
  };
  CHECK(with_env("{ENABLE_PREFIX_DELEGATION: \"true\", WARM_PREFIX_TARGET: \"0\"}")
            .find("Setting WARM_PREFIX_TARGET = 0 is not supported while WARM_IP_TARGET/MINIMUM_IP_TARGET is "
                  "not set.") != std::string::npos);
  CHECK(with_env("{ENABLE_PREFIX_DELEGATION: \"true\", WARM_PREFIX_TARGET: \"0\", WARM_IP_TARGET: \"1\"}") ==
        "");
  CHECK(with_env("{IP_COOLDOWN_PERIOD: \"soon\"}")
            .find("IP_COOLDOWN_PERIOD \"soon\"; expected a number of "
                  "seconds") != std::string::npos);
}

TEST_CASE("custom networking asks for an ENIConfig for each node, in its zone") {
  const std::string plain = "cni: {version: \"1.19\", env: {AWS_VPC_K8S_CNI_EXTERNALSNAT: \"false\"}}";
  const auto with_cni = [&](std::string_view rest) {
    return errors_with(plain, fmt::format("cni: {{env: {{AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: \"true\", "
                                          "ENI_CONFIG_LABEL_DEF: topology.kubernetes.io/zone}}{}}}",
                                          rest));
  };
  CHECK(
      with_cni("").find("custom networking without an ENIConfig for node1; expected cni.eniConfigs with one "
                        "named 'ap-northeast-2a'") != std::string::npos);
  CHECK(with_cni(", eniConfigs: [{name: ap-northeast-2a, subnet: private-a, securityGroups: [web]}]") == "");
  CHECK(with_cni(", eniConfigs: [{name: ap-northeast-2a, subnet: privat-a}]")
            .find("did you mean 'private-a'?") != std::string::npos);
  CHECK(with_cni(", eniConfigs: [{name: ap-northeast-2a, subnet: right-a}]")
            .find("subnet 'right-a' of ENIConfig 'ap-northeast-2a' is in VPC 'right'") != std::string::npos);
}

TEST_CASE("versions and modes that are not modelled are refused by name") {
  CHECK(errors_with("\"1.19\"", "\"1.23\"")
            .find("its native nftables table (v1.23 and later) is not modelled") != std::string::npos);
  CHECK(errors_with("\"1.19\"", "\"1.6\"").find("the rules before v1.7 are not modelled") !=
        std::string::npos);
  CHECK(errors_with("\"1.19\"", "v1.16.0-eksbuild.1") == "");
  for (const char* mode : {"ipvs", "nftables"}) {
    CHECK(errors_with("    vpc: left", "    vpc: left\n    kubeProxy: {mode: " + std::string(mode) + "}")
              .find("mode " + std::string(mode) + " is not modelled") != std::string::npos);
  }
  CHECK(errors_with("    vpc: left", "    vpc: left\n    version: \"1.20\"")
            .find("of other versions are not modelled") != std::string::npos);
}

TEST_CASE("a listening program speaks its own protocol, on a port of its own") {
  const auto listening = [](std::string_view list) {
    return errors_with("privateIp: 172.20.1.100}",
                       "privateIp: 172.20.1.100, listens: [" + std::string(list) + "]}");
  };
  CHECK(listening("{port: 80, serves: http-echo}, {port: 80, serves: udp-echo}") == "");
  CHECK(listening("{port: 80, serves: http-echo}, {port: 80, serves: tcp-echo}")
            .find("a second program on tcp port 80 of instance 'operator'") != std::string::npos);
  CHECK(listening("{port: 80, protocol: udp, serves: http-echo}")
            .find("protocol udp for a program that speaks tcp") != std::string::npos);
  CHECK(listening("{port: 0, serves: http-echo}").find("the number 0 for 'port'") != std::string::npos);
  CHECK(listening("{port: 80, serves: http-ecko}").find("did you mean 'http-echo'?") != std::string::npos);
}

TEST_CASE("a hostNetwork pod has neither address, device nor sysctls of its own") {
  CHECK(errors_with("ip: 192.168.1.151, device: 1}", "hostNetwork: true}") == "");
  CHECK(errors_with("device: 1}", "hostNetwork: true}").find("'ip' of a pod with hostNetwork: true") !=
        std::string::npos);
}

TEST_CASE("routes are legal where EC2 would take them") {
  const auto routing = [](std::string_view route) {
    return errors_with("      securityGroups:", "      routeTables: [{name: odd, routes: [" +
                                                    std::string(route) + "]}]\n      securityGroups:");
  };
  CHECK(routing("{to: 10.0.0.0/8, via: blackhole}, {to: 172.20.0.0/16, via: peering/bridge}, {to: 0.0.0.0/0, "
                "via: internetGateway}") == "");
  CHECK(routing("{to: 192.168.1.0/24, via: nat/nat-a}") == "");
  CHECK(routing("{to: 192.168.1.0/25, via: nat/nat-a}")
            .find("which lies in the VPC; expected exactly a subnet's network") != std::string::npos);
  CHECK(routing("{to: 10.0.0.0/8, via: local}")
            .find("expected via: local for exactly the VPC's own networks") != std::string::npos);
  CHECK(
      routing("{to: 10.0.0.0/8, via: igw}")
          .find(
              "'igw' for 'via'; expected one of local, internetGateway, nat/NAME, peering/NAME, blackhole") !=
      std::string::npos);
  CHECK(routing("{to: 10.0.0.0/8, via: peering/brigde}")
            .find("unknown peering 'brigde' of VPC 'left'; expected bridge") != std::string::npos);
  CHECK(routing("{to: 10.0.0.0/8, via: blackhole}, {to: 10.0.0.0/8, via: internetGateway}")
            .find("a second route to 10.0.0.0/8") != std::string::npos);
}

TEST_CASE("ports stand with protocols that have them") {
  CHECK(errors_with("protocol: tcp, ports: 80", "protocol: icmp, ports: 80")
            .find("ports of a protocol that has none") != std::string::npos);
  CHECK(errors_with("ports: 80", "ports: 90-80").find("expected a port or a range of ports") !=
        std::string::npos);
  CHECK(errors_with("ports: 80", "ports: 1024-65535") == "");
}

TEST_CASE("links are of known kinds or of interfaces") {
  const auto linked = [](std::string_view links) {
    return errors_with("  steps:", "  links: {" + std::string(links) + "}\n  steps:");
  };
  CHECK(linked("crossaz: {rtt: 1ms}").find("unknown link 'crossaz'; expected one of") != std::string::npos);
  CHECK(linked("crossaz: {rtt: 1ms}").find("did you mean 'cross-az'?") != std::string::npos);
  CHECK(linked("cross-az: {rtt: 1ns}").find("a round trip of 0s for 'cross-az'; expected at least 100us") !=
        std::string::npos);
  CHECK(linked("cross-az: {bandwidth: 1Gbps}").find("paths share no wire") != std::string::npos);
  CHECK(linked("cross-az: {rtt: 1ms, delay: 1ms}").find("both rtt and delay; expected one of the two") !=
        std::string::npos);
  CHECK(linked("node1/ens5: {loss: 101%}").find("'101%' for 'loss'") != std::string::npos);
}

TEST_CASE("a manifest that is not there is an error of the line that names it") {
  CHECK(errors_with("  steps:", "  manifests: [netshoot.yaml]\n  steps:") ==
        "lab.yaml:32:15: no such manifest file: netshoot.yaml\n");
}

TEST_CASE("commands and filters are shown to those who can judge them, references filled in") {
  LoadOptions options;
  std::vector<std::string> seen;
  options.check_step = [&](const Step& step, Diagnostics&) { seen.push_back(*step.run); };
  options.check_filter = [](const FilterToCheck& filter, Diagnostics& diagnostics) {
    CHECK(filter.at.interface == "ens5");
    CHECK(filter.scenario.host_names().size() == 6);
    diagnostics.report({filter.expression.where, "no filter: " + *filter.expression, {}, {}});
  };
  CHECK(errors_of(good_lab, options) == "lab.yaml:35:37: no filter: icmp\n");
  CHECK(seen.front() == "kubectl exec pod1 -- ping -c 1 192.0.2.1");
}

TEST_CASE("every scenario of the project loads, with every variant") {
  REQUIRE(std::filesystem::exists("scenarios"));
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("scenarios")) {
    if (entry.path().extension() != ".yaml") continue;
    Diagnostics diagnostics;
    const auto scenario = load_scenario(entry.path().string(), {}, diagnostics);
    CHECK_MESSAGE(diagnostics.ok(), diagnostics.text());
    REQUIRE(scenario.has_value());
    CHECK(*scenario->metadata.name == entry.path().stem().string());
    CHECK_FALSE(scenario->metadata.teaches.empty());
    CHECK_FALSE(scenario->expectations.empty());
    ++count;
  }
  CHECK(count >= 15);
}

}  // namespace
}  // namespace ekspath
