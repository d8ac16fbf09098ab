#include "sim/aws/vpc_route_table.hh"

#include "tests/unit/aws/two_vpcs.hh"

namespace ekspath {
namespace {

using Lines = std::vector<std::string>;
constexpr auto ping = "192.168.1.10 > {}: ICMP echo request id 7 seq 1 len 56";

}  // namespace

TEST_CASE("the longest prefix decides") {
  VpcRouteTable table("t", "rtb-0", VpcId(0));
  table.insert(Prefix(), VpcRouteTarget::internet_gateway(), "igw");
  table.insert(*Prefix::parse("10.0.0.0/8"), VpcRouteTarget::blackhole(), "blackhole");
  table.insert(*Prefix::parse("10.1.0.0/16"), VpcRouteTarget::to(PeeringId(3)), "peering/x");
  CHECK(table.lookup(Ipv4Address(10, 1, 2, 3))->text == "route 10.1.0.0/16 -> peering/x");
  CHECK(table.lookup(Ipv4Address(10, 2, 2, 3))->text == "route 10.0.0.0/8 -> blackhole");
  CHECK(table.lookup(Ipv4Address(11, 2, 2, 3))->text == "route 0.0.0.0/0 -> igw");
  table.erase(Prefix());
  CHECK(table.lookup(Ipv4Address(11, 2, 2, 3)) == nullptr);
}

TEST_CASE("without a route a packet dies at the sending subnet, and what decided is told") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.private_a, "192.168.11.10");
  world.send(one, "192.168.11.10 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56");
  CHECK(world.observer.drops == Lines{"node1/ens5 no_vpc_route"});
  CHECK(world.host("node1").packets.empty());
}

TEST_CASE("a blackhole does not fall back to a shorter prefix") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  (void)world.fabric.associate_public_address(one, TwoVpcs::address("192.168.1.10"));
  TwoVpcs::done(
      world.fabric.add_route(world.public_table, TwoVpcs::cidr("8.8.8.0/24"), VpcRouteTarget::blackhole()));
  world.send(one, fmt::format(ping, "8.8.8.8"));
  CHECK(world.observer.drops == Lines{"node1/ens5 blackhole"});
  CHECK(world.observer.saw("node1/ens5: route 8.8.8.0/24 -> blackhole"));
}

TEST_CASE("an address of the VPC that nobody owns is dropped in the VPC though there is a default route") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  world.send(one, fmt::format(ping, "192.168.77.7"));
  world.send(one, fmt::format(ping, "192.168.2.77"));
  world.send(one, fmt::format(ping, "192.168.1.77"));
  CHECK(world.observer.drops == Lines(3, "node1/ens5 no_such_address"));
}

TEST_CASE("a route to an ENI reaches a middlebox, if its source/dest check is off") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  const EniId box = world.instance("box", world.public_b, "192.168.2.10");
  TwoVpcs::done(
      world.fabric.add_route(world.public_table, TwoVpcs::cidr("10.0.0.0/8"), VpcRouteTarget::to(box)));
  world.send(one, fmt::format(ping, "10.1.1.1"));
  CHECK(world.observer.drops == Lines{"box/ens5 source_dest_check"});
  world.fabric.change_source_dest_check(box, false);
  world.send(one, fmt::format(ping, "10.1.1.1"));
  CHECK(world.host("box").packets == Lines{fmt::format(ping, "10.1.1.1")});
}

TEST_CASE("a route for exactly a subnet beats local and sends its traffic through a middlebox") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  const EniId box = world.instance("box", world.public_b, "192.168.2.10");
  world.instance("inside", world.private_a, "192.168.11.10");
  world.fabric.change_source_dest_check(box, false);
  TwoVpcs::done(
      world.fabric.add_route(world.public_table, TwoVpcs::cidr("192.168.11.0/24"), VpcRouteTarget::to(box)));
  world.send(one, fmt::format(ping, "192.168.11.10"));
  CHECK(world.host("box").packets.size() == 1);
  CHECK(world.host("inside").packets.empty());
}

TEST_CASE("routes can be replaced while the world runs") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  (void)world.fabric.associate_public_address(one, TwoVpcs::address("192.168.1.10"));
  TwoVpcs::done(world.fabric.replace_route(world.public_table, Prefix(), VpcRouteTarget::blackhole()));
  world.send(one, fmt::format(ping, "8.8.8.8"));
  TwoVpcs::done(world.fabric.replace_route(world.public_table, Prefix(), VpcRouteTarget::internet_gateway()));
  world.send(one, fmt::format(ping, "8.8.8.8"));
  CHECK(world.observer.drops == Lines{"node1/ens5 blackhole"});
  CHECK(world.host("dns.google").packets.size() == 1);
}

}  // namespace ekspath
