#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/apps/flood.hh"
#include "sim/lab/world.hh"
#include "tests/bench/world/cluster_scenario.hh"

namespace ekspath {

enum class FloodPattern : std::uint8_t {
  cross_node,  // pod k of a node to pod k of the next node
  internet,    // every pod to the host on the internet
};

struct FloodPlan {
  FloodPattern pattern = FloodPattern::cross_node;
  std::uint32_t nodes = 0;         // whose pods send, the first ones; 0: all
  std::uint32_t flows = 0;         // 0: one a pod of these nodes
  std::uint64_t packets = 100000;  // of all flows
  std::size_t payload_bytes = 56;
  Nanoseconds interval{100'000};  // between two packets of one flow
};

/// UDP datagrams from pods, as ../peers' ns-3 program sends them: flow f starts at 1 us + f / flows of the
/// interval.
class FloodTraffic {
 public:
  FloodTraffic(World& world, const ClusterSize& size, const FloodPlan& plan);

  /// When the last packet has left.
  [[nodiscard]] Nanoseconds end() const { return end_; }
  [[nodiscard]] std::uint64_t sent() const;
  [[nodiscard]] std::uint64_t received() const;

 private:
  std::vector<std::unique_ptr<FloodSender>> senders_;
  std::vector<std::unique_ptr<FloodSink>> sinks_;
  Nanoseconds end_;
};

/// Packets that crossed a link so far: the veths and both directions between each ENI and the fabric.
[[nodiscard]] std::uint64_t hops_of(const World& world);

}  // namespace ekspath
