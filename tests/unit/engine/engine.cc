#include "sim/engine/engine.hh"

#include <doctest/doctest.h>

#include <optional>
#include <vector>

#include "tests/support/text/aborts.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

/// Notes what it is told, and may say something itself.
class Note final : public Entity {
 public:
  explicit Note(Engine& engine, std::vector<std::uint32_t>& told) : Entity(engine), told_(&told) {}
  void fire(const Event& event) override {
    told_->push_back(event.kind);
    if (event.argument > 0)
      engine().schedule(next_key(now() + 1_ms), id(), event.kind + 1, event.argument - 1);
  }

 private:
  std::vector<std::uint32_t>* told_;
};

}  // namespace

TEST_CASE("events fire in the order of time, and the clock stands at each") {
  Engine engine;
  std::vector<std::uint32_t> told;
  Note note(engine, told);
  engine.schedule(note.next_key(2_ms), note.id(), 20);
  engine.schedule(note.next_key(1_ms), note.id(), 10);
  CHECK(engine.next_due() == 1_ms);
  CHECK(engine.step());
  CHECK(engine.now() == 1_ms);
  CHECK(engine.step());
  CHECK(engine.now() == 2_ms);
  CHECK_FALSE(engine.step());
  CHECK(told == std::vector<std::uint32_t>{10, 20});
  CHECK(engine.events_fired() == 2);
  CHECK(engine.next_due() == Nanoseconds::never());
}

TEST_CASE("at one instant the older entity comes first, then what it caused first") {
  Engine engine;
  std::vector<std::uint32_t> told;
  Note older(engine, told);
  Note newer(engine, told);
  engine.schedule(newer.next_key(1_ms), newer.id(), 3);
  engine.schedule(older.next_key(1_ms), older.id(), 1);
  engine.schedule(older.next_key(1_ms), older.id(), 2);
  engine.run();
  CHECK(told == std::vector<std::uint32_t>{1, 2, 3});
}

TEST_CASE("a run until an instant fires what is due then, and stands there afterwards") {
  Engine engine;
  std::vector<std::uint32_t> told;
  Note note(engine, told);
  engine.schedule(note.next_key(1_s), note.id(), 1);
  engine.schedule(note.next_key(1_s + 1_ns), note.id(), 2);
  engine.run_until(1_s);
  CHECK(told == std::vector<std::uint32_t>{1});
  CHECK(engine.now() == 1_s);
  engine.run_until(3_s);
  CHECK(told == std::vector<std::uint32_t>{1, 2});
  CHECK(engine.now() == 3_s);
}

TEST_CASE("an event that causes events is followed until nothing is left") {
  Engine engine;
  std::vector<std::uint32_t> told;
  Note note(engine, told);
  engine.schedule(note.next_key(0_s), note.id(), 1, 3);
  engine.run();
  CHECK(told == std::vector<std::uint32_t>{1, 2, 3, 4});
  CHECK(engine.now() == 3_ms);
}

TEST_CASE("an event for an entity that is gone tells nobody") {
  Engine engine;
  std::vector<std::uint32_t> told;
  Note stays(engine, told);
  std::optional<Note> goes(std::in_place, engine, told);
  engine.schedule(goes->next_key(1_ms), goes->id(), 1);
  engine.schedule(stays.next_key(2_ms), stays.id(), 2);
  goes.reset();
  engine.run();
  CHECK(told == std::vector<std::uint32_t>{2});
}

TEST_CASE("an interrupted run stops after the event at hand and keeps the rest") {
  struct Interrupter final : Entity {
    using Entity::Entity;
    void fire(const Event&) override { engine().interrupt(); }
  };
  Engine engine;
  Interrupter interrupter(engine);
  engine.schedule(interrupter.next_key(1_ms), interrupter.id());
  engine.schedule(interrupter.next_key(2_ms), interrupter.id());
  engine.run_until(5_ms);
  CHECK(engine.interrupted());
  CHECK(engine.now() == 1_ms);
  CHECK(engine.events_waiting() == 1);
}

TEST_CASE("an event before the present aborts, and so do two of one key") {
  Engine engine;
  std::vector<std::uint32_t> told;
  Note note(engine, told);
  engine.run_until(2_ms);
  CHECK(abort_message([&] { engine.schedule(note.next_key(1_ms), note.id()); }).find("event.time >= now_") !=
        std::string::npos);
  const EventKey key = note.next_key(3_ms);
  engine.schedule(key, note.id());
  engine.schedule(key, note.id());
  CHECK(abort_message([&] { engine.run(); }).find("event.key() != last_") != std::string::npos);
}
