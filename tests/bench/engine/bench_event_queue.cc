#include <benchmark/benchmark.h>

#include <array>

#include "sim/engine/event_heap.hh"
#include "sim/engine/event_queue.hh"
#include "sim/engine/random.hh"

using namespace ekspath;

namespace {

/// Delays as a run has them: veths and the fabric for the most part, now and then the internet or a timer.
std::int64_t mixed_delay(Random& random) {
  static constexpr std::array<std::int64_t, 8> delays{1'000,   2'000,      25'000,     25'000,
                                                      100'000, 10'000'000, 30'000'000, 1'000'000'000};
  const std::uint64_t draw = random.next();
  return delays[draw & 7] + static_cast<std::int64_t>((draw >> 8) & 1023);
}

std::int64_t veth_delay(Random& random) { return 2'000 + static_cast<std::int64_t>(random.next() & 1023); }

std::int64_t steady_delay(Random&) { return 25'000; }

/// The classic hold model: take the least event, push one that it causes; `range(0)` events are queued all
/// the time.
template <class Queue, std::int64_t (*delay)(Random&)>
void hold(benchmark::State& state) {
  Random random(1, "bench", "delays");
  Queue queue;
  std::uint64_t sequence = 0;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    queue.push({Nanoseconds(delay(random) + i * 7), sequence++, EntityId(1), EntityId(2), 0, 0});
  }
  for (auto _ : state) {
    Event event = queue.top();
    queue.pop();
    event.time += Nanoseconds(delay(random));
    event.sequence = sequence++;
    queue.push(event);
  }
  state.SetItemsProcessed(state.iterations());
}

}  // namespace

BENCHMARK(hold<EventHeap, mixed_delay>)->RangeMultiplier(10)->Range(10, 1'000'000);
BENCHMARK(hold<EventQueue, mixed_delay>)->RangeMultiplier(10)->Range(10, 1'000'000);
BENCHMARK(hold<EventHeap, veth_delay>)->RangeMultiplier(10)->Range(10, 1'000'000);
BENCHMARK(hold<EventQueue, veth_delay>)->RangeMultiplier(10)->Range(10, 1'000'000);
BENCHMARK(hold<EventHeap, steady_delay>)->RangeMultiplier(10)->Range(10, 1'000'000);
BENCHMARK(hold<EventQueue, steady_delay>)->RangeMultiplier(10)->Range(10, 1'000'000);
