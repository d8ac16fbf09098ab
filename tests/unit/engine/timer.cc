#include "sim/engine/timer.hh"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <optional>
#include <vector>

#include "sim/engine/random.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

class Clock final : public Entity {
 public:
  explicit Clock(Engine& engine) : Entity(engine), timer(*this, 7, 9) {}
  void fire(const Event& event) override {
    CHECK(event.kind == 7);
    CHECK(event.argument == 9);
    if (timer.expired(event)) rang.push_back(now());
  }

  Timer timer;
  std::vector<Nanoseconds> rang;
};

using Times = std::vector<Nanoseconds>;

}  // namespace

TEST_CASE("a timer rings once, at its deadline") {
  Engine engine;
  Clock clock(engine);
  clock.timer.arm(5_ms);
  CHECK(clock.timer.armed());
  CHECK(clock.timer.deadline() == 5_ms);
  engine.run();
  CHECK(clock.rang == Times{5_ms});
  CHECK_FALSE(clock.timer.armed());
}

TEST_CASE("moving a deadline later costs no event until the old one comes") {
  Engine engine;
  Clock clock(engine);
  clock.timer.arm(5_ms);
  for (int i = 1; i <= 100; ++i) clock.timer.arm(5_ms + i * 1_ms);
  CHECK(engine.events_waiting() == 1);
  engine.run();
  CHECK(clock.rang == Times{105_ms});
  CHECK(engine.events_fired() == 2);
}

TEST_CASE("a deadline moved earlier rings then, and not again at the old one") {
  Engine engine;
  Clock clock(engine);
  clock.timer.arm(50_ms);
  clock.timer.arm(5_ms);
  engine.run();
  CHECK(clock.rang == Times{5_ms});
}

TEST_CASE("a cancelled timer does not ring, and may be armed again for the same instant") {
  Engine engine;
  Clock clock(engine);
  clock.timer.arm(5_ms);
  clock.timer.cancel();
  CHECK_FALSE(clock.timer.armed());
  engine.run_until(3_ms);
  clock.timer.arm(5_ms);
  CHECK(engine.events_waiting() == 1);
  engine.run();
  CHECK(clock.rang == Times{5_ms});
}

TEST_CASE("the event that an earlier deadline left behind does not ring for a later one") {
  Engine engine;
  Clock clock(engine);
  clock.timer.arm(10_ms);
  clock.timer.arm(5_ms);
  engine.run_until(5_ms);
  clock.timer.arm(20_ms);
  engine.run();
  CHECK(clock.rang == Times{5_ms, 20_ms});
}

TEST_CASE("however it is moved, a timer rings exactly at the deadline that stands") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed, "timer", "test");
    Engine engine;
    Clock clock(engine);
    Times expected;
    std::optional<Nanoseconds> deadline;
    for (std::int64_t tick = 0; tick < 200; ++tick) {
      const Nanoseconds now = tick * 1_ms;
      engine.run_until(now);
      if (deadline && *deadline <= now) {
        expected.push_back(*deadline);
        deadline.reset();
      }
      switch (random.uniform(6)) {
        case 0:
          deadline.reset();
          clock.timer.cancel();
          break;
        case 1:
        case 2:
          deadline = now + Nanoseconds(static_cast<std::int64_t>(1 + random.uniform(20)) * 500'000);
          clock.timer.arm(*deadline);
          break;
        default:
          break;
      }
    }
    if (deadline) expected.push_back(*deadline);
    engine.run();
    REQUIRE(clock.rang == expected);
  }
}
