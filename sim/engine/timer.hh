#pragma once

#include "sim/engine/engine.hh"

namespace ekspath {

/// One deadline of an entity that often moves: moving it later costs nothing, the event in the queue finds out when it
/// fires (lazy). The owner routes its Event to expired(), which says whether the deadline really has come.
class Timer {
 public:
  /// `kind` and `argument` come back in the owner's Event.
  Timer(Entity& owner, std::uint32_t kind, std::uint32_t argument = 0)
      : owner_(&owner), kind_(kind), argument_(argument) {}

  void arm(Nanoseconds deadline);
  void cancel() { deadline_ = Nanoseconds::never(); }
  [[nodiscard]] bool armed() const { return deadline_ != Nanoseconds::never(); }
  [[nodiscard]] Nanoseconds deadline() const { return deadline_; }
  /// True once when the deadline has come (the timer is then disarmed); false when it was moved or cancelled.
  [[nodiscard]] bool expired(const Event& event);

 private:
  Entity* owner_;
  std::uint32_t kind_;
  std::uint32_t argument_;
  Nanoseconds deadline_ = Nanoseconds::never();
  Nanoseconds queued_ = Nanoseconds::never();  // the time of the earliest event of ours that waits in the queue
};

}  // namespace ekspath
