#include <doctest/doctest.h>

#include "sim/linux/walk.hh"
#include "tests/support/linux/world.hh"

namespace ekspath {
namespace {

using namespace literals;

constexpr std::string_view three_hosts = "c(10.1.0.2) -- r(10.1.0.1, 10.2.0.1) -- s(10.2.0.2)";
Ipv4Address ip(std::string_view text) { return *Ipv4Address::parse(text); }

TEST_CASE("an echo request crosses a router with its TTL one lower, and is answered by the far kernel") {
  LinuxWorld world(three_hosts);
  REQUIRE(world.send("c", "10.1.0.2 > 10.2.0.2: ICMP echo request id 7 seq 1 len 56") == 0);
  world.run_for(1_s);
  INFO(world.walk());
  CHECK(world.capture("r/e0") ==
        "r/e0 in 10.1.0.2 > 10.2.0.2: ICMP echo request id 7 seq 1 len 56\n"
        "r/e0 out 10.2.0.2 > 10.1.0.2: ICMP echo reply id 7 seq 1 len 56, ttl 63, may fragment\n");
  CHECK(world.capture("s/e0").starts_with(
      "s/e0 in 10.1.0.2 > 10.2.0.2: ICMP echo request id 7 seq 1 len 56, ttl 63\n"));
}

TEST_CASE("the order at a router: in, then ARP, then out; ARP is tapped too") {
  LinuxWorld world(three_hosts);
  REQUIRE(world.send("c", "10.1.0.2.1 > 10.2.0.2.2: UDP 0") == 0);
  world.run_for(1_s);
  std::string order;
  const std::string seen = world.capture_frames();
  for (std::size_t at = 0; (at = seen.find("r/e", at)) != std::string::npos; ++at) {
    order += seen.substr(at, seen.find(' ', at + 5) - at) + ' ';
  }
  // observed: facts 1, taps
  CHECK(order.starts_with("r/e0 in r/e0 out r/e0 in r/e1 out r/e1 in r/e1 out r/e1 in r/e0 out "));
}

TEST_CASE("TTL 1 dies at the router: 11/0 quotes it as it came") {
  LinuxWorld world(three_hosts);
  REQUIRE(world.send("c", "10.1.0.2.1 > 10.2.0.2.2: UDP 4, ttl 1") == 0);
  world.run_for(1_s);
  CHECK(
      world.capture("c/e0").ends_with("c/e0 in 10.1.0.1 > 10.1.0.2: ICMP 11/0 [10.1.0.2.1 > 10.2.0.2.2: UDP "
                                      "4, ttl 1], tos 192, may fragment\n"));
  CHECK(world.drops().find("r/e0 forward ttl_expired\n") != std::string::npos);
}

TEST_CASE("too big with DF: 3/4 with the next MTU, and the TTL as it came; the sender learns it for 600 s") {
  LinuxWorld world(three_hosts);
  world.at("r/e1").mtu = 1400;
  REQUIRE(world.send("c", "10.1.0.2.1 > 10.2.0.2.2: UDP 1472") == 0);
  world.run_for(1_s);
  CHECK(world.capture("c/e0").find(
            "c/e0 in 10.1.0.1 > 10.1.0.2: ICMP 3/4 mtu 1400 [10.1.0.2.1 > 10.2.0.2.2: UDP "
            "1472, cut to 548]") != std::string::npos);
  CHECK(world["c"].routing.path_mtu(ip("10.2.0.2")) == 1400);
  CHECK(world["c"].routing.path_mtu(ip("10.2.0.3")) == 0);
  world.run_for(598_s);
  CHECK(world["c"].routing.path_mtu(ip("10.2.0.2")) == 1400);
  world.run_for(1_s);
  CHECK(world["c"].routing.path_mtu(ip("10.2.0.2")) == 0);
}

TEST_CASE(
    "forwarding belongs to the incoming interface; off, packets die silently and count as address errors") {
  LinuxWorld world(three_hosts);
  CHECK(write_sysctl(world["r"], "net.ipv4.conf.e0.forwarding", "0") == 0);
  REQUIRE(world.send("c", "10.1.0.2.1 > 10.2.0.2.2: UDP 4") == 0);
  REQUIRE(world.send("s", "10.2.0.2.1 > 10.1.0.2.2: UDP 4") == 0);
  world.run_for(1_s);
  CHECK(world.capture("r/e1").find("r/e1 out 10.1.0.2") == std::string::npos);
  CHECK(world.capture("r/e0").find("r/e0 out 10.2.0.2.1") != std::string::npos);
  CHECK(world["r"].occasional().snmp.ip_in_addr_errors > 0);
  CHECK(world.drops().find("r/e0 route forwarding_off\n") != std::string::npos);
  CHECK(world.capture().find("ICMP 3/0") == std::string::npos);
}

TEST_CASE("each kind of dead end has its drop reason, and its ICMP error or none") {
  const auto answer = [](RouteType type) {
    LinuxWorld world(three_hosts);
    Route route;
    route.prefix = *Prefix::parse("99.0.0.0/8");
    route.type = type;
    REQUIRE(world["r"].routing.add_route(route_table::main, route) == 0);
    REQUIRE(world.send("c", "10.1.0.2.1 > 99.0.0.1.2: UDP 4") == 0);
    world.run_for(1_s);
    const std::string seen = world.capture("c/e0");
    const std::size_t error = seen.find("c/e0 in 10.1.0.1 > 10.1.0.2: ICMP ");
    return (error == std::string::npos ? "none" : seen.substr(error + 34, 4)) + " " +
           world.drops().substr(0, world.drops().find('\n'));
  };
  CHECK(answer(RouteType::unreachable) == "3/1  r/e0 route unreachable_route");
  CHECK(answer(RouteType::prohibit) == "3/13 r/e0 route prohibited");
  CHECK(answer(RouteType::blackhole) == "none r/e0 route blackhole_route");
  CHECK(answer(RouteType::throw_) == "3/0  r/e0 route no_route");
}

TEST_CASE("a host's own send fails with the errno of its dead end") {
  LinuxWorld world("h(10.0.0.1) -- p(-)");
  const auto add = [&](std::string_view prefix, RouteType type) {
    Route route;
    route.prefix = *Prefix::parse(prefix);
    route.type = type;
    REQUIRE(world["h"].routing.add_route(route_table::main, route) == 0);
  };
  add("1.0.0.0/8", RouteType::unreachable);
  add("2.0.0.0/8", RouteType::prohibit);
  add("3.0.0.0/8", RouteType::blackhole);
  CHECK(world.send("h", "10.0.0.1.1 > 1.0.0.1.2: UDP 4") == EHOSTUNREACH);
  CHECK(world.send("h", "10.0.0.1.1 > 2.0.0.1.2: UDP 4") == EACCES);
  CHECK(world.send("h", "10.0.0.1.1 > 3.0.0.1.2: UDP 4") == EINVAL);
  CHECK(world.send("h", "10.0.0.1.1 > 4.0.0.1.2: UDP 4") == ENETUNREACH);
  // A source that is not an own address.
  CHECK(world.send("h", "10.0.0.9.1 > 10.0.0.2.2: UDP 4") == ENETUNREACH);
}

TEST_CASE(
    "a router that sends a packet back where it came from says so: nine redirects, each gap twice the last") {
  LinuxWorld world("c(10.1.0.2) -- r(10.1.0.1)");
  CHECK(write_sysctl(world["r"], "net.ipv4.ip_forward", "1") == 0);
  const auto dead_gateway = MacAddress{{2, 0, 0, 0, 9, 9}};
  CHECK(world["r"].neighbours.add({ip("10.1.0.9"), 2, dead_gateway, NeighbourState::permanent}) == 0);
  Route route;
  route.prefix = *Prefix::parse("99.0.0.0/8");
  route.gateway = ip("10.1.0.9");
  REQUIRE(world["r"].routing.add_route(route_table::main, route) == 0);
  std::vector<std::int64_t> when;
  for (int i = 0; i < 2000; ++i) {
    world.forget();
    world.inject("r/e0", "02:00:00:00:01:00 > 02:00:00:00:02:00 | 10.1.0.2.1 > 99.0.0.1.2: UDP 4");
    const std::string seen = world.capture("r/e0") + world.walk();
    if (seen.find("icmp type 5 code 1") != std::string::npos &&
        world["r"].occasional().snmp.icmp_out_redirects > when.size()) {
      when.push_back(world.engine.now().whole_milliseconds());
    }
    world.run_for(10_ms);
  }
  REQUIRE(when.size() == 9);
  for (std::size_t n = 1; n < when.size(); ++n) CHECK(when[n] - when[n - 1] > (20 << n));
  CHECK(when.back() < 12'000);
}

TEST_CASE("a redirect is followed once the new gateway has answered ARP") {
  LinuxWorld world("c(10.1.0.2) -- r(10.1.0.1)");
  Netns& client = world["c"];
  REQUIRE(world.send("c", "10.1.0.2.1 > 99.0.0.1.2: UDP 4") == 0);
  world.run_for(1_s);
  const auto next_hop = [&] {
    FlowKey key;
    key.destination = ip("99.0.0.1");
    return client.routing.lookup(key).next_hop;
  };
  const auto redirect = [&] {
    world.inject(
        "c/e0",
        "02:00:00:00:02:00 > 02:00:00:00:01:00 | 10.1.0.1 > 10.1.0.2: ICMP 5/1 gateway 10.1.0.9 [10.1.0.2.1 "
        "> 99.0.0.1.2: UDP 4]");
  };
  redirect();
  CHECK(next_hop() == ip("10.1.0.1"));
  world.inject("c/e0", "02:00:00:00:09:09 > 02:00:00:00:01:00 | ARP 10.1.0.9 is-at 02:00:00:00:09:09");
  redirect();
  CHECK(next_hop() == ip("10.1.0.9"));
  world.run_for(300_s);
  CHECK(next_hop() == ip("10.1.0.1"));
}

TEST_CASE("any own address is reached by any interface") {
  LinuxWorld world(three_hosts);
  REQUIRE(world.send("c", "10.1.0.2 > 10.2.0.1: ICMP echo request id 7 seq 1") == 0);
  world.run_for(1_s);
  CHECK(world.capture("c/e0").ends_with(
      "c/e0 in 10.2.0.1 > 10.1.0.2: ICMP echo reply id 7 seq 1, may fragment\n"));
}

TEST_CASE("to an own address a packet goes by lo, once, and comes back in") {
  LinuxWorld world("h(10.0.0.1) -- p(-)");
  REQUIRE(world.send("h", "10.0.0.1 > 10.0.0.1: ICMP echo request id 7 seq 1 len 56") == 0);
  world.run_for(1_s);
  CHECK(world.capture() ==
        "h/lo in 10.0.0.1 > 10.0.0.1: ICMP echo request id 7 seq 1 len 56\n"
        "h/lo in 10.0.0.1 > 10.0.0.1: ICMP echo reply id 7 seq 1 len 56, may fragment\n");
  CHECK(world.capture_frames("h/lo").starts_with("h/lo in 00:00:00:00:00:00 > 00:00:00:00:00:00 | "));
  // observed: ip -s link show lo after one ping
  const InterfaceCounters& counters = world.at("h/lo").counters;
  CHECK(counters.rx_packets == 2);
  CHECK(counters.rx_bytes == 168);
  CHECK(counters.tx_bytes == 168);
}

TEST_CASE("a veth counts frames with their link header") {
  LinuxWorld world("a(10.0.0.1) -- b(10.0.0.2)");
  REQUIRE(world.send("a", "10.0.0.1 > 10.0.0.2: ICMP echo request id 7 seq 1 len 56") == 0);
  world.run_for(1_s);
  CHECK(world.at("a/e0").counters.tx_packets == 2);
  CHECK(world.at("a/e0").counters.tx_bytes == 42 + 98);
  CHECK(world.at("b/e0").counters.rx_bytes == 42 + 98);
}

}  // namespace
}  // namespace ekspath
