#include <benchmark/benchmark.h>

#include <deque>
#include <memory>

#include "sim/engine/engine.hh"
#include "sim/engine/link.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

struct Frame {
  std::unique_ptr<int> packet;
};

/// What comes in goes out on the next link of a ring: pods, nodes and fabric with nothing inside.
class Hub final : public Entity, public Receiver<Frame> {
 public:
  using Entity::Entity;
  void receive(Frame frame) override { next->send(*this, std::move(frame), 98); }
  void fire(const Event&) override {}
  Link<Frame>* next = nullptr;
};

/// A frame crosses a link: the engine, its queue and the link's ring, and nothing else. range(0) links,
/// range(1) frames each.
void hop(benchmark::State& state) {
  Engine engine;
  std::deque<Hub> hubs;
  std::deque<Link<Frame>> links;
  for (std::int64_t i = 0; i < state.range(0); ++i) hubs.emplace_back(engine);
  for (std::size_t i = 0; i < hubs.size(); ++i) {
    const Nanoseconds delay = i % 4 == 3 ? 25_us : 2_us;
    links.emplace_back(engine, LinkSpec{.delay = delay}, hubs[(i + 1) % hubs.size()]);
    hubs[i].next = &links.back();
  }
  for (std::size_t i = 0; i < hubs.size(); ++i) {
    for (std::int64_t k = 0; k < state.range(1); ++k) {
      links[i].send(hubs[i], {}, 98, Nanoseconds(static_cast<std::int64_t>(i) * 37 + k * 101));
    }
  }
  for (auto _ : state) engine.step();
  state.SetItemsProcessed(state.iterations());
}

}  // namespace

BENCHMARK(hop)->Args({4, 1})->Args({120, 1})->Args({120, 10})->Args({12'000, 1})->Args({120'000, 1});
