#include <benchmark/benchmark.h>

#include "sim/aws/fabric.hh"
#include "sim/packet/build.hh"
#include "tests/support/packet/packet_text.hh"

// What the fabric costs a packet: from the frame that the host sent to the frame that the other host gets,
// with the groups of both ends, two ACLs, the route table and the mapping; and the same through gateways. One
// link and one event of the engine a hop are in it; bench_link tells what those cost alone.

namespace ekspath {
namespace {

/// Keeps the frame that arrived, to send it again.
struct Sink final : Receiver<PacketRef> {
  void receive(PacketRef frame) override { last = std::move(frame); }
  PacketRef last;
};

struct Bench {
  Bench() : fabric({engine, pool, places, 1}) {
    vpc = fabric.add_vpc({"vpc", {Prefix(Ipv4Address(192, 168, 0, 0), 16)}, true}).value();
    SubnetSpec a{"a", vpc, Prefix(Ipv4Address(192, 168, 1, 0), 24), "a", false, {}, {}};
    SubnetSpec b{"b", vpc, Prefix(Ipv4Address(192, 168, 2, 0), 24), "b", false, {}, {}};
    SubnetSpec c{"c", vpc, Prefix(Ipv4Address(192, 168, 3, 0), 24), "a", false, {}, {}};
    const SubnetId first = fabric.add_subnet(a).value(), second = fabric.add_subnet(b).value();
    const SubnetId third = fabric.add_subnet(c).value();
    group = fabric.add_cluster_security_group(vpc, "bench").value();
    one = eni("one", first, Ipv4Address(192, 168, 1, 10), sink_one);
    two = eni("two", second, Ipv4Address(192, 168, 2, 10), sink_two);
    inside = eni("inside", third, Ipv4Address(192, 168, 3, 10), sink_two);
    (void)fabric.associate_public_address(one, Ipv4Address(192, 168, 1, 10));
    host = fabric.add_internet_host({"far", {Ipv4Address(8, 8, 8, 8)}, {}, 0}).value();
    (void)fabric.attach(host, places.add("far/eth0"), sink_two);
    NatGatewaySpec nat;
    nat.name = "nat";
    nat.subnet = first;
    const NatGatewayId gateway = fabric.add_nat_gateway(nat).value();
    const auto out = fabric.vpc(vpc).main_route_table;
    (void)fabric.add_route(out, Prefix(), VpcRouteTarget::internet_gateway());
    const auto through = fabric.add_route_table(vpc, "private").value();
    (void)fabric.associate(third, through);
    (void)fabric.add_route(through, Prefix(), VpcRouteTarget::to(gateway));
  }
  EniId eni(const char* name, SubnetId subnet, Ipv4Address address, Sink& sink) {
    EniSpec spec;
    spec.name = name;
    spec.subnet = subnet;
    spec.address = address;
    spec.security_groups = {group};
    const EniId id = fabric.create_eni(spec).value();
    (void)fabric.attach(id, {places.add(name), &sink, 0});
    return id;
  }
  /// Sends the same bytes again and again, in the packet that arrived last time.
  void run(benchmark::State& state, EniId from, std::string_view text) {
    PacketRef sample = packet(pool, text);
    push_ethernet(*sample, fabric.subnet(fabric.eni(from).subnet()).gateway_mac, fabric.eni(from).mac(),
                  EtherType::ipv4);
    Eni& door = fabric.eni(from);
    for (auto _ : state) {
      door.receive(pool.clone(*sample));
      while (engine.step()) {
      }
    }
    state.SetItemsProcessed(state.iterations());
    if (!sink_two.last) state.SkipWithError("nothing arrived");
  }

  Engine engine;
  PacketPool pool;
  PlaceNames places;
  Fabric fabric;
  VpcId vpc;
  SecurityGroupId group;
  EniId one, two, inside;
  InternetHostId host;
  Sink sink_one, sink_two;
};

void across_zones(benchmark::State& state) {
  Bench bench;
  bench.run(state, bench.one, "192.168.1.10.4000 > 192.168.2.10.80: TCP P. seq 1 ack 1 len 64");
}
BENCHMARK(across_zones);

void to_the_internet(benchmark::State& state) {
  Bench bench;
  bench.run(state, bench.one, "192.168.1.10 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56");
}
BENCHMARK(to_the_internet);

void through_a_nat_gateway(benchmark::State& state) {
  Bench bench;
  bench.run(state, bench.inside, "192.168.3.10 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56");
}
BENCHMARK(through_a_nat_gateway);

void link_and_clone_alone(benchmark::State& state) {
  Bench bench;
  Link<PacketRef> link(bench.engine, Fabric::host_link(), bench.sink_two);
  PacketRef sample = packet(bench.pool, "192.168.1.10 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56");
  for (auto _ : state) {
    link.send(link, bench.pool.clone(*sample), sample->size());
    while (bench.engine.step()) {
    }
  }
}
BENCHMARK(link_and_clone_alone);

}  // namespace
}  // namespace ekspath
