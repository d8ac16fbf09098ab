#include "sim/aws/network_acl.hh"

#include "tests/unit/aws/two_vpcs.hh"

namespace ekspath {
namespace {

using Lines = std::vector<std::string>;
constexpr auto in = TrafficDirection::ingress;
constexpr auto out = TrafficDirection::egress;

struct Walled : TwoVpcs {
  Walled()
      : acl(fabric.add_network_acl(myeks, "strict").value()),
        one(instance("node1", public_a, "192.168.1.10")),
        two(instance("node2", public_b, "192.168.2.10")) {
    done(fabric.associate(public_a, acl));
  }
  void rule(TrafficDirection direction, std::uint16_t number, bool allow, const TrafficFilter& traffic) {
    done(fabric.add_rule(acl, NetworkAclRule{direction, number, allow, traffic, Prefix()}));
  }
  NetworkAclId acl;
  EniId one, two;
};

constexpr auto request = "192.168.2.10.4000 > 192.168.1.10.80: TCP S";
constexpr auto reply = "192.168.1.10.80 > 192.168.2.10.4000: TCP S. ack 1";

}  // namespace

TEST_CASE("a custom ACL denies all until it has rules; the default one allows all") {
  Walled world;
  world.send(world.two, request);
  CHECK(world.observer.drops == Lines{"node1/ens5 network_acl"});
  CHECK(world.observer.saw("node1/ens5: acl strict ingress * deny"));
  TwoVpcs::done(world.fabric.associate(world.public_a, world.fabric.vpc(world.myeks).default_network_acl));
  world.send(world.two, request);
  CHECK(world.host("node1").packets.size() == 1);
  CHECK(world.observer.saw("node1/ens5: acl default ingress 100 allow"));
}

TEST_CASE("the lowest number that matches decides") {
  Walled world;
  world.rule(in, 200, true, TrafficFilter::everything());
  world.rule(in, 100, false, TrafficFilter::tcp(80, 80));
  world.send(world.two, request);
  CHECK(world.observer.saw("node1/ens5: acl strict ingress 100 deny"));
  TwoVpcs::done(world.fabric.remove_rule(world.acl, in, 100));
  world.send(world.two, request);
  CHECK(world.host("node1").packets.size() == 1);
}

TEST_CASE("an ACL keeps no state: the reply needs its own rule") {
  Walled world;
  world.rule(in, 100, true, TrafficFilter::tcp(80, 80));
  world.send(world.two, request);
  world.send(world.one, reply);
  CHECK(world.host("node1").packets.size() == 1);
  CHECK(world.host("node2").packets.empty());
  CHECK(world.observer.drops == Lines{"node1/ens5 network_acl"});
  world.rule(out, 100, true, TrafficFilter::tcp(1024, 65535));
  world.send(world.one, reply);
  CHECK(world.host("node2").packets.size() == 1);
}

TEST_CASE("an ACL is asked at the border of its subnet only") {
  Walled world;
  const EniId mate = world.instance("mate", world.public_a, "192.168.1.20");
  world.send(mate, "192.168.1.20.4000 > 192.168.1.10.80: TCP S");
  CHECK(world.host("node1").packets.size() == 1);
}

TEST_CASE("numbers are 1 to 32766 and taken once, ports the right way up") {
  NetworkAcl acl("a", "acl-0", VpcId(0));
  CHECK(acl.add({in, 0, true, {}, {}})->refusal == FabricRefusal::rule_number);
  CHECK(acl.add({in, 32767, true, {}, {}})->refusal == FabricRefusal::rule_number);
  CHECK_FALSE(acl.add({in, 32766, true, {}, {}}));
  CHECK(acl.add({in, 32766, false, {}, {}})->refusal == FabricRefusal::rule_exists);
  CHECK(acl.add({in, 10, true, TrafficFilter::tcp(9, 8), {}})->refusal == FabricRefusal::rule_ports);
  CHECK(acl.remove(out, 32766)->refusal == FabricRefusal::rule_unknown);
}

}  // namespace ekspath
