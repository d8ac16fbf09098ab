#include "sim/aws/vpc_resolver.hh"

#include "tests/unit/aws/two_vpcs.hh"

namespace ekspath {
namespace {

using namespace literals;
using Lines = std::vector<std::string>;

struct ResolvingVpcs : TwoVpcs {
  ResolvingVpcs() : resolver(fabric, engine, pool, "ap-northeast-2") {
    fabric.serve_locally(&resolver);
    node = instance("node1", public_a, "192.168.1.10");
  }

  PacketRef query(std::string_view name, DnsType type, std::string_view to) {
    DnsMessage message;
    message.id = 7;
    message.recursion_desired = true;
    message.questions.push_back({DnsName::parse(name).value(), type, DnsClass::internet});
    PacketRef packet = pool.allocate(512);
    append_bytes(*packet, write_dns(message));
    const Ipv4Address source(192, 168, 1, 10), destination = Ipv4Address::parse(to).value();
    push_udp(*packet, {source, destination, 40000, dns_port});
    push_ipv4(*packet, {.source = source,
                        .destination = destination,
                        .protocol = static_cast<std::uint8_t>(IpProtocol::udp)});
    push_ethernet(*packet, fabric.subnet(public_a).gateway_mac, fabric.eni(node).mac(), EtherType::ipv4);
    return packet;
  }

  /// "NOERROR 60 A 192.168.1.10", "NXDOMAIN ap-northeast-2.compute.internal."
  std::string ask(std::string_view name, DnsType type = DnsType::a, std::string_view to = "192.168.0.2") {
    host("node1").last.reset();
    fabric.eni(node).receive(query(name, type, to));
    engine.run_until(engine.now() + 100_ms);
    const PacketRef& frame = host("node1").last;
    if (!frame) return "silence";
    const std::span<const std::uint8_t> bytes = std::as_const(*frame).bytes().subspan(14 + 20 + 8);
    const auto reply = read_dns(bytes);
    REQUIRE(reply.has_value());
    CHECK(reply->id == 7);
    CHECK(reply->recursion_available);
    CHECK_FALSE(reply->authoritative);
    std::string text = to_string(reply->code);
    for (const DnsRecord& record : reply->answers)
      text += fmt::format(" {} {} {}", record.ttl_s, to_string(record.type), data_text(record));
    for (const DnsRecord& record : reply->authority) text += " " + record.name.text();
    return text;
  }

  VpcResolver resolver;
  EniId node;
};

TEST_CASE("the private name of each address that an ENI owns resolves both ways") {
  ResolvingVpcs world;
  REQUIRE(world.fabric.assign_address(world.node, Ipv4Address(192, 168, 1, 101)));
  CHECK(world.ask("ip-192-168-1-10.ap-northeast-2.compute.internal") == "NOERROR 60 A 192.168.1.10");
  CHECK(world.ask("IP-192-168-1-101.AP-Northeast-2.compute.internal") == "NOERROR 60 A 192.168.1.101");
  CHECK(world.ask("10.1.168.192.in-addr.arpa", DnsType::ptr) ==
        "NOERROR 60 PTR ip-192-168-1-10.ap-northeast-2.compute.internal.");
  CHECK(world.ask("ip-192-168-1-10.ap-northeast-2.compute.internal", DnsType::aaaa) ==
        "NOERROR ap-northeast-2.compute.internal.");
}

TEST_CASE("an address that nobody owns has no name, and the zone's SOA says so") {
  ResolvingVpcs world;
  CHECK(world.ask("ip-192-168-1-99.ap-northeast-2.compute.internal") ==
        "NXDOMAIN ap-northeast-2.compute.internal.");
  CHECK(world.ask("www.google.com.ap-northeast-2.compute.internal") ==
        "NXDOMAIN ap-northeast-2.compute.internal.");
  CHECK(world.ask("99.1.168.192.in-addr.arpa", DnsType::ptr) == "NXDOMAIN 168.192.in-addr.arpa.");
  CHECK(world.ask("nosuch.example") == "NXDOMAIN .");
}

TEST_CASE("the internet hosts of the scenario have their names") {
  ResolvingVpcs world;
  REQUIRE(world.fabric.add_internet_host({"www.example.com", {Ipv4Address(203, 0, 113, 80)}, {}, 0}));
  CHECK(world.ask("www.example.com") == "NOERROR 300 A 203.0.113.80");
  CHECK(world.ask("80.113.0.203.in-addr.arpa", DnsType::ptr) == "NOERROR 300 PTR www.example.com.");
}

TEST_CASE("a public name is the private address inside the VPC and the public one elsewhere") {
  ResolvingVpcs world;
  REQUIRE(world.fabric.associate_public_address(world.node, Ipv4Address(192, 168, 1, 10),
                                                Ipv4Address(43, 203, 169, 7)));
  CHECK(world.ask("ec2-43-203-169-7.ap-northeast-2.compute.amazonaws.com") == "NOERROR 60 A 192.168.1.10");
  CHECK(world.ask("7.169.203.43.in-addr.arpa", DnsType::ptr) ==
        "NOERROR 60 PTR ec2-43-203-169-7.ap-northeast-2.compute.amazonaws.com.");
}

TEST_CASE("169.254.169.253 answers as the VPC's base + 2 does, past closed groups") {
  ResolvingVpcs world;
  const auto closed = world.fabric.add_security_group(world.myeks, "closed", "").value();
  REQUIRE_FALSE(world.fabric.change_security_groups(world.node, {closed}));
  CHECK(world.ask("ip-192-168-1-10.ap-northeast-2.compute.internal", DnsType::a, "169.254.169.253") ==
        "NOERROR 60 A 192.168.1.10");
  CHECK(world.host("node1").packets.back().starts_with("169.254.169.253.53 > 192.168.1.10.40000: UDP"));
}

TEST_CASE("an ENI has 1024 packets a second") {
  ResolvingVpcs world;
  for (int i = 0; i < 1030; ++i)
    world.fabric.eni(world.node).receive(world.query("a.", DnsType::a, "192.168.0.2"));
  CHECK(world.observer.drops == Lines(6, "node1/ens5 queue_full"));
  world.engine.run_until(1_s);
  CHECK(world.ask("a.") == "NXDOMAIN .");
}

TEST_CASE("what is no DNS query over UDP is dropped by name") {
  ResolvingVpcs world;
  world.send(world.node, "192.168.1.10.4000 > 192.168.0.2.53: UDP 4");
  world.send(world.node, "192.168.1.10.4000 > 192.168.0.2.54: UDP 4");
  CHECK(world.observer.drops == Lines(2, "node1/ens5 no_socket"));
  CHECK(world.observer.saw("node1/ens5: the VPC resolver reads no query in it"));
}

}  // namespace
}  // namespace ekspath
