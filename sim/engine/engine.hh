#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "sim/base/nanoseconds.hh"
#include "sim/engine/entity.hh"
#include "sim/engine/event.hh"
#include "sim/engine/event_queue.hh"

namespace ekspath {

/// Pops the least event and fires its target; the only clock of a world. Knows nothing of what happens then.
/// Two events of one key, or one before the present, are a fault of ours and abort.
class Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] Nanoseconds now() const { return now_; }

  /// Tells `target` at `key.time`, which is not before now(). The key comes from the source's next_key().
  void schedule(const EventKey& key, EntityId target, std::uint32_t kind = 0, std::uint32_t argument = 0) {
    schedule(Event{key.time, key.sequence, key.source, target, kind, argument});
  }
  void schedule(const Event& event);

  /// Fires the next event, if there is one; false when the queue is empty.
  bool step();
  /// Fires everything due up to and including `time`; now() is `time` afterwards, unless the run was interrupted.
  void run_until(Nanoseconds time);
  /// Fires until no event is left, or interrupted.
  void run();
  /// When the next event is due; Nanoseconds::never() when there is none.
  [[nodiscard]] Nanoseconds next_due() const;

  /// Safe in a signal handler: the running run() or run_until() returns after the event at hand.
  void interrupt() { interrupted_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool interrupted() const { return interrupted_.load(std::memory_order_relaxed); }

  [[nodiscard]] std::uint64_t events_fired() const { return fired_; }
  [[nodiscard]] std::size_t events_waiting() const { return queue_.size(); }

 private:
  friend class Entity;
  EntityId adopt(Entity& entity);
  void forget(EntityId id);
  void fire(const Event& event);
  void expect_upcoming() const;

  EventQueue queue_;
  std::vector<Entity*> entities_;
  Nanoseconds now_;
  EventKey last_;
  std::uint64_t fired_ = 0;
  std::atomic<bool> interrupted_ = false;
};

}  // namespace ekspath
