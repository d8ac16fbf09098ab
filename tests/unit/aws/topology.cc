#include "sim/aws/topology.hh"

#include "tests/unit/aws/two_vpcs.hh"

namespace ekspath {
namespace {

using Lines = std::vector<std::string>;

Lines findings(const Fabric& fabric) {
  Lines lines;
  for (const TopologyFinding& finding : Topology(fabric).findings())
    lines.push_back(finding.subject + ": " + finding.text);
  return lines;
}

NatGatewayId nat(TwoVpcs& world, SubnetId in, Connectivity connectivity = Connectivity::public_) {
  NatGatewaySpec spec;
  spec.name = "nat-a";
  spec.subnet = in;
  spec.connectivity = connectivity;
  return world.fabric.add_nat_gateway(spec).value();
}

}  // namespace

TEST_CASE("the lab as it should be has no findings") {
  TwoVpcs world;
  TwoVpcs::done(
      world.fabric.add_route(world.private_table, Prefix(), VpcRouteTarget::to(nat(world, world.public_a))));
  CHECK(findings(world.fabric).empty());
}

TEST_CASE(
    "a NAT gateway in a subnet without a route to an internet gateway is found, with who relies on it") {
  TwoVpcs world;
  const SubnetId lost = world.subnet("lost", world.myeks, "192.168.20.0/24", "a");
  TwoVpcs::done(world.fabric.add_route(world.private_table, Prefix(), VpcRouteTarget::to(nat(world, lost))));
  const Lines found = findings(world.fabric);
  CHECK(found[0] ==
        "subnet private-a: default route to nat-a, which sits in a subnet without a route to an internet "
        "gateway");
  CHECK(found[1] == "NAT gateway nat-a: is public, but its subnet lost has no route to an internet gateway");
}

TEST_CASE(
    "a subnet that relies on the NAT gateway within it is found, and a private one that is sent to the "
    "internet") {
  TwoVpcs world;
  const NatGatewayId gateway = nat(world, world.public_a, Connectivity::private_);
  CHECK(findings(world.fabric) == Lines{"NAT gateway nat-a: is private: what its subnet public-a routes to "
                                        "the internet gateway is dropped there"});
  TwoVpcs::done(world.fabric.replace_route(world.public_table, Prefix(), VpcRouteTarget::to(gateway)));
  CHECK(findings(world.fabric).front() ==
        "subnet public-a: default route to nat-a, which sits in this very subnet and does not serve it");
}

TEST_CASE("public addresses without a way out are found") {
  TwoVpcs world;
  SubnetSpec spec;
  spec.name = "seeming-public";
  spec.vpc = world.myeks;
  spec.cidr = TwoVpcs::cidr("192.168.30.0/24");
  spec.zone = "a";
  spec.public_on_launch = true;
  const SubnetId seeming = world.fabric.add_subnet(spec).value();
  const EniId node = world.instance("node1", seeming, "192.168.30.10");
  REQUIRE(world.fabric.associate_public_address(node, TwoVpcs::address("192.168.30.10"),
                                                TwoVpcs::address("3.34.1.1")));
  CHECK(findings(world.fabric) == Lines{"subnet seeming-public: gives public addresses, but its route table "
                                        "has no route to an internet gateway",
                                        "network interface node1: has the public address 3.34.1.1, but "
                                        "subnet seeming-public has no route to an "
                                        "internet gateway"});
}

TEST_CASE("a peering whose route back is missing is found with the table that lacks it") {
  TwoVpcs world;
  TwoVpcs::done(world.fabric.remove_route(world.public_table, TwoVpcs::cidr("172.20.0.0/16")));
  CHECK(
      findings(world.fabric) ==
      Lines{
          "peering myeks-operator: route back to operator-vpc is missing in table public of VPC myeks-vpc"});
}

TEST_CASE("an unused peering, an inactive one, and a route beyond the peer are found") {
  TwoVpcs world;
  TwoVpcs::done(world.fabric.add_route(world.public_table, TwoVpcs::cidr("10.0.0.0/8"),
                                       VpcRouteTarget::to(world.peering)));
  CHECK(findings(world.fabric) == Lines{"peering myeks-operator: route 10.0.0.0/8 -> peering/myeks-operator "
                                        "in table public goes beyond VPC "
                                        "operator-vpc: a peering leads to the peer's own addresses only"});
  TwoVpcs::done(world.fabric.remove_route(world.public_table, TwoVpcs::cidr("10.0.0.0/8")));
  world.fabric.change_peering_state(world.peering, false);
  CHECK(findings(world.fabric) ==
        Lines{"peering myeks-operator: is not active: what is routed to it is dropped"});
  const VpcId third = world.fabric.add_vpc({"third", {TwoVpcs::cidr("10.0.0.0/16")}, false}).value();
  REQUIRE(world.fabric.add_peering({"unused", third, world.myeks, true}));
  CHECK(findings(world.fabric).back() ==
        "peering unused: no route table that a subnet uses has a route to it");
}

TEST_CASE("two peers of one VPC with overlapping addresses are found") {
  TwoVpcs world;
  const VpcId twin = world.fabric.add_vpc({"twin", {TwoVpcs::cidr("172.20.0.0/20")}, false}).value();
  world.fabric.add_peering_routes(world.fabric.add_peering({"to-twin", world.myeks, twin, true}).value());
  CHECK(findings(world.fabric) == Lines{"peering to-twin: 172.20.0.0/20 overlaps 172.20.0.0/16 behind "
                                        "peering myeks-operator: answers of VPC "
                                        "myeks-vpc go to only one of them"});
}

TEST_CASE("a blackhole is found") {
  TwoVpcs world;
  TwoVpcs::done(
      world.fabric.add_route(world.private_table, TwoVpcs::cidr("10.0.0.0/8"), VpcRouteTarget::blackhole()));
  CHECK(findings(world.fabric) ==
        Lines{"subnet private-a: route 10.0.0.0/8 -> blackhole leads nowhere (blackhole)"});
}

TEST_CASE("a route to an interface without an instance is found, and a deleted one is not drawn") {
  TwoVpcs world;
  const EniId box = world.instance("box", world.public_b, "192.168.2.10");
  TwoVpcs::done(
      world.fabric.add_route(world.private_table, TwoVpcs::cidr("10.0.0.0/8"), VpcRouteTarget::to(box)));
  CHECK(findings(world.fabric).empty());
  world.fabric.detach(box);
  CHECK(findings(world.fabric) == Lines{"subnet private-a: route 10.0.0.0/8 -> eni/box leads nowhere: the "
                                        "network interface is not attached"});
  TwoVpcs::done(world.fabric.delete_eni(box));
  CHECK(Topology(world.fabric).graphviz().find("-> eni0") == std::string::npos);
}

TEST_CASE("reachability follows routes, not instances") {
  TwoVpcs world;
  const EniId inside = world.instance("inside", world.private_a, "192.168.11.10");
  const EniId outside = world.instance("node1", world.public_a, "192.168.1.10");
  const EniId person = world.instance("operator", world.operator_a, "172.20.1.100");
  const auto reaches = [&](EniId from, TopologyKind kind, std::uint32_t id) {
    const Topology topology(world.fabric);
    return topology.reaches(topology.vertex(TopologyKind::eni, from.value()), topology.vertex(kind, id));
  };
  CHECK(reaches(inside, TopologyKind::eni, outside.value()));
  CHECK(reaches(inside, TopologyKind::eni, person.value()));
  CHECK(reaches(outside, TopologyKind::internet_host, 0));
  CHECK_FALSE(reaches(inside, TopologyKind::internet_host, 0));
  TwoVpcs::done(
      world.fabric.add_route(world.private_table, Prefix(), VpcRouteTarget::to(nat(world, world.public_a))));
  CHECK(reaches(inside, TopologyKind::internet_host, 0));
  world.fabric.change_peering_state(world.peering, false);
  CHECK_FALSE(reaches(inside, TopologyKind::eni, person.value()));
}

TEST_CASE("Graphviz text has a cluster for each VPC and subnet, and draws routes but not what clusters say") {
  TwoVpcs world;
  const EniId node = world.instance("node1", world.public_a, "192.168.1.251");
  REQUIRE(world.fabric.associate_public_address(node, TwoVpcs::address("192.168.1.251"),
                                                TwoVpcs::address("43.203.169.0")));
  const std::string text = Topology(world.fabric).graphviz();
  for (const char* part :
       {"subgraph cluster_vpc0 {\n    label=\"myeks-vpc\\n192.168.0.0/16\";", "subgraph cluster_subnet0 {",
        "label=\"node1\\n192.168.1.251\\npublic 43.203.169.0\"", "[label=\"0.0.0.0/0\"]",
        "[label=\"172.20.0.0/16\"]", "igw0 -> internet0 [dir=both]", "label=\"dns.google\\n8.8.8.8\""}) {
    CHECK_MESSAGE(text.find(part) != std::string::npos, part);
  }
  CHECK(text.find("route table public") != std::string::npos);
  CHECK(text.find("table0") == std::string::npos);  // no subnet of myeks-vpc uses its main table
  CHECK(text == Topology(world.fabric).graphviz());
}

}  // namespace ekspath
