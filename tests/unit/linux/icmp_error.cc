#include "sim/linux/icmp_error.hh"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "sim/linux/walk.hh"
#include "tests/support/linux/world.hh"
#include "tests/support/packet/packet_text.hh"

namespace ekspath {
namespace {

using namespace literals;

constexpr std::string_view three_hosts = "c(10.1.0.2) -- r(10.1.0.1, 10.2.0.1) -- s(10.2.0.2)";
Ipv4Address ip(std::string_view text) { return *Ipv4Address::parse(text); }

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string_view::npos; at += what.size()) ++n;
  return n;
}

/// What the router says on its e0 about a frame that came in there.
std::string answer_to(LinuxWorld& world, std::string_view packet) {
  world.forget();
  world.inject("r/e0", fmt::format("02:00:00:00:01:00 > 02:00:00:00:02:00 | {}", packet));
  world.run_for(10_ms);
  std::string seen = world.capture("r/e0");
  seen.erase(0, seen.find('\n') + 1);
  return seen;
}

TEST_CASE("an unknown protocol for this host is answered with 3/2, from the address that was asked") {
  LinuxWorld world(three_hosts);
  CHECK(answer_to(world, "10.1.0.2 > 10.2.0.1: protocol 47 len 10") ==
        "r/e0 out 10.2.0.1 > 10.1.0.2: ICMP 3/2 [10.1.0.2 > 10.2.0.1: protocol 47 len 10], tos 192, may "
        "fragment\n");
}

TEST_CASE("an error's source is the route's src towards the sender") {
  LinuxWorld world(three_hosts);
  Netns& router = world["r"];
  InterfaceAddress second;
  second.address = ip("10.1.0.77");
  second.prefix_length = 32;
  REQUIRE(router.add_address(world.at("r/e0"), second) == 0);
  Route back;
  back.prefix = *Prefix::parse("10.1.0.2/32");
  back.out_interface = world.at("r/e0").index;
  back.scope = RouteScope::link;
  back.preferred_source = ip("10.1.0.77");
  REQUIRE(router.routing.add_route(route_table::main, back) == 0);
  CHECK(answer_to(world, "10.1.0.2.1 > 10.2.0.2.2: UDP 4, ttl 1")
            .starts_with("r/e0 out 10.1.0.77 > 10.1.0.2: ICMP 11/0"));
}

TEST_CASE(
    "towards an interface without address an error comes from the first global address by interface index") {
  LinuxWorld world("pod(10.9.0.5/32) -- node(-, 10.0.0.1) -- gw(10.0.0.254)");
  Netns& pod = world["pod"];
  Netns& node = world["node"];
  Route to_pod;
  to_pod.prefix = *Prefix::parse("10.9.0.5/32");
  to_pod.out_interface = world.at("node/e0").index;
  to_pod.scope = RouteScope::link;
  REQUIRE(node.routing.add_route(route_table::main, to_pod) == 0);
  Route gateway;
  gateway.prefix = *Prefix::parse("169.254.1.1/32");
  gateway.out_interface = world.at("pod/e0").index;
  gateway.scope = RouteScope::link;
  REQUIRE(pod.routing.add_route(route_table::main, gateway) == 0);
  Route default_route;
  default_route.gateway = ip("169.254.1.1");
  REQUIRE(pod.routing.add_route(route_table::main, default_route) == 0);
  REQUIRE(pod.neighbours.add({ip("169.254.1.1"), 2, world.at("node/e0").mac, NeighbourState::permanent}) ==
          0);
  REQUIRE(world.send("pod", "10.9.0.5.1 > 10.0.0.9.2: UDP 4, ttl 1") == 0);
  world.run_for(10_ms);
  CHECK(world.capture("pod/e0").find("pod/e0 in 10.0.0.1 > 10.9.0.5: ICMP 11/0") != std::string::npos);
}

TEST_CASE("the quote is the whole packet, the error at most 576 bytes") {
  LinuxWorld world(three_hosts);
  CHECK(answer_to(world, "10.1.0.2.1 > 10.2.0.2.2: UDP 1000, ttl 1").find("UDP 1000, ttl 1, cut to 548]") !=
        std::string::npos);
  CHECK(answer_to(world, "10.1.0.2.1 > 10.2.0.2.2: UDP 500, ttl 1").find("UDP 500, ttl 1]") !=
        std::string::npos);
}

TEST_CASE("the TOS of an error keeps the packet's own bits under internetwork control") {
  LinuxWorld world(three_hosts);
  CHECK(answer_to(world, "10.1.0.2.1 > 10.2.0.2.2: UDP 4, ttl 1, tos 16").find("], tos 208") !=
        std::string::npos);
}

TEST_CASE("nothing is said about errors, redirects, later fragments, broadcasts or group frames") {
  LinuxWorld world(three_hosts);
  CHECK(answer_to(world, "10.1.0.2 > 10.2.0.2: ICMP 3/1 [10.2.0.2.5 > 10.1.0.2.6: UDP 4], ttl 1").empty());
  CHECK(answer_to(world,
                  "10.1.0.2 > 10.2.0.2: ICMP 5/1 gateway 10.1.0.9 [10.2.0.2.5 > 10.1.0.2.6: UDP 4], ttl 1")
            .empty());
  CHECK(answer_to(world, "10.1.0.2 > 10.2.0.2: protocol 17 len 8, ttl 1, offset 1480").empty());
  CHECK(answer_to(world, "10.1.0.2 > 10.1.0.255: protocol 47 len 8").empty());
  world.forget();
  world.inject("r/e0", "02:00:00:00:01:00 > ff:ff:ff:ff:ff:ff | 10.1.0.2 > 10.2.0.1: protocol 47 len 8");
  CHECK(count(world.capture("r/e0"), "\n") == 1);
}

TEST_CASE("something is said about echo replies, resets and first fragments") {
  LinuxWorld world(three_hosts);
  CHECK(answer_to(world, "10.1.0.2 > 10.2.0.2: ICMP echo reply id 1 seq 1, ttl 1").find("ICMP 11/0") !=
        std::string::npos);
  CHECK(answer_to(world, "10.1.0.2.1 > 10.2.0.2.2: TCP R, ttl 1").find("ICMP 11/0") != std::string::npos);
  CHECK(answer_to(world, "10.1.0.2.1 > 10.2.0.2.2: UDP 8, ttl 1, more fragments").find("ICMP 11/0") !=
        std::string::npos);
}

TEST_CASE("one destination gets a burst of six errors, then one a second; 3/4 is exempt") {
  LinuxWorld world(three_hosts);
  std::size_t told = 0;
  for (int i = 0; i < 20; ++i) {
    told += answer_to(world, "10.1.0.2.1 > 10.2.0.2.2: UDP 4, ttl 1").empty() ? 0 : 1;
  }
  CHECK(told == 6);
  CHECK(world["r"].occasional().snmp.icmp_out_rate_limit_host == 14);
  told = 0;
  for (int i = 0; i < 50; ++i) {
    told += answer_to(world, "10.1.0.2.1 > 10.2.0.2.2: UDP 4, ttl 1").empty() ? 0 : 1;
    world.run_for(90_ms);
  }
  CHECK(told == 5);
  world.at("r/e1").mtu = 1400;
  told = 0;
  for (int i = 0; i < 20; ++i) told += answer_to(world, "10.1.0.2.1 > 10.2.0.2.2: UDP 1472").empty() ? 0 : 1;
  CHECK(told == 20);
}

TEST_CASE("no route is charged twice: two errors in a burst, and none at ten packets a second after that") {
  LinuxWorld world(three_hosts);
  std::size_t told = 0;
  for (int i = 0; i < 5; ++i) told += answer_to(world, "10.1.0.2.1 > 99.0.0.2.2: UDP 4").empty() ? 0 : 1;
  // observed: facts 5, rate limit
  CHECK(told == 2);
  told = 0;
  for (int i = 0; i < 30; ++i) {
    told += answer_to(world, "10.1.0.2.1 > 99.0.0.2.2: UDP 4").empty() ? 0 : 1;
    world.run_for(90_ms);
  }
  CHECK(told == 0);
}

TEST_CASE("all destinations together get about fifty errors in a burst") {
  LinuxWorld world("c(10.1.0.2/16) -- r(10.1.0.1/16, 10.2.0.1) -- s(10.2.0.2)");
  for (std::uint8_t i = 0; i < 248; ++i) {
    const Ipv4Address source(10, 1, 3, i);
    REQUIRE(world["r"].neighbours.add({source, 2, world.at("c/e0").mac, NeighbourState::permanent}) == 0);
    world.inject(
        "r/e0",
        fmt::format("02:00:00:00:01:00 > 02:00:00:00:02:00 | {}.1 > 10.2.0.2.2: UDP 4, ttl 1", source));
  }
  const std::size_t told = count(world.capture("r/e0"), "ICMP 11/0");
  CHECK(told > 35);
  CHECK(told < 70);
  CHECK(world["r"].occasional().snmp.icmp_out_rate_limit_global == 248 - told);
}

TEST_CASE("a reset answers a segment as if from where it went") {
  LinuxWorld world(three_hosts);
  Netns& router = world["r"];
  REQUIRE(router.neighbours.add({ip("10.1.0.2"), 2, world.at("c/e0").mac, NeighbourState::permanent}) == 0);
  Hop hop{router, &world.at("r/e0"), nullptr, {}, 0};
  const PacketRef syn = packet(world.pool, "10.1.0.2.4000 > 10.2.0.2.80: TCP S seq 100, ttl 63");
  send_tcp_reset(Hook::forward, hop, *syn);
  const PacketRef data = packet(world.pool, "10.1.0.2.4000 > 10.2.0.2.80: TCP P. seq 101 ack 500 len 5");
  send_tcp_reset(Hook::forward, hop, *data);
  const PacketRef reset = packet(world.pool, "10.1.0.2.4000 > 10.2.0.2.80: TCP R seq 101");
  send_tcp_reset(Hook::forward, hop, *reset);
  CHECK(world.capture("r/e0") ==
        "r/e0 out 10.2.0.2.80 > 10.1.0.2.4000: TCP R. ack 101 win 0\n"
        "r/e0 out 10.2.0.2.80 > 10.1.0.2.4000: TCP R seq 500 win 0\n");
}

}  // namespace
}  // namespace ekspath
