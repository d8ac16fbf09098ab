#include "sim/aws/peering.hh"

#include "tests/unit/aws/two_vpcs.hh"

namespace ekspath {
namespace {

using Lines = std::vector<std::string>;

struct Peers : TwoVpcs {
  Peers()
      : node(instance("node1", public_a, "192.168.1.10")),
        person(instance("operator", operator_a, "172.20.1.100")) {}
  EniId node, person;
};

constexpr auto there = "172.20.1.100 > 192.168.1.10: ICMP echo request id 7 seq 1 len 56, ttl 127";
constexpr auto back = "192.168.1.10 > 172.20.1.100: ICMP echo reply id 7 seq 1 len 56, ttl 127";

}  // namespace

TEST_CASE("a peering carries private addresses both ways, costs no TTL and no time of its own") {
  Peers world;
  world.send(world.person, there);
  CHECK(world.host("node1").packets == Lines{there});
  CHECK(world.host("node1").times.back() - world.sent_at == Nanoseconds(100'000));
  world.send(world.node, back);
  CHECK(world.host("operator").packets == Lines{back});
  CHECK(world.observer.saw("operator/ens5: route 192.168.0.0/16 -> peering/myeks-operator"));
  CHECK(world.observer.drops.empty());
}

TEST_CASE("a peering needs a route on both sides") {
  Peers world;
  TwoVpcs::done(world.fabric.remove_route(world.public_table, TwoVpcs::cidr("172.20.0.0/16")));
  world.send(world.person, there);
  CHECK(world.host("node1").packets.size() == 1);
  world.send(world.node, back);  // follows the default route instead
  CHECK(world.host("operator").packets.empty());
  CHECK(world.observer.drops == Lines{"igw/myeks-vpc no_public_address"});
}

TEST_CASE("the peer's gateways, peerings and unused addresses cannot be reached through it") {
  Peers world;
  const VpcId third = world.fabric.add_vpc({"third", {TwoVpcs::cidr("10.0.0.0/16")}, false}).value();
  world.subnet("third-a", third, "10.0.1.0/24", "a");
  const PeeringId second = world.fabric.add_peering({"second", world.operators, third, true}).value();
  world.fabric.add_peering_routes(second);
  const auto to_peering = VpcRouteTarget::to(world.peering);
  TwoVpcs::done(world.fabric.add_route(world.public_table, TwoVpcs::cidr("10.0.0.0/16"), to_peering));
  TwoVpcs::done(world.fabric.replace_route(world.public_table, Prefix(), to_peering));
  for (const char* beyond : {"10.0.1.9", "8.8.8.8", "172.20.1.77"}) {
    world.send(world.node, fmt::format("192.168.1.10 > {}: ICMP echo request id 7 seq 1 len 56", beyond));
  }
  CHECK(world.observer.drops == Lines{"peering/myeks-operator peering_edge",
                                      "peering/myeks-operator peering_edge",
                                      "peering/myeks-operator no_such_address"});
}

TEST_CASE("the peer's resolver cannot be asked") {
  Peers world;
  world.send(world.node, "192.168.1.10.4000 > 172.20.0.2.53: UDP 4");
  CHECK(world.observer.drops == Lines{"peering/myeks-operator no_such_address"});
}

TEST_CASE("an inactive peering drops what is routed to it") {
  Peers world;
  world.fabric.change_peering_state(world.peering, false);
  world.send(world.person, there);
  CHECK(world.observer.drops == Lines{"peering/myeks-operator peering_inactive"});
}

}  // namespace ekspath
