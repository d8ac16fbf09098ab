#include "sim/linux/fragment.hh"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "sim/packet/build.hh"
#include "tests/support/linux/world.hh"

namespace ekspath {
namespace {

using namespace literals;

constexpr std::string_view two_hosts = "a(10.0.0.1) -- b(10.0.0.2)";

/// Echo requests as ping -s 4000 sends them: id 5, cut for MTU 1500.
void inject_fragments(LinuxWorld& world, std::string_view place, std::string_view addresses,
                      std::string_view which) {
  for (const char c : which) {
    const std::string_view piece =
        c == '1'   ? "protocol 1 len 1480, id 5, may fragment, more fragments"
        : c == '2' ? "protocol 1 len 1480, id 5, may fragment, more fragments, offset 1480"
                   : "protocol 1 len 1048, id 5, may fragment, offset 2960";
    world.inject(place, fmt::format("02:00:00:00:01:00 > 02:00:00:00:02:00 | {}: {}", addresses, piece));
  }
}

TEST_CASE("a datagram larger than the MTU leaves in pieces of one id, and is whole again at its host") {
  LinuxWorld world(two_hosts);
  REQUIRE(world.send("a",
                     "10.0.0.1 > 10.0.0.2: ICMP echo request id 7 seq 1 len 4000, id 99, may fragment") == 0);
  world.run_for(1_s);
  INFO(world.capture("a/e0"));
  const std::string seen = world.capture_frames("a/e0");
  CHECK(seen.find("id 99, may fragment, more fragments\n") != std::string::npos);
  CHECK(seen.find("protocol 1 len 1480, id 99, may fragment, more fragments, offset 1480\n") !=
        std::string::npos);
  CHECK(seen.find("protocol 1 len 1048, id 99, may fragment, offset 2960\n") != std::string::npos);
  // The answer is as large, and cut likewise.
  CHECK(world.capture("a/e0").find(
            "a/e0 in 10.0.0.2 > 10.0.0.1: protocol 1 len 1048, may fragment, offset 2960\n") !=
        std::string::npos);
  CHECK(world["b"].occasional().snmp.ip_reasm_oks == 1);
  CHECK(world["a"].occasional().snmp.ip_frag_creates == 3);
}

TEST_CASE("fragments may come in any order, and twice") {
  LinuxWorld world(two_hosts);
  inject_fragments(world, "b/e0", "10.0.0.1 > 10.0.0.2", "3221");
  CHECK(world["b"].occasional().snmp.ip_reasm_oks == 1);
  CHECK(world.drops().starts_with("b/e0 fragment fragment_bad\n"));
}

TEST_CASE("fragments that overlap spoil their datagram") {
  LinuxWorld world(two_hosts);
  inject_fragments(world, "b/e0", "10.0.0.1 > 10.0.0.2", "13");
  world.inject(
      "b/e0",
      "02:00:00:00:01:00 > 02:00:00:00:02:00 | 10.0.0.1 > 10.0.0.2: protocol 1 len 1480, id 5, may fragment, "
      "more fragments, offset 1472");
  CHECK(world["b"].occasional().snmp.ip_reasm_fails == 1);
  CHECK(world.drops() ==
        "b/e0 fragment fragment_bad\nb/e0 fragment fragment_bad\nb/e0 fragment fragment_bad\n");
}

TEST_CASE("what stays incomplete for 30 s is reported by its host with 11/1, quoting the first fragment") {
  LinuxWorld world(two_hosts);
  inject_fragments(world, "b/e0", "10.0.0.1 > 10.0.0.2", "12");
  world.run_for(29_s);
  CHECK(world.capture("b/e0").find("ICMP 11/1") == std::string::npos);
  world.run_for(2_s);
  CHECK(world.capture("b/e0").find("b/e0 out 10.0.0.2 > 10.0.0.1: ICMP 11/1 [") != std::string::npos);
  CHECK(world.drops().find("b/e0 fragment fragment_timeout\nb/e0 fragment fragment_timeout\n") !=
        std::string::npos);
}

TEST_CASE("without the first fragment nobody is told") {
  LinuxWorld world(two_hosts);
  inject_fragments(world, "b/e0", "10.0.0.1 > 10.0.0.2", "23");
  world.run_for(40_s);
  CHECK(world.capture("b/e0").find("ICMP 11/1") == std::string::npos);
  CHECK(world["b"].occasional().snmp.ip_reasm_fails == 1);
}

TEST_CASE("a router without conntrack forwards each fragment on its own, and cuts it further") {
  LinuxWorld world("c(10.1.0.2) -- r(10.1.0.1, 10.2.0.1) -- s(10.2.0.2)");
  world.at("r/e1").mtu = 1400;
  inject_fragments(world, "r/e0", "10.1.0.2 > 10.2.0.2", "12");
  world.run_for(1_s);
  const std::string seen = world.capture("s/e0");
  INFO(seen);
  CHECK(seen.find("protocol 1 len 104, ttl 63, may fragment, more fragments, offset 1376\n") !=
        std::string::npos);
  CHECK(seen.find("protocol 1 len 1376, ttl 63, may fragment, more fragments, offset 1480\n") !=
        std::string::npos);
  CHECK(seen.find("protocol 1 len 104, ttl 63, may fragment, more fragments, offset 2856\n") !=
        std::string::npos);
}

TEST_CASE("a reassembled packet is forwarded in pieces no larger than the largest that came") {
  LinuxWorld world("c(10.1.0.2) -- r(10.1.0.1, 10.2.0.1) -- s(10.2.0.2)");
  Netns& router = world["r"];
  PacketRef whole = world.pool.allocate(3000);
  Hop hop{router, nullptr, &world.at("r/e1"), *Ipv4Address::parse("10.2.0.2"), 1500};
  std::memset(whole->append(2752 + 1256), 0, 2752 + 1256);
  push_ipv4(*whole, {*Ipv4Address::parse("10.1.0.2"), hop.next_hop, 1, 64, 0, 5, false});
  whole->meta.largest_fragment = 1396;
  static std::vector<std::size_t> sizes;
  sizes.clear();
  fragment(hop, std::move(whole), [](Hop&, PacketRef piece) { sizes.push_back(piece->network_size()); });
  // observed: facts 1, the reply's pieces 1396/1396/1276 stayed so
  CHECK(sizes == std::vector<std::size_t>{1396, 1396, 1276});
}

}  // namespace
}  // namespace ekspath
