#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "sim/base/assert.hh"
#include "sim/eks/kube_proxy.hh"
#include "sim/eks/kubelet.hh"
#include "sim/linux/conntrack/conntrack.hh"
#include "sim/linux/walk.hh"
#include "sim/packet/headers.hh"
#include "tests/support/linux/world.hh"
#include "tests/support/packet/packet_text.hh"

/// Services by the thousand on one node: rules written by kube-proxy, read and compiled (P9), and what the
/// first packet of a flow costs by the place of its service (P10). With EKSPATH_RULES_FILE in the environment
/// the input of iptables-restore for 10,000 services is written there, for services_kernel.sh.
namespace ekspath {
namespace {

constexpr std::uint32_t endpoints_each = 3;

Ipv4Address address_of(std::uint32_t service) { return Ipv4Address(10, 100, 0, 1).plus(service); }

void fill(ServiceTable& table, std::uint32_t services) {
  for (std::uint32_t i = 0; i < services; ++i) {
    ServicePort port;
    port.name = {{"default", fmt::format("service-{:05}", i)}, "http", ServiceProtocol::tcp};
    port.cluster_ip = address_of(i);
    port.port = 80;
    ServiceTable::NamedEndpoints behind{"http", ServiceProtocol::tcp, {}};
    for (std::uint32_t k = 0; k < endpoints_each; ++k) {
      behind.endpoints.push_back({Ipv4Address(10, 2, 0, 0).plus(i * endpoints_each + k), 8080, "node2"});
    }
    table.put_service(port.name.service, {port});
    table.put_endpoints(port.name.service, {std::move(behind)});
  }
}

/// pod -- node -- outside, nobody looking.
struct ServiceNode {
  LinuxWorld world{"pod(10.0.0.5) -- node(10.0.0.1, 192.168.1.10) -- outside(192.168.1.99)"};
  ServiceTable table;
  KubeProxy proxy{world["node"], {1, 30}, {"node1", Ipv4Address(192, 168, 1, 10)}, table};

  explicit ServiceNode(std::uint32_t services) {
    Netns& node = world["node"];
    ASSERT(node.routing.add_route(route_table::main, {.prefix = Prefix(),
                                                      .out_interface = world.at("node/e1").index,
                                                      .gateway = Ipv4Address(192, 168, 1, 99)}) == 0);
    ASSERT(node.neighbours.add({Ipv4Address(192, 168, 1, 99), world.at("node/e1").index,
                                world.at("outside/e0").mac, NeighbourState::permanent}) == 0);
    node.observer = nullptr;
    for (Interface* interface : node.interfaces()) interface->tap = nullptr;
    start_kubelet_network(node);
    fill(table, services);
    proxy.start();
  }
};

void load(benchmark::State& state) {
  const auto services = static_cast<std::uint32_t>(state.range(0));
  for (auto _ : state) {
    ServiceNode node(services);
    benchmark::DoNotOptimize(&node);
    if (const char* file = std::getenv("EKSPATH_RULES_FILE"); file != nullptr && services == 10000) {
      const std::string text = node.proxy.restore_input(KubeProxy::Extent::full);
      const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen(file, "w"), std::fclose);
      ASSERT(out != nullptr);
      fmt::print(out.get(), "{}", text);
    }
  }
}
BENCHMARK(load)->Arg(1000)->Arg(10000)->Unit(benchmark::kMillisecond)->Iterations(2);

/// A sync when one of the services changed: the top-level chains are written whole.
void change_one(benchmark::State& state) {
  ServiceNode node(static_cast<std::uint32_t>(state.range(0)));
  const ServiceName name{"default", "service-00500"};
  std::uint16_t port = 9000;
  for (auto _ : state) {
    const auto before = node.table.udp_state(name);
    node.table.put_endpoints(name,
                             {{"http", ServiceProtocol::tcp, {{Ipv4Address(10, 3, 0, 1), ++port, "node2"}}}});
    node.proxy.note_change(name, before);
    ASSERT(node.proxy.sync());
  }
}
BENCHMARK(change_one)->Arg(1000)->Arg(10000)->Unit(benchmark::kMillisecond)->Iterations(10);

/// The first packet of a flow from a pod to the service at that place of KUBE-SERVICES, out of the other
/// interface. Every flow is new.
void first_packet(benchmark::State& state) {
  ServiceNode node(10000);
  Netns& netns = node.world["node"];
  Interface& in = node.world.at("node/e0");
  const Ipv4Address service = address_of(static_cast<std::uint32_t>(state.range(0)));
  std::uint32_t flow = 0;
  for (auto _ : state) {
    state.PauseTiming();
    if (flow % 4096 == 0 && netns.conntrack != nullptr)
      static_cast<void>(netns.conntrack->erase_if([](const Connection&) { return true; }));
    PacketRef packet =
        frame(node.world.pool,
              fmt::format("02:00:00:00:01:00 > 02:00:00:00:02:00 | 10.0.0.5.{} > {}.80: TCP S seq 1",
                          1024 + flow++ % 60000, service));
    state.ResumeTiming();
    ingress(in, std::move(packet));
    state.PauseTiming();
    node.world.run_for(Nanoseconds(1000));
    state.ResumeTiming();
  }
}
BENCHMARK(first_packet)->Arg(0)->Arg(5000)->Arg(9999)->Iterations(20000);

}  // namespace
}  // namespace ekspath
