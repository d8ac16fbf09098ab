#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <malloc.h>

#include "sim/linux/walk.hh"
#include "sim/packet/headers.hh"
#include "tests/support/linux/world.hh"
#include "tests/support/packet/packet_text.hh"

namespace ekspath {
namespace {

/// Takes frames off the wire and keeps the last.
class Sink final : public Receiver<PacketRef> {
 public:
  void receive(PacketRef frame) override { last = std::move(frame); }
  PacketRef last;
};

void blind(LinuxWorld& world, std::string_view host) {
  world[host].observer = nullptr;
  for (Interface* interface : world[host].interfaces()) interface->tap = nullptr;
}

/// One packet through a router: frame in, route, TTL, neighbour, frame out, and the event of the link behind
/// it.
void hop_through_router(benchmark::State& state) {
  LinuxWorld world("c(10.1.0.2) -- r(10.1.0.1, 10.2.0.1) -- s(10.2.0.2)");
  Netns& router = world["r"];
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    Route route;
    route.prefix = Prefix(Ipv4Address(static_cast<std::uint32_t>(0x0b000000 + i)), 32);
    route.out_interface = 2;
    route.scope = RouteScope::link;
    if (router.routing.add_route(route_table::main, route) != 0) state.SkipWithError("route");
    PolicyRule rule;
    rule.priority = 512;
    rule.to = route.prefix;
    rule.table = route_table::main;
    if (router.routing.add_rule(rule) != 0) state.SkipWithError("rule");
  }
  const NeighbourEntry server{Ipv4Address(10, 2, 0, 2), 3, world.at("s/e0").mac, NeighbourState::permanent};
  if (router.neighbours.add(server) != 0) state.SkipWithError("neighbour");
  blind(world, "r");
  Sink sink;
  world.at("r/e1").connect({}, sink);
  Interface& in = world.at("r/e0");
  sink.last =
      frame(world.pool, "02:00:00:00:01:00 > 02:00:00:00:02:00 | 10.1.0.2.1 > 10.2.0.2.2: UDP 56, ttl 255");
  const MacAddress to = in.mac;
  const MacAddress from = world.at("c/e0").mac;
  for (auto _ : state) {
    PacketRef packet = std::move(sink.last);
    EthernetView header = ethernet(*packet);
    header.destination(to);
    header.source(from);
    Ipv4View{packet->data() + EthernetView::size}.ttl(64);
    ingress(in, std::move(packet));
    world.engine.step();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(hop_through_router)->Arg(0)->Arg(30)->Arg(1000);

/// A whole echo over three hosts: eight hops' worth of walk, one answer by the kernel.
void echo_over_router(benchmark::State& state) {
  LinuxWorld world("c(10.1.0.2) -- r(10.1.0.1, 10.2.0.1) -- s(10.2.0.2)");
  for (const std::string_view host : {"c", "r", "s"}) blind(world, host);
  Netns& client = world["c"];
  FlowKey key;
  key.source = Ipv4Address(10, 1, 0, 2);
  key.destination = Ipv4Address(10, 2, 0, 2);
  const PacketRef request = packet(world.pool, "10.1.0.2 > 10.2.0.2: ICMP echo request id 7 seq 1 len 56");
  for (auto _ : state) {
    const RouteResult route = client.routing.lookup(key);
    benchmark::DoNotOptimize(local_out(client, world.pool.clone(*request), route));
    for (int i = 0; i < 4; ++i) world.engine.step();
  }
  state.SetItemsProcessed(state.iterations() * 4);
}
BENCHMARK(echo_over_router);

/// Memory of pods as the CNI wires them, node side included.
void bytes_per_pod(benchmark::State& state) {
  for (auto _ : state) {
    LinuxWorld world("node(10.0.0.1) -- gw(10.0.0.2)");
    Netns& node = world["node"];
    std::vector<std::unique_ptr<Netns>> pods;
    const std::size_t before = mallinfo2().uordblks;
    constexpr std::uint32_t many = 1000;
    for (std::uint32_t i = 0; i < many; ++i) {
      pods.push_back(std::make_unique<Netns>(world.kernel, fmt::format("pod{}", i)));
      Netns& pod = *pods.back();
      const MacAddress mac{{2, 0, 1, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}};
      Netns::add_veth(pod, "eth0", mac, node, fmt::format("eni{:011x}", i), mac, 9001, {});
      Interface& eth0 = *pod.find_interface("eth0");
      InterfaceAddress own;
      own.address = Ipv4Address(0x0a010000 + i);
      int error = pod.add_address(eth0, own);
      pod.set_up(eth0, true);
      node.set_up(*eth0.peer, true);
      Route gateway;
      gateway.prefix = Prefix(Ipv4Address(169, 254, 1, 1), 32);
      gateway.out_interface = eth0.index;
      gateway.scope = RouteScope::link;
      error |= pod.routing.add_route(route_table::main, gateway);
      Route by_default;
      by_default.gateway = gateway.prefix.network();
      error |= pod.routing.add_route(route_table::main, by_default);
      error |= pod.neighbours.add({gateway.prefix.network(), eth0.index, mac, NeighbourState::permanent});
      Route to_pod = gateway;
      to_pod.prefix = Prefix(own.address, 32);
      to_pod.out_interface = eth0.peer->index;
      error |= node.routing.add_route(route_table::main, to_pod);
      if (error != 0) state.SkipWithError("wiring");
    }
    state.counters["bytes"] = static_cast<double>(mallinfo2().uordblks - before) / many;
    state.counters["Netns"] = sizeof(Netns);
    state.counters["Interface"] = sizeof(Interface);
  }
}
BENCHMARK(bytes_per_pod)->Iterations(1);

}  // namespace
}  // namespace ekspath
