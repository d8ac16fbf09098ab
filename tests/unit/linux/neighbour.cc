#include "sim/linux/neighbour.hh"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/linux/world.hh"

namespace ekspath {
namespace {

using namespace literals;

Ipv4Address ip(std::string_view text) { return *Ipv4Address::parse(text); }

std::string neighbours(Netns& netns) {
  std::string all;
  for (const NeighbourEntry& entry : netns.neighbours.entries()) {
    all += fmt::format("{} dev {} lladdr {} {}\n", entry.address, netns.interface(entry.interface)->name,
                       entry.mac, to_string(entry.state));
  }
  return all;
}

constexpr std::string_view from_a_to_b = "10.0.0.1 > 10.0.0.2: ICMP echo request id 7 seq 1";

TEST_CASE("the first packet waits for an ARP answer: request broadcast, reply unicast, then the packet") {
  LinuxWorld world("a(10.0.0.1) -- b(10.0.0.2)");
  CHECK(world.send("a", "10.0.0.1.1 > 10.0.0.2.2: UDP 4") == 0);
  world.run_for(1_ms);
  CHECK(world.capture_frames("b/e0").starts_with(
      "b/e0 in 02:00:00:00:01:00 > ff:ff:ff:ff:ff:ff | ARP who-has 10.0.0.2 tell 10.0.0.1\n"
      "b/e0 out 02:00:00:00:02:00 > 02:00:00:00:01:00 | ARP 10.0.0.2 is-at 02:00:00:00:02:00\n"
      "b/e0 in 02:00:00:00:01:00 > 02:00:00:00:02:00 | 10.0.0.1.1 > 10.0.0.2.2: UDP 4\n"));
  CHECK(neighbours(world["a"]) == "10.0.0.2 dev e0 lladdr 02:00:00:00:02:00 REACHABLE\n");
  // The request taught b who a is; b's answer (port unreachable) already used that.
  CHECK(neighbours(world["b"]) == "10.0.0.1 dev e0 lladdr 02:00:00:00:01:00 DELAY\n");
}

TEST_CASE("three requests a good second apart; then all that waited is reported at once") {
  LinuxWorld world("a(10.0.0.1) -- b(-)");
  CHECK(world.send("a", from_a_to_b) == 0);
  world.run_for(1_s);
  CHECK(world.send("a", "10.0.0.1 > 10.0.0.2: ICMP echo request id 7 seq 2") == 0);
  world.run_for(10_s);
  CHECK(world.times("a/e0") == std::vector<Nanoseconds>{0_ms, 1024_ms, 2048_ms});
  CHECK(world.times("a/lo") == std::vector<Nanoseconds>{3072_ms, 3072_ms});
  INFO(world.capture());
  CHECK(world.capture("a/lo").starts_with(
      "a/lo in 10.0.0.1 > 10.0.0.1: ICMP 3/1 [10.0.0.1 > 10.0.0.2: ICMP echo"));
  CHECK(world.drops().ends_with("a/e0 neighbour neighbour_failed\na/e0 neighbour neighbour_failed\n"));
  CHECK(neighbours(world["a"]).ends_with("FAILED\n"));
  world.forget();
  // The next packet starts over at once.
  CHECK(world.send("a", from_a_to_b) == 0);
  CHECK(world.times("a/e0").size() == 1);
}

TEST_CASE("a router tells the sender of a forwarded packet that the host is unreachable") {
  LinuxWorld world("c(10.1.0.2) -- r(10.1.0.1, 10.2.0.1) -- s(-)");
  CHECK(world.send("c", "10.1.0.2.5 > 10.2.0.9.6: UDP 4") == 0);
  world.run_for(5_s);
  INFO(world.capture());
  CHECK(
      world.capture("c/e0").ends_with("c/e0 in 10.1.0.1 > 10.1.0.2: ICMP 3/1 [10.1.0.2.5 > 10.2.0.9.6: UDP "
                                      "4, ttl 63], tos 192, may fragment\n"));
}

TEST_CASE("the queue of an unresolved neighbour keeps the newest 256 small packets") {
  LinuxWorld world("a(10.0.0.1) -- b(-)");
  for (int i = 1; i <= 400; ++i) {
    CHECK(world.send("a", fmt::format("10.0.0.1.{} > 10.0.0.2.9: UDP 1", i)) == 0);
  }
  CHECK(world["a"].neighbours.add({ip("10.0.0.2"), world.at("a/e0").index, {}, NeighbourState::permanent}) ==
        0);
  const std::string sent = world.capture("a/e0");
  CHECK(std::count(sent.begin(), sent.end(), '\n') == 256);
  CHECK(sent.starts_with("a/e0 out 10.0.0.1.145 > "));
  CHECK(sent.ends_with("a/e0 out 10.0.0.1.400 > 10.0.0.2.9: UDP 1\n"));
}

TEST_CASE(
    "a reachable entry grows stale without a word; its first use waits 5 s, then probes by unicast three "
    "times") {
  LinuxWorld world("a(10.0.0.1) -- b(10.0.0.2)");
  CHECK(world.send("a", from_a_to_b) == 0);
  world.run_for(50_s);
  CHECK(neighbours(world["a"]).ends_with("STALE\n"));
  world.at("b/e0").mac = *MacAddress::parse("02:00:00:00:99:00");  // b no longer hears what a sends
  world.forget();
  CHECK(world.send("a", from_a_to_b) == 0);
  CHECK(neighbours(world["a"]).ends_with("DELAY\n"));
  world.run_for(20_s);
  CHECK(world.times("a/e0") == std::vector<Nanoseconds>{50_s, 55_s, 56024_ms, 57048_ms});
  CHECK(world.capture_frames("a/e0").ends_with(
      "a/e0 out 02:00:00:00:01:00 > 02:00:00:00:02:00 | ARP who-has 10.0.0.2 tell 10.0.0.1\n"));
  CHECK(neighbours(world["a"]).ends_with("FAILED\n"));
}

TEST_CASE("an answered probe makes the entry reachable again") {
  LinuxWorld world("a(10.0.0.1) -- b(10.0.0.2)");
  CHECK(world.send("a", from_a_to_b) == 0);
  world.run_for(50_s);
  CHECK(world.send("a", from_a_to_b) == 0);
  world.run_for(6_s);
  CHECK(neighbours(world["a"]).ends_with("REACHABLE\n"));
}

TEST_CASE("silence leaves an entry stale: no ARP for 108 s") {
  LinuxWorld world("a(10.0.0.1) -- b(10.0.0.2)");
  CHECK(world.send("a", "10.0.0.1.1 > 10.0.0.2.2: UDP 4") == 0);
  world.run_for(60_s);
  world.forget();
  world.run_for(108_s);
  CHECK(world.capture_frames().empty());
  CHECK(neighbours(world["a"]).ends_with("STALE\n"));
}

TEST_CASE("a permanent entry never asks and is not changed by ARP") {
  LinuxWorld world("a(10.0.0.1) -- b(10.0.0.2)");
  const MacAddress mac = world.at("b/e0").mac;
  CHECK(world["a"].neighbours.add({ip("10.0.0.2"), world.at("a/e0").index, mac, NeighbourState::permanent}) ==
        0);
  CHECK(world.send("a", from_a_to_b) == 0);
  CHECK(world.capture_frames("a/e0").starts_with(
      "a/e0 out 02:00:00:00:01:00 > 02:00:00:00:02:00 | 10.0.0.1 >"));
  world.inject("a/e0", "02:00:00:00:55:00 > ff:ff:ff:ff:ff:ff | ARP who-has 10.0.0.2 tell 10.0.0.2");
  CHECK(neighbours(world["a"]) == "10.0.0.2 dev e0 lladdr 02:00:00:00:02:00 PERMANENT\n");
}

TEST_CASE(
    "gratuitous ARP updates an entry even within the lock time, but makes none; nor do unasked replies") {
  LinuxWorld world("a(10.0.0.1) -- b(10.0.0.2)");
  world.inject("a/e0", "02:00:00:00:55:00 > ff:ff:ff:ff:ff:ff | ARP who-has 10.0.0.2 tell 10.0.0.2");
  world.inject("a/e0", "02:00:00:00:55:00 > 02:00:00:00:01:00 | ARP 10.0.0.2 is-at 02:00:00:00:55:00");
  CHECK(neighbours(world["a"]).empty());
  CHECK(world.send("a", from_a_to_b) == 0);
  world.run_for(1_ms);
  // An ordinary reply with other news is not believed so soon.
  world.inject("a/e0", "02:00:00:00:66:00 > 02:00:00:00:01:00 | ARP 10.0.0.2 is-at 02:00:00:00:66:00");
  CHECK(neighbours(world["a"]) == "10.0.0.2 dev e0 lladdr 02:00:00:00:02:00 REACHABLE\n");
  world.inject("a/e0", "02:00:00:00:55:00 > ff:ff:ff:ff:ff:ff | ARP who-has 10.0.0.2 tell 10.0.0.2");
  CHECK(neighbours(world["a"]) == "10.0.0.2 dev e0 lladdr 02:00:00:00:55:00 STALE\n");
}

TEST_CASE("the asker's address: the packet's if it is own, or one of the out interface, by arp_announce") {
  const auto asked_as = [](std::string_view announce) {
    LinuxWorld world("a(10.1.0.1, 10.0.0.1) -- x(10.1.0.2); a(10.0.0.1) -- b(-)");
    CHECK(write_sysctl(world["a"], "net.ipv4.conf.e1.arp_announce", announce) == 0);
    CHECK(world.send("a", "10.1.0.1.1 > 10.0.0.2.2: UDP 1") == 0);
    return world.capture_frames("a/e1");
  };
  const std::string request = "a/e1 out 02:00:00:00:01:01 > ff:ff:ff:ff:ff:ff | ARP who-has 10.0.0.2 tell ";
  CHECK(asked_as("0") == request + "10.1.0.1\n");
  CHECK(asked_as("1") == request + "10.0.0.1\n");
  CHECK(asked_as("2") == request + "10.0.0.1\n");
}

TEST_CASE("own addresses are answered for on every interface, unless arp_ignore says otherwise") {
  const auto answers = [](std::string_view ignore, std::string_view target, std::string_view sender) {
    LinuxWorld world("a(10.0.0.1) -- b(-); a(10.1.0.1) -- x(-)");
    CHECK(write_sysctl(world["a"], "net/ipv4/conf/e0/arp_ignore", ignore) == 0);
    world.inject("a/e0", fmt::format("02:00:00:00:55:00 > ff:ff:ff:ff:ff:ff | ARP who-has {} tell {}", target,
                                     sender));
    return world.times("a/e0").size() == 2;
  };
  CHECK(answers("0", "10.0.0.1", "10.0.0.9"));
  CHECK(answers("0", "10.1.0.1", "10.0.0.9"));
  CHECK_FALSE(answers("0", "10.0.0.77", "10.0.0.9"));
  CHECK(answers("1", "10.0.0.1", "99.0.0.9"));
  CHECK_FALSE(answers("1", "10.1.0.1", "10.0.0.9"));
  CHECK(answers("2", "10.0.0.1", "10.0.0.9"));
  CHECK_FALSE(answers("2", "10.0.0.1", "99.0.0.9"));
  CHECK(answers("2", "10.0.0.1", "0.0.0.0"));  // duplicate address detection
  CHECK_FALSE(answers("8", "10.0.0.1", "10.0.0.9"));
}

TEST_CASE("strict rp_filter keeps ARP from senders of another interface's subnet unanswered") {
  LinuxWorld world("a(10.0.0.1) -- b(-); a(10.1.0.1) -- x(-)");
  CHECK(write_sysctl(world["a"], "net.ipv4.conf.all.rp_filter", "1") == 0);
  world.inject("a/e0", "02:00:00:00:55:00 > ff:ff:ff:ff:ff:ff | ARP who-has 10.0.0.1 tell 10.1.0.9");
  CHECK(world.drops() == "a/e0 neighbour arp_ignored\n");
  world.inject("a/e0", "02:00:00:00:55:00 > ff:ff:ff:ff:ff:ff | ARP who-has 10.0.0.1 tell 10.0.0.9");
  CHECK(world.times("a/e0").size() == 3);
}

TEST_CASE("proxy_arp answers within 0.8 s for what is routed by another interface, and for nothing else") {
  LinuxWorld world("a(10.0.0.1) -- b(-); a(10.1.0.1) -- x(-)");
  CHECK(write_sysctl(world["a"], "net.ipv4.conf.e0.proxy_arp", "1") == 0);
  world.inject("a/e0", "02:00:00:00:55:00 > ff:ff:ff:ff:ff:ff | ARP who-has 10.1.0.7 tell 10.0.0.9");
  world.inject("a/e0", "02:00:00:00:55:00 > ff:ff:ff:ff:ff:ff | ARP who-has 10.0.0.7 tell 10.0.0.9");
  world.inject("a/e0", "02:00:00:00:55:00 > ff:ff:ff:ff:ff:ff | ARP who-has 99.0.0.7 tell 10.0.0.9");
  CHECK(world.times("a/e0").size() == 3);
  world.run_for(800_ms);
  REQUIRE(world.times("a/e0").size() == 4);
  CHECK(world.capture_frames("a/e0").ends_with("| ARP 10.1.0.7 is-at 02:00:00:00:01:00\n"));
}

TEST_CASE("many neighbours are found as few are") {
  LinuxWorld world("a(10.0.0.1/16) -- b(-)");
  Interface& e0 = world.at("a/e0");
  for (std::uint8_t i = 2; i < 100; ++i) {
    const MacAddress mac{{0x02, 0, 0, 0, 0x77, i}};
    CHECK(world["a"].neighbours.add({Ipv4Address(10, 0, 1, i), e0.index, mac, NeighbourState::permanent}) ==
          0);
  }
  CHECK(world["a"].neighbours.remove(e0.index, ip("10.0.1.50")) == 0);
  CHECK(world["a"].neighbours.remove(e0.index, ip("10.0.1.50")) != 0);
  CHECK(world.send("a", "10.0.0.1.1 > 10.0.1.99.2: UDP 1") == 0);
  CHECK(world.capture_frames("a/e0").starts_with("a/e0 out 02:00:00:00:01:00 > 02:00:00:00:77:63 |"));
  CHECK(world["a"].neighbours.entries().size() == 97);
}

TEST_CASE("a frame for another MAC is shown to the tap, and no further") {
  LinuxWorld world("a(10.0.0.1) -- b(10.0.0.2)");
  world.inject("a/e0", "02:00:00:00:02:00 > 02:00:00:00:77:00 | 10.0.0.2.1 > 10.0.0.1.2: UDP 1");
  CHECK(world.times("a/e0").size() == 1);
  CHECK(world.drops() == "a/e0 ingress not_for_us\n");
}

}  // namespace
}  // namespace ekspath
