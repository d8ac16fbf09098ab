#include "sim/aws/flow_table.hh"

#include <doctest/doctest.h>

#include <map>

#include "sim/engine/random.hh"

namespace ekspath {
namespace {

Tuple flow(std::uint64_t n) {
  return {Ipv4Address(10, 0, 0, 1), Ipv4Address(10, 0, 0, 2), static_cast<std::uint16_t>(n), 80, 6};
}

}  // namespace

TEST_CASE("a flow table agrees with a map through insertions, erasures and sweeps") {
  FlowTable<std::uint64_t> table;
  std::map<std::uint64_t, std::uint64_t> truth;
  Random luck(1, "flow table", "test");
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t n = luck.uniform(500);
    if (luck.uniform(2) == 0) {
      if (truth.emplace(n, n * 7).second) table.insert(flow(n), n * 7);
    } else {
      truth.erase(n);
      table.erase(flow(n));
    }
    if (step % 1000 == 0) {
      std::erase_if(truth, [](const auto& entry) { return entry.first % 3 == 0; });
      table.erase_if([](const Tuple& key, std::uint64_t) { return key.source_port % 3 == 0; });
    }
    if (step % 100 != 0) continue;
    CHECK(table.size() == truth.size());
    for (std::uint64_t i = 0; i < 500; ++i) {
      const std::uint64_t* found = table.find(flow(i));
      REQUIRE((found != nullptr) == truth.contains(i));
      if (found != nullptr) CHECK(*found == i * 7);
    }
  }
}

}  // namespace ekspath
