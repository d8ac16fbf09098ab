#include <doctest/doctest.h>
#include <fmt/format.h>

#include <rapidcheck.h>

#include "sim/linux/routing/fib.hh"
#include "tests/support/linux/world.hh"

namespace ekspath {
namespace {

Ipv4Address ip(std::string_view text) { return *Ipv4Address::parse(text); }
Prefix net(std::string_view text) { return *Prefix::parse(text); }

/// A node as the VPC CNI wires it: ens5 (e0) and ens6 (e1) in one subnet, a pod behind e2.
struct Node {
  LinuxWorld world{
      "gw(192.168.1.1) -- node(192.168.1.251); gw(-) -- node(192.168.1.60); pod(192.168.1.101/32) -- "
      "node(-)"};
  Netns& netns = world["node"];

  Node() {
    Routing& routing = netns.routing;
    REQUIRE(routing.delete_route(route_table::main, connected("192.168.1.0/24", 3)) == 0);
    REQUIRE(routing.add_route(route_table::main, connected("192.168.1.101/32", 4)) == 0);
    REQUIRE(routing.add_route(2, connected("192.168.1.1/32", 3)) == 0);
    REQUIRE(routing.replace_route(route_table::main, gateway(2)) == 0);
    REQUIRE(routing.add_route(2, gateway(3)) == 0);
    rule([](PolicyRule& r) {
      r.to = net("192.168.1.101/32");
      r.priority = 512;
    });
    rule([](PolicyRule& r) {
      r.fwmark = r.fwmask = 0x80;
      r.priority = 1024;
    });
    rule([](PolicyRule& r) {
      r.from = net("192.168.1.101/32");
      r.priority = 1536;
      r.table = 2;
    });
  }
  static Route connected(std::string_view prefix, std::uint32_t out) {
    Route route;
    route.prefix = net(prefix);
    route.out_interface = out;
    route.scope = RouteScope::link;
    return route;
  }
  static Route gateway(std::uint32_t out) {
    Route route;
    route.gateway = ip("192.168.1.1");
    route.out_interface = out;
    return route;
  }
  template <class Fill>
  void rule(Fill fill) {
    PolicyRule added;
    added.table = route_table::main;
    fill(added);
    REQUIRE(netns.routing.add_rule(added) == 0);
  }
  std::string forwarded(std::string_view source, std::string_view destination, std::uint32_t in,
                        std::uint32_t mark = 0) {
    FlowKey key;
    key.source = ip(source);
    key.destination = ip(destination);
    key.in_interface = in;
    key.mark = mark;
    return netns.routing.text(netns.routing.lookup(key));
  }
};

TEST_CASE("a pod of the secondary interface leaves by its own table, unless the mark says main") {
  Node node;
  // observed: fixtures ip-route-get
  CHECK(node.forwarded("192.168.1.101", "203.0.113.8", 4) ==
        "1536: from 192.168.1.101 lookup 2 -> default via 192.168.1.1 dev e1");
  CHECK(node.forwarded("192.168.1.101", "203.0.113.8", 4, 0x80) ==
        "1024: from all fwmark 0x80/0x80 lookup main -> default via 192.168.1.1 dev e0");
  CHECK(node.forwarded("192.168.1.101", "203.0.113.8", 4, 0x180).starts_with("1024:"));
  CHECK(node.forwarded("203.0.113.8", "192.168.1.101", 2) ==
        "512: from all to 192.168.1.101 lookup main -> 192.168.1.101 dev e2 scope link");
  CHECK(node.forwarded("203.0.113.8", "192.168.1.251", 2).starts_with("0: from all lookup local -> local"));
}

TEST_CASE(
    "the source of own packets: route's src, primary of the next hop's subnet, first address, first global") {
  LinuxWorld world("h(10.0.0.1) -- a(10.0.0.9); h(10.5.0.1) -- b(10.5.0.9); h(-) -- c(-)");
  Netns& host = world["h"];
  InterfaceAddress more;
  more.address = ip("10.6.0.1");
  more.prefix_length = 24;
  REQUIRE(host.add_address(world.at("h/e1"), more) == 0);
  const auto add = [&](std::string_view prefix, std::string_view gateway, std::uint32_t out,
                       std::string_view source) {
    Route route;
    route.prefix = net(prefix);
    if (!gateway.empty()) route.gateway = ip(gateway);
    route.out_interface = out;
    if (!source.empty()) route.preferred_source = ip(source);
    REQUIRE(host.routing.add_route(route_table::main, route) == 0);
  };
  const auto source_to = [&](std::string_view destination) {
    FlowKey key;
    key.destination = ip(destination);
    return fmt::format("{}", host.routing.lookup(key).source);
  };
  add("50.0.0.0/8", "10.6.0.9", 0, "10.0.0.1");
  add("51.0.0.0/8", "10.6.0.9", 0, "");
  add("52.0.0.0/8", "", 3, "");
  add("53.0.0.0/8", "", 4, "");
  CHECK(source_to("50.0.0.1") == "10.0.0.1");
  CHECK(source_to("51.0.0.1") == "10.6.0.1");
  CHECK(source_to("52.0.0.1") == "10.5.0.1");
  CHECK(source_to("53.0.0.1") == "10.0.0.1");
  CHECK(source_to("10.0.0.1") == "10.0.0.1");
  CHECK(source_to("127.0.0.5") == "127.0.0.1");
}

TEST_CASE(
    "a throw route and an empty table fall through to the next rule; suppress_prefixlength hides a default") {
  Node node;
  Route thrown;
  thrown.prefix = net("8.0.0.0/8");
  thrown.type = RouteType::throw_;
  REQUIRE(node.netns.routing.add_route(2, thrown) == 0);
  CHECK(node.forwarded("192.168.1.101", "8.8.8.8", 4).starts_with("32766:"));
  node.rule([](PolicyRule& r) {
    r.table = 77;
    r.priority = 5;
  });
  CHECK(node.forwarded("192.168.1.101", "203.0.113.8", 4).starts_with("1536:"));
  node.rule([](PolicyRule& r) {
    r.table = 2;
    r.suppress_prefix_length = 0;
    r.priority = 6;
  });
  CHECK(node.forwarded("9.9.9.9", "203.0.113.8", 2).starts_with("32766:"));
  CHECK(node.forwarded("9.9.9.9", "192.168.1.1", 2).starts_with("6:"));
}

TEST_CASE("not negates the whole selector") {
  Node node;
  node.rule([](PolicyRule& r) {
    r.invert = true;
    r.from = net("192.168.1.101/32");
    r.iif = "e2";
    r.table = 2;
    r.priority = 7;
  });
  CHECK(node.forwarded("192.168.1.101", "8.8.8.8", 4).starts_with("1536:"));
  CHECK(node.forwarded("192.168.1.101", "8.8.8.8", 2).starts_with("7:"));
  CHECK(node.forwarded("9.9.9.9", "8.8.8.8", 4).starts_with("7:"));
}

TEST_CASE("rule actions: unreachable is as no route, prohibit and blackhole are their own") {
  Node node;
  const auto outcome = [&](PolicyRule::Action action, std::uint32_t priority) {
    PolicyRule rule;
    rule.action = action;
    rule.priority = priority;
    rule.to = net("99.0.0.0/8");
    REQUIRE(node.netns.routing.add_rule(rule) == 0);
    FlowKey key;
    key.destination = ip("99.0.0.1");
    return node.netns.routing.lookup(key).outcome;
  };
  CHECK(outcome(PolicyRule::Action::unreachable, 30) == RouteResult::Outcome::no_route);
  CHECK(outcome(PolicyRule::Action::prohibit, 20) == RouteResult::Outcome::prohibit);
  CHECK(outcome(PolicyRule::Action::blackhole, 10) == RouteResult::Outcome::blackhole);
}

TEST_CASE("a socket bound to an interface passes over routes by others") {
  Node node;
  FlowKey key;
  key.destination = ip("203.0.113.8");
  key.out_interface = 3;
  key.source = ip("192.168.1.60");
  // With none by it, the destination is taken for a neighbour.
  CHECK(node.netns.routing.lookup(key).out == &node.world.at("node/e1"));
  CHECK(node.netns.routing.lookup(key).next_hop == ip("203.0.113.8"));
  node.rule([](PolicyRule& r) {
    r.oif = "e1";
    r.table = 2;
    r.priority = 9;
  });
  CHECK(node.netns.routing.text(node.netns.routing.lookup(key)) ==
        "9: from all oif e1 lookup 2 -> default via 192.168.1.1 dev e1");
}

TEST_CASE("runs of host rules found by hash give what a walk through the rules gives") {
  rc::check([] {
    Node node;
    std::vector<PolicyRule> rules = node.netns.routing.rules();
    const auto octet = [] { return static_cast<std::uint8_t>(*rc::gen::inRange(100, 108)); };
    const int many = *rc::gen::inRange(0, 40);
    for (int i = 0; i < many; ++i) {
      PolicyRule rule;
      rule.priority = static_cast<std::uint32_t>(*rc::gen::inRange(400, 403));
      const Prefix host(Ipv4Address(192, 168, 1, octet()), 32);
      (*rc::gen::inRange(0, 3) != 0 ? rule.to : rule.from) = host;
      rule.table = static_cast<std::uint32_t>(*rc::gen::element(2, 254, 100));
      (void)node.netns.routing.add_rule(rule);
    }
    FlowKey key;
    key.source = Ipv4Address(192, 168, 1, octet());
    key.destination = Ipv4Address(192, 168, 1, octet());
    key.in_interface = 4;
    const RouteResult found = node.netns.routing.lookup(key);
    // The same by the book: each rule in order, each table by scanning.
    const PolicyRule* expected = nullptr;
    for (const PolicyRule& rule : node.netns.routing.rules()) {
      if (!rule.from.contains(key.source) || !rule.to.contains(key.destination)) continue;
      if (((key.mark ^ rule.fwmark) & rule.fwmask) != 0) continue;
      const std::vector<Route> table = node.netns.routing.routes(rule.table);
      const bool hit = std::any_of(table.begin(), table.end(), [&](const Route& route) {
        return route.prefix.contains(key.destination);
      });
      if (hit) {
        expected = &rule;
        break;
      }
    }
    RC_ASSERT(found.rule == expected);
  });
}

TEST_CASE("a large table finds what a scan finds") {
  rc::check([] {
    Fib fib(9);
    const int many = *rc::gen::inRange(0, 80);
    std::vector<Route> routes;
    for (int i = 0; i < many; ++i) {
      Route route;
      route.prefix = Prefix(Ipv4Address(static_cast<std::uint32_t>(*rc::gen::inRange(0, 64)) << 26 |
                                        static_cast<std::uint32_t>(*rc::gen::inRange(0, 4))),
                            static_cast<unsigned>(*rc::gen::element(0, 2, 6, 8, 31, 32)));
      route.out_interface = static_cast<std::uint32_t>(*rc::gen::inRange(1, 4));
      route.metric = static_cast<std::uint32_t>(*rc::gen::inRange(0, 3));
      if (fib.insert(route, Fib::Insert::exclusive)) routes.push_back(route);
    }
    const Ipv4Address destination(static_cast<std::uint32_t>(*rc::gen::inRange(0, 64)) << 26);
    const auto only = static_cast<std::uint32_t>(*rc::gen::inRange(0, 4));
    const Route* best = nullptr;
    for (const Route& route : routes) {
      if (!route.prefix.contains(destination) || (only != 0 && route.out_interface != only)) continue;
      const bool better = best == nullptr || route.prefix.length() > best->prefix.length() ||
                          (route.prefix.length() == best->prefix.length() && route.metric < best->metric);
      if (better) best = &route;
    }
    const Route* found = fib.find(destination, {only, RouteScope::global});
    RC_ASSERT((found == nullptr) == (best == nullptr));
    if (found != nullptr) RC_ASSERT(*found == *best);
  });
}

TEST_CASE("the type of an address is that of the local table, on any interface or on one") {
  Node node;
  const Routing& routing = node.netns.routing;
  CHECK(routing.address_type(ip("192.168.1.60")) == AddressType::local);
  CHECK(routing.address_type(ip("192.168.1.60"), &node.world.at("node/e0")) == AddressType::unicast);
  CHECK(routing.address_type(ip("192.168.1.255")) == AddressType::broadcast);
  CHECK(routing.address_type(ip("127.1.2.3")) == AddressType::local);
  CHECK(routing.address_type(ip("224.0.0.1")) == AddressType::multicast);
  CHECK(routing.address_type(ip("99.0.0.1")) == AddressType::unicast);
}

}  // namespace
}  // namespace ekspath
