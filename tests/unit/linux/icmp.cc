#include "sim/linux/icmp.hh"

#include <doctest/doctest.h>

#include "tests/support/linux/world.hh"

namespace ekspath {
namespace {

using namespace literals;

constexpr std::string_view two_hosts = "a(10.0.0.1) -- b(10.0.0.2)";

TEST_CASE(
    "an echo reply has the request's id, sequence and payload, the asked address as its source, and no DF") {
  LinuxWorld world(two_hosts);
  REQUIRE(world.send("a", "10.0.0.1 > 10.0.0.2: ICMP echo request id 9 seq 3 len 100, ttl 7, tos 16") == 0);
  world.run_for(1_s);
  CHECK(world.capture("a/e0").ends_with(
      "a/e0 in 10.0.0.2 > 10.0.0.1: ICMP echo reply id 9 seq 3 len 100, tos 16, may fragment\n"));
}

TEST_CASE("ip_default_ttl is the TTL of what the kernel sends") {
  LinuxWorld world(two_hosts);
  REQUIRE(write_sysctl(world["b"], "net.ipv4.ip_default_ttl", "33") == 0);
  REQUIRE(world.send("a", "10.0.0.1 > 10.0.0.2: ICMP echo request id 9 seq 3") == 0);
  world.run_for(1_s);
  CHECK(world.capture("a/e0").find("echo reply id 9 seq 3, ttl 33") != std::string::npos);
}

TEST_CASE("echo requests to a broadcast address, and all of them if so set, get no reply") {
  LinuxWorld world(two_hosts);
  world.inject("b/e0",
               "02:00:00:00:01:00 > ff:ff:ff:ff:ff:ff | 10.0.0.1 > 10.0.0.255: ICMP echo request id 9 seq 3");
  REQUIRE(write_sysctl(world["b"], "net.ipv4.icmp_echo_ignore_all", "1") == 0);
  world.inject("b/e0",
               "02:00:00:00:01:00 > 02:00:00:00:02:00 | 10.0.0.1 > 10.0.0.2: ICMP echo request id 9 seq 3");
  world.run_for(1_s);
  CHECK(world.capture().find("echo reply") == std::string::npos);
}

TEST_CASE("a frame to all MACs with an echo request for this host alone is answered") {
  LinuxWorld world(two_hosts);
  world.inject("b/e0",
               "02:00:00:00:01:00 > ff:ff:ff:ff:ff:ff | 10.0.0.1 > 10.0.0.2: ICMP echo request id 9 seq 3");
  world.run_for(1_s);
  CHECK(world.capture("a/e0").find("echo reply id 9 seq 3") != std::string::npos);
}

TEST_CASE("a wrong ICMP checksum is counted and dropped") {
  LinuxWorld world(two_hosts);
  world.inject("b/e0",
               "02:00:00:00:01:00 > 02:00:00:00:02:00 | 10.0.0.1 > 10.0.0.2: ICMP echo request id 9 seq 3, "
               "bad checksum");
  CHECK(world.drops() == "b/e0 local_in checksum\n");
  CHECK(world["b"].occasional().snmp.icmp_in_csum_errors == 1);
}

TEST_CASE("a timestamp request is answered with milliseconds since midnight") {
  LinuxWorld world(two_hosts);
  world.run_for(2_s);
  world.inject("b/e0",
               "02:00:00:00:01:00 > 02:00:00:00:02:00 | 10.0.0.1 > 10.0.0.2: ICMP 13/0 rest 458753 len 12");
  world.run_for(1_s);
  CHECK(world.capture("a/e0").find("10.0.0.2 > 10.0.0.1: ICMP 14/0 rest 458753") != std::string::npos);
}

TEST_CASE("IP ids of one flow count on; the same seed draws the same, another others") {
  const auto ids = [](std::uint64_t seed) {
    LinuxWorld world(two_hosts, seed);
    for (int i = 0; i < 3; ++i) {
      REQUIRE(world.send("a", "10.0.0.1 > 10.0.0.2: ICMP echo request id 9 seq 3") == 0);
      world.run_for(1_ms);
    }
    std::vector<int> found;
    const std::string seen = world.capture_frames("b/e0");
    for (std::size_t at = 0; (at = seen.find("reply id 9 seq 3, id ", at)) != std::string::npos; ++at) {
      found.push_back(std::stoi(seen.substr(at + 21)));
    }
    return found;
  };
  const auto first = ids(1);
  REQUIRE(first.size() == 3);
  CHECK(first[1] == ((first[0] + 1) & 0xffff));
  CHECK(ids(1) == first);
  CHECK(ids(2) != first);
}

}  // namespace
}  // namespace ekspath
