#include "sim/engine/link.hh"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

using namespace ekspath;
using namespace ekspath::literals;

namespace {

using Frame = std::unique_ptr<int>;  // move-only, as packets are
using Arrivals = std::vector<std::pair<Nanoseconds, int>>;

class Sender final : public Entity {
 public:
  using Entity::Entity;
  void fire(const Event&) override {}
};

class Inbox final : public Receiver<Frame> {
 public:
  explicit Inbox(Engine& engine) : engine_(&engine) {}
  void receive(Frame frame) override { arrived.emplace_back(engine_->now(), *frame); }
  Arrivals arrived;

 private:
  Engine* engine_;
};

struct Wire {
  explicit Wire(const LinkSpec& spec) : sender(engine), inbox(engine), link(engine, spec, inbox) {}
  void send(int number, std::size_t bytes = 100, Nanoseconds extra = {}) {
    link.send(sender, std::make_unique<int>(number), bytes, extra);
  }

  Engine engine;
  Sender sender;
  Inbox inbox;
  Link<Frame> link;
  Random luck{1, "wire", "loss"};
};

}  // namespace

TEST_CASE("a frame arrives after the link's delay") {
  Wire wire({.delay = 25_us});
  wire.engine.run_until(1_ms);
  wire.send(1);
  CHECK(wire.link.in_flight() == 1);
  wire.engine.run();
  CHECK(wire.inbox.arrived == Arrivals{{1_ms + 25_us, 1}});
  CHECK(wire.link.in_flight() == 0);
}

TEST_CASE("frames of one instant arrive in the order in which they were sent") {
  Wire wire({.delay = 1_us});
  for (int i = 0; i < 100; ++i) wire.send(i);
  wire.engine.run();
  REQUIRE(wire.inbox.arrived.size() == 100);
  for (int i = 0; i < 100; ++i) CHECK(wire.inbox.arrived[static_cast<std::size_t>(i)] == std::pair{1_us, i});
}

TEST_CASE("a link has one event in the queue however many frames are under way") {
  Wire wire({.delay = 10_ms});
  for (int i = 0; i < 1000; ++i) wire.send(i);
  CHECK(wire.engine.events_waiting() == 1);
}

TEST_CASE("with a rate, frames leave one behind the other") {
  Wire wire({.delay = 1_ms, .rate_bps = 8'000'000});  // a byte a microsecond
  wire.send(1, 100);
  wire.send(2, 50);
  wire.engine.run_until(5_ms);
  wire.send(3, 100);
  wire.engine.run();
  CHECK(wire.inbox.arrived == Arrivals{{1_ms + 100_us, 1}, {1_ms + 150_us, 2}, {6_ms + 100_us, 3}});
}

TEST_CASE("a frame with less to go overtakes one with more") {
  Wire wire({.delay = 1_us});
  wire.send(1, 100, 300_us);
  wire.send(2, 100, 100_us);
  wire.send(3, 100, 200_us);
  wire.send(4, 100, 100_us);
  wire.engine.run();
  CHECK(wire.inbox.arrived == Arrivals{{101_us, 2}, {101_us, 4}, {201_us, 3}, {301_us, 1}});
}

TEST_CASE("frames that overtake and grow the ring all arrive, sorted by time") {
  Wire wire({.delay = 1_us});
  Random random(3, "link", "test");
  Nanoseconds step = 0_ns;
  for (int i = 0; i < 2000; ++i) {
    wire.send(i, 100, Nanoseconds(static_cast<std::int64_t>(random.uniform(100'000))));
    if (i % 7 == 0) wire.engine.run_until(step += 3_us);
  }
  wire.engine.run();
  REQUIRE(wire.inbox.arrived.size() == 2000);
  CHECK(std::ranges::is_sorted(wire.inbox.arrived, {}, &std::pair<Nanoseconds, int>::first));
}

TEST_CASE("only as many frames wait for serialisation as the queue has room for") {
  Wire wire({.delay = 1_ms, .rate_bps = 8'000'000, .queue_limit = 2});
  int sent = 0;
  for (int i = 0; i < 10; ++i) {
    if (wire.link.admit(100, wire.luck) != Admission::sent) continue;
    wire.send(i);
    ++sent;
  }
  CHECK(sent == 3);  // one is being sent, two wait
  wire.engine.run_until(100_us);
  CHECK(wire.link.admit(100, wire.luck) == Admission::sent);
}

TEST_CASE("a small frame finds the queue as full as a large one") {
  Wire wire({.delay = 1_ms, .rate_bps = 8'000'000, .queue_limit = 2});
  wire.send(1, 1500);
  wire.send(2, 1500);
  CHECK(wire.link.admit(40, wire.luck) == Admission::sent);
  wire.send(3, 40);
  CHECK(wire.link.admit(40, wire.luck) == Admission::queue_full);
  CHECK(wire.link.admit(1500, wire.luck) == Admission::queue_full);
}

TEST_CASE("a link loses the share of frames that it was told to, and without loss draws nothing") {
  Wire lossy({.delay = 1_us, .loss_per_million = 250'000});
  int lost = 0;
  for (int i = 0; i < 4000; ++i) lost += lossy.link.admit(100, lossy.luck) == Admission::lost ? 1 : 0;
  CHECK(lost > 900);
  CHECK(lost < 1100);

  Wire sound({.delay = 1_us});
  Random untouched(1, "wire", "loss");
  CHECK(sound.link.admit(100, sound.luck) == Admission::sent);
  CHECK(sound.luck.next() == untouched.next());
}

TEST_CASE("a link that loses everything admits nothing") {
  Wire wire({.delay = 1_us, .loss_per_million = 1'000'000});
  for (int i = 0; i < 100; ++i) CHECK(wire.link.admit(100, wire.luck) == Admission::lost);
}

TEST_CASE("a link that was made faster lets new frames overtake those under way") {
  Wire wire({.delay = 10_ms});
  wire.send(1);
  wire.link.change({.delay = 1_ms});
  wire.send(2);
  wire.engine.run();
  CHECK(wire.inbox.arrived == Arrivals{{1_ms, 2}, {10_ms, 1}});
}

TEST_CASE("a frame may be sent back from within its arrival") {
  struct Echo final : Receiver<Frame> {
    explicit Echo(Engine& engine) : sender(engine) {}
    void receive(Frame frame) override {
      if (*frame > 0) {
        --*frame;
        back->send(sender, std::move(frame), 100);
      }
      ++received;
    }
    Sender sender;
    Link<Frame>* back = nullptr;
    int received = 0;
  };
  Engine engine;
  Echo echo(engine);
  Link<Frame> link(engine, {.delay = 1_us}, echo);
  echo.back = &link;
  link.send(echo.sender, std::make_unique<int>(9), 100);
  engine.run();
  CHECK(echo.received == 10);
  CHECK(engine.now() == 10_us);
}
