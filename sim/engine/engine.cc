#include "sim/engine/engine.hh"

#include "sim/base/assert.hh"

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
  constexpr std::size_t pace = 3;  // events from stage to stage
  std::size_t distance = EventQueue::ahead - 1;
  if (const Event* far = queue_.upcoming(distance)) __builtin_prefetch(&entities_[far->target.value()]);
  distance -= pace;
  if (const Event* next = queue_.upcoming(distance)) {
    const auto* target = reinterpret_cast<const char*>(entities_[next->target.value()]);
    __builtin_prefetch(target);
    __builtin_prefetch(target + 64);
  }
  for (unsigned stage = 0; distance > pace; ++stage) {
    distance -= pace;
    const Event* event = queue_.upcoming(distance);
    if (event == nullptr) continue;
    if (const Entity* target = entities_[event->target.value()]) target->expect(*event, stage);
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
