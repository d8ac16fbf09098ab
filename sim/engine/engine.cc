#include "sim/engine/engine.hh"

#include "sim/base/assert.hh"
#include "sim/base/fetch_line.hh"

namespace ekspath {

Entity::Entity(Engine& engine) : engine_(&engine), id_(engine.adopt(*this)) {}
Entity::~Entity() { engine_->forget(id_); }
Nanoseconds Entity::now() const { return engine_->now(); }

void Engine::schedule(const Event& event) {
  ASSERT(event.time >= now_);
  queue_.push(event);
}

bool Engine::step() {
  Event event;
  if (!queue_.take(Nanoseconds::never(), event)) return false;
  fire(event);
  return true;
}

void Engine::fire(const Event& event) {
  ASSERT(event.time >= now_);
  ASSERT(fired_ == 0 || event.key() != last_);
  last_ = event.key();
  now_ = event.time;
  ++fired_;
  // A target that is gone (a pod deleted with its timers pending) has nothing left to be told.
  if (Entity* target = entities_[event.target.value()]) target->fire(event);
}

void Engine::run_until(Nanoseconds time) {
  for (Event event; !interrupted();) {
    if (!queue_.take(time, event)) {
      if (time > now_) now_ = time;
      return;
    }
    if (queue_.looks_ahead()) expect_upcoming();
    fire(event);
  }
}

/// What the events of a large world need has left the caches long ago, and each thing is found only through
/// another. So the targets of the next events fetch it bit by bit, each bit some events after the one that
/// leads to it; a read from memory takes about as long as an event.
void Engine::expect_upcoming() const {
  constexpr std::size_t pace = 2;  // events from stage to stage
  constexpr std::size_t stages = 4;
  static_assert(pace * (stages + 2) < EventQueue::ahead);
  const std::span<const Event> next = queue_.upcoming();
  std::size_t distance = pace * (stages + 2);
  if (distance < next.size()) fetch_line(&entities_[next[distance].target.value()]);
  distance -= pace;
  if (distance < next.size()) {
    if (const Entity* target = entities_[next[distance].target.value()]) fetch_lines(target, 2);
  }
  for (unsigned stage = 0; stage < stages; ++stage) {
    distance -= pace;
    if (distance >= next.size()) continue;
    if (const Entity* target = entities_[next[distance].target.value()])
      target->expect(next[distance], stage);
  }
}

void Engine::run() {
  while (!interrupted() && step()) {
  }
}

Nanoseconds Engine::next_due() const { return queue_.next_time(); }

EntityId Engine::adopt(Entity& entity) {
  entities_.push_back(&entity);
  return EntityId(static_cast<std::uint32_t>(entities_.size() - 1));
}

void Engine::forget(EntityId id) { entities_[id.value()] = nullptr; }

}  // namespace ekspath
