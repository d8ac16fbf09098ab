#include "sim/eks/vpc_cni.hh"

#include <doctest/doctest.h>

#include <string>

#include "sim/eks/al2023.hh"
#include "sim/eks/kube_proxy.hh"
#include "sim/eks/kubelet.hh"
#include "sim/linux/netfilter/iptables_text.hh"
#include "sim/linux/netfilter/rule_store.hh"
#include "tests/support/text/snapshot.hh"

using namespace ekspath;

namespace {

/// A node of facts/vpc-cni.md: VPC 10.0.0.0/16, ens5 10.0.1.5, and, once set up, ens6 10.0.1.60.
struct NodeUnderTest {
  PacketPool pool;
  PlaceNames places;
  RuleStore rules;
  Engine engine;
  Kernel kernel{engine, pool, places, rules, 1, 0};
  Netns host{kernel, "node1"};
  CniEni primary{0, 0, "ens5", Ipv4Address(10, 0, 1, 5), *Prefix::parse("10.0.1.0/24")};
  CniEni secondary{1, 0, "ens6", Ipv4Address(10, 0, 1, 60), *Prefix::parse("10.0.1.0/24")};
  VpcCni cni;

  explicit NodeUnderTest(const char* version = "1.19",
                         std::vector<Prefix> cidrs = {*Prefix::parse("10.0.0.0/16")})
      : cni(host, *CniVersion::parse(version), std::move(cidrs), LinkSpec()) {
    Interface& ens5 =
        host.add_interface("ens5", InterfaceKind::ena, *MacAddress::parse("0a:00:00:00:00:05"), 9001);
    host.add_interface("ens6", InterfaceKind::ena, *MacAddress::parse("0a:00:00:00:00:06"), 9001);
    boot_al2023(host, ens5, {primary.primary_address, primary.subnet, Ipv4Address(10, 0, 0, 2)});
    start_kubelet_network(host);
    const ServiceTable none;
    KubeProxy(host, {1, 31}, {"node1", primary.primary_address}, none).start();
  }

  std::string save(const char* table) const {
    std::string text = iptables(const_cast<Netns&>(host), fmt::format("-t {} -S", table)).out;
    return text;
  }
  std::string rules_text() const {
    std::string text;
    for (const PolicyRule& rule : host.routing.rules()) text += host.routing.text(rule) + "\n";
    return text;
  }
};

}  // namespace

TEST_CASE("a default node's nat table is the list of the facts, in order") {
  NodeUnderTest node;
  node.cni.start({}, {node.primary});
  // facts/vpc-cni.md 3.1, facts/kube-proxy.md 4
  CHECK_MESSAGE(difference(R"(-P PREROUTING ACCEPT
-P INPUT ACCEPT
-P OUTPUT ACCEPT
-P POSTROUTING ACCEPT
-N AWS-CONNMARK-CHAIN-0
-N AWS-SNAT-CHAIN-0
-N KUBE-KUBELET-CANARY
-N KUBE-MARK-MASQ
-N KUBE-NODEPORTS
-N KUBE-POSTROUTING
-N KUBE-PROXY-CANARY
-N KUBE-SERVICES
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -i eni+ -m comment --comment "AWS, outbound connections" -j AWS-CONNMARK-CHAIN-0
-A PREROUTING -m comment --comment "AWS, CONNMARK" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-0
-A AWS-CONNMARK-CHAIN-0 -d 10.0.0.0/16 -m comment --comment "AWS CONNMARK CHAIN, VPC CIDR" -j RETURN
-A AWS-CONNMARK-CHAIN-0 -m comment --comment "AWS, CONNMARK" -j CONNMARK --set-xmark 0x80/0x80
-A AWS-SNAT-CHAIN-0 -d 10.0.0.0/16 -m comment --comment "AWS SNAT CHAIN" -j RETURN
-A AWS-SNAT-CHAIN-0 ! -o vlan+ -m comment --comment "AWS, SNAT" -m addrtype ! --dst-type LOCAL -j SNAT --to-source 10.0.1.5 --random-fully
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
)",
                           node.save("nat"))
                    .empty(),
                node.save("nat"));
}

TEST_CASE("a default node's mangle table has the three rules of the CNI") {
  NodeUnderTest node;
  node.cni.start({}, {node.primary});
  const std::string text = node.save("mangle");
  CHECK(text.ends_with(
      R"(-A PREROUTING -i ens5 -m comment --comment "AWS, primary ENI" -m addrtype --dst-type LOCAL --limit-iface-in -j CONNMARK --set-xmark 0x80/0x80
-A PREROUTING -i eni+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80
-A PREROUTING -i vlan+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80
)"));
}

TEST_CASE("a default node's filter table is the list of the facts") {
  NodeUnderTest node;
  const std::string text = node.save("filter");
  // facts/kube-proxy.md 4
  CHECK(
      text.find(
          R"(-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
)") != std::string::npos);
}

TEST_CASE("the policy rules of a node with a pod on each ENI are those of the facts") {
  NodeUnderTest node("1.20");
  Netns pod_a(node.kernel, "pod-a"), pod_b(node.kernel, "pod-b");
  node.cni.start({}, {node.primary, node.secondary});
  node.cni.add_pod({"default", "a", Ipv4Address(10, 0, 1, 23), 0}, pod_a);
  node.cni.add_pod({"default", "b", Ipv4Address(10, 0, 1, 50), 1}, pod_b);
  CHECK(node.rules_text() ==
        "0:\tfrom all lookup local\n"
        "512:\tfrom all to 10.0.1.23 lookup main\n"
        "512:\tfrom all to 10.0.1.50 lookup main\n"
        "1024:\tfrom all fwmark 0x80/0x80 lookup main\n"
        "1536:\tfrom 10.0.1.50 lookup 2\n"
        "32765:\tfrom 10.0.1.60 lookup 2\n"
        "32766:\tfrom all lookup main\n"
        "32767:\tfrom all lookup default\n");
}

TEST_CASE("before 1.20 a secondary ENI's own address has no rule") {
  NodeUnderTest node("1.19");
  node.cni.start({}, {node.primary, node.secondary});
  CHECK(node.rules_text().find("32765") == std::string::npos);
}

TEST_CASE("excluded CIDRs stand above the VPC's, each inserted first") {
  NodeUnderTest node("1.19", {*Prefix::parse("10.0.0.0/16"), *Prefix::parse("100.64.0.0/16")});
  node.cni.start({{"AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS", "172.16.0.0/12,192.168.0.0/16"}}, {node.primary});
  // facts/vpc-cni.md 3.2
  CHECK(node.save("nat").find(
            R"(-A AWS-SNAT-CHAIN-0 -d 192.168.0.0/16 -m comment --comment "AWS SNAT CHAIN EXCLUSION" -j RETURN
-A AWS-SNAT-CHAIN-0 -d 172.16.0.0/12 -m comment --comment "AWS SNAT CHAIN EXCLUSION" -j RETURN
-A AWS-SNAT-CHAIN-0 -d 100.64.0.0/16 -m comment --comment "AWS SNAT CHAIN" -j RETURN
-A AWS-SNAT-CHAIN-0 -d 10.0.0.0/16 -m comment --comment "AWS SNAT CHAIN" -j RETURN
-A AWS-SNAT-CHAIN-0 ! -o vlan+)") != std::string::npos);
}

TEST_CASE("external SNAT leaves the chains empty but declared, and the mangle rules in place") {
  NodeUnderTest node;
  node.cni.start({}, {node.primary});
  node.cni.start({{"AWS_VPC_K8S_CNI_EXTERNALSNAT", "true"}}, {node.primary});
  const std::string nat = node.save("nat");
  CHECK(nat.find("-N AWS-SNAT-CHAIN-0") != std::string::npos);
  CHECK(nat.find("-N AWS-CONNMARK-CHAIN-0") != std::string::npos);
  CHECK(nat.find("-A AWS-") == std::string::npos);
  CHECK(nat.find("-j AWS-") == std::string::npos);
  CHECK(node.save("mangle").find("--set-xmark 0x80/0x80") != std::string::npos);
  CHECK(node.rules_text().find("1024:") != std::string::npos);
}

TEST_CASE("external SNAT without node port support leaves no mark at all") {
  NodeUnderTest node;
  node.cni.start({{"AWS_VPC_K8S_CNI_EXTERNALSNAT", "true"}, {"AWS_VPC_CNI_NODE_PORT_SUPPORT", "false"}},
                 {node.primary});
  CHECK(node.save("mangle").find("CONNMARK") == std::string::npos);
  CHECK(node.rules_text().find("1024:") == std::string::npos);
}

TEST_CASE("excluding everything is deleted as stale on every second pass, as up to 1.22") {
  NodeUnderTest node;
  const CniEnvironment environment{{"AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS", "0.0.0.0/0"}};
  const auto excluded = [&] { return node.save("nat").find("EXCLUSION") != std::string::npos; };
  node.cni.start(environment, {node.primary});
  CHECK(excluded());
  node.cni.start(environment, {node.primary});
  CHECK(!excluded());
}

TEST_CASE("up to 1.16.0 a packet must miss every CIDR's chain to be translated") {
  NodeUnderTest node("1.16.0");
  node.cni.start({{"AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS", "10.20.0.0/16"}}, {node.primary});
  // facts/vpc-cni.md 3.4
  CHECK(node.save("nat").find(
            R"(-A AWS-SNAT-CHAIN-0 ! -d 10.0.0.0/16 -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-1
-A AWS-SNAT-CHAIN-1 ! -d 10.20.0.0/16 -m comment --comment "AWS SNAT CHAIN EXCLUSION" -j AWS-SNAT-CHAIN-2
-A AWS-SNAT-CHAIN-2 ! -o vlan+ -m comment --comment "AWS, SNAT" -m addrtype ! --dst-type LOCAL -j SNAT --to-source 10.0.1.5 --random-fully
)") != std::string::npos);
}

TEST_CASE("1.7 has no connmark chain, and a rule for each CIDR that is not translated") {
  NodeUnderTest node("1.7.10");
  Netns pod(node.kernel, "pod-b");
  node.cni.start({}, {node.primary, node.secondary});
  node.cni.add_pod({"default", "b", Ipv4Address(10, 0, 1, 50), 1}, pod);
  CHECK(node.save("nat").find("CONNMARK-CHAIN") == std::string::npos);
  CHECK(node.rules_text().find("1536:\tfrom 10.0.1.50 to 10.0.0.0/16 lookup 2\n") != std::string::npos);
}

TEST_CASE("a pod is wired as the plugin does it, and taken away again") {
  NodeUnderTest node;
  Netns pod(node.kernel, "pod-a");
  node.cni.start({}, {node.primary});
  const CniPod a{"demo", "client", Ipv4Address(10, 0, 1, 23), 0};
  node.cni.add_pod(a, pod);
  CHECK(node.host.find_interface("eni0e8ee4fc632") != nullptr);
  const auto routes = pod.routing.routes(route_table::main);
  REQUIRE(routes.size() == 2);
  CHECK(pod.routing.text(routes[0]) == "default via 169.254.1.1 dev eth0");
  CHECK(pod.routing.text(routes[1]) == "169.254.1.1 dev eth0 scope link");
  const auto neighbours = pod.neighbours.entries();
  REQUIRE(neighbours.size() == 1);
  CHECK(neighbours[0].state == NeighbourState::permanent);
  CHECK(neighbours[0].mac == node.host.find_interface("eni0e8ee4fc632")->mac);

  node.cni.delete_pod(a);
  CHECK(node.host.find_interface("eni0e8ee4fc632") == nullptr);
  CHECK(node.rules_text().find("10.0.1.23") == std::string::npos);
}
