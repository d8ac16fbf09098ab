#include "sim/linux/netns.hh"

#include <doctest/doctest.h>

#include "tests/support/linux/world.hh"

namespace ekspath {
namespace {

using namespace literals;

TEST_CASE("a new namespace has lo, up, with its address; and its parts only when they are needed") {
  LinuxWorld world("a(10.0.0.1) -- b(10.0.0.2)");
  Netns host(world.kernel, "fresh");
  CHECK(host.interfaces().size() == 1);
  CHECK(host.loopback().index == 1);
  CHECK(host.loopback().up);
  CHECK(host.loopback().has(Ipv4Address(127, 0, 0, 1)));
  CHECK_FALSE(host.netfilter);
  CHECK_FALSE(host.conntrack);
  CHECK_FALSE(host.sockets);
  CHECK(world.places.name(host.loopback().place) == "fresh/lo");
}

TEST_CASE("a veth has carrier once both ends are up") {
  LinuxWorld world("a(10.0.0.1) -- b(10.0.0.2)");
  CHECK(world.at("a/e0").carrier);
  world["b"].set_up(world.at("b/e0"), false);
  CHECK(world.at("a/e0").up);
  CHECK_FALSE(world.at("a/e0").carrier);
  REQUIRE(world.send("a", "10.0.0.1.1 > 10.0.0.2.2: UDP 1") == 0);
  CHECK(world.drops() == "a/e0 egress interface_down\n");  // the ARP request
}

TEST_CASE("deleting one end of a veth deletes the other, and what was on the wire") {
  LinuxWorld world("a(10.0.0.1) -- b(10.0.0.2)");
  REQUIRE(world.send("a", "10.0.0.1.1 > 10.0.0.2.2: UDP 1") == 0);
  world["b"].delete_interface(world.at("b/e0"));
  CHECK(world["a"].find_interface("e0") == nullptr);
  CHECK(world["a"].interface(2) == nullptr);
  CHECK(world["a"].routing.routes(route_table::main).empty());
  CHECK(world.drops() == "a/e0 link interface_down\na/e0 neighbour neighbour_failed\n");
  world.run_for(10_s);
  CHECK(world.pool.in_use() == 0);
}

TEST_CASE("a namespace that goes takes its veths along on the other side too") {
  LinuxWorld world("a(10.0.0.1) -- b(10.0.0.2)");
  auto pod = std::make_unique<Netns>(world.kernel, "pod");
  Netns::add_veth(*pod, "eth0", {{2, 0, 0, 0, 9, 9}}, world["a"], "eni1", {{2, 0, 0, 0, 9, 8}}, 9001, {});
  pod->set_up(*pod->find_interface("eth0"), true);
  world["a"].set_up(world.at("a/eni1"), true);
  CHECK(world.at("a/eni1").index == 3);
  pod.reset();
  CHECK(world["a"].find_interface("eni1") == nullptr);
  // Indexes are not used again.
  CHECK(world["a"].add_interface("eni2", InterfaceKind::ena, {}, 1500).index == 4);
  CHECK(world["a"].interface(4)->name == "eni2");
}

TEST_CASE("a link that loses frames says so, after the tap has seen them; a full queue before") {
  LinuxWorld world("a(10.0.0.1) -- b(10.0.0.2)");
  Interface& out = world.at("a/e0");
  const NeighbourEntry known{Ipv4Address(10, 0, 0, 2), out.index, world.at("b/e0").mac,
                             NeighbourState::permanent};
  REQUIRE(world["a"].neighbours.add(known) == 0);
  out.link->change({{}, 0, 1000, 1'000'000});
  REQUIRE(world.send("a", "10.0.0.1.1 > 10.0.0.2.2: UDP 1") == 0);
  CHECK(world.drops() == "a/e0 link lost\n");
  CHECK(world.times("a/e0").size() == 1);
  world.forget();
  out.link->change({{}, 8000, 1, 0});  // a byte a millisecond, one frame waits
  for (int i = 0; i < 4; ++i) REQUIRE(world.send("a", "10.0.0.1.1 > 10.0.0.2.2: UDP 1") == 0);
  CHECK(world.drops() == "a/e0 egress queue_full\na/e0 egress queue_full\n");
  CHECK(out.counters.tx_dropped == 2);
  CHECK(world.times("a/e0").size() == 2);
}

TEST_CASE("one seed gives one story, to the byte") {
  const auto story = [](std::uint64_t seed) {
    LinuxWorld world("c(10.1.0.2) -- r(10.1.0.1, 10.2.0.1) -- s(10.2.0.2)", seed);
    REQUIRE(world.send("c", "10.1.0.2 > 10.2.0.2: ICMP echo request id 7 seq 1") == 0);
    REQUIRE(world.send("c", "10.1.0.2.1 > 10.2.0.9.2: UDP 1") == 0);
    world.run_for(100_s);
    return world.walk() + world.capture_frames();
  };
  CHECK(story(1) == story(1));
  CHECK(story(1) != story(2));
}

}  // namespace
}  // namespace ekspath
