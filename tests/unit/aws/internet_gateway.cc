#include "sim/aws/internet_gateway.hh"

#include "tests/unit/aws/two_vpcs.hh"

namespace ekspath {

TEST_CASE("a mapped private address reaches the internet as its public one, and the answer comes back") {
  TwoVpcs world;
  const EniId node = world.instance("node1", world.public_a, "192.168.1.251");
  (void)world.fabric.associate_public_address(node, TwoVpcs::address("192.168.1.251"),
                                              TwoVpcs::address("43.203.169.0"));
  world.send(node, "192.168.1.251 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56");
  CHECK(world.host("dns.google").packets ==
        std::vector<std::string>{"43.203.169.0 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56, ttl 63"});
  world.send_from_internet("8.8.8.8 > 43.203.169.0: ICMP echo reply id 7 seq 1 len 56");
  CHECK(world.host("node1").packets ==
        std::vector<std::string>{"8.8.8.8 > 192.168.1.251: ICMP echo reply id 7 seq 1 len 56, ttl 63"});
  CHECK(world.observer.drops.empty());
}

TEST_CASE("a source without a public address dies at the internet gateway") {
  TwoVpcs world;
  const EniId node = world.instance("node1", world.public_a, "192.168.1.251");
  REQUIRE(world.fabric.assign_address(node, TwoVpcs::address("192.168.1.101")));
  world.send(node, "192.168.1.101 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56");
  CHECK(world.host("dns.google").packets.empty());
  CHECK(world.observer.drops == std::vector<std::string>{"igw/myeks-vpc no_public_address"});
}

}  // namespace ekspath
