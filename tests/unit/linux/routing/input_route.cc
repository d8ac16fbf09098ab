#include "sim/linux/routing/input_route.hh"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/linux/world.hh"

namespace ekspath {
namespace {

Ipv4Address ip(std::string_view text) { return *Ipv4Address::parse(text); }

/// A router that uses no policy rules; e0 is 10.1.0.1, e1 is 10.2.0.1.
struct Router {
  LinuxWorld world{"c(10.1.0.2) -- r(10.1.0.1, 10.2.0.1) -- s(10.2.0.2)"};
  Netns& netns = world["r"];

  std::string fate(std::string_view source, std::string_view destination, std::string_view in = "r/e0") {
    FlowKey key;
    key.source = ip(source);
    key.destination = ip(destination);
    key.in_interface = world.at(in).index;
    switch (route_input(netns, world.at(in), key).kind) {
      case InputRoute::Kind::local:
        return "local";
      case InputRoute::Kind::forward:
        return "forward";
      case InputRoute::Kind::no_way:
        return "no_way";
      case InputRoute::Kind::martian:
        return "martian";
      case InputRoute::Kind::rp_filter:
        return "rp_filter";
      case InputRoute::Kind::not_joined:
        return "not_joined";
    }
    return "?";
  }
  void set(std::string_view name, std::string_view value) { REQUIRE(write_sysctl(netns, name, value) == 0); }
};

TEST_CASE("strict rp_filter wants the way back by the same interface; loose any way; off none") {
  Router router;
  CHECK(router.fate("10.2.0.9", "10.1.0.1") == "local");
  router.set("net.ipv4.conf.e0.rp_filter", "1");
  CHECK(router.fate("10.2.0.9", "10.1.0.1") == "rp_filter");
  CHECK(router.fate("10.1.0.9", "10.1.0.1") == "local");
  CHECK(router.fate("10.1.0.9", "10.2.0.2") == "forward");
  CHECK(router.fate("99.0.0.1", "10.2.0.2") == "rp_filter");
  router.set("net.ipv4.conf.e0.rp_filter", "2");
  CHECK(router.fate("10.2.0.9", "10.1.0.1") == "local");
  CHECK(router.fate("99.0.0.1", "10.2.0.2") == "rp_filter");
}

TEST_CASE("the larger of all's and the interface's rp_filter counts") {
  Router router;
  router.set("net.ipv4.conf.all.rp_filter", "1");
  router.set("net.ipv4.conf.e0.rp_filter", "2");
  CHECK(router.fate("10.2.0.9", "10.1.0.1") == "local");
  router.set("net.ipv4.conf.e0.rp_filter", "0");
  CHECK(router.fate("10.2.0.9", "10.1.0.1") == "rp_filter");
}

TEST_CASE("rp_filter looks up the way back with the packet's destination as source, and without the mark") {
  Router router;
  router.set("net.ipv4.conf.e0.rp_filter", "1");
  Route other;
  other.gateway = ip("10.2.0.2");
  REQUIRE(router.netns.routing.add_route(2, other) == 0);
  other.gateway = ip("10.1.0.2");
  REQUIRE(router.netns.routing.add_route(route_table::main, other) == 0);
  PolicyRule rule;
  rule.priority = 100;
  rule.table = 2;
  rule.from = *Prefix::parse("10.1.0.1/32");
  REQUIRE(router.netns.routing.add_rule(rule) == 0);
  CHECK(router.fate("99.0.0.1", "10.1.0.1") == "rp_filter");
  CHECK(router.fate("99.0.0.1", "10.2.0.1") == "local");
}

TEST_CASE("martians: impossible sources and destinations, whatever rp_filter") {
  Router router;
  for (const std::string_view source :
       {"10.1.0.1", "10.2.0.1", "127.0.0.1", "0.0.0.0", "255.255.255.255", "224.1.1.1"}) {
    CHECK_MESSAGE(router.fate(source, "10.2.0.2") == "martian", source);
  }
  CHECK(router.fate("10.1.0.2", "127.0.0.1") == "martian");
  CHECK(router.fate("10.1.0.2", "0.0.0.0") == "martian");
  // observed: facts 5
  for (const std::string_view source : {"0.1.2.3", "240.0.0.1", "169.254.7.7", "10.1.0.255"}) {
    CHECK_MESSAGE(router.fate(source, "10.2.0.2") == "forward", source);
  }
  router.set("net.ipv4.conf.e0.route_localnet", "1");
  CHECK(router.fate("10.1.0.2", "127.0.0.1") == "local");
}

TEST_CASE("accept_local lets an own address in as a source") {
  Router router;
  CHECK(router.fate("10.2.0.1", "10.1.0.1") == "martian");
  router.set("net.ipv4.conf.e0.accept_local", "1");
  CHECK(router.fate("10.2.0.1", "10.1.0.1") == "local");
}

TEST_CASE("broadcasts are for this host, groups nobody joined are not, the rest is forwarded or not at all") {
  Router router;
  CHECK(router.fate("10.1.0.2", "10.1.0.255") == "local");
  CHECK(router.fate("10.1.0.2", "255.255.255.255") == "local");
  CHECK(router.fate("0.0.0.0", "255.255.255.255") == "local");
  CHECK(router.fate("10.1.0.2", "224.0.0.5") == "not_joined");
  CHECK(router.fate("10.1.0.2", "99.0.0.1") == "no_way");
  router.set("net.ipv4.ip_forward", "0");
  CHECK(router.fate("10.1.0.2", "10.2.0.2") == "no_way");
}

TEST_CASE(
    "node's own ens6 address reached by ens6 is dropped by strict, a pod's that routes back there is not") {
  LinuxWorld world("gw(192.168.1.1) -- node(192.168.1.251); gw(-) -- node(192.168.1.60); pod(-) -- node(-)");
  Netns& node = world["node"];
  Route ens6_subnet;
  ens6_subnet.prefix = *Prefix::parse("192.168.1.0/24");
  ens6_subnet.out_interface = 3;
  REQUIRE(node.routing.delete_route(route_table::main, ens6_subnet) == 0);
  const auto add = [&](std::uint32_t table, std::string_view prefix, std::uint32_t out,
                       std::string_view gateway) {
    Route route;
    route.prefix = *Prefix::parse(prefix);
    route.out_interface = out;
    if (!gateway.empty()) route.gateway = ip(gateway);
    if (gateway.empty()) route.scope = RouteScope::link;
    REQUIRE(node.routing.replace_route(table, route) == 0);
  };
  add(route_table::main, "0.0.0.0/0", 2, "192.168.1.1");
  add(route_table::main, "192.168.1.101/32", 4, "");
  add(2, "192.168.1.1/32", 3, "");
  add(2, "0.0.0.0/0", 3, "192.168.1.1");
  PolicyRule rule;
  rule.priority = 1536;
  rule.from = *Prefix::parse("192.168.1.101/32");
  rule.table = 2;
  REQUIRE(node.routing.add_rule(rule) == 0);
  REQUIRE(write_sysctl(node, "net.ipv4.conf.e1.rp_filter", "1") == 0);
  const auto kind = [&](std::string_view destination) {
    FlowKey key;
    key.source = ip("203.0.113.8");
    key.destination = ip(destination);
    key.in_interface = 3;
    return route_input(node, world.at("node/e1"), key).kind;
  };
  // observed: facts 5, rp_filter
  CHECK(kind("192.168.1.101") == InputRoute::Kind::forward);
  CHECK(kind("192.168.1.60") == InputRoute::Kind::rp_filter);
}

TEST_CASE("what rp_filter and the martian check drop is counted, and nobody is told") {
  Router router;
  router.set("net.ipv4.conf.e0.rp_filter", "1");
  router.world.inject("r/e0", "02:00:00:00:01:00 > 02:00:00:00:02:00 | 10.2.0.9.1 > 10.2.0.2.2: UDP 4");
  router.world.inject("r/e0", "02:00:00:00:01:00 > 02:00:00:00:02:00 | 10.1.0.1.1 > 10.2.0.2.2: UDP 4");
  CHECK(router.netns.occasional().snmp.ip_reverse_path_filter == 1);
  CHECK(router.netns.occasional().snmp.ip_martian == 1);
  CHECK(router.world.drops() == "r/e0 route rp_filter\nr/e0 route martian\n");
  CHECK(router.world.times("r/e0").size() == 2);
}

}  // namespace
}  // namespace ekspath
