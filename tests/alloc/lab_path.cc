#include <doctest/doctest.h>

#include "sim/linux/netfilter/iptables_text.hh"
#include "tests/alloc/counted_new.hh"
#include "tests/bench/world/flood_traffic.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

struct Counts {
  std::size_t allocations = 0;
  std::uint64_t hops = 0;  // while they were counted
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::string nat;  // of node1, with counters
};

/// Six pods on three nodes, each with the whole rule sets of CNI and kube-proxy; a second of floods, of which
/// the latter half is counted.
Counts flood(FloodPattern pattern) {
  const ClusterSize size{3, 2};
  Diagnostics diagnostics;
  const auto world = build_world(cluster_scenario(size), diagnostics);
  REQUIRE(world != nullptr);
  FloodPlan plan;
  plan.pattern = pattern;
  plan.packets = 60'000;
  FloodTraffic traffic(*world, size, plan);
  Counts counts;
  world->engine().run_until(500_ms);
  const std::uint64_t hops = hops_of(*world);
  counts.allocations = allocations_of([&] { world->engine().run_until(1_s); });
  counts.hops = hops_of(*world) - hops;
  world->engine().run_until(2_s);
  counts.sent = traffic.sent();
  counts.received = traffic.received();
  counts.nat = iptables(*world->host("node1")->netns, "-t nat -S -v").out;
  return counts;
}

}  // namespace

TEST_CASE("pod, node, fabric, node, pod: rules, connections and routes allocate nothing once flows stand") {
  const Counts counts = flood(FloodPattern::cross_node);
  CHECK(counts.allocations == 0);
  CHECK(counts.hops >= 119'000);
  CHECK(counts.sent == 60'000);
  CHECK(counts.received == counts.sent);
}

TEST_CASE("pod, node with SNAT, internet gateway, internet: nothing is allocated once flows stand") {
  const Counts counts = flood(FloodPattern::internet);
  CHECK(counts.allocations == 0);
  CHECK(counts.hops >= 89'000);
  CHECK(counts.received == 60'000);
  // Two pods of this node, a connection each; 28 + 56 bytes.
  CHECK(counts.nat.find("-c 2 168 -j SNAT --to-source") != std::string::npos);
}
