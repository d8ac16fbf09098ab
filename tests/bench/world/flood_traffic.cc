#include "tests/bench/world/flood_traffic.hh"

#include <algorithm>

#include "sim/base/assert.hh"

namespace ekspath {
namespace {

constexpr std::uint16_t sink_port = 9000;
constexpr Nanoseconds first_packet{1000};

}  // namespace

FloodTraffic::FloodTraffic(World& world, const ClusterSize& size, const FloodPlan& plan) {
  const std::uint32_t nodes = plan.nodes == 0 ? size.nodes : plan.nodes;
  ASSERT(nodes <= size.nodes);
  const std::uint32_t pods = nodes * size.pods;
  const std::uint32_t flows = plan.flows == 0 ? pods : plan.flows;
  const std::uint64_t each = plan.packets / flows;
  const std::uint64_t rest = plan.packets % flows;
  end_ = first_packet + plan.interval * static_cast<std::int64_t>(each + 2);

  std::vector<bool> has_sink(pods);
  Host* outside = world.host(internet_host_name);
  if (plan.pattern == FloodPattern::internet) {
    sinks_.push_back(std::make_unique<FloodSink>(*outside->netns, sink_port));
  }
  for (std::uint32_t flow = 0; flow < flows; ++flow) {
    const std::uint32_t node = flow % nodes;
    const std::uint32_t pod = flow / nodes % size.pods;
    const Host* to = outside;
    if (plan.pattern == FloodPattern::cross_node) {
      const std::uint32_t next = (node + 1) % nodes;
      to = world.host(pod_name(next, pod));
      if (!has_sink[next * size.pods + pod]) {
        has_sink[next * size.pods + pod] = true;
        sinks_.push_back(std::make_unique<FloodSink>(*to->netns, sink_port));
      }
    }
    FloodSpec spec;
    spec.destination = {to->address, sink_port};
    spec.payload_bytes = plan.payload_bytes;
    spec.interval = plan.interval;
    spec.count = each + (flow < rest ? 1 : 0);
    if (spec.count == 0) continue;
    const Nanoseconds start = first_packet + plan.interval * std::int64_t{flow} / std::int64_t{flows};
    senders_.push_back(std::make_unique<FloodSender>(*world.host(pod_name(node, pod))->netns, spec, start));
  }
}

std::uint64_t FloodTraffic::sent() const {
  std::uint64_t sum = 0;
  for (const auto& sender : senders_) sum += sender->sent();
  return sum;
}

std::uint64_t FloodTraffic::received() const {
  std::uint64_t sum = 0;
  for (const auto& sink : sinks_) sum += sink->received();
  return sum;
}

std::uint64_t hops_of(const World& world) {
  std::uint64_t hops = 0;
  for (const auto& netns : world.namespaces()) {
    for (const auto& interface : netns->owned_interfaces()) {
      if (interface->kind == InterfaceKind::loopback) continue;
      hops += interface->counters.rx_packets;
      // The fabric has no interface that would count what it was sent.
      if (interface->kind == InterfaceKind::ena) hops += interface->counters.tx_packets;
    }
  }
  return hops;
}

}  // namespace ekspath
