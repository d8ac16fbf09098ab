#include "sim/eks/kube_proxy/port_rules.hh"

#include <doctest/doctest.h>

#include "tests/unit/eks/kube_proxy/proxied_node.hh"

/// Rules as `iptables -S` prints them: facts/kube-proxy.md 5, character by character. The hash of default/web
/// over TCP is LOLE4ISW44XBNF3G.
namespace ekspath {

TEST_CASE(
    "a ClusterIP with three endpoints spreads by a third, a half and the rest, in the order of their texts") {
  ProxiedNode node;
  node.serve(web(), {"10.0.1.9:8080", "10.0.1.10:8080", "10.0.2.5:8080"});
  CHECK(
      difference(
          R"(-A KUBE-SEP-3R2R2FU2KBSGHKJE -s 10.0.1.10/32 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-3R2R2FU2KBSGHKJE -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.0.1.10:8080
-A KUBE-SEP-4E3AHGUXBG6AIQ5M -s 10.0.2.5/32 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-4E3AHGUXBG6AIQ5M -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.0.2.5:8080
-A KUBE-SEP-RF65ZMK5UXJFFZ7G -s 10.0.1.9/32 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-RF65ZMK5UXJFFZ7G -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.0.1.9:8080
-A KUBE-SERVICES -d 10.100.44.7/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> 10.0.1.10:8080" -m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-3R2R2FU2KBSGHKJE
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> 10.0.1.9:8080" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-RF65ZMK5UXJFFZ7G
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> 10.0.2.5:8080" -j KUBE-SEP-4E3AHGUXBG6AIQ5M
)",
          node.rules("nat")) == "");
  CHECK(node.rules("filter") == "");
}

TEST_CASE("a named port and UDP show in comments, matches and hashes") {
  ProxiedNode node;
  ServicePort port = web("dns");
  port.name.protocol = ServiceProtocol::udp;
  port.port = 53;
  node.serve(port, {"10.0.1.10:53"});
  const std::string rules = node.rules("nat");
  CHECK(
      rules.find(
          "-A KUBE-SERVICES -d 10.100.44.7/32 -p udp -m comment --comment \"default/web:dns cluster IP\" -m "
          "udp --dport 53 -j KUBE-SVC-") != std::string::npos);
  CHECK(
      rules.find(
          "-p udp -m comment --comment \"default/web:dns\" -m udp -j DNAT --to-destination 10.0.1.10:53\n") !=
      std::string::npos);
}

TEST_CASE("session affinity asks each endpoint's list before luck, and the endpoint remembers the client") {
  ProxiedNode node;
  ServicePort port = web();
  port.affinity_seconds = 10800;
  node.serve(port, {"10.0.1.9:8080", "10.0.1.10:8080"});
  CHECK(
      difference(
          R"(-A KUBE-SEP-3R2R2FU2KBSGHKJE -s 10.0.1.10/32 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-3R2R2FU2KBSGHKJE -p tcp -m comment --comment "default/web" -m recent --set --name KUBE-SEP-3R2R2FU2KBSGHKJE --mask 255.255.255.255 --rsource -m tcp -j DNAT --to-destination 10.0.1.10:8080
-A KUBE-SEP-RF65ZMK5UXJFFZ7G -s 10.0.1.9/32 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-RF65ZMK5UXJFFZ7G -p tcp -m comment --comment "default/web" -m recent --set --name KUBE-SEP-RF65ZMK5UXJFFZ7G --mask 255.255.255.255 --rsource -m tcp -j DNAT --to-destination 10.0.1.9:8080
-A KUBE-SERVICES -d 10.100.44.7/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> 10.0.1.10:8080" -m recent --rcheck --seconds 10800 --reap --name KUBE-SEP-3R2R2FU2KBSGHKJE --mask 255.255.255.255 --rsource -j KUBE-SEP-3R2R2FU2KBSGHKJE
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> 10.0.1.9:8080" -m recent --rcheck --seconds 10800 --reap --name KUBE-SEP-RF65ZMK5UXJFFZ7G --mask 255.255.255.255 --rsource -j KUBE-SEP-RF65ZMK5UXJFFZ7G
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> 10.0.1.10:8080" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-3R2R2FU2KBSGHKJE
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> 10.0.1.9:8080" -j KUBE-SEP-RF65ZMK5UXJFFZ7G
)",
          node.rules("nat")) == "");
}

TEST_CASE("a NodePort of policy Cluster is reached on every local address, and masqueraded") {
  ProxiedNode node;
  ServicePort port = web();
  port.node_port = 30080;
  node.serve(port, {"10.0.1.10:8080"});
  CHECK(
      difference(
          R"(-A KUBE-EXT-LOLE4ISW44XBNF3G -m comment --comment "masquerade traffic for default/web external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-LOLE4ISW44XBNF3G -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-NODEPORTS -d 127.0.0.0/8 -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -m nfacct --nfacct-name  localhost_nps_accepted_pkts -j KUBE-EXT-LOLE4ISW44XBNF3G
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-EXT-LOLE4ISW44XBNF3G
-A KUBE-SEP-3R2R2FU2KBSGHKJE -s 10.0.1.10/32 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-3R2R2FU2KBSGHKJE -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.0.1.10:8080
-A KUBE-SERVICES -d 10.100.44.7/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> 10.0.1.10:8080" -j KUBE-SEP-3R2R2FU2KBSGHKJE
)",
          node.rules("nat")) == "");
}

TEST_CASE("before 1.31 no packet counter stands in the rules") {
  ProxiedNode node(30);
  ServicePort port = web();
  port.node_port = 30080;
  node.serve(port, {"10.0.1.10:8080"});
  CHECK(node.rules("nat").find("127.0.0.0/8") == std::string::npos);
  CHECK(iptables(node.netns, "-S KUBE-FORWARD").out.find("--ctstate INVALID -j DROP\n") != std::string::npos);
}

TEST_CASE("a NodePort of policy Local keeps its client's address and uses endpoints of this node") {
  ProxiedNode node;
  ServicePort port = web();
  port.node_port = 30080;
  port.external_policy = TrafficPolicy::local;
  node.serve(port, {"10.0.1.9:8080@node2", "10.0.1.10:8080@node1"});
  CHECK(
      difference(
          R"(-A KUBE-EXT-LOLE4ISW44XBNF3G -m comment --comment "masquerade LOCAL traffic for default/web external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ
-A KUBE-EXT-LOLE4ISW44XBNF3G -m comment --comment "route LOCAL traffic for default/web external destinations" -m addrtype --src-type LOCAL -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-EXT-LOLE4ISW44XBNF3G -j KUBE-SVL-LOLE4ISW44XBNF3G
-A KUBE-NODEPORTS -d 127.0.0.0/8 -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -m nfacct --nfacct-name  localhost_nps_accepted_pkts -j KUBE-EXT-LOLE4ISW44XBNF3G
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-EXT-LOLE4ISW44XBNF3G
-A KUBE-SEP-3R2R2FU2KBSGHKJE -s 10.0.1.10/32 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-3R2R2FU2KBSGHKJE -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.0.1.10:8080
-A KUBE-SEP-RF65ZMK5UXJFFZ7G -s 10.0.1.9/32 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-RF65ZMK5UXJFFZ7G -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.0.1.9:8080
-A KUBE-SERVICES -d 10.100.44.7/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> 10.0.1.10:8080" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-3R2R2FU2KBSGHKJE
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> 10.0.1.9:8080" -j KUBE-SEP-RF65ZMK5UXJFFZ7G
-A KUBE-SVL-LOLE4ISW44XBNF3G -m comment --comment "default/web -> 10.0.1.10:8080" -j KUBE-SEP-3R2R2FU2KBSGHKJE
)",
          node.rules("nat")) == "");
  CHECK(node.rules("filter") == "");
}

TEST_CASE(
    "without an endpoint of this node a NodePort of policy Local drops, but for what the node itself sends") {
  ProxiedNode node;
  ServicePort port = web();
  port.node_port = 30080;
  port.external_policy = TrafficPolicy::local;
  node.serve(port, {"10.0.1.9:8080@node2"});
  CHECK(
      difference(
          R"(-A KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment "default/web has no local endpoints" -m addrtype --dst-type LOCAL -m tcp --dport 30080 -j DROP
)",
          node.rules("filter")) == "");
  const std::string rules = node.rules("nat");
  CHECK(rules.find("\"route LOCAL traffic for default/web external destinations\"") != std::string::npos);
  CHECK(rules.find("KUBE-SVL-") == std::string::npos);
}

TEST_CASE("internalTrafficPolicy Local: the ClusterIP leads to endpoints of this node, or drops") {
  ProxiedNode node;
  ServicePort port = web();
  port.internal_policy = TrafficPolicy::local;
  node.serve(port, {"10.0.1.9:8080@node2", "10.0.1.10:8080@node1"});
  CHECK(node.chains() == "-N KUBE-SEP-3R2R2FU2KBSGHKJE\n-N KUBE-SVL-LOLE4ISW44XBNF3G\n");
  CHECK(node.rules("nat").find("--dport 80 -j KUBE-SVL-LOLE4ISW44XBNF3G\n") != std::string::npos);

  node.serve(port, {"10.0.1.9:8080@node2"});
  CHECK(node.rules("nat") == "");
  CHECK(
      difference(
          R"(-A KUBE-SERVICES -d 10.100.44.7/32 -p tcp -m comment --comment "default/web has no local endpoints" -m tcp --dport 80 -j DROP
)",
          node.rules("filter")) == "");
}

TEST_CASE("without any endpoint every address of a service is refused, and nothing is translated") {
  ProxiedNode node;
  ServicePort port = web();
  port.node_port = 30080;
  port.external_ips = {Ipv4Address(203, 0, 113, 7)};
  port.load_balancer_ips = {Ipv4Address(203, 0, 113, 8)};
  node.serve(port, {"10.0.1.9:8080?"});
  CHECK(node.rules("nat") == "");
  CHECK(node.chains() == "");
  CHECK(
      difference(
          R"(-A KUBE-EXTERNAL-SERVICES -d 203.0.113.7/32 -p tcp -m comment --comment "default/web has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable
-A KUBE-EXTERNAL-SERVICES -d 203.0.113.8/32 -p tcp -m comment --comment "default/web has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable
-A KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment "default/web has no endpoints" -m addrtype --dst-type LOCAL -m tcp --dport 30080 -j REJECT --reject-with icmp-port-unreachable
-A KUBE-SERVICES -d 10.100.44.7/32 -p tcp -m comment --comment "default/web has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable
)",
          node.rules("filter")) == "");
}

TEST_CASE(
    "a load balancer's address admits its source ranges, and the node's own address when it is in one") {
  ProxiedNode node;
  ServicePort port = web();
  port.external_ips = {Ipv4Address(203, 0, 113, 7)};
  port.load_balancer_ips = {Ipv4Address(203, 0, 113, 8)};
  port.source_ranges = {*Prefix::parse("198.51.100.0/24"), *Prefix::parse("192.168.0.0/16")};
  node.serve(port, {"10.0.1.10:8080"});
  CHECK(
      difference(
          R"(-A KUBE-EXT-LOLE4ISW44XBNF3G -m comment --comment "masquerade traffic for default/web external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-LOLE4ISW44XBNF3G -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-FW-LOLE4ISW44XBNF3G -s 198.51.100.0/24 -m comment --comment "default/web loadbalancer IP" -j KUBE-EXT-LOLE4ISW44XBNF3G
-A KUBE-FW-LOLE4ISW44XBNF3G -s 192.168.0.0/16 -m comment --comment "default/web loadbalancer IP" -j KUBE-EXT-LOLE4ISW44XBNF3G
-A KUBE-FW-LOLE4ISW44XBNF3G -s 203.0.113.8/32 -m comment --comment "default/web loadbalancer IP" -j KUBE-EXT-LOLE4ISW44XBNF3G
-A KUBE-FW-LOLE4ISW44XBNF3G -m comment --comment "other traffic to default/web will be dropped by KUBE-PROXY-FIREWALL"
-A KUBE-SEP-3R2R2FU2KBSGHKJE -s 10.0.1.10/32 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-3R2R2FU2KBSGHKJE -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.0.1.10:8080
-A KUBE-SERVICES -d 10.100.44.7/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-SERVICES -d 203.0.113.7/32 -p tcp -m comment --comment "default/web external IP" -m tcp --dport 80 -j KUBE-EXT-LOLE4ISW44XBNF3G
-A KUBE-SERVICES -d 203.0.113.8/32 -p tcp -m comment --comment "default/web loadbalancer IP" -m tcp --dport 80 -j KUBE-FW-LOLE4ISW44XBNF3G
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> 10.0.1.10:8080" -j KUBE-SEP-3R2R2FU2KBSGHKJE
)",
          node.rules("nat")) == "");
  CHECK(
      difference(
          R"(-A KUBE-PROXY-FIREWALL -d 203.0.113.8/32 -p tcp -m comment --comment "default/web traffic not accepted by KUBE-FW-LOLE4ISW44XBNF3G" -m tcp --dport 80 -j DROP
)",
          node.rules("filter")) == "");
}

TEST_CASE("a health check port is let in whether or not an endpoint is here") {
  ProxiedNode node;
  ServicePort port = web();
  port.node_port = 30080;
  port.external_policy = TrafficPolicy::local;
  port.health_check_node_port = 31234;
  node.serve(port, {"10.0.1.9:8080@node2"});
  CHECK(node.rules("filter").find(
            "-A KUBE-NODEPORTS -p tcp -m comment --comment \"default/web health check node "
            "port\" -m tcp --dport 31234 -j ACCEPT\n") != std::string::npos);
}

TEST_CASE("draining endpoints are used only where no ready one is, for each policy on its own") {
  ProxiedNode node;
  ServicePort port = web();
  port.node_port = 30080;
  port.external_policy = TrafficPolicy::local;
  node.serve(port, {"10.0.1.9:8080@node2", "10.0.1.10:8080@node1!", "10.0.2.5:8080@node1?"});
  const std::string rules = node.rules("nat");
  CHECK(rules.find("-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment \"default/web -> 10.0.1.9:8080\" -j") !=
        std::string::npos);
  CHECK(
      rules.find("-A KUBE-SVL-LOLE4ISW44XBNF3G -m comment --comment \"default/web -> 10.0.1.10:8080\" -j") !=
      std::string::npos);
  CHECK(node.chains().find("4E3AHGUXBG6AIQ5M") == std::string::npos);
  CHECK(node.rules("filter") == "");

  node.serve(port, {"10.0.1.10:8080@node1!"});
  CHECK(node.rules("nat").find(
            "-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment \"default/web -> 10.0.1.10:8080\"") !=
        std::string::npos);
}

TEST_CASE("probabilities are written with ten digits, and print as the kernel keeps them") {
  CHECK(endpoint_probability(2) == "0.5000000000");
  CHECK(endpoint_probability(3) == "0.3333333333");
  CHECK(endpoint_probability(7) == "0.1428571429");
  CHECK(endpoint_probability(2048) == "0.0004882812");  // Go, like C, rounds a tie to even
  ProxiedNode node;
  node.serve(web(), {"10.0.1.1:80", "10.0.1.2:80", "10.0.1.3:80", "10.0.1.4:80", "10.0.1.5:80", "10.0.1.6:80",
                     "10.0.1.7:80", "10.0.1.8:80"});
  const std::string rules = node.rules("nat");
  for (const std::string_view odds : {"0.12500000000", "0.14285714272", "0.16666666651", "0.20000000019",
                                      "0.25000000000", "0.33333333349", "0.50000000000"}) {
    CHECK(rules.find(odds) != std::string::npos);
  }
}

TEST_CASE("the input of iptables-restore has kube-proxy's own order of arguments") {
  ProxiedNode node;
  ServicePort port = web();
  port.node_port = 30080;
  node.serve(port, {"10.0.1.10:8080"});
  CHECK(difference(R"(*filter
:KUBE-SERVICES - [0:0]
:KUBE-EXTERNAL-SERVICES - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-PROXY-FIREWALL - [0:0]
:KUBE-FIREWALL - [0:0]
-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -m nfacct --nfacct-name ct_state_invalid_dropped_pkts -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
*nat
:KUBE-SERVICES - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-EXT-LOLE4ISW44XBNF3G - [0:0]
:KUBE-SVC-LOLE4ISW44XBNF3G - [0:0]
:KUBE-SEP-3R2R2FU2KBSGHKJE - [0:0]
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
-A KUBE-SERVICES -m comment --comment "default/web cluster IP" -m tcp -p tcp -d 10.100.44.7 --dport 80 -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-NODEPORTS -m comment --comment default/web -m tcp -p tcp -d 127.0.0.0/8 --dport 30080 -m nfacct --nfacct-name localhost_nps_accepted_pkts -j KUBE-EXT-LOLE4ISW44XBNF3G
-A KUBE-NODEPORTS -m comment --comment default/web -m tcp -p tcp --dport 30080 -j KUBE-EXT-LOLE4ISW44XBNF3G
-A KUBE-EXT-LOLE4ISW44XBNF3G -m comment --comment "masquerade traffic for default/web external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-LOLE4ISW44XBNF3G -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> 10.0.1.10:8080" -j KUBE-SEP-3R2R2FU2KBSGHKJE
-A KUBE-SEP-3R2R2FU2KBSGHKJE -m comment --comment default/web -s 10.0.1.10 -j KUBE-MARK-MASQ
-A KUBE-SEP-3R2R2FU2KBSGHKJE -m comment --comment default/web -m tcp -p tcp -j DNAT --to-destination 10.0.1.10:8080
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
COMMIT
)",
                   node.proxy.restore_input(KubeProxy::Extent::full)) == "");
}

}  // namespace ekspath
