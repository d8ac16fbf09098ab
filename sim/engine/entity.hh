#pragma once

#include <cstdint>

#include "sim/engine/event.hh"

namespace ekspath {

class Engine;

/// What owns an id and a sequence counter, and is told of events: a namespace, a link, an ENI, a program.
/// Lives at a fixed address from its registration to the end of the engine.
class Entity {
 public:
  explicit Entity(Engine& engine);
  Entity(const Entity&) = delete;
  Entity& operator=(const Entity&) = delete;

  [[nodiscard]] EntityId id() const { return id_; }
  [[nodiscard]] Engine& engine() const { return *engine_; }
  [[nodiscard]] Nanoseconds now() const;
  /// The key of something that this entity causes at `time`; each call takes the next sequence number.
  [[nodiscard]] EventKey next_key(Nanoseconds time) { return {time, id_, sequence_++}; }

  /// An event whose target this entity is has come due.
  virtual void fire(const Event& event) = 0;
  /// `event` is probably due soon: asks the caches for what fire() will read, and changes nothing. Called
  /// once for each stage, from 0 on, some events apart, so that a stage finds what the one before it asked
  /// for.
  virtual void expect(const Event& /*event*/, unsigned /*stage*/) const {}

 protected:
  ~Entity();

 private:
  Engine* engine_;
  std::uint64_t sequence_ = 0;
  EntityId id_;  // last: what derives from an entity has its first number in the same word
};

}  // namespace ekspath
