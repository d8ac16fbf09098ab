#include "sim/aws/security_group.hh"

#include "tests/unit/aws/two_vpcs.hh"

namespace ekspath {
namespace {

using Lines = std::vector<std::string>;

/// node1 with the tested group, and node2 that is open to all.
struct Guarded : TwoVpcs {
  Guarded()
      : group(fabric.add_security_group(myeks, "guard", "").value()),
        one(instance("node1", public_a, "192.168.1.10", {group})),
        two(instance("node2", public_b, "192.168.2.10")) {}
  void allow(TrafficDirection direction, const TrafficFilter& traffic, const SecurityGroupPeer& peer) {
    done(fabric.add_rule(group, {direction, traffic, peer, ""}));
  }
  /// How many packets reached the guarded host.
  std::size_t arrived() { return host("node1").packets.size(); }

  SecurityGroupId group;
  EniId one, two;
};

constexpr auto in = TrafficDirection::ingress;
constexpr auto out = TrafficDirection::egress;
constexpr auto syn = "192.168.2.10.4000 > 192.168.1.10.80: TCP S";
constexpr auto data = "192.168.2.10.4000 > 192.168.1.10.80: TCP P. seq 1 ack 1 len 5";
constexpr auto answer = "192.168.1.10.80 > 192.168.2.10.4000: TCP S. ack 1";

}  // namespace

TEST_CASE("a new group admits nothing and sends anything, and answers to what it sent come back") {
  Guarded world;
  world.send(world.two, "192.168.2.10 > 192.168.1.10: ICMP echo request id 7 seq 1 len 56");
  CHECK(world.arrived() == 0);
  CHECK(world.observer.drops == Lines{"node1/ens5 security_group"});
  world.send(world.one, "192.168.1.10 > 192.168.2.10: ICMP echo request id 9 seq 1 len 56");
  world.send(world.two, "192.168.2.10 > 192.168.1.10: ICMP echo reply id 9 seq 1 len 56");
  CHECK(world.arrived() == 1);
  CHECK(world.observer.saw("node1/ens5: sg guard egress all to 0.0.0.0/0"));
  CHECK(world.observer.saw("node1/ens5: sg tracked flow"));
}

TEST_CASE("the default group admits its own members only") {
  Guarded world;
  const auto members = world.fabric.vpc(world.myeks).default_security_group;
  TwoVpcs::done(world.fabric.change_security_groups(world.one, {members}));
  world.send(world.two, syn);
  CHECK(world.arrived() == 0);
  TwoVpcs::done(world.fabric.change_security_groups(world.two, {world.open, members}));
  world.send(world.two, syn);
  CHECK(world.arrived() == 1);
  CHECK(world.observer.saw("node1/ens5: sg default ingress all from sg/default"));
}

TEST_CASE("rules name protocols, ports, types and prefixes") {
  Guarded world;
  world.allow(in, TrafficFilter::tcp(80, 81), TwoVpcs::cidr("192.168.2.0/24"));
  world.allow(in, TrafficFilter::icmp(8), TwoVpcs::cidr("192.168.2.10/32"));
  for (const char* passes : {syn, "192.168.2.10.4000 > 192.168.1.10.81: TCP S",
                             "192.168.2.10 > 192.168.1.10: ICMP echo request id 7 seq 1"}) {
    world.send(world.two, passes);
  }
  CHECK(world.arrived() == 3);
  for (const char* dies :
       {"192.168.2.10.4000 > 192.168.1.10.82: TCP S", "192.168.2.10.4000 > 192.168.1.10.80: UDP 4",
        "192.168.2.10 > 192.168.1.10: ICMP 13/0 rest 458753 len 12"}) {
    world.send(world.two, dies);
  }
  CHECK(world.arrived() == 3);
  CHECK(world.observer.drops == Lines(3, "node1/ens5 security_group"));
}

TEST_CASE("outbound rules judge what leaves") {
  Guarded world;
  world.fabric.remove_rules(world.group, out);
  world.allow(out, TrafficFilter::udp(53, 53), Prefix());
  world.send(world.one, "192.168.1.10.4000 > 192.168.2.10.53: UDP 4");
  world.send(world.one, "192.168.1.10.4000 > 192.168.2.10.54: UDP 4");
  CHECK(world.host("node2").packets.size() == 1);
  CHECK(world.observer.drops == Lines{"node1/ens5 security_group"});
}

TEST_CASE("a tracked flow outlives the rule that admitted it, and ends after its idle time") {
  Guarded world;
  world.allow(in, TrafficFilter::tcp(80, 80), TwoVpcs::cidr("192.168.2.0/24"));
  world.send(world.two, syn);
  world.fabric.remove_rules(world.group, in);
  world.send(world.two, data);
  CHECK(world.arrived() == 2);
  world.sleep(Nanoseconds(432'000'000'000'000));
  world.send(world.two, data);
  CHECK(world.arrived() == 2);
}

TEST_CASE("an untracked flow is cut at once when its rule goes") {
  Guarded world;
  world.allow(in, TrafficFilter::tcp(80, 80), Prefix());  // and the default egress: any address, all ports
  world.send(world.two, syn);
  world.send(world.one, answer);
  CHECK(world.fabric.eni(world.one).tracking().size() == 0);
  CHECK(world.host("node2").packets.size() == 1);
  world.fabric.remove_rules(world.group, in);
  world.send(world.two, data);
  CHECK(world.arrived() == 1);
}

TEST_CASE("ICMP is always tracked, and so is what the other direction does not admit wholly") {
  Guarded world;
  world.allow(in, TrafficFilter::everything(), Prefix());
  world.send(world.two, "192.168.2.10 > 192.168.1.10: ICMP echo request id 7 seq 1 len 56");
  CHECK(world.fabric.eni(world.one).tracking().size() == 1);
  world.fabric.remove_rules(world.group, out);
  world.allow(out, TrafficFilter::tcp(0, 1023), Prefix());
  world.send(world.two, syn);
  CHECK(world.fabric.eni(world.one).tracking().size() == 2);
  world.send(world.one, answer);  // to port 4000: only because the flow is known
  CHECK(world.host("node2").packets.size() == 1);
}

TEST_CASE("UDP is tracked for 30 s one way and 180 s as a stream") {
  Guarded world;
  world.send(world.one, "192.168.1.10.4000 > 192.168.2.10.53: UDP 4");
  world.sleep(Nanoseconds(29'000'000'000));
  world.send(world.two, "192.168.2.10.53 > 192.168.1.10.4000: UDP 8");
  world.sleep(Nanoseconds(179'000'000'000));
  world.send(world.two, "192.168.2.10.53 > 192.168.1.10.4000: UDP 8");
  CHECK(world.arrived() == 2);
  world.send(world.one, "192.168.1.10.4001 > 192.168.2.10.53: UDP 4");
  world.sleep(Nanoseconds(31'000'000'000));
  world.send(world.two, "192.168.2.10.53 > 192.168.1.10.4001: UDP 8");
  CHECK(world.arrived() == 2);
}

TEST_CASE("ICMP errors about a tracked flow need a rule of their own, unless the scenario says otherwise") {
  Guarded world;
  const auto error = "192.168.2.10 > 192.168.1.10: ICMP 3/3 [192.168.1.10.4000 > 192.168.2.10.53: UDP 4]";
  world.send(world.one, "192.168.1.10.4000 > 192.168.2.10.53: UDP 4");
  world.send(world.two, error);
  CHECK(world.arrived() == 0);
  world.fabric.admit_related_errors(true);
  world.send(world.two, error);
  CHECK(world.arrived() == 1);
  world.send(world.two, "192.168.2.10 > 192.168.1.10: ICMP 3/3 [192.168.1.10.4009 > 192.168.2.10.53: UDP 4]");
  CHECK(world.arrived() == 1);
}

TEST_CASE("a group of the peer VPC can be the source while the peering is active") {
  Guarded world;
  const EniId person = world.instance("operator", world.operator_a, "172.20.1.100");
  world.allow(in, TrafficFilter::everything(), world.operators_open);
  world.send(person, "172.20.1.100.4000 > 192.168.1.10.80: TCP S");
  CHECK(world.arrived() == 1);
  CHECK(world.observer.saw("node1/ens5: sg guard ingress all from sg/open"));
}

TEST_CASE("the cluster group does not admit the peer VPC; a rule for its CIDR does") {
  Guarded world;
  const EniId person = world.instance("operator", world.operator_a, "172.20.1.100");
  const auto cluster = world.fabric.add_cluster_security_group(world.myeks, "myeks").value();
  TwoVpcs::done(world.fabric.change_security_groups(world.one, {cluster, world.group}));
  const auto ping = "172.20.1.100 > 192.168.1.10: ICMP echo request id 7 seq 1 len 56";
  world.send(person, ping);
  CHECK(world.arrived() == 0);
  world.allow(in, TrafficFilter::icmp(), TwoVpcs::cidr("172.20.0.0/16"));
  world.send(person, ping);
  CHECK(world.arrived() == 1);
  CHECK(world.observer.saw("node1/ens5: sg guard ingress icmp from 172.20.0.0/16"));
}

TEST_CASE("later fragments are judged as the first one was") {
  Guarded world;
  world.allow(in, TrafficFilter::udp(53, 53), TwoVpcs::cidr("192.168.2.0/24"));
  world.send(world.two, "192.168.2.10.4000 > 192.168.1.10.53: UDP 1472, may fragment, id 5, more fragments");
  world.send(world.two, "192.168.2.10 > 192.168.1.10: protocol 17 len 40, may fragment, id 5, offset 1480");
  CHECK(world.arrived() == 2);
  world.send(world.two, "192.168.2.10 > 192.168.1.10: protocol 17 len 40, may fragment, id 6, offset 1480");
  CHECK(world.arrived() == 2);
}

}  // namespace ekspath
