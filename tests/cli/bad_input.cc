// Mistakes in a scenario file: each is told with its place, what was found, what was expected and a near
// miss.
#include "tests/cli/lab.hh"

namespace ekspath {
namespace {

TEST_CASE("an unknown key") {
  CHECK(
      refusal_of(with(lab, "cidr: 10.0.2.0/24", "cdir: 10.0.2.0/24")) ==
      "lab.yaml:11:11: a subnet without 'cidr'; expected 'cidr': its addresses, /16 to /28, inside the VPC\n"
      "lab.yaml:11:26: unknown key 'cdir' in a subnet; expected one of name, cidr, az, public, natGateway, "
      "routeTable, networkAcl; did you mean 'cidr'?\n");
}

TEST_CASE("a wrong type") {
  CHECK(refusal_of(with(cluster_lab, "count: 2", "count: two")) ==
        "lab.yaml:31:16: 'two' for 'count'; expected a number of nodes: a whole number from 1 to 5000\n"
        "lab.yaml:36:28: unknown node 'node2' of pod 'pod2'; expected node1\n");
  CHECK(refusal_of(with(lab, "cidrs: [10.1.0.0/16]", "cidrs: 10.1.0.0/16")) ==
        "lab.yaml:14:13: VPC 'right' without a network; expected at least one CIDR in 'cidrs'\n"
        "lab.yaml:15:14: '10.1.0.0/16' for 'cidrs'; expected a list: each item a CIDR\n");
}

TEST_CASE("a duplicate key") {
  CHECK(refusal_of(with(lab, "privateIp: 10.0.2.10,", "privateIp: 10.0.2.10, privateIp: 10.0.2.11,")) ==
        "lab.yaml:20:60: duplicate key 'privateIp'; expected each key once; the first stands at line 20\n");
}

TEST_CASE("a duplicate name") {
  CHECK(refusal_of(with(lab, "name: client,", "name: web1,")) ==
        "lab.yaml:20:14: a second host (node, pod, instance or internet host) 'web1'; expected each name "
        "once; the first stands at line 19\n"
        "lab.yaml:32:29: unknown reference '${client.ip}'; expected a node, pod, instance or internet host, "
        "a dot, and what of it\n"
        "lab.yaml:33:26: unknown reference '${client.publicIp}'; expected a node, pod, instance or internet "
        "host, a dot, and what of it\n"
        "lab.yaml:34:17: unknown host 'client' in 'client/ens5'; expected one of web1, web1, dns.google, "
        "ipinfo.io\n");
}

TEST_CASE("overlapping CIDRs") {
  CHECK(refusal_of(with(lab, "cidr: 10.0.2.0/24", "cidr: 10.0.0.0/22")) ==
        "lab.yaml:11:32: 10.0.0.0/22 of subnet 'left-b' overlaps 10.0.1.0/24 of subnet 'left-a'; expected a "
        "network apart from that of line 10\n");
  CHECK(refusal_of(with(lab, "cidrs: [10.1.0.0/16]", "cidrs: [10.1.0.0/16, 10.1.128.0/17]")) ==
        "lab.yaml:15:28: 10.1.128.0/17 of VPC 'right' overlaps 10.1.0.0/16 of VPC 'right'; expected a "
        "network apart from that of line 15\n");
}

TEST_CASE("a subnet outside of its VPC") {
  CHECK(refusal_of(with(lab, "cidr: 10.1.1.0/24", "cidr: 10.2.1.0/24")) ==
        "lab.yaml:16:39: 10.2.1.0/24 of subnet 'right-a' is outside of VPC 'right'; expected a part of "
        "10.1.0.0/16\n");
}

TEST_CASE("a pinned address that is outside of its subnet, reserved, or taken") {
  CHECK(refusal_of(with(lab, "privateIp: 10.0.2.10", "privateIp: 10.0.3.10")) ==
        "lab.yaml:20:49: 10.0.3.10 of instance 'client' is outside of its subnet 'left-b'; expected an "
        "address in 10.0.2.0/24\n");
  CHECK(refusal_of(with(lab, "privateIp: 10.0.2.10", "privateIp: 10.0.2.1")) ==
        "lab.yaml:20:49: 10.0.2.1 of instance 'client' is reserved by AWS in subnet 'left-b'; expected "
        "10.0.2.4 to 10.0.2.254\n");
  CHECK(refusal_of(with(cluster_lab, "ip: 10.0.1.101", "ip: 10.0.1.251")) ==
        "lab.yaml:35:39: 10.0.1.251 of pod 'pod1' is taken by node1; expected an address other than that of "
        "line 33\n");
  CHECK(refusal_of(with(cluster_lab, "{name: pod2, node: node2, device: 1}",
                        "{name: pod2, node: node1, ip: 10.0.1.101}")) ==
        "lab.yaml:36:39: 10.0.1.101 of pod 'pod2' is taken by pod 'pod1'; expected an address other than that "
        "of line 35\n");
}

TEST_CASE("more addresses than the instance type has") {
  std::string more;
  for (int i = 3; i <= 8; ++i) {
    more += "      - {name: pod" + std::to_string(i) + ", node: node2, device: 1}\n";
  }
  CHECK(refusal_of(with(cluster_lab, "  steps:\n", more + "  steps:\n")) ==
        "lab.yaml:41:16: pod 'pod7' is one more than ENI 1 of node2 has addresses for: a t3.medium has 5 for "
        "pods on each ENI; expected at most 5 pods with device 1 on node2\n");
  CHECK(refusal_of(with(cluster_lab, "device: 1}", "device: 3}")) ==
        "lab.yaml:36:43: ENI 3 of node2: a t3.medium has 3 ENIs; expected a device number from 0 to 2\n");
}

TEST_CASE("a peering of overlapping VPCs") {
  CHECK(refusal_of(with(with(lab, "cidrs: [10.1.0.0/16]", "cidrs: [10.0.0.0/16]"), "cidr: 10.1.1.0/24",
                        "cidr: 10.0.9.0/24")) ==
        "lab.yaml:17:21: peering 'bridge' of overlapping VPCs: 10.0.0.0/16 of 'left' and 10.0.0.0/16 of "
        "'right'; expected VPCs whose networks are apart\n");
}

TEST_CASE("an unknown reference") {
  CHECK(refusal_of(with(lab, "ping -c 1 ${web1.ip}", "ping -c 1 ${web.ip}")) ==
        "lab.yaml:27:25: unknown reference '${web.ip}'; expected a node, pod, instance or internet host, a "
        "dot, and what of it; did you mean 'web1'?\n");
  CHECK(refusal_of(with(lab, "equals: \"${client.publicIp}\"", "equals: \"${client.pubicIp}\"")) ==
        "lab.yaml:33:26: unknown reference '${client.pubicIp}'; expected one of ip, hostName, publicIp of "
        "client; did you mean 'publicIp'?\n");
  CHECK(refusal_of(with(lab, "capture: client/ens5", "capture: client/ens6")) ==
        "lab.yaml:34:17: unknown interface 'ens6' of client; expected one of any, lo, ens5; did you mean "
        "'ens5'?\n");
  CHECK(refusal_of(with(lab, "subnet: left-b", "subnet: lefd-b")) ==
        "lab.yaml:20:30: unknown subnet 'lefd-b' of instance 'client'; expected one of left-a, left-b, "
        "right-a; did you mean 'left-b'?\n");
  CHECK(refusal_of(with(lab, "step: me,", "step: mee,")) ==
        "lab.yaml:33:14: unknown step 'mee' in an expectation; expected one of ping, near, get, me; did you "
        "mean 'me'?\n");
}

TEST_CASE("iptables text that does not parse") {
  const auto run = [](const std::string& rule) {
    return refusal_of(with(lab, "    - {name: me,", "    - ssh client sudo " + rule + "\n    - {name: me,"));
  };
  CHECK(run("iptables -A OUTPUT -p tcp --dprot 80 -j DROP") ==
        "lab.yaml:29:7: iptables v1.8.8 (nf_tables): unknown option \"--dprot\"\n");
  CHECK(
      run("iptables -A OUTPUT -m recnt -j DROP") ==
      "lab.yaml:29:7: iptables v1.8.8 (nf_tables): Couldn't load match `recnt':No such file or directory\n");
  CHECK(run("iptables -t nta -S") ==
        "lab.yaml:29:7: iptables v1.8.8 (nf_tables): table 'nta' does not exist\n");
}

TEST_CASE("an unknown command, and an unknown option of a known one") {
  const std::string unknown =
      refusal_of(with(lab, "ssh client ping -c 2 8.8.8.8", "ssh client pnig -c 2 8.8.8.8"));
  CHECK(unknown.starts_with("lab.yaml:26:25: command 'pnig' is not modelled; expected one of "));
  CHECK(unknown.ends_with("; did you mean 'ping'?\n"));
  CHECK(refusal_of(with(lab, "ssh client ping -c 2 8.8.8.8", "shs client ping -c 2 8.8.8.8")) ==
        "lab.yaml:26:25: unknown command 'shs'; expected kubectl ... or ssh HOST [sudo] COMMAND; did you "
        "mean 'ssh'?\n");
  CHECK(refusal_of(with(lab, "ssh client ping -c 2 8.8.8.8", "ssh client ping -z 2 8.8.8.8")) ==
        "lab.yaml:26:25: ping: invalid option -- 'z'\n");
  CHECK(refusal_of(with(lab, "ssh client ping -c 2 8.8.8.8", "ssh client ping 8.8.8.8")) ==
        "lab.yaml:26:25: a command that never ends by itself; expected a count or a time limit (-c, -w), or "
        "background: true\n");
}

TEST_CASE("a filter expression that tcpdump does not know") {
  CHECK(refusal_of(with(lab, "icmp and host dns.google", "icpm and host dns.google")) ==
        "lab.yaml:34:38: filter 'icpm and host dns.google': unknown name 'icpm'; expected an address, or the "
        "name of a pod, a node, a service or a host; did you mean 'icmp'?\n");
  CHECK(refusal_of(with(lab, "icmp and host dns.google", "icmp and host dns.gogle")) ==
        "lab.yaml:34:38: filter 'icmp and host dns.gogle': unknown name 'dns.gogle'; expected an address, or "
        "the name of a pod, a node, a service or a host; did you mean 'dns.google'?\n");
}

TEST_CASE("a missing manifest") {
  CHECK(refusal_of(with(lab, "  steps:\n", "  manifests: [netshoot.yaml]\n  steps:\n")) ==
        "lab.yaml:25:15: no such manifest file: netshoot.yaml\n");
}

TEST_CASE("all mistakes of a file are told in one run, by line") {
  std::string text = with(cluster_lab, "type: t3.medium", "type: t3.mediun");
  text = with(text, "privateIp: 10.0.2.10", "privateIp: 10.0.9.10");
  text = with(text, "icmp and host dns.google", "icpm");
  text = with(text, "ping -c 2 8.8.8.8", "ping -z 8.8.8.8");
  CHECK(refusal_of(text) ==
        "lab.yaml:20:49: 10.0.9.10 of instance 'client' is outside of its subnet 'left-b'; expected an "
        "address in 10.0.2.0/24\n"
        "lab.yaml:30:15: unknown instance type 't3.mediun' of node group 'ng1'; expected an EC2 instance "
        "type, such as t3.medium; did you mean 't3.medium'?\n"
        "lab.yaml:38:25: ping: invalid option -- 'z'\n"
        "lab.yaml:46:38: filter 'icpm': unknown name 'icpm'; expected an address, or the name of a pod, a "
        "node, a service or a host; did you mean 'icmp'?\n");
}

TEST_CASE("what is wrong with a variant alone is told as the variant's") {
  CHECK(refusal_of(with(lab, "set: {vpcs.left.securityGroups.web", "set: {vpcs.left.securityGroups.wep")) ==
        "lab.yaml:39:13: in variant 'closed': unknown 'wep' in the path "
        "'vpcs.left.securityGroups.wep.ingress': the list "
        "'vpcs.left.securityGroups' has no such thing; expected web; did you mean 'web'?\n");
}

TEST_CASE("`run` refuses what `check` refuses, and writes nothing") {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", with(lab, "cidr: 10.0.2.0/24", "cdir: 10.0.2.0/24"));
  const Ended ended = terminal.type("ekspath run lab.yaml; status=$?; ls; exit $status");
  CHECK(ended.status == 2);
  CHECK(ended.out == "lab.yaml\n");
  CHECK(ended.err == terminal.type("ekspath check lab.yaml").err);
}

TEST_CASE("one bad file of several does not keep the others from being checked") {
  const TerminalSession terminal = session();
  terminal.write("good.yaml", lab);
  terminal.write("bad.yaml", with(lab, "kind: Scenario", "kind: Scenery"));
  const Ended ended = terminal.type("ekspath check nowhere.yaml bad.yaml good.yaml .");
  CHECK(ended.status == 2);
  CHECK(ended.out == "good.yaml: ok\n");
  CHECK(ended.err ==
        "nowhere.yaml: no such scenario file\n"
        "bad.yaml:2:7: 'Scenery' for 'kind'; expected Scenario\n"
        ".: the scenario is a directory; expected a YAML file\n");
}

}  // namespace
}  // namespace ekspath
