#include "sim/aws/fabric.hh"

#include "tests/unit/aws/two_vpcs.hh"

namespace ekspath {
namespace {

using Lines = std::vector<std::string>;

std::string mac(const MacAddress& address) { return fmt::format("{}", address); }

}  // namespace

TEST_CASE(
    "ARP for an address of the own subnet in use is answered with that ENI's MAC, and its host sees "
    "nothing") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  const EniId two = world.instance("node2", world.public_a, "192.168.1.20");
  const std::string own = mac(world.fabric.eni(one).mac());
  world.send_frame(one, own + " > ff:ff:ff:ff:ff:ff | ARP who-has 192.168.1.20 tell 192.168.1.10");
  const std::string found = mac(world.fabric.eni(two).mac());
  CHECK(world.host("node1").frames == Lines{found + " > " + own + " | ARP 192.168.1.20 is-at " + found});
  CHECK(world.host("node2").frames.empty());
  CHECK(world.host("node1").times.back() - world.sent_at == Nanoseconds(570'000));
}

TEST_CASE(
    "ARP for .1 is answered with the gateway's MAC, for unused and other subnets' addresses with silence") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  world.instance("node2", world.public_b, "192.168.2.20");
  const std::string own = mac(world.fabric.eni(one).mac());
  const std::string gateway = mac(world.fabric.subnet(world.public_a).gateway_mac);
  world.send_frame(one, own + " > ff:ff:ff:ff:ff:ff | ARP who-has 192.168.1.1 tell 192.168.1.10");
  CHECK(world.host("node1").frames == Lines{gateway + " > " + own + " | ARP 192.168.1.1 is-at " + gateway});
  for (const char* silent : {"192.168.1.99", "192.168.1.2", "192.168.2.20", "192.168.1.10", "8.8.8.8"}) {
    world.send_frame(one, own + " > ff:ff:ff:ff:ff:ff | ARP who-has " + silent + " tell 192.168.1.10");
    CHECK(world.host("node1").frames.size() == 1);
  }
  CHECK(world.observer.drops.size() == 5);
  CHECK(world.observer.drops.front() == "node1/ens5 arp_ignored");
}

TEST_CASE("the resolver's address answers ARP as the gateway where it lies in the subnet") {
  TwoVpcs world;
  const SubnetId first = world.subnet("first", world.myeks, "192.168.0.0/24", "a");
  const EniId one = world.instance("node1", first, "192.168.0.10");
  const std::string own = mac(world.fabric.eni(one).mac());
  const std::string gateway = mac(world.fabric.subnet(first).gateway_mac);
  world.send_frame(one, own + " > ff:ff:ff:ff:ff:ff | ARP who-has 192.168.0.2 tell 192.168.0.10");
  CHECK(world.host("node1").frames == Lines{gateway + " > " + own + " | ARP 192.168.0.2 is-at " + gateway});
}

TEST_CASE("MAC addresses are locally administered, their first octet follows the zone") {
  TwoVpcs world;
  const EniId a = world.instance("node1", world.public_a, "192.168.1.10");
  const EniId b = world.instance("node2", world.public_b, "192.168.2.10");
  CHECK(world.fabric.eni(a).mac().bytes[0] == 0x02);
  CHECK(world.fabric.subnet(world.public_a).gateway_mac.bytes[0] == 0x02);
  CHECK(world.fabric.eni(b).mac().bytes[0] == 0x06);
  const SubnetId c = world.subnet("public-c", world.myeks, "192.168.3.0/24", "ap-northeast-2c");
  CHECK(world.fabric.subnet(c).gateway_mac.bytes[0] == 0x0a);
}

TEST_CASE(".1 answers pings with TTL 64 after 60 us, and nothing else") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  world.send(one, "192.168.1.10 > 192.168.1.1: ICMP echo request id 7 seq 1 len 56, ttl 127");
  CHECK(world.host("node1").packets ==
        Lines{"192.168.1.1 > 192.168.1.10: ICMP echo reply id 7 seq 1 len 56"});
  CHECK(world.host("node1").times.back() - world.sent_at == Nanoseconds(60'000));
  world.send(one, "192.168.1.10.4000 > 192.168.1.1.53: UDP 4");
  CHECK(world.observer.drops == Lines{"node1/ens5 no_socket"});
}

TEST_CASE("neither security groups nor ACLs see what the hypervisor answers") {
  TwoVpcs world;
  const auto closed = world.fabric.add_security_group(world.myeks, "closed", "").value();
  world.fabric.remove_rules(closed, TrafficDirection::egress);
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10", {closed});
  TwoVpcs::done(
      world.fabric.associate(world.public_a, world.fabric.add_network_acl(world.myeks, "closed").value()));
  world.send(one, "192.168.1.10 > 192.168.1.1: ICMP echo request id 7 seq 1 len 56");
  CHECK(world.host("node1").packets.size() == 1);
}

TEST_CASE("services of the hypervisor are dropped by name until somebody models them") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  for (const char* service : {"192.168.0.2", "169.254.169.253", "169.254.169.254", "169.254.169.123"}) {
    world.send(one, fmt::format("192.168.1.10.4000 > {}.53: UDP 4", service));
  }
  CHECK(world.observer.drops == Lines(4, "node1/ens5 no_socket"));
  CHECK(world.observer.saw("node1/ens5: the VPC resolver is not modelled here"));
  CHECK(world.observer.saw("node1/ens5: the instance metadata service is not modelled here"));
}

TEST_CASE("a service that is attached is asked, and its answer passes the groups") {
  struct Resolver final : LocalServices {
    explicit Resolver(TwoVpcs& owner) : world(&owner) {}
    std::optional<Refusal> ask(LocalService service, Eni& from, const Packet& asked) override {
      CHECK(service == LocalService::resolver);
      CHECK(describe(asked) == "192.168.1.10.4000 > 192.168.0.2.53: UDP 4");
      world->fabric.answer(from, packet(world->pool, "192.168.0.2.53 > 192.168.1.10.4000: UDP 8"));
      return std::nullopt;
    }
    TwoVpcs* world;
  };
  TwoVpcs world;
  Resolver resolver(world);
  world.fabric.serve_locally(&resolver);
  const auto closed = world.fabric.add_security_group(world.myeks, "closed", "").value();
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10", {closed});
  world.send(one, "192.168.1.10.4000 > 192.168.0.2.53: UDP 4");
  CHECK(world.host("node1").packets == Lines{"192.168.0.2.53 > 192.168.1.10.4000: UDP 8"});
}

TEST_CASE("a source that is none of the ENI's own is dropped while the check is on") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  world.instance("node2", world.public_b, "192.168.2.10");
  world.send(one, "192.168.1.11 > 192.168.2.10: ICMP echo request id 7 seq 1 len 56");
  CHECK(world.observer.drops == Lines{"node1/ens5 source_dest_check"});
  world.fabric.change_source_dest_check(one, false);
  world.send(one, "192.168.1.11 > 192.168.2.10: ICMP echo request id 7 seq 1 len 56");
  CHECK(world.host("node2").packets ==
        Lines{"192.168.1.11 > 192.168.2.10: ICMP echo request id 7 seq 1 len 56"});
}

TEST_CASE("secondary addresses and those of delegated prefixes are the ENI's own, both ways") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  const EniId two = world.instance("node2", world.public_b, "192.168.2.10");
  REQUIRE(world.fabric.assign_address(one, TwoVpcs::address("192.168.1.101")));
  REQUIRE(world.fabric.assign_prefix(two, TwoVpcs::cidr("192.168.2.64/28")));
  world.send(one, "192.168.1.101 > 192.168.2.77: ICMP echo request id 7 seq 1 len 56");
  world.send(two, "192.168.2.77 > 192.168.1.101: ICMP echo reply id 7 seq 1 len 56");
  CHECK(world.host("node2").packets.size() == 1);
  CHECK(world.host("node1").packets.size() == 1);
  TwoVpcs::done(world.fabric.unassign_prefix(two, TwoVpcs::cidr("192.168.2.64/28")));
  world.send(one, "192.168.1.101 > 192.168.2.77: ICMP echo request id 7 seq 2 len 56");
  world.send(two, "192.168.2.77 > 192.168.1.101: ICMP echo reply id 7 seq 2 len 56");
  CHECK(world.observer.drops == Lines{"node1/ens5 no_such_address", "node2/ens5 source_dest_check"});
}

TEST_CASE("a packet within the VPC keeps its TTL and arrives from the subnet's gateway MAC") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  const EniId two = world.instance("node2", world.public_b, "192.168.2.10");
  world.send(one, "192.168.1.10 > 192.168.2.10: ICMP echo request id 7 seq 1 len 56, ttl 126");
  const std::string gateway = mac(world.fabric.subnet(world.public_b).gateway_mac);
  CHECK(world.host("node2").frames ==
        Lines{gateway + " > " + mac(world.fabric.eni(two).mac()) +
              " | 192.168.1.10 > 192.168.2.10: ICMP echo request id 7 seq 1 len 56, ttl 126"});
}

TEST_CASE("a frame to another ENI's MAC is plain layer 2, without ACL and route table") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  const EniId two = world.instance("node2", world.public_a, "192.168.1.20");
  TwoVpcs::done(
      world.fabric.associate(world.public_a, world.fabric.add_network_acl(world.myeks, "closed").value()));
  world.send_to_mac(one, world.fabric.eni(two).mac(),
                    "192.168.1.10 > 192.168.1.20: ICMP echo request id 7 seq 1 len 56");
  CHECK(world.host("node2").frames ==
        Lines{mac(world.fabric.eni(one).mac()) + " > " + mac(world.fabric.eni(two).mac()) +
              " | 192.168.1.10 > 192.168.1.20: ICMP echo request id 7 seq 1 len 56"});
}

TEST_CASE("a frame to another ENI's MAC for an address that is not its own dies at its destination check") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  const EniId two = world.instance("node2", world.public_a, "192.168.1.20");
  world.send_to_mac(one, world.fabric.eni(two).mac(),
                    "192.168.1.10 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56");
  CHECK(world.observer.drops == Lines{"node2/ens5 source_dest_check"});
}

TEST_CASE("frames to unknown MACs, to all, and of other ethertypes die at the sender") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  world.send_to_mac(one, {{2, 0, 0, 0, 0, 9}},
                    "192.168.1.10 > 192.168.1.20: ICMP echo request id 7 seq 1 len 56");
  world.send_to_mac(one, MacAddress::broadcast(), "192.168.1.10.68 > 255.255.255.255.67: UDP 4");
  PacketRef ipv6 = world.pool.allocate(64);
  ipv6->append(60);
  push_ethernet(*ipv6, world.fabric.subnet(world.public_a).gateway_mac, world.fabric.eni(one).mac(),
                EtherType{0x86dd});
  world.emit(world.fabric.eni(one), std::move(ipv6));
  CHECK(world.observer.drops == Lines{"node1/ens5 no_such_address", "node1/ens5 no_such_address",
                                      "node1/ens5 unsupported_ethertype"});
  CHECK(world.observer.saw("node1/ens5: no broadcast or multicast travels in a VPC"));
}

TEST_CASE("what is on its way to an ENI when it is detached is dropped where it arrives") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  const EniId two = world.instance("node2", world.public_b, "192.168.2.10");
  PacketRef sent = packet(world.pool, "192.168.1.10 > 192.168.2.10: ICMP echo request id 7 seq 1 len 56");
  push_ethernet(*sent, world.fabric.subnet(world.public_a).gateway_mac, world.fabric.eni(one).mac(),
                EtherType::ipv4);
  world.fabric.eni(one).receive(std::move(sent));
  world.fabric.detach(two);
  world.engine.run();
  CHECK(world.observer.drops == Lines{"node2/ens5 not_attached"});
}

TEST_CASE("a frame for a detached ENI dies at its sender; the next attachment takes what follows") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  const EniId two = world.instance("node2", world.public_b, "192.168.2.10");
  world.fabric.detach(two);
  world.send(one, "192.168.1.10 > 192.168.2.10: ICMP echo request id 7 seq 1 len 56");
  CHECK(world.observer.drops == Lines{"node1/ens5 not_attached"});
  TwoVpcs::done(world.fabric.attach(two, {world.places.add("node3/ens6"), &world.host("node3"), 0}));
  world.send(one, "192.168.1.10 > 192.168.2.10: ICMP echo request id 7 seq 2 len 56");
  CHECK(world.host("node3").packets.size() == 1);
}

TEST_CASE("a packet with a broken IPv4 header dies at the sending ENI") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  world.send(one, "192.168.1.10 > 192.168.2.10: ICMP echo request id 7 seq 1 len 56, bad ip checksum");
  CHECK(world.observer.drops == Lines{"node1/ens5 header"});
}

TEST_CASE("what a host kept beside its packet does not cross the fabric, but the trace id does") {
  TwoVpcs world;
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  world.instance("node2", world.public_b, "192.168.2.10");
  PacketRef sent = packet(world.pool, "192.168.1.10 > 192.168.2.10: ICMP echo request id 7 seq 1 len 56");
  sent->meta.mark = 0x80;
  sent->meta.trace = 42;
  push_ethernet(*sent, world.fabric.subnet(world.public_a).gateway_mac, world.fabric.eni(one).mac(),
                EtherType::ipv4);
  world.emit(world.fabric.eni(one), std::move(sent));
  CHECK(world.host("node2").last->meta.mark == 0);
  CHECK(world.host("node2").last->meta.trace == 42);
}

TEST_CASE("the walk of a packet allocates no packet and leaves none behind") {
  TwoVpcs world;
  world.fabric.observe(nullptr);
  const EniId one = world.instance("node1", world.public_a, "192.168.1.10");
  world.instance("node2", world.public_b, "192.168.2.10");
  const auto ping = [&] {
    world.send(one, "192.168.1.10 > 192.168.2.10: ICMP echo request id 7 seq 1 len 56");
  };
  ping();
  ping();
  const std::size_t created = world.pool.created();
  for (int i = 0; i < 100; ++i) ping();
  CHECK(world.pool.created() == created);
  CHECK(world.pool.in_use() == 1);  // what the recording host holds
}

}  // namespace ekspath
