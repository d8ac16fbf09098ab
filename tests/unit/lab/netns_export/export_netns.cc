#include "sim/lab/netns_export/export_netns.hh"

#include <algorithm>

#include "sim/lab/netns_export/netns_text.hh"
#include "sim/linux/netfilter/iptables_text.hh"
#include "tests/unit/lab/load_lab.hh"

namespace ekspath {
namespace {

/// The export of the good lab, by path.
struct Exported {
  Scenario scenario = loaded(good_lab);
  Diagnostics diagnostics;
  std::unique_ptr<World> world = build_world(scenario, diagnostics);
  std::vector<ExportedFile> files;

  void write() { files = export_netns(*world, scenario, diagnostics); }
  std::string text(std::string_view path) {
    if (files.empty()) write();
    const auto found = std::ranges::find(files, path, &ExportedFile::path);
    REQUIRE(found != files.end());
    return found->text;
  }
  bool has(std::string_view path, std::string_view line) {
    return ("\n" + text(path)).find("\n" + std::string(line) + "\n") != std::string::npos;
  }
};

TEST_CASE("each host, each VPC with hosts, each gateway and the internet is a namespace") {
  Exported lab;
  const std::string names = lab.text("names");
  CHECK(names.starts_with("operator\ndns.google\nnode1\nnode2\npod1\npod2\ncoredns-"));
  CHECK(names.ends_with("\n_vpc.left\n_vpc.right\n_igw.left\n_nat.nat-a\n_internet\n"));
  CHECK(std::ranges::count(names, '\n') == 13);  // two of them CoreDNS's
}

TEST_CASE("a veth has the names, indexes and MAC addresses that it has in the simulated world") {
  Exported lab;
  const Interface& end = *lab.world->host("pod1")->netns->find_interface("eth0");
  const Interface& far = *end.peer;
  CHECK(
      lab.has("links", fmt::format("link add name {} netns node1 index {} mtu 9001 address {} type veth peer "
                                   "name eth0 netns pod1 index {} mtu 9001 address {}",
                                   far.name, far.index, far.mac, end.index, end.mac)));
}

TEST_CASE("a node's addresses, routes and rules are the commands that make them") {
  Exported lab;
  CHECK(lab.has("namespaces/node1/ip",
                "address add 192.168.1.251/24 brd + dev ens5 scope global noprefixroute"));
  CHECK(lab.has("namespaces/node1/ip", "route add default via 192.168.1.1 dev ens6 table 2"));
  CHECK(lab.has("namespaces/node1/ip", "rule add pref 512 from all to 192.168.1.101 lookup main"));
  CHECK_FALSE(lab.has("namespaces/node1/ip", "rule add pref 0 from all lookup local"));
  CHECK(lab.has("namespaces/node1/sysctl", "net/ipv4/ip_forward 1"));
  CHECK(lab.has("namespaces/node1/sysctl", "net/ipv4/tcp_rmem 4096 131072 6291456"));
}

TEST_CASE("what a gateway is reached by is added before the gateway") {
  Exported lab;
  const std::string text = lab.text("namespaces/pod1/ip");
  const std::size_t link = text.find("route add 169.254.1.1 dev eth0 scope link");
  const std::size_t gateway = text.find("route add default via 169.254.1.1 dev eth0");
  REQUIRE(link != std::string::npos);
  REQUIRE(gateway != std::string::npos);
  CHECK(link < gateway);
}

TEST_CASE("a connected route that is gone is taken out of the real table, too") {
  Exported lab;
  Netns& node = *lab.world->host("node1")->netns;
  CHECK(lab.has("namespaces/node1/ip",
                "route del 192.168.1.0/24 dev ens6 proto kernel scope link src " +
                    fmt::format("{} table 254", node.find_interface("ens6")->addresses.front().address)));
}

TEST_CASE("the gateway of a pod is a permanent neighbour") {
  Exported lab;
  CHECK(lab.text("namespaces/pod1/ip").find("neigh replace 169.254.1.1 lladdr ") != std::string::npos);
}

TEST_CASE("rules are what iptables-save prints, but for what only counts") {
  Exported lab;
  const std::string_view counters[]{"-c"};
  Netns& node = *lab.world->host("node1")->netns;
  std::string saved = iptables_save(node, counters).out;
  const std::string exported = lab.text("namespaces/node1/iptables");
  CHECK(exported.find("nfacct") == std::string::npos);
  CHECK(std::ranges::count(exported, '\n') == std::ranges::count(saved, '\n'));
  CHECK(exported.find("-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP\n") != std::string::npos);
}

TEST_CASE("a VPC's router knows who owns each address, and the table of each subnet") {
  Exported lab;
  const std::string text = lab.text("namespaces/_vpc.left/ip");
  CHECK(text.find("\nroute add 192.168.1.101 dev eni") != std::string::npos);
  CHECK(text.find("\nroute add 172.20.0.0/16 via 169.254.0.1 dev pcx0 onlink table ") != std::string::npos);
  CHECK(text.find("\nroute add 0.0.0.0/0 via 169.254.0.1 dev igw onlink table ") != std::string::npos);
  CHECK(text.find("\nroute add 0.0.0.0/0 via 192.168.1.") != std::string::npos);  // the NAT gateway's
  CHECK(text.find("\nrule add pref 32000 blackhole\n") != std::string::npos);
}

TEST_CASE("an internet gateway has a pair of rules for each public address, and lets nothing else pass") {
  Exported lab;
  const Host& node = *lab.world->host("node1");
  CHECK(lab.has("namespaces/_igw.left/iptables",
                fmt::format("-A POSTROUTING -s {} -o internet -j SNAT --to-source {}", node.address,
                            node.public_address)));
  CHECK(lab.has("namespaces/_igw.left/iptables",
                fmt::format("-A PREROUTING -d {} -i internet -j DNAT --to-destination {}",
                            node.public_address, node.address)));
  CHECK(lab.has("namespaces/_igw.left/iptables", ":FORWARD DROP [0:0]"));
}

TEST_CASE("an interface's name that Linux does not take is reported, and nothing is exported") {
  Exported lab;
  lab.world->host("node1")->netns->add_interface("with/slash", InterfaceKind::veth,
                                                 *MacAddress::parse("02:00:00:00:00:09"), 1500);
  lab.write();
  CHECK(lab.files.empty());
  CHECK(
      lab.diagnostics.text().find(
          "interface 'with/slash' of node1; expected a name that Linux takes, without '/', ':' or blanks") !=
      std::string::npos);
}

TEST_CASE("the README names the hosts, what answers on them, and the time") {
  Exported lab;
  const std::string text = lab.text("README.md");
  CHECK(text.starts_with("# lab at 0"));
  CHECK(text.find("| `pod1` | pod on node1 | 192.168.1.101 |") != std::string::npos);
  CHECK(text.find("security groups, network ACLs") != std::string::npos);
}

}  // namespace
}  // namespace ekspath
