#include "sim/aws/path.hh"

#include "tests/unit/aws/two_vpcs.hh"

namespace ekspath {
namespace {

using Lines = std::vector<std::string>;

struct Three : TwoVpcs {
  Three()
      : one(instance("node1", public_a, "192.168.1.10")),
        near(instance("near", private_a, "192.168.11.10")),
        far(instance("far", public_b, "192.168.2.10")) {
    REQUIRE(fabric.associate_public_address(one, address("192.168.1.10"), address("43.203.169.0")));
  }
  /// How long a packet takes to the host of that name.
  Nanoseconds one_way(EniId from, std::string_view source, std::string_view destination,
                      std::string_view to) {
    send(from, fmt::format("{} > {}: ICMP echo request id 7 seq 1 len 56", source, destination));
    return host(to).times.back() - sent_at;
  }
  EniId one, near, far;
};

}  // namespace

TEST_CASE("request and reply take the round trip of their kind of path together") {
  Three world;
  const auto rtt = [&](EniId other, std::string_view address, std::string_view name) {
    return world.one_way(world.one, "192.168.1.10", address, name) +
           world.one_way(other, address, "192.168.1.10", "node1");
  };
  CHECK(rtt(world.near, "192.168.11.10", "near") == Nanoseconds(200'000));
  CHECK(rtt(world.far, "192.168.2.10", "far") == Nanoseconds(1'200'000));
}

TEST_CASE("a scenario changes a round trip, but not below what the attachments take") {
  Three world;
  TwoVpcs::done(world.fabric.change_path(PathKind::cross_az, {Nanoseconds(2'000'000), 9001, 0}));
  CHECK(world.one_way(world.one, "192.168.1.10", "192.168.2.10", "far") == Nanoseconds(1'000'000));
  CHECK(world.fabric.change_path(PathKind::same_az, {Nanoseconds(99'999), 9001, 0})->refusal ==
        FabricRefusal::rtt_too_small);
  CHECK(world.fabric.change_path(PathKind::same_az, {Nanoseconds(200'000), 67, 0})->refusal ==
        FabricRefusal::mtu_too_small);
  TwoVpcs::done(world.fabric.change_path(PathKind::same_az, {least_rtt, 9001, 0}));
  CHECK(world.one_way(world.one, "192.168.1.10", "192.168.11.10", "near") == least_rtt / 2);
}

TEST_CASE("kinds of path are named as scenarios name them") {
  for (std::size_t i = 0; i < path_kind_count; ++i) {
    CHECK(parse_path_kind(to_string(static_cast<PathKind>(i))) == static_cast<PathKind>(i));
  }
  CHECK(to_string(PathKind::cross_az) == "cross-az");
  CHECK_FALSE(parse_path_kind("cross_az"));
}

TEST_CASE("9001 bytes pass within the VPC; more with DF is answered by .1 of the sender's subnet") {
  Three world;
  world.send(world.one, "192.168.1.10.4000 > 192.168.2.10.53: UDP 8973");
  CHECK(world.host("far").packets == Lines{"192.168.1.10.4000 > 192.168.2.10.53: UDP 8973"});
  world.send(world.one, "192.168.1.10.4000 > 192.168.2.10.53: UDP 8974");
  CHECK(world.host("node1").packets ==
        Lines{"192.168.1.1 > 192.168.1.10: ICMP 3/4 mtu 9001 [192.168.1.10.4000 > 192.168.2.10.53: UDP 8974, "
              "cut to 548], may fragment"});
  CHECK(world.observer.drops == Lines{"node1/ens5 mtu"});
}

TEST_CASE("to the internet 1500 bytes pass; more with DF is answered, without it is cut") {
  Three world;
  world.send(world.one, "192.168.1.10 > 8.8.8.8: ICMP echo request id 7 seq 1 len 1473");
  CHECK(world.host("node1").packets.back() ==
        "192.168.1.1 > 192.168.1.10: ICMP 3/4 mtu 1500 [192.168.1.10 > 8.8.8.8: ICMP echo request id 7 seq 1 "
        "len "
        "1473, cut to 548], may fragment");
  world.send(world.one, "192.168.1.10.4000 > 8.8.8.8.53: UDP 2000, id 9, may fragment");
  REQUIRE(world.host("dns.google").packets.size() == 2);
  CHECK(world.host("dns.google").packets[0].find("more fragments") != std::string::npos);
  CHECK(world.host("dns.google").packets[1] ==
        "43.203.169.0 > 8.8.8.8: protocol 17 len 528, ttl 63, id 9, may fragment, offset 1480");
}

TEST_CASE("a packet that cannot be told about is dropped without an answer") {
  Three world;
  world.send(world.one, "192.168.1.10 > 8.8.8.8: ICMP 3/3 [8.8.8.8.53 > 192.168.1.10.4000: UDP 12], ttl 1");
  CHECK(world.host("node1").packets.empty());
  CHECK(world.observer.drops == Lines{"igw/myeks-vpc ttl_expired"});
}

TEST_CASE("errors to one host are limited to a burst and a rate") {
  Three world;
  for (int i = 0; i < 60; ++i) {
    world.fabric.eni(world.one).receive([&] {
      PacketRef sent = packet(world.pool, "192.168.1.10.4000 > 8.8.8.8.33434: UDP 12, ttl 1");
      push_ethernet(*sent, world.fabric.subnet(world.public_a).gateway_mac, world.fabric.eni(world.one).mac(),
                    EtherType::ipv4);
      return sent;
    }());
  }
  world.engine.run();
  CHECK(world.host("node1").packets.size() == 50);
  world.sleep(Nanoseconds(1'000'000'000));
  world.send(world.one, "192.168.1.10.4000 > 8.8.8.8.33434: UDP 12, ttl 1");
  CHECK(world.host("node1").packets.size() == 51);
}

TEST_CASE("loss takes its share of a kind of path, the same packets each time, and says so") {
  const auto lost = [](std::uint32_t per_million) {
    Three world;
    TwoVpcs::done(world.fabric.change_path(PathKind::cross_az, {Nanoseconds(1'200'000), 9001, per_million}));
    for (int i = 0; i < 1000; ++i) {
      world.send(world.one,
                 fmt::format("192.168.1.10 > 192.168.2.10: ICMP echo request id 7 seq {} len 56", i));
      world.send(world.one,
                 fmt::format("192.168.1.10 > 192.168.11.10: ICMP echo request id 7 seq {} len 56", i));
    }
    CHECK(world.host("near").packets.size() == 1000);
    CHECK(world.host("far").packets.size() + world.observer.drops.size() == 1000);
    if (!world.observer.drops.empty()) CHECK(world.observer.drops.front() == "far/ens5 lost");
    return world.host("far").packets;
  };
  CHECK(lost(0).size() == 1000);
  const auto kept = lost(100'000);
  CHECK(kept.size() > 850);
  CHECK(kept.size() < 950);
  CHECK(kept == lost(100'000));
}

TEST_CASE("a rate towards a host spreads frames that arrive at once") {
  Three world;
  world.fabric.detach(world.far);
  TwoVpcs::done(
      world.fabric.attach(world.far, {world.places.add("slow/ens5"), &world.host("slow"), 1'000'000'000}));
  for (int i = 0; i < 2; ++i) {
    PacketRef sent =
        packet(world.pool, "192.168.1.10.4000 > 192.168.2.10.53: UDP 958");  // 1000 bytes of frame
    push_ethernet(*sent, world.fabric.subnet(world.public_a).gateway_mac, world.fabric.eni(world.one).mac(),
                  EtherType::ipv4);
    world.fabric.eni(world.one).receive(std::move(sent));
  }
  world.engine.run();
  REQUIRE(world.host("slow").times.size() == 2);
  CHECK(world.host("slow").times[1] - world.host("slow").times[0] == Nanoseconds(8'000));
}

}  // namespace ekspath
