#include "sim/aws/internet.hh"

#include "tests/unit/aws/two_vpcs.hh"

namespace ekspath {
namespace {

using Lines = std::vector<std::string>;

/// A host 5 routers beyond the edge, 30 ms away, and a node with a public address.
struct FarHost : TwoVpcs {
  FarHost() : node(instance("node1", public_a, "192.168.1.10")) {
    REQUIRE(fabric.associate_public_address(node, address("192.168.1.10"), address("43.203.169.0")));
    InternetHostSpec spec{"far", {address("1.1.1.1"), address("1.0.0.1")}, Nanoseconds(30'000'000), 5};
    far = fabric.add_internet_host(spec).value();
    done(fabric.attach(far, places.add("far/eth0"), host("far")));
  }
  void send_from_far(std::string_view text) {
    PacketRef sent = packet(pool, text);
    push_ethernet(*sent, Internet::gateway_mac, fabric.internet_host(far).mac(), EtherType::ipv4);
    emit(fabric.internet_host(far), std::move(sent));
  }
  EniId node;
  InternetHostId far;
};

}  // namespace

TEST_CASE("a host's routers take from the TTL in both directions, and its round trip is the scenario's") {
  FarHost world;
  world.send(world.node, "192.168.1.10 > 1.0.0.1: ICMP echo request id 7 seq 1 len 56, ttl 64");
  CHECK(world.host("far").packets ==
        Lines{"43.203.169.0 > 1.0.0.1: ICMP echo request id 7 seq 1 len 56, ttl 58"});
  const Nanoseconds there = world.host("far").times.back() - world.sent_at;
  world.send_from_far("1.0.0.1 > 43.203.169.0: ICMP echo reply id 7 seq 1 len 56");
  CHECK(world.host("node1").packets ==
        Lines{"1.0.0.1 > 192.168.1.10: ICMP echo reply id 7 seq 1 len 56, ttl 58"});
  CHECK(there + (world.host("node1").times.back() - world.sent_at) == Nanoseconds(30'000'000));
}

TEST_CASE("each router on the way answers a TTL that ends with it, further away each time") {
  FarHost world;
  Nanoseconds before;
  for (unsigned ttl = 1; ttl <= 6; ++ttl) {
    world.send(world.node, fmt::format("192.168.1.10.4000 > 1.1.1.1.{}: UDP 12, ttl {}", 33433 + ttl, ttl));
    const std::string quote = fmt::format("[192.168.1.10.4000 > 1.1.1.1.{}: UDP 12, ttl 1]", 33433 + ttl);
    CHECK(world.host("node1").packets.back() == fmt::format("{} > 192.168.1.10: ICMP 11/0 {}, may fragment",
                                                            world.fabric.internet().router(world.myeks, ttl),
                                                            quote));
    const Nanoseconds took = world.host("node1").times.back() - world.sent_at;
    CHECK(took > before);
    before = took;
  }
  CHECK(before < Nanoseconds(30'000'000));
  world.send(world.node, "192.168.1.10.4000 > 1.1.1.1.33440: UDP 12, ttl 7");
  CHECK(world.host("far").packets.back() == "43.203.169.0.4000 > 1.1.1.1.33440: UDP 12, ttl 1");
}

TEST_CASE("a TTL that ends before a VPC is answered to the internet host") {
  FarHost world;
  world.send_from_far("1.1.1.1.4000 > 43.203.169.0.80: TCP S, ttl 6");
  CHECK(world.host("far").packets ==
        Lines{fmt::format(
            "{} > 1.1.1.1: ICMP 11/0 [1.1.1.1.4000 > 43.203.169.0.80: TCP S, ttl 1], may fragment",
            world.fabric.internet().router(world.myeks, 1))});
  CHECK(world.host("node1").packets.empty());
}

TEST_CASE("an internet host gets ARP answers for its gateway only, and must use its own addresses") {
  FarHost world;
  const std::string own = fmt::format("{}", world.fabric.internet_host(world.far).mac());
  const std::string gateway = fmt::format("{}", Internet::gateway_mac);
  const auto ask = [&](std::string_view who) {
    world.emit(
        world.fabric.internet_host(world.far),
        frame(world.pool, fmt::format("{} > ff:ff:ff:ff:ff:ff | ARP who-has {} tell 1.1.1.1", own, who)));
  };
  ask("169.254.1.1");
  ask("8.8.8.8");
  CHECK(world.host("far").frames == Lines{gateway + " > " + own + " | ARP 169.254.1.1 is-at " + gateway});
  world.send_from_far("9.9.9.9 > 43.203.169.0: ICMP echo request id 7 seq 1 len 56");
  CHECK(world.observer.drops == Lines{"far/eth0 arp_ignored", "far/eth0 source_dest_check"});
}

TEST_CASE("two hosts of the internet reach each other") {
  FarHost world;
  world.send_from_far("1.1.1.1.4000 > 8.8.8.8.53: UDP 4");
  CHECK(world.host("dns.google").packets == Lines{"1.1.1.1.4000 > 8.8.8.8.53: UDP 4, ttl 58"});
}

TEST_CASE("addresses of internet hosts are taken once, and a round trip leaves room for the attachments") {
  FarHost world;
  CHECK(world.fabric.add_internet_host({"x", {TwoVpcs::address("8.8.8.8")}, {}, 0}).error().refusal ==
        FabricRefusal::public_address_taken);
  CHECK(world.fabric.add_internet_host({"x", {TwoVpcs::address("43.203.169.0")}, {}, 0}).error().refusal ==
        FabricRefusal::public_address_taken);
  CHECK(world.fabric.add_internet_host({"far", {TwoVpcs::address("9.9.9.9")}, {}, 0}).error().refusal ==
        FabricRefusal::duplicate_name);
  CHECK(world.fabric.add_internet_host({"x", {TwoVpcs::address("9.9.9.9")}, Nanoseconds(99'999), 0})
            .error()
            .refusal == FabricRefusal::rtt_too_small);
}

}  // namespace ekspath
