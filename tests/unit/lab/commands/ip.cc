#include <doctest/doctest.h>

#include <regex>

#include "sim/lab/commands/ip.hh"
#include "tests/unit/lab/commands/typed.hh"

using namespace ekspath;

namespace {

/// The fixtures' namespaces have names of their own; which one is no matter here.
std::string without_netns(const std::string& text) {
  return std::regex_replace(text, std::regex(" link-netns(id)? [^ \n]+"), " link-netns X");
}

void add_cni_routes(FixtureNode& node) {
  for (const char* line :
       {"ip route add default via 192.168.1.1 dev ens5", "ip route add 192.168.1.101 dev eni1a2b3c4d5e6",
        "ip route add 192.168.1.102 dev eni6f5e4d3c2b1", "ip route add 192.168.1.1 dev ens6 table 2",
        "ip route add default via 192.168.1.1 dev ens6 table 2",
        "ip rule add pref 512 to 192.168.1.101 lookup main",
        "ip rule add pref 512 to 192.168.1.102 table main",
        "ip rule add pref 1024 fwmark 0x80/0x80 lookup main",
        "ip rule add pref 1536 from 192.168.1.101 lookup 2", "sysctl -q -w net.ipv4.ip_forward=1",
        "sysctl -q -w net.ipv4.conf.all.rp_filter=0"}) {
    INFO(line);
    CHECK(typed(node.world, "node", line) == "");
  }
}

}  // namespace

TEST_CASE("ip addr of a node prints as the real one (fixture ip-addr-node)") {
  FixtureNode node;
  CHECK(without_netns(typed(node.world, "node", "ip addr")) ==
        R"(1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: ens5@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9001 qdisc noqueue state UP group default qlen 1000
    link/ether 0a:58:c0:a8:01:fb brd ff:ff:ff:ff:ff:ff link-netns X
    inet 192.168.1.251/24 brd 192.168.1.255 scope global ens5
       valid_lft forever preferred_lft forever
3: ens6@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9001 qdisc noqueue state UP group default qlen 1000
    link/ether 0a:58:c0:a8:01:3c brd ff:ff:ff:ff:ff:ff link-netns X
    inet 192.168.1.60/24 brd 192.168.1.255 scope global ens6
       valid_lft forever preferred_lft forever
4: eni1a2b3c4d5e6@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9001 qdisc noqueue state UP group default qlen 1000
    link/ether 4e:00:00:00:01:65 brd ff:ff:ff:ff:ff:ff link-netns X
5: eni6f5e4d3c2b1@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9001 qdisc noqueue state UP group default qlen 1000
    link/ether 4e:00:00:00:01:66 brd ff:ff:ff:ff:ff:ff link-netns X
)");
}

TEST_CASE("ip addr of a pod prints as the real one (fixture ip-addr-pod-no-names)") {
  FixtureNode node;
  CHECK(
      typed(node.world, "pod1", "ip a show eth0") ==
      R"(2: eth0@if4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9001 qdisc noqueue state UP group default qlen 1000
    link/ether 8a:00:00:00:01:65 brd ff:ff:ff:ff:ff:ff link-netnsid 0
    inet 192.168.1.101/32 scope global eth0
       valid_lft forever preferred_lft forever
)");
}

TEST_CASE("ip -br has the columns of the real one (fixtures ip-br-addr-node, ip-br-link-node)") {
  FixtureNode node;
  CHECK(typed(node.world, "node", "ip -br addr") ==
        "lo               UNKNOWN        127.0.0.1/8 \n"
        "ens5@if2         UP             192.168.1.251/24 \n"
        "ens6@if3         UP             192.168.1.60/24 \n"
        "eni1a2b3c4d5e6@if2 UP             \n"
        "eni6f5e4d3c2b1@if2 UP             \n");
  CHECK(typed(node.world, "node", "ip -br link show ens5") ==
        "ens5@if2         UP             0a:58:c0:a8:01:fb <BROADCAST,MULTICAST,UP,LOWER_UP> \n");
}

TEST_CASE("ip -s link has the counters below the interface (fixture ip-s-link-ens5)") {
  FixtureNode node;
  InterfaceCounters& counters = node.netns("node").find_interface("ens5")->counters;
  counters = {.rx_packets = 98, .rx_bytes = 9634, .tx_packets = 159, .tx_bytes = 15615};
  CHECK(
      without_netns(typed(node.world, "node", "ip -s link show ens5")) ==
      R"(2: ens5@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9001 qdisc noqueue state UP mode DEFAULT group default qlen 1000
    link/ether 0a:58:c0:a8:01:fb brd ff:ff:ff:ff:ff:ff link-netns X
    RX:  bytes packets errors dropped  missed   mcast           
          9634      98      0       0       0       0 
    TX:  bytes packets errors dropped carrier collsns           
         15615     159      0       0       0       0 
)");
}

TEST_CASE("ip -4 addr leaves out the link line and what has no address (observed: iproute2 6.1)") {
  FixtureNode node;
  const std::string text = without_netns(typed(node.world, "node", "ip -4 addr"));
  CHECK(text.find("link/ether") == std::string::npos);
  CHECK(text.find("eni1a2b3c4d5e6") == std::string::npos);
  CHECK(text.find("qlen 1000 link-netns X\n    inet 192.168.1.251/24") != std::string::npos);
}

TEST_CASE(
    "ip route and ip rule print what was added (fixtures ip-route-node, ip-route-table-2, ip-rule-node)") {
  FixtureNode node;
  add_cni_routes(node);
  CHECK(typed(node.world, "node", "ip route") ==
        "default via 192.168.1.1 dev ens5 \n"
        "192.168.1.0/24 dev ens5 proto kernel scope link src 192.168.1.251 \n"
        "192.168.1.101 dev eni1a2b3c4d5e6 scope link \n"
        "192.168.1.102 dev eni6f5e4d3c2b1 scope link \n");
  CHECK(typed(node.world, "node", "ip route show table 2") ==
        "default via 192.168.1.1 dev ens6 \n192.168.1.1 dev ens6 scope link \n");
  CHECK(typed(node.world, "node", "ip route show dev ens5") ==
        "default via 192.168.1.1 \n192.168.1.0/24 proto kernel scope link src 192.168.1.251 \n");
  CHECK(
      typed(node.world, "node", "ip rule") ==
      "0:\tfrom all lookup local\n512:\tfrom all to 192.168.1.101 lookup main\n"
      "512:\tfrom all to 192.168.1.102 lookup main\n1024:\tfrom all fwmark 0x80/0x80 lookup main\n"
      "1536:\tfrom 192.168.1.101 lookup 2\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n");
  CHECK(typed(node.world, "node", "ip rule show table 2") == "1536:\tfrom 192.168.1.101 lookup 2\n");
}

TEST_CASE("ip route get answers as the real one (fixture ip-route-get)") {
  FixtureNode node;
  add_cni_routes(node);
  const std::string from = "ip route get 203.0.113.8 from 192.168.1.101 iif eni1a2b3c4d5e6";
  CHECK(typed(node.world, "node", from) ==
        "203.0.113.8 from 192.168.1.101 via 192.168.1.1 dev ens6 table 2 \n    cache iif eni1a2b3c4d5e6 \n");
  CHECK(
      typed(node.world, "node", from + " mark 0x80") ==
      "203.0.113.8 from 192.168.1.101 via 192.168.1.1 dev ens5 mark 0x80 \n    cache iif eni1a2b3c4d5e6 \n");
  CHECK(typed(node.world, "node", "ip route get 203.0.113.8") ==
        "203.0.113.8 via 192.168.1.1 dev ens5 src 192.168.1.251 uid 0 \n    cache \n");
  CHECK(typed(node.world, "node", "ip route get 192.168.1.251") ==
        "local 192.168.1.251 dev lo table local src 192.168.1.251 uid 0 \n    cache <local> \n");
  CHECK(typed(node.world, "node", "ip route get 192.168.1.255") ==
        "broadcast 192.168.1.255 dev ens5 table local src 192.168.1.251 uid 0 \n    cache <local,brd> \n");
}

TEST_CASE("ip route get names the error that a packet would meet (observed: iproute2 6.1)") {
  FixtureNode node;
  add_cni_routes(node);
  CHECK(typed(node.world, "node", "ip route add unreachable 10.1.0.0/16") == "");
  CHECK(typed(node.world, "node", "ip route add blackhole 10.2.0.0/16") == "");
  CHECK(typed(node.world, "node", "ip route add prohibit 10.3.0.1") == "");
  CHECK(typed(node.world, "node", "ip route get 10.1.1.1") == "RTNETLINK answers: No route to host\n");
  CHECK(typed(node.world, "node", "ip route get 10.2.1.1") == "RTNETLINK answers: Invalid argument\n");
  CHECK(typed(node.world, "node", "ip route get 10.3.0.1") == "RTNETLINK answers: Permission denied\n");
  CHECK(typed(node.world, "node", "ip route get 10.4.1.1 from 1.1.1.1") ==
        "RTNETLINK answers: Network is unreachable\n");
  CHECK(typed(node.world, "pod1", "ip route get 8.8.8.8 from 9.9.9.9 iif eth0") ==
        "RTNETLINK answers: No route to host\n");
}

TEST_CASE("ip refuses as the kernel does, with its words and exit status") {
  FixtureNode node;
  add_cni_routes(node);
  const auto refused = [&](std::string_view line, std::string_view text) {
    const Typed command(node.world, "node", line);
    CHECK(command.text_err == text);
    CHECK(command.status == (text.starts_with("Cannot") ? 1 : 2));
  };
  refused("ip route add 192.168.1.101 dev eni1a2b3c4d5e6", "RTNETLINK answers: File exists\n");
  refused("ip route add 10.0.0.0/8 via 172.16.0.1", "Error: Nexthop has invalid gateway.\n");
  refused("ip route del 172.16.0.0/12", "RTNETLINK answers: No such process\n");
  refused("ip route show table 77", "Error: ipv4: FIB table does not exist.\nDump terminated\n");
  refused("ip route add 1.1.1.1 dev nope", "Cannot find device \"nope\"\n");
  refused("ip rule add pref 1536 from 192.168.1.101 lookup 2", "RTNETLINK answers: File exists\n");
  refused("ip rule del pref 999", "RTNETLINK answers: No such file or directory\n");
}

TEST_CASE("a user who is not root may look, and change nothing") {
  FixtureNode node;
  const Typed add(node.world, "node", "ip route add 10.0.0.0/8 via 192.168.1.1", false);
  CHECK(add.text_err == "RTNETLINK answers: Operation not permitted\n");
  CHECK(add.status == 2);
  CHECK(Typed(node.world, "node", "ip route", false).status == 0);
}

TEST_CASE("ip neigh prints as the real one (fixtures ip-neigh-node, ip-neigh-pod)") {
  FixtureNode node;
  Netns& netns = node.netns("node");
  const auto add = [&](const char* address, const char* interface, const char* mac, NeighbourState state) {
    const NeighbourEntry entry{Ipv4Address::parse(address).value(), netns.find_interface(interface)->index,
                               MacAddress::parse(mac).value(), state};
    REQUIRE(netns.neighbours.add(entry) == 0);
  };
  add("192.168.1.1", "ens5", "0a:ff:00:00:00:05", NeighbourState::reachable);
  add("192.168.1.7", "ens5", "0a:ff:00:00:00:07", NeighbourState::permanent);
  add("192.168.1.9", "ens5", "0a:ff:00:00:00:09", NeighbourState::noarp);
  CHECK(typed(node.world, "node", "ip neigh") ==
        "192.168.1.1 dev ens5 lladdr 0a:ff:00:00:00:05 REACHABLE \n"
        "192.168.1.7 dev ens5 lladdr 0a:ff:00:00:00:07 PERMANENT \n");
  CHECK(typed(node.world, "node", "ip neigh show dev ens5 192.168.1.7") ==
        "192.168.1.7 lladdr 0a:ff:00:00:00:07 PERMANENT \n");
  CHECK(typed(node.world, "node", "arp -n") ==
        "Address                  HWtype  HWaddress           Flags Mask            Iface\n"
        "192.168.1.1              ether   0a:ff:00:00:00:05   C                     ens5\n"
        "192.168.1.7              ether   0a:ff:00:00:00:07   CM                    ens5\n");
}

TEST_CASE("what ip does not model is refused by its name before a run") {
  FixtureNode node;
  for (const char* line :
       {"ip -n pod addr", "ip -6 addr", "ip -s neigh", "ip -br route", "ip tunnel", "ip link set lo up",
        "ip addr add 1.1.1.1/32 dev lo", "ip neigh flush all", "ip route add 1.1.1.1 nexthop via 2.2.2.2",
        "ip route get 1.1.1.1 sport 5", "ip rule add", "ip rule add ipproto tcp", "ip route flush cache"}) {
    INFO(line);
    CHECK(typed(node.world, "node", line).starts_with("refused: "));
  }
  CHECK(typed(node.world, "node", "ip -6 addr").find("'-6'") != std::string::npos);
}

TEST_CASE("ip rule refuses names that no device can have, before the run") {
  CHECK(check_ip_rule({"add", "iif", "ens5", "lookup", "2"}) == "");
  CHECK(check_ip_rule({"add", "iif", "abcdefghijklmnop", "lookup", "2"}) ==
        "ip rule: 'abcdefghijklmnop' is no value for 'iif'");
  CHECK(check_ip_rule({"add", "oif", "a/b", "lookup", "2"}) == "ip rule: 'a/b' is no value for 'oif'");
}
