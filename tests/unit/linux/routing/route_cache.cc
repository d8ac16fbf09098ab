#include "sim/linux/routing/route_cache.hh"

#include <doctest/doctest.h>

#include "sim/linux/routing/input_route.hh"
#include "tests/support/linux/world.hh"

namespace ekspath {
namespace {

Ipv4Address ip(std::string_view text) { return *Ipv4Address::parse(text); }

FlowKey to(std::string_view destination) {
  FlowKey key;
  key.destination = ip(destination);
  return key;
}

Route by(std::string_view prefix, std::uint32_t out) {
  Route route;
  route.prefix = *Prefix::parse(prefix);
  route.out_interface = out;
  route.scope = RouteScope::link;
  return route;
}

/// e0 (index 2) and e1 (index 3) in two subnets; every lookup is asked twice, so that the second is known.
struct TwoDoors {
  LinuxWorld world{"a(10.0.0.1) -- node(10.0.0.2); b(10.1.0.1) -- node(10.1.0.2)"};
  Netns& netns = world["node"];
  std::uint32_t out(const FlowKey& key) const {
    const RouteResult first = netns.routing.lookup(key);
    const RouteResult second = netns.routing.lookup(key);
    REQUIRE(first.outcome == second.outcome);
    REQUIRE(first.route == second.route);
    REQUIRE(first.rule == second.rule);
    REQUIRE(first.out == second.out);
    REQUIRE(first.next_hop == second.next_hop);
    REQUIRE(first.source == second.source);
    return second.found() ? second.out->index : 0;
  }
};

}  // namespace

TEST_CASE("a route that is added, replaced or deleted counts for the next packet of a known flow") {
  TwoDoors host;
  Routing& routing = host.netns.routing;
  CHECK(host.out(to("172.16.0.9")) == 0);
  REQUIRE(routing.add_route(route_table::main, by("172.16.0.0/16", 2)) == 0);
  CHECK(host.out(to("172.16.0.9")) == 2);
  REQUIRE(routing.replace_route(route_table::main, by("172.16.0.0/16", 3)) == 0);
  CHECK(host.out(to("172.16.0.9")) == 3);
  REQUIRE(routing.add_route(route_table::main, by("172.16.0.9/32", 2)) == 0);
  CHECK(host.out(to("172.16.0.9")) == 2);
  REQUIRE(routing.delete_route(route_table::main, by("172.16.0.9/32", 2)) == 0);
  CHECK(host.out(to("172.16.0.9")) == 3);
}

TEST_CASE("a policy rule that is added or deleted counts for the next packet of a known flow") {
  TwoDoors host;
  Routing& routing = host.netns.routing;
  REQUIRE(routing.add_route(route_table::main, by("172.16.0.0/16", 2)) == 0);
  REQUIRE(routing.add_route(7, by("172.16.0.0/16", 3)) == 0);
  CHECK(host.out(to("172.16.0.9")) == 2);
  PolicyRule rule;
  rule.priority = 100;
  rule.table = 7;
  rule.fwmark = rule.fwmask = 0x80;
  REQUIRE(routing.add_rule(rule) == 0);
  CHECK(host.out(to("172.16.0.9")) == 2);
  FlowKey marked = to("172.16.0.9");
  marked.mark = 0x80;
  CHECK(host.out(marked) == 3);
  REQUIRE(routing.delete_rule(rule) == 0);
  CHECK(host.out(marked) == 2);
}

TEST_CASE("an address that comes or goes, and an interface that goes down, count for a known flow") {
  TwoDoors host;
  Interface& e1 = *host.netns.interface(3);
  CHECK(host.out(to("10.1.0.7")) == 3);
  CHECK(host.netns.routing.lookup(to("10.1.0.7")).source == ip("10.1.0.2"));
  REQUIRE(host.netns.delete_address(e1, ip("10.1.0.2")) == 0);
  CHECK(host.out(to("10.1.0.7")) == 0);
  REQUIRE(host.netns.add_address(e1, {.address = ip("10.1.0.5"), .prefix_length = 24}) == 0);
  CHECK(host.netns.routing.lookup(to("10.1.0.7")).source == ip("10.1.0.5"));
  host.netns.set_up(e1, false);
  CHECK(host.out(to("10.1.0.7")) == 0);
  host.netns.set_up(e1, true);
  CHECK(host.out(to("10.1.0.7")) == 3);
}

TEST_CASE("the way back of a known flow is checked against the tables of the moment") {
  TwoDoors host;
  Interface& in = *host.netns.interface(2);
  in.conf.rp_filter = 1;
  FlowKey received = to("10.1.0.9");
  received.source = ip("172.16.0.9");
  received.in_interface = in.index;
  const auto check = [&] {
    const InputRoute first = route_input(host.netns, in, received);
    const InputRoute second = route_input(host.netns, in, received);
    REQUIRE(first.kind == second.kind);
    REQUIRE(first.redirect == second.redirect);
    REQUIRE(first.route.out == second.route.out);
    return second.kind;
  };
  CHECK(check() == InputRoute::Kind::rp_filter);
  REQUIRE(host.netns.routing.add_route(route_table::main, by("172.16.0.0/16", 2)) == 0);
  CHECK(check() == InputRoute::Kind::forward);
  REQUIRE(host.netns.routing.replace_route(route_table::main, by("172.16.0.0/16", 3)) == 0);
  CHECK(check() == InputRoute::Kind::rp_filter);
  in.conf.rp_filter = 2;
  CHECK(check() == InputRoute::Kind::forward);
}

TEST_CASE("a setting that is switched counts for the next packet of a known flow") {
  TwoDoors host;
  Interface& in = *host.netns.interface(2);
  FlowKey received = to("10.1.0.9");
  received.source = ip("10.0.0.1");
  received.in_interface = in.index;
  const auto kind = [&] {
    (void)route_input(host.netns, in, received);
    return route_input(host.netns, in, received).kind;
  };
  CHECK(kind() == InputRoute::Kind::forward);
  in.conf.forwarding = false;
  CHECK(kind() == InputRoute::Kind::no_way);
  in.conf.forwarding = true;
  CHECK(kind() == InputRoute::Kind::forward);
  received.source = ip("10.0.0.2");  // an own one
  CHECK(kind() == InputRoute::Kind::martian);
  host.netns.sysctls.write().all.accept_local = true;
  CHECK(kind() == InputRoute::Kind::forward);
  received.source = ip("127.0.0.5");
  CHECK(kind() == InputRoute::Kind::martian);
  in.conf.route_localnet = true;
  CHECK(kind() == InputRoute::Kind::forward);
}

TEST_CASE("who could reach the next hop himself is told so as long as redirects are sent") {
  TwoDoors host;
  Interface& in = *host.netns.interface(2);
  REQUIRE(host.netns.routing.add_route(route_table::main, by("172.16.0.0/16", 2)) == 0);
  FlowKey received = to("172.16.0.9");
  received.source = ip("10.0.0.1");
  received.in_interface = in.index;
  const auto told = [&] {
    (void)route_input(host.netns, in, received);
    return route_input(host.netns, in, received).redirect;
  };
  host.netns.sysctls.write().all.send_redirects = in.conf.send_redirects = true;
  CHECK(told());
  host.netns.sysctls.write().all.send_redirects = in.conf.send_redirects = false;
  CHECK(!told());
}

TEST_CASE("a cache finds what it was told last, gives up nothing but the places of others, and forgets all") {
  RouteCache cache;
  const auto key = [](std::uint32_t number) {
    FlowKey flow;
    flow.destination = Ipv4Address(number);
    return RouteCache::key(flow, RouteCache::Question::lookup);
  };
  CHECK(cache.find(key(1)) == nullptr);
  for (std::uint32_t round = 0; round < 20; ++round) {
    for (std::uint32_t number = 1; number <= 1000; ++number) {
      RouteResult result;
      result.table = number;
      cache.remember({result, key(number)});
      REQUIRE(cache.find(key(number))->route.table == number);
    }
  }
  std::uint32_t found = 0;
  for (std::uint32_t number = 1; number <= 1000; ++number) {
    const RouteCache::Answer* known = cache.find(key(number));
    if (known == nullptr) continue;
    REQUIRE(known->route.table == number);
    ++found;
  }
  CHECK(found > 600);  // it grew to hold most of them
  RouteCache::Key marked = key(1);
  marked.mark = 1;
  CHECK(cache.find(marked) == nullptr);
  cache.forget();
  for (std::uint32_t number = 1; number <= 1000; ++number) REQUIRE(cache.find(key(number)) == nullptr);
}

}  // namespace ekspath
