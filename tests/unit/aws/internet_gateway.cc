#include "sim/aws/internet_gateway.hh"

#include "tests/unit/aws/two_vpcs.hh"

namespace ekspath {
namespace {

using Lines = std::vector<std::string>;

struct PublicNode : TwoVpcs {
  PublicNode() : node(instance("node1", public_a, "192.168.1.251")) {
    REQUIRE(fabric.associate_public_address(node, address("192.168.1.251"), address("43.203.169.0")));
  }
  EniId node;
};

}  // namespace

TEST_CASE("a mapped private address reaches the internet as its public one, and the answer comes back") {
  PublicNode world;
  world.send(world.node, "192.168.1.251 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56, ttl 127");
  CHECK(world.host("dns.google").packets ==
        Lines{"43.203.169.0 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56, ttl 126"});
  world.send_from_internet("8.8.8.8 > 43.203.169.0: ICMP echo reply id 7 seq 1 len 56");
  CHECK(world.host("node1").packets ==
        Lines{"8.8.8.8 > 192.168.1.251: ICMP echo reply id 7 seq 1 len 56, ttl 63"});
  CHECK(world.observer.drops.empty());
  CHECK(world.observer.saw("igw/myeks-vpc: source 192.168.1.251 -> 43.203.169.0"));
  CHECK(world.observer.saw("igw/myeks-vpc: destination 43.203.169.0 -> 192.168.1.251"));
}

TEST_CASE("a source without a public address dies at the internet gateway") {
  PublicNode world;
  REQUIRE(world.fabric.assign_address(world.node, TwoVpcs::address("192.168.1.101")));
  world.send(world.node, "192.168.1.101 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56");
  CHECK(world.host("dns.google").packets.empty());
  CHECK(world.observer.drops == Lines{"igw/myeks-vpc no_public_address"});
}

TEST_CASE("the gateway knows no protocols: TCP, UDP and others keep their ports and right checksums") {
  PublicNode world;
  for (const char* rest : {"4000 > 8.8.8.8.80: TCP S", "4000 > 8.8.8.8.53: UDP 12"}) {
    world.send(world.node, std::string("192.168.1.251.") + rest);
    CHECK(world.host("dns.google").packets.back() == std::string("43.203.169.0.") + rest + ", ttl 63");
  }
  world.send(world.node, "192.168.1.251 > 8.8.8.8: protocol 47 len 10");
  CHECK(world.host("dns.google").packets.back() == "43.203.169.0 > 8.8.8.8: protocol 47 len 10, ttl 63");
}

TEST_CASE("security groups and ACLs of the instance's side see its private address") {
  PublicNode world;
  const auto guard = world.fabric.add_security_group(world.myeks, "guard", "").value();
  TwoVpcs::done(world.fabric.add_rule(
      guard, {TrafficDirection::ingress, TrafficFilter::tcp(80, 80), TwoVpcs::cidr("8.8.8.8/32"), ""}));
  TwoVpcs::done(world.fabric.change_security_groups(world.node, {guard}));
  world.send_from_internet("8.8.8.8.4000 > 43.203.169.0.80: TCP S");
  world.send_from_internet("8.8.8.8.4000 > 43.203.169.0.81: TCP S");
  CHECK(world.host("node1").packets == Lines{"8.8.8.8.4000 > 192.168.1.251.80: TCP S, ttl 63"});
  CHECK(world.observer.drops == Lines{"node1/ens5 security_group"});
}

TEST_CASE("a public address of the own VPC is reached through the gateway and back, for one TTL and 0.8 ms") {
  PublicNode world;
  const EniId other = world.instance("node2", world.public_b, "192.168.2.10");
  REQUIRE(world.fabric.associate_public_address(other, TwoVpcs::address("192.168.2.10"),
                                                TwoVpcs::address("13.125.28.29")));
  world.send(world.node, "192.168.1.251 > 13.125.28.29: ICMP echo request id 7 seq 1 len 56, ttl 127");
  CHECK(world.host("node2").packets ==
        Lines{"43.203.169.0 > 192.168.2.10: ICMP echo request id 7 seq 1 len 56, ttl 126"});
  CHECK(world.host("node2").times.back() - world.sent_at == Nanoseconds(400'000));
}

TEST_CASE("on the hairpin a group reference does not match, since the source is a public address") {
  PublicNode world;
  const auto members = world.fabric.add_security_group(world.myeks, "members", "").value();
  TwoVpcs::done(
      world.fabric.add_rule(members, {TrafficDirection::ingress, TrafficFilter::everything(), members, ""}));
  const EniId other = world.instance("node2", world.public_b, "192.168.2.10", {members});
  REQUIRE(world.fabric.associate_public_address(other, TwoVpcs::address("192.168.2.10"),
                                                TwoVpcs::address("13.125.28.29")));
  TwoVpcs::done(world.fabric.change_security_groups(world.node, {members}));
  world.send(world.node, "192.168.1.251 > 13.125.28.29: ICMP echo request id 7 seq 1 len 56");
  CHECK(world.observer.drops == Lines{"node2/ens5 security_group"});
  world.send(world.node, "192.168.1.251 > 192.168.2.10: ICMP echo request id 7 seq 2 len 56");
  CHECK(world.host("node2").packets.size() == 1);
}

TEST_CASE("a TTL that ends at the gateway is answered by the edge, and its quote is what the instance sent") {
  PublicNode world;
  world.send(world.node, "192.168.1.251.4000 > 8.8.8.8.33434: UDP 12, ttl 1");
  const Ipv4Address edge = world.fabric.internet().router(world.myeks, 1);
  CHECK(Prefix(Ipv4Address(244, 5, 0, 0), 16).contains(edge));
  CHECK(world.host("node1").packets ==
        Lines{fmt::format(
            "{} > 192.168.1.251: ICMP 11/0 [192.168.1.251.4000 > 8.8.8.8.33434: UDP 12, ttl 1], may fragment",
            edge)});
  CHECK(world.host("node1").times.back() - world.sent_at == Nanoseconds(800'000));
  CHECK(world.observer.drops == Lines{"igw/myeks-vpc ttl_expired"});
}

TEST_CASE("an ICMP error through the gateway quotes the address that each side knows") {
  PublicNode world;
  world.send_from_internet("8.8.8.8 > 43.203.169.0: ICMP 3/3 [43.203.169.0.4000 > 8.8.8.8.53: UDP 12]");
  CHECK(world.host("node1").packets ==
        Lines{"8.8.8.8 > 192.168.1.251: ICMP 3/3 [192.168.1.251.4000 > 8.8.8.8.53: UDP 12], ttl 63"});
  world.send(world.node, "192.168.1.251 > 8.8.8.8: ICMP 3/3 [8.8.8.8.53 > 192.168.1.251.4000: UDP 12]");
  CHECK(world.host("dns.google").packets ==
        Lines{"43.203.169.0 > 8.8.8.8: ICMP 3/3 [8.8.8.8.53 > 43.203.169.0.4000: UDP 12], ttl 63"});
}

TEST_CASE("without a gateway's mapping nothing comes in, and without a host nothing goes out") {
  PublicNode world;
  world.send_from_internet("8.8.8.8 > 3.35.0.1: ICMP echo request id 7 seq 1 len 56");
  world.send(world.node, "192.168.1.251 > 1.1.1.1: ICMP echo request id 7 seq 1 len 56");
  CHECK(world.observer.drops == Lines{"internet no_internet_host", "internet no_internet_host"});
  TwoVpcs::done(world.fabric.disassociate_public_address(world.node, TwoVpcs::address("192.168.1.251")));
  world.send_from_internet("8.8.8.8 > 43.203.169.0: ICMP echo request id 7 seq 1 len 56");
  CHECK(world.host("node1").packets.empty());
}

}  // namespace ekspath
