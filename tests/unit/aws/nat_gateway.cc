#include "sim/aws/nat_gateway.hh"

#include <regex>

#include "tests/unit/aws/two_vpcs.hh"

namespace ekspath {
namespace {

using Lines = std::vector<std::string>;

/// private-a goes out by nat-a (192.168.1.200, 198.51.100.9) in public-a.
struct BehindNat : TwoVpcs {
  BehindNat() : node(instance("node1", private_a, "192.168.11.10")) {
    NatGatewaySpec spec;
    spec.name = "nat-a";
    spec.subnet = public_a;
    spec.public_address = address("198.51.100.9");
    spec.private_address = address("192.168.1.200");
    gateway = fabric.add_nat_gateway(spec).value();
    done(fabric.add_route(private_table, Prefix(), VpcRouteTarget::to(gateway)));
  }
  const NatGatewayMetrics& metrics() { return fabric.nat_gateway(gateway).metrics(); }
  Lines& outside() { return host("dns.google").packets; }
  Lines& inside() { return host("node1").packets; }
  /// The port or ICMP id that the last packet outside carries.
  unsigned port() {
    std::smatch found;
    const std::string& last = outside().back();
    REQUIRE(std::regex_search(last, found, std::regex("(?:198.51.100.9\\.| id )([0-9]+)")));
    return static_cast<unsigned>(std::stoul(found[1]));
  }
  EniId node;
  NatGatewayId gateway;
};

constexpr auto syn = "192.168.11.10.4000 > 8.8.8.8.80: TCP S";

}  // namespace

TEST_CASE(
    "a NAT gateway gives source and port, takes one TTL beside the internet gateway's, and the answer "
    "returns") {
  BehindNat world;
  world.send(world.node, "192.168.11.10.4000 > 8.8.8.8.53: UDP 12, ttl 127");
  const unsigned port = world.port();
  CHECK(port >= 1024);
  CHECK(world.outside() == Lines{fmt::format("198.51.100.9.{} > 8.8.8.8.53: UDP 12, ttl 125", port)});
  world.send_from_internet(fmt::format("8.8.8.8.53 > 198.51.100.9.{}: UDP 40", port));
  CHECK(world.inside() == Lines{"8.8.8.8.53 > 192.168.11.10.4000: UDP 40, ttl 62"});
  CHECK(world.observer.saw("nat/nat-a: nat-a"));
  CHECK(world.observer.saw("igw/myeks-vpc: source 192.168.1.200 -> 198.51.100.9"));
  CHECK(world.observer.drops.empty());
  CHECK(world.metrics().active_connections == 1);
}

TEST_CASE("a connection keeps its port, another one gets another") {
  BehindNat world;
  world.send(world.node, syn);
  const unsigned first = world.port();
  world.send(world.node, "192.168.11.10.4000 > 8.8.8.8.80: TCP P. seq 1 ack 1 len 5");
  CHECK(world.port() == first);
  world.send(world.node, "192.168.11.10.4001 > 8.8.8.8.80: TCP S");
  CHECK(world.port() != first);
}

TEST_CASE("a ping's id is translated and comes back") {
  BehindNat world;
  world.send(world.node, "192.168.11.10 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56");
  const unsigned id = world.port();
  CHECK(world.outside() ==
        Lines{fmt::format("198.51.100.9 > 8.8.8.8: ICMP echo request id {} seq 1 len 56, ttl 62", id)});
  world.send_from_internet(fmt::format("8.8.8.8 > 198.51.100.9: ICMP echo reply id {} seq 1 len 56", id));
  CHECK(world.inside() == Lines{"8.8.8.8 > 192.168.11.10: ICMP echo reply id 7 seq 1 len 56, ttl 62"});
}

TEST_CASE("pods behind it need no public address: any source of the VPC is served") {
  BehindNat world;
  REQUIRE(world.fabric.assign_address(world.node, TwoVpcs::address("192.168.11.77")));
  world.send(world.node, "192.168.11.77.4000 > 8.8.8.8.53: UDP 12");
  CHECK(world.outside().size() == 1);
}

TEST_CASE("TCP, UDP and ICMP only, and no fragments but of UDP") {
  BehindNat world;
  world.send(world.node, "192.168.11.10 > 8.8.8.8: protocol 47 len 10");
  world.send(
      world.node,
      "192.168.11.10 > 8.8.8.8: ICMP echo request id 7 seq 1 len 1472, may fragment, id 5, more fragments");
  CHECK(world.observer.drops == Lines{"nat/nat-a nat_gateway_protocol", "nat/nat-a nat_gateway_fragment"});
  world.send(world.node, "192.168.11.10.4000 > 8.8.8.8.53: UDP 1472, may fragment, id 6, more fragments");
  world.send(world.node, "192.168.11.10 > 8.8.8.8: protocol 17 len 40, may fragment, id 6, offset 1480");
  CHECK(world.outside().size() == 2);
  CHECK(world.outside()[1] ==
        "198.51.100.9 > 8.8.8.8: protocol 17 len 40, ttl 62, id 6, may fragment, offset 1480");
}

TEST_CASE("what nobody inside asked for is dropped, also a ping to its public or private address") {
  BehindNat world;
  world.send_from_internet("8.8.8.8.53 > 198.51.100.9.4000: UDP 12");
  world.send_from_internet("8.8.8.8 > 198.51.100.9: ICMP echo request id 7 seq 1 len 56");
  world.send(world.node, "192.168.11.10 > 192.168.1.200: ICMP echo request id 7 seq 1 len 56");
  CHECK(world.observer.drops == Lines(3, "nat/nat-a nat_gateway_unsolicited"));
}

TEST_CASE("another remote port or address cannot use a translation") {
  BehindNat world;
  world.send(world.node, "192.168.11.10.4000 > 8.8.8.8.53: UDP 12");
  world.send_from_internet(fmt::format("8.8.8.8.54 > 198.51.100.9.{}: UDP 40", world.port()));
  CHECK(world.inside().empty());
  CHECK(world.observer.drops == Lines{"nat/nat-a nat_gateway_unsolicited"});
}

TEST_CASE("after 350 s without traffic the next packet from inside gets a RST") {
  BehindNat world;
  world.send(world.node, syn);
  world.sleep(Nanoseconds(349'000'000'000));
  world.send(world.node, "192.168.11.10.4000 > 8.8.8.8.80: TCP . seq 1 ack 1");
  CHECK(world.outside().size() == 2);
  world.sleep(Nanoseconds(350'000'000'000));
  world.send(world.node, "192.168.11.10.4000 > 8.8.8.8.80: TCP P. seq 1 ack 77 len 5");
  CHECK(world.inside() == Lines{"8.8.8.8.80 > 192.168.11.10.4000: TCP R seq 77 win 0"});
  CHECK(world.observer.drops == Lines{"nat/nat-a nat_gateway_idle"});
  CHECK(world.metrics().idle_timeouts == 1);
  CHECK(world.metrics().active_connections == 0);
  world.send(world.node, syn);
  CHECK(world.outside().size() == 3);
}

TEST_CASE("an answer that comes after 350 s is dropped without a word") {
  BehindNat world;
  world.send(world.node, "192.168.11.10.4000 > 8.8.8.8.53: UDP 12");
  world.sleep(Nanoseconds(350'000'000'000));
  world.send_from_internet(fmt::format("8.8.8.8.53 > 198.51.100.9.{}: UDP 40", world.port()));
  CHECK(world.inside().empty());
  CHECK(world.observer.drops == Lines{"nat/nat-a nat_gateway_idle"});
}

TEST_CASE("55,000 connections to one destination, then ErrorPortAllocation, while others still open") {
  BehindNat world;
  world.fabric.observe(nullptr);
  const Eni& from = world.fabric.eni(world.node);
  for (unsigned i = 0; i < NatGateway::connections_per_destination; ++i) {  // all within an instant
    PacketRef sent = packet(world.pool, fmt::format("192.168.11.10.{} > 8.8.8.8.53: UDP 4", 1000 + i));
    push_ethernet(*sent, world.fabric.subnet(world.private_a).gateway_mac, from.mac(), EtherType::ipv4);
    world.fabric.eni(world.node).receive(std::move(sent));
  }
  world.engine.run();
  CHECK(world.metrics().active_connections == 55'000);
  world.fabric.observe(&world.observer);
  world.send(world.node, "192.168.11.10.500 > 8.8.8.8.53: UDP 4");
  CHECK(world.observer.drops == Lines{"nat/nat-a nat_gateway_ports"});
  CHECK(world.metrics().error_port_allocation == 1);
  world.send(world.node, "192.168.11.10.500 > 8.8.8.8.54: UDP 4");
  world.sleep(Nanoseconds(350'000'000'000));
  world.send(world.node, "192.168.11.10.500 > 8.8.8.8.53: UDP 4");
  CHECK(world.observer.drops.size() == 1);
  CHECK(world.metrics().active_connections == 1);
}

TEST_CASE("its TTL exceeded comes from its private address") {
  BehindNat world;
  world.send(world.node, "192.168.11.10.4000 > 8.8.8.8.33434: UDP 12, ttl 1");
  CHECK(world.inside() == Lines{"192.168.1.200 > 192.168.11.10: ICMP 11/0 [192.168.11.10.4000 > "
                                "8.8.8.8.33434: UDP 12, ttl 1], may fragment"});
}

TEST_CASE("errors of the edge and of the far host are translated back, with the packet that they quote") {
  BehindNat world;
  world.send(world.node, "192.168.11.10.4000 > 8.8.8.8.33435: UDP 12, ttl 2");
  const Ipv4Address edge = world.fabric.internet().router(world.myeks, 1);
  CHECK(world.inside().back() == fmt::format("{} > 192.168.11.10: ICMP 11/0 [192.168.11.10.4000 > "
                                             "8.8.8.8.33435: UDP 12, ttl 1], ttl 63, may fragment",
                                             edge));
  world.send(world.node, "192.168.11.10.4000 > 8.8.8.8.53: UDP 12");
  const unsigned port = world.port();
  world.send_from_internet(
      fmt::format("8.8.8.8 > 198.51.100.9: ICMP 3/3 [198.51.100.9.{} > 8.8.8.8.53: UDP 12]", port));
  CHECK(world.inside().back() ==
        "8.8.8.8 > 192.168.11.10: ICMP 3/3 [192.168.11.10.4000 > 8.8.8.8.53: UDP 12], ttl 62");
  world.send(world.node, "192.168.11.10 > 8.8.8.8: ICMP 3/3 [8.8.8.8.53 > 192.168.11.10.4000: UDP 40]");
  CHECK(world.outside().back() ==
        fmt::format("198.51.100.9 > 8.8.8.8: ICMP 3/3 [8.8.8.8.53 > 198.51.100.9.{}: UDP 40], ttl 62", port));
}

TEST_CASE("frag-needed for the internet reaches the inside, 8500 bytes pass on the VPC's side only") {
  BehindNat world;
  world.send(world.node, "192.168.11.10.4000 > 8.8.8.8.53: UDP 8473");
  CHECK(world.inside().back().rfind("192.168.11.1 > 192.168.11.10: ICMP 3/4 mtu 8500", 0) == 0);
  world.send(world.node, "192.168.11.10.4000 > 8.8.8.8.53: UDP 2000");
  CHECK(world.inside().back().rfind(
            "192.168.1.1 > 192.168.11.10: ICMP 3/4 mtu 1500 [192.168.11.10.4000 > 8.8.8.8.53: UDP 2000", 0) ==
        0);
  CHECK(world.outside().empty());
}

TEST_CASE("ACLs of the gateway's subnet apply, it has no security group") {
  BehindNat world;
  CHECK(world.fabric.eni(world.fabric.nat_gateway(world.gateway).eni()).security_groups().empty());
  TwoVpcs::done(
      world.fabric.associate(world.public_a, world.fabric.add_network_acl(world.myeks, "closed").value()));
  world.send(world.node, syn);
  CHECK(world.observer.drops == Lines{"nat/nat-a network_acl"});
}

TEST_CASE("a sender in the gateway's own subnet is not served") {
  BehindNat world;
  const EniId mate = world.instance("mate", world.public_a, "192.168.1.10");
  TwoVpcs::done(world.fabric.replace_route(world.public_table, Prefix(), VpcRouteTarget::to(world.gateway)));
  world.send(mate, "192.168.1.10.4000 > 8.8.8.8.53: UDP 4");
  CHECK(world.observer.drops == Lines{"nat/nat-a no_vpc_route"});
}

TEST_CASE("a private NAT gateway shows its private address to a peer, and dies at the internet gateway") {
  BehindNat world;
  NatGatewaySpec spec;
  spec.name = "nat-private";
  spec.subnet = world.public_a;
  spec.connectivity = Connectivity::private_;
  spec.private_address = TwoVpcs::address("192.168.1.201");
  const NatGatewayId gateway = world.fabric.add_nat_gateway(spec).value();
  TwoVpcs::done(world.fabric.replace_route(world.private_table, Prefix(), VpcRouteTarget::to(gateway)));
  TwoVpcs::done(world.fabric.replace_route(world.private_table, TwoVpcs::cidr("172.20.0.0/16"),
                                           VpcRouteTarget::to(gateway)));
  world.instance("operator", world.operator_a, "172.20.1.100");
  world.send(world.node, "192.168.11.10.4000 > 172.20.1.100.53: UDP 4");
  CHECK(world.host("operator").packets.back().rfind("192.168.1.201.", 0) == 0);
  world.send(world.node, "192.168.11.10.4000 > 8.8.8.8.53: UDP 4");
  CHECK(world.observer.drops == Lines{"igw/myeks-vpc no_public_address"});
}

TEST_CASE("flows through a NAT gateway are tracked by the sender's groups though they look untracked") {
  BehindNat world;
  world.send(world.node, syn);
  CHECK(world.fabric.eni(world.node).tracking().size() == 1);
}

TEST_CASE("a public NAT gateway needs an internet gateway, and names and addresses of its own") {
  BehindNat world;
  const VpcId closed = world.fabric.add_vpc({"closed", {TwoVpcs::cidr("10.0.0.0/16")}, false}).value();
  NatGatewaySpec spec;
  spec.name = "nat-b";
  spec.subnet = world.subnet("c", closed, "10.0.0.0/24", "a");
  CHECK(world.fabric.add_nat_gateway(spec).error().refusal == FabricRefusal::no_internet_gateway);
  spec.subnet = world.public_a;
  spec.public_address = TwoVpcs::address("198.51.100.9");
  CHECK(world.fabric.add_nat_gateway(spec).error().refusal == FabricRefusal::public_address_taken);
  spec.name = "nat-a";
  CHECK(world.fabric.add_nat_gateway(spec).error().refusal == FabricRefusal::duplicate_name);
}

}  // namespace ekspath
