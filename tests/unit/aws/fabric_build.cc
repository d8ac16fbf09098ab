#include "tests/unit/aws/two_vpcs.hh"

namespace ekspath {
namespace {

template <class T>
FabricRefusal refusal(const Result<T>& result) {
  REQUIRE_FALSE(result);
  return result.error().refusal;
}
FabricRefusal refusal(const Outcome& outcome) {
  REQUIRE(outcome);
  return outcome->refusal;
}
Ipv4Address ip(std::string_view text) { return TwoVpcs::address(text); }
Prefix net(std::string_view text) { return TwoVpcs::cidr(text); }

SubnetSpec subnet_spec(VpcId vpc, std::string_view name, std::string_view cidr) {
  SubnetSpec spec;
  spec.vpc = vpc;
  spec.name = name;
  spec.cidr = net(cidr);
  spec.zone = "a";
  return spec;
}
EniSpec eni_spec(SubnetId subnet, std::string_view name) {
  EniSpec spec;
  spec.subnet = subnet;
  spec.name = name;
  return spec;
}

}  // namespace

TEST_CASE("a VPC's CIDRs are /16 to /28, do not overlap each other, and its name is its own") {
  TwoVpcs world;
  CHECK(refusal(world.fabric.add_vpc({"big", {net("10.0.0.0/15")}, false})) == FabricRefusal::cidr_size);
  CHECK(refusal(world.fabric.add_vpc({"small", {net("10.0.0.0/29")}, false})) == FabricRefusal::cidr_size);
  CHECK(refusal(world.fabric.add_vpc({"twice", {net("10.0.0.0/16"), net("10.0.1.0/24")}, false})) ==
        FabricRefusal::cidr_overlap);
  CHECK(refusal(world.fabric.add_vpc({"myeks-vpc", {net("10.0.0.0/16")}, false})) ==
        FabricRefusal::duplicate_name);
}

TEST_CASE("a subnet lies in one of its VPC's CIDRs and overlaps no other") {
  TwoVpcs world;
  CHECK(refusal(world.fabric.add_subnet(subnet_spec(world.myeks, "x", "10.0.0.0/24"))) ==
        FabricRefusal::outside_vpc);
  const auto overlap = world.fabric.add_subnet(subnet_spec(world.myeks, "x", "192.168.1.128/25"));
  CHECK(refusal(overlap) == FabricRefusal::cidr_overlap);
  CHECK(overlap.error().found ==
        "CIDR 192.168.1.128/25 of subnet x overlaps 192.168.1.0/24 of subnet public-a");
  CHECK(refusal(world.fabric.add_subnet(subnet_spec(world.myeks, "public-a", "192.168.9.0/24"))) ==
        FabricRefusal::duplicate_name);
}

TEST_CASE("a VPC with several CIDRs has a local route for each, and subnets in each") {
  TwoVpcs world;
  const VpcId vpc = world.fabric.add_vpc({"two", {net("10.0.0.0/16"), net("100.64.0.0/16")}, false}).value();
  CHECK(world.fabric.add_subnet(subnet_spec(vpc, "pods", "100.64.1.0/24")));
  const auto& routes = world.fabric.route_table(world.fabric.vpc(vpc).main_route_table).routes();
  REQUIRE(routes.size() == 2);
  CHECK(routes[0].text == "route 10.0.0.0/16 -> local");
  CHECK(routes[1].text == "route 100.64.0.0/16 -> local");
  CHECK(world.fabric.vpc(vpc).resolver() == ip("10.0.0.2"));
}

TEST_CASE("what the seed gives is the same twice and another with another seed") {
  const auto build = [](std::uint64_t seed) {
    Engine engine;
    PacketPool pool;
    PlaceNames places;
    Fabric fabric({engine, pool, places, seed});
    const VpcId vpc = fabric.add_vpc({"v", {net("10.0.0.0/16")}, true}).value();
    const SubnetId subnet = fabric.add_subnet(subnet_spec(vpc, "s", "10.0.1.0/24")).value();
    const EniId eni = fabric.create_eni(eni_spec(subnet, "node1/eni0")).value();
    const Ipv4Address outside =
        fabric.associate_public_address(eni, fabric.eni(eni).primary_address()).value();
    return fmt::format("{} {} {} {} {}", fabric.eni(eni).primary_address(), fabric.eni(eni).mac(), outside,
                       fabric.assign_prefix(eni).value(), fabric.eni(eni).resource_id());
  };
  CHECK(build(1) == build(1));
  CHECK(build(1) != build(2));
}

TEST_CASE("a pinned address must be in the subnet, not reserved, and free") {
  TwoVpcs world;
  EniSpec spec = eni_spec(world.public_a, "x");
  spec.address = ip("192.168.2.9");
  CHECK(refusal(world.fabric.create_eni(spec)) == FabricRefusal::outside_subnet);
  spec.address = ip("192.168.1.2");
  CHECK(refusal(world.fabric.create_eni(spec)) == FabricRefusal::address_reserved);
  world.instance("node1", world.public_a, "192.168.1.10");
  spec.address = ip("192.168.1.10");
  CHECK(refusal(world.fabric.create_eni(spec)) == FabricRefusal::address_taken);
  CHECK(world.fabric.available_addresses(world.public_a) == 250);
}

TEST_CASE("an ENI takes no more addresses than its instance type allows, prefixes counted") {
  TwoVpcs world;
  EniSpec spec = eni_spec(world.public_a, "small");
  spec.address_limit = 3;
  const EniId eni = world.fabric.create_eni(spec).value();
  CHECK(world.fabric.assign_address(eni));
  CHECK(world.fabric.assign_prefix(eni));
  CHECK(refusal(world.fabric.assign_address(eni)) == FabricRefusal::too_many_addresses);
  CHECK(refusal(world.fabric.assign_prefix(eni)) == FabricRefusal::too_many_addresses);
}

TEST_CASE(
    "an unassigned address is free again, takes its public address with it, and the primary one stays") {
  TwoVpcs world;
  const EniId eni = world.instance("node1", world.public_a, "192.168.1.10");
  const Ipv4Address second = world.fabric.assign_address(eni).value();
  REQUIRE(world.fabric.associate_public_address(eni, second, ip("3.35.137.31")));
  CHECK(world.fabric.available_addresses(world.public_a) == 249);
  TwoVpcs::done(world.fabric.unassign_address(eni, second));
  CHECK(world.fabric.available_addresses(world.public_a) == 250);
  CHECK(world.fabric.associate_public_address(eni, ip("192.168.1.10"), ip("3.35.137.31")));
  CHECK(refusal(world.fabric.unassign_address(eni, ip("192.168.1.10"))) == FabricRefusal::primary_address);
  CHECK(refusal(world.fabric.unassign_address(eni, second)) == FabricRefusal::not_owned);
}

TEST_CASE("a deleted ENI gives everything back, and routes to it lead nowhere") {
  TwoVpcs world;
  const EniId box = world.instance("box", world.public_b, "192.168.2.10");
  REQUIRE(world.fabric.associate_public_address(box, ip("192.168.2.10"), ip("3.35.137.31")));
  REQUIRE(world.fabric.assign_prefix(box));
  TwoVpcs::done(world.fabric.add_route(world.public_table, net("10.0.0.0/8"), VpcRouteTarget::to(box)));
  CHECK(refusal(world.fabric.delete_eni(box)) == FabricRefusal::already_attached);
  world.fabric.detach(box);
  TwoVpcs::done(world.fabric.delete_eni(box));
  CHECK(world.fabric.available_addresses(world.public_b) == 251);
  const EniId again = world.instance("box", world.public_b, "192.168.2.10");
  CHECK(again != box);
  CHECK(world.fabric.associate_public_address(again, ip("192.168.2.10"), ip("3.35.137.31")));
  world.send(again, "192.168.2.10 > 10.1.1.1: ICMP echo request id 7 seq 1 len 56");
  CHECK(world.observer.drops == std::vector<std::string>{"box/ens5 blackhole"});
}

TEST_CASE("a public address is one private address's, of an ENI of a VPC with an internet gateway") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  const EniId two = world.instance("node2", world.public_a, "192.168.1.20");
  CHECK(world.fabric.associate_public_address(one, ip("192.168.1.10"), ip("3.35.137.31")));
  CHECK(refusal(world.fabric.associate_public_address(two, ip("192.168.1.20"), ip("3.35.137.31"))) ==
        FabricRefusal::public_address_taken);
  CHECK(refusal(world.fabric.associate_public_address(two, ip("192.168.1.20"), ip("8.8.8.8"))) ==
        FabricRefusal::public_address_taken);
  CHECK(refusal(world.fabric.associate_public_address(one, ip("192.168.1.10"))) ==
        FabricRefusal::public_address_taken);
  CHECK(refusal(world.fabric.associate_public_address(two, ip("192.168.1.10"))) == FabricRefusal::not_owned);
  const VpcId closed = world.fabric.add_vpc({"closed", {net("10.0.0.0/16")}, false}).value();
  const SubnetId subnet = world.fabric.add_subnet(subnet_spec(closed, "c", "10.0.0.0/24")).value();
  const EniId inside = world.fabric.create_eni(eni_spec(subnet, "inside")).value();
  CHECK(refusal(world.fabric.associate_public_address(inside, world.fabric.eni(inside).primary_address())) ==
        FabricRefusal::no_internet_gateway);
}

TEST_CASE("an ENI without groups gets its VPC's default group, and no group of another VPC") {
  TwoVpcs world;
  const EniId eni = world.fabric.create_eni(eni_spec(world.public_a, "x")).value();
  CHECK(world.fabric.eni(eni).security_groups() ==
        std::vector{world.fabric.vpc(world.myeks).default_security_group});
  EniSpec foreign = eni_spec(world.public_a, "y");
  foreign.security_groups = {world.operators_open};
  CHECK(refusal(world.fabric.create_eni(foreign)) == FabricRefusal::other_vpc);
  CHECK(refusal(world.fabric.change_security_groups(eni, {world.operators_open})) ==
        FabricRefusal::other_vpc);
}

TEST_CASE("routes name things of their VPC, once, and the local one stays") {
  TwoVpcs world;
  const VpcId other = world.fabric.add_vpc({"other", {net("10.0.0.0/16")}, false}).value();
  const auto table = world.fabric.vpc(other).main_route_table;
  CHECK(refusal(world.fabric.add_route(table, Prefix(), VpcRouteTarget::internet_gateway())) ==
        FabricRefusal::no_internet_gateway);
  CHECK(refusal(world.fabric.add_route(table, net("1.0.0.0/8"), VpcRouteTarget::to(world.peering))) ==
        FabricRefusal::other_vpc);
  CHECK(refusal(world.fabric.add_route(table, net("10.0.0.0/16"), VpcRouteTarget::blackhole())) ==
        FabricRefusal::route_local);
  CHECK(refusal(world.fabric.remove_route(table, net("10.0.0.0/16"))) == FabricRefusal::route_local);
  CHECK(refusal(world.fabric.replace_route(table, net("10.0.0.0/16"), VpcRouteTarget::blackhole())) ==
        FabricRefusal::route_local);
  TwoVpcs::done(world.fabric.add_route(table, net("1.0.0.0/8"), VpcRouteTarget::blackhole()));
  CHECK(refusal(world.fabric.add_route(table, net("1.0.0.0/8"), VpcRouteTarget::blackhole())) ==
        FabricRefusal::route_exists);
  CHECK(refusal(world.fabric.remove_route(table, net("2.0.0.0/8"))) == FabricRefusal::route_unknown);
  TwoVpcs::done(world.fabric.remove_route(table, net("1.0.0.0/8")));
  CHECK(refusal(world.fabric.associate(world.public_a, table)) == FabricRefusal::other_vpc);
}

TEST_CASE("within the VPC only exactly a subnet may be routed, to an ENI or a NAT gateway") {
  TwoVpcs world;
  const EniId box = world.instance("box", world.public_b, "192.168.2.10");
  const auto add = [&](std::string_view to, VpcRouteTarget target) {
    return world.fabric.add_route(world.private_table, net(to), target);
  };
  CHECK(refusal(add("192.168.1.0/25", VpcRouteTarget::to(box))) == FabricRefusal::route_too_specific);
  CHECK(refusal(add("192.168.1.0/24", VpcRouteTarget::blackhole())) == FabricRefusal::route_too_specific);
  CHECK(refusal(add("192.168.1.0/24", VpcRouteTarget::to(world.peering))) ==
        FabricRefusal::route_too_specific);
  TwoVpcs::done(add("192.168.1.0/24", VpcRouteTarget::to(box)));
}

TEST_CASE("security group rules are sound, unique whatever their description, and name reachable groups") {
  TwoVpcs world;
  const SecurityGroupRule ssh{TrafficDirection::ingress, TrafficFilter::tcp(22, 22), net("10.0.0.0/8"),
                              "office"};
  TwoVpcs::done(world.fabric.add_rule(world.open, ssh));
  CHECK(world.fabric.security_group(world.open).rule_texts.back() ==
        "sg open ingress tcp 22 from 10.0.0.0/8");
  SecurityGroupRule again = ssh;
  again.description = "home";
  CHECK(refusal(world.fabric.add_rule(world.open, again)) == FabricRefusal::rule_exists);
  again.traffic = TrafficFilter::tcp(90, 80);
  CHECK(refusal(world.fabric.add_rule(world.open, again)) == FabricRefusal::rule_ports);
  again.traffic = TrafficFilter::tcp(80, 90);
  const VpcId far = world.fabric.add_vpc({"far", {net("10.9.0.0/16")}, false}).value();
  again.peer = world.fabric.vpc(far).default_security_group;
  CHECK(refusal(world.fabric.add_rule(world.open, again)) == FabricRefusal::other_vpc);
  again.peer = world.operators_open;  // peered
  TwoVpcs::done(world.fabric.add_rule(world.open, again));
  TwoVpcs::done(world.fabric.remove_rule(world.open, ssh));
  CHECK(refusal(world.fabric.remove_rule(world.open, ssh)) == FabricRefusal::rule_unknown);
}

TEST_CASE("a second peering of two VPCs is refused, and so is one of overlapping VPCs") {
  TwoVpcs world;
  CHECK(refusal(world.fabric.add_peering({"again", world.operators, world.myeks, true})) ==
        FabricRefusal::peering_exists);
  const VpcId twin =
      world.fabric.add_vpc({"twin", {net("10.0.0.0/16"), net("192.168.128.0/20")}, false}).value();
  const auto overlap = world.fabric.add_peering({"twins", world.myeks, twin, true});
  CHECK(refusal(overlap) == FabricRefusal::peering_overlap);
  CHECK(overlap.error().found ==
        "peering twins of VPC myeks-vpc (192.168.0.0/16) and VPC twin (192.168.128.0/20)");
}

TEST_CASE("changing the main table moves the subnets without an explicit one") {
  TwoVpcs world;
  const SubnetId plain = world.subnet("plain", world.myeks, "192.168.50.0/24", "a");
  CHECK(world.fabric.subnet(plain).route_table == world.fabric.vpc(world.myeks).main_route_table);
  TwoVpcs::done(world.fabric.change_main_route_table(world.myeks, world.private_table));
  CHECK(world.fabric.subnet(plain).route_table == world.private_table);
  CHECK(world.fabric.subnet(world.public_a).route_table == world.public_table);
  world.fabric.disassociate(world.public_a);
  CHECK(world.fabric.subnet(world.public_a).route_table == world.private_table);
}

TEST_CASE("the EKS cluster group admits its members, sends anywhere, and is named after the cluster") {
  TwoVpcs world;
  const auto id = world.fabric.add_cluster_security_group(world.myeks, "myeks").value();
  const SecurityGroup& group = world.fabric.security_group(id);
  CHECK(group.name.rfind("eks-cluster-sg-myeks-", 0) == 0);
  CHECK(group.rule_texts ==
        std::vector<std::string>{fmt::format("sg {} egress all to 0.0.0.0/0", group.name),
                                 fmt::format("sg {} ingress all from sg/{}", group.name, group.name)});
}

}  // namespace ekspath
