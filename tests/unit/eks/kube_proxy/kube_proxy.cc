#include "sim/eks/kube_proxy.hh"

#include <doctest/doctest.h>

#include <algorithm>

#include "sim/apps/program.hh"
#include "sim/linux/conntrack/conntrack.hh"
#include "sim/linux/netfilter/ipset.hh"
#include "tests/unit/eks/kube_proxy/proxied_node.hh"

namespace ekspath {
namespace {

ServicePort api_of(std::string_view name) {
  ServicePort port = web();
  port.name.service.name = name;
  port.cluster_ip = Ipv4Address(10, 100, 44, 8);
  return port;
}

ServicePort dns() {
  ServicePort port = web("dns");
  port.name.service.name = "dns";
  port.cluster_ip = Ipv4Address(10, 100, 0, 10);
  port.name.protocol = ServiceProtocol::udp;
  port.port = 53;
  port.node_port = 30053;
  return port;
}

/// "UDP entries" of the node as "original destination -> who answers", a line each.
std::string udp_entries(ProxiedNode& node) {
  std::string text;
  if (node.netns.conntrack == nullptr) return text;
  for (const Connection* connection : node.netns.conntrack->connections()) {
    text += fmt::format("{}:{} -> {}\n", connection->original.destination,
                        connection->original.destination_port, connection->reply.source);
  }
  return text;
}

}  // namespace

TEST_CASE("a later sync writes the top-level chains whole, and of the others only what changed") {
  ProxiedNode node;
  node.serve(web(), {"10.0.1.10:8080"});
  node.serve(api_of("api"), {"10.0.1.9:8080"});
  CHECK(node.proxy.statistics().full == 1);
  CHECK(node.proxy.statistics().partial == 2);
  node.services.put_endpoints({"default", "api"}, {});
  node.proxy.note_change({"default", "api"}, {});
  const std::string input = node.proxy.restore_input(KubeProxy::Extent::partial);
  CHECK(input.find("-A KUBE-SERVICES -m comment --comment \"default/web cluster IP\"") != std::string::npos);
  CHECK(input.find(":KUBE-SVC-LOLE4ISW44XBNF3G") == std::string::npos);
  CHECK(input.find("-A KUBE-SERVICES -m comment --comment \"default/api has no endpoints\"") !=
        std::string::npos);
}

TEST_CASE("chains of what is gone are emptied and deleted, and no others") {
  ProxiedNode node;
  static_cast<void>(iptables(node.netns, "-t nat -N AWS-SNAT-CHAIN-0"));
  node.serve(web(), {"10.0.1.10:8080", "10.0.1.9:8080"});
  node.serve(web(), {"10.0.1.10:8080"});
  CHECK(node.chains() == "-N KUBE-SEP-3R2R2FU2KBSGHKJE\n-N KUBE-SVC-LOLE4ISW44XBNF3G\n");
  node.remove({"default", "web"});
  CHECK(node.chains() == "");
  CHECK(iptables(node.netns, "-t nat -S AWS-SNAT-CHAIN-0").status == 0);
}

TEST_CASE("scaling from one to two adds three nat rules, from one to none refuses") {
  ProxiedNode node;
  const auto count = [&] { return std::ranges::count(node.rules("nat"), '\n'); };
  node.serve(web(), {"10.0.1.10:8080"});
  CHECK(count() == 4);
  node.serve(web(), {"10.0.1.10:8080", "10.0.1.9:8080"});
  CHECK(count() == 7);
  node.serve(web(), {});
  CHECK(count() == 0);
  CHECK(std::ranges::count(node.rules("filter"), '\n') == 1);
}

TEST_CASE("a chain that kept its rules keeps its counters over a partial sync, a rewritten one begins anew") {
  ProxiedNode node;
  node.serve(web(), {"192.168.1.99:8080"});
  node.world.send("pod", "10.0.0.5.4000 > 10.100.44.7.80: TCP S seq 100");
  node.world.run_for(Nanoseconds(1'000'000));
  const auto counted = [&] {
    const std::string text = iptables(node.netns, "-t nat -S -v").out;
    return text.find("--to-destination 192.168.1.99:8080 -c 1 ") != std::string::npos ||
           text.find("-c 1 40 -j DNAT --to-destination 192.168.1.99:8080") != std::string::npos;
  };
  CHECK(counted());
  node.serve(api_of("api"), {"10.0.1.9:8080"});
  CHECK(counted());
  node.serve(web(), {"192.168.1.99:8080", "10.0.1.9:8080"});
  CHECK_FALSE(counted());
}

TEST_CASE("a sync that iptables-restore refuses is made good by a full one") {
  ProxiedNode node;
  constexpr std::string_view gone[]{"delete", "localhost_nps_accepted_pkts"};
  REQUIRE(nfacct(node.netns, gone).status == 0);
  ServicePort port = web();
  port.node_port = 30080;
  node.services.put_service(port.name.service, {port});
  node.services.put_endpoints(port.name.service, {{"", ServiceProtocol::tcp, {endpoint("10.0.1.10:8080")}}});
  node.proxy.note_change(port.name.service, {});
  CHECK_FALSE(node.proxy.sync());
  CHECK(node.chains() == "");
  constexpr std::string_view back[]{"add", "localhost_nps_accepted_pkts"};
  REQUIRE(nfacct(node.netns, back).status == 0);
  CHECK(node.proxy.sync());
  CHECK(node.proxy.statistics().full == 2);
  CHECK(node.chains().find("KUBE-SVC-LOLE4ISW44XBNF3G") != std::string::npos);
}

TEST_CASE("a full sync puts back the jumps that somebody flushed, in their order") {
  ProxiedNode node;
  const std::string before = iptables(node.netns, "-S").out;
  static_cast<void>(iptables(node.netns, "-F FORWARD"));
  static_cast<void>(iptables(node.netns, "-t nat -F PREROUTING"));
  node.proxy.force_full_sync();
  CHECK(node.proxy.sync());
  CHECK(difference(before, iptables(node.netns, "-S").out) == "");
  CHECK(iptables(node.netns, "-t nat -S PREROUTING").out.find("-j KUBE-SERVICES") != std::string::npos);
}

TEST_CASE(
    "a large cluster does without comments at endpoints, and looks for stale chains every 30 s at most") {
  ProxiedNode node;
  ServiceTable::NamedEndpoints many{"", ServiceProtocol::tcp, {}};
  for (std::uint32_t i = 0; i < 1001; ++i) {
    many.endpoints.push_back({Ipv4Address(10, 1, 0, 0).plus(i), 8080, "node2"});
  }
  node.services.put_service({"default", "web"}, {web()});
  node.services.put_endpoints({"default", "web"}, {many});
  node.proxy.note_change({"default", "web"}, {});
  CHECK(node.proxy.sync());
  const std::string rules = iptables(node.netns, "-t nat -S KUBE-SVC-LOLE4ISW44XBNF3G").out;
  CHECK(rules.find("-A KUBE-SVC-LOLE4ISW44XBNF3G -m statistic --mode random --probability 0.00099900085 -j "
                   "KUBE-SEP-") != std::string::npos);
  CHECK(rules.find("comment") == std::string::npos);

  node.serve(api_of("api"), {"10.0.1.9:8080"});
  node.remove({"default", "api"});
  const auto chains = [&] { return std::ranges::count(node.chains(), '\n'); };
  CHECK(chains() == 1004);  // two of api's are still there
  node.world.run_for(Nanoseconds(31'000'000'000));
  node.serve(web(), {"10.0.1.10:8080"});
  CHECK(chains() == 2);
}

TEST_CASE("UDP entries of an endpoint that serves no more are deleted, those of others and of TCP stay") {
  ProxiedNode node;
  const auto server = start_server(node.world["outside"], ServerKind::tcp_echo, 8080, {});
  node.serve(dns(), {"192.168.1.99:53"});
  node.serve(web(), {"192.168.1.99:8080"});
  node.world.send("pod", "10.0.0.5.4000 > 10.100.0.10.53: UDP 4");
  node.world.send("pod", "10.0.0.5.4000 > 192.168.1.10.30053: UDP 4");
  node.world.send("pod", "10.0.0.5.4001 > 192.168.1.99.53: UDP 4");
  node.world.send("pod", "10.0.0.5.4000 > 10.100.44.7.80: TCP S seq 100");
  node.world.run_for(Nanoseconds(1'000'000));
  CHECK(
      udp_entries(node) ==
      "10.100.0.10:53 -> 192.168.1.99\n192.168.1.10:30053 -> 192.168.1.99\n192.168.1.99:53 -> 192.168.1.99\n"
      "10.100.44.7:80 -> 192.168.1.99\n");
  node.serve(dns(), {"10.0.1.9:53"});
  CHECK(udp_entries(node) == "192.168.1.99:53 -> 192.168.1.99\n10.100.44.7:80 -> 192.168.1.99\n");
}

TEST_CASE("a UDP service that has an endpoint again loses the entries that were made without it") {
  ProxiedNode node;
  ServicePort port = dns();
  port.internal_policy = TrafficPolicy::local;
  node.serve(port, {});
  static_cast<void>(iptables(node.netns, "-F KUBE-SERVICES"));  // as if a packet had slipped past the refusal
  node.world.send("pod", "10.0.0.5.4000 > 10.100.0.10.53: UDP 4");
  node.world.run_for(Nanoseconds(1'000'000));
  CHECK(udp_entries(node) == "10.100.0.10:53 -> 10.100.0.10\n");
  node.serve(port, {"192.168.1.99:53@node1"});
  CHECK(udp_entries(node) == "");
}

TEST_CASE("a deleted UDP service takes the entries of its address along") {
  ProxiedNode node;
  node.serve(dns(), {"192.168.1.99:53"});
  node.world.send("pod", "10.0.0.5.4000 > 10.100.0.10.53: UDP 4");
  node.world.run_for(Nanoseconds(1'000'000));
  CHECK(udp_entries(node) != "");
  node.remove({"default", "dns"});
  CHECK(udp_entries(node) == "");
}

TEST_CASE("the health check port says how many ready endpoints are here") {
  ProxiedNode node;
  ServicePort port = web();
  port.node_port = 30080;
  port.external_policy = TrafficPolicy::local;
  port.health_check_node_port = 31234;
  node.serve(port, {"10.0.1.9:8080@node2", "10.0.1.10:8080@node1!"});
  const auto ask = [&](std::vector<std::string> options) {
    std::vector<std::string> words{"curl", "-s"};
    words.insert(words.end(), options.begin(), options.end());
    words.emplace_back("http://192.168.1.10:31234/");
    StartedProgram curl = start_program(node.world["outside"], words, "", {});
    REQUIRE(curl.program != nullptr);
    node.world.run_for(Nanoseconds(1'000'000'000));
    return curl.program->text();
  };
  CHECK(ask({"-o", "/dev/null", "-w", "%{http_code}"}) == "503");
  node.serve(port, {"10.0.1.9:8080@node2", "10.0.1.10:8080@node1"});
  CHECK(ask({}) ==
        "{\n\t\"service\": {\n\t\t\"namespace\": \"default\",\n\t\t\"name\": "
        "\"web\"\n\t},\n\t\"localEndpoints\": "
        "1,\n\t\"serviceProxyHealthy\": true\n}");
  // curl shows no carriage returns on a terminal.
  const std::string head = ask({"-I"});
  CHECK(head.substr(0, head.find("Date:")) ==
        "HTTP/1.1 200 OK\nContent-Type: application/json\nX-Content-Type-Options: nosniff\n"
        "X-Load-Balancing-Endpoint-Weight: 1\n");
  node.remove({"default", "web"});
  CHECK(ask({"-w", "%{http_code}"}) == "000");
}

}  // namespace ekspath
