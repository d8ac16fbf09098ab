#include "sim/engine/timer.hh"

namespace ekspath {

void Timer::arm(Nanoseconds deadline) {
  deadline_ = deadline;
  if (deadline >= queued_) return;
  queued_ = deadline;
  owner_->engine().schedule(owner_->next_key(deadline), owner_->id(), kind_, argument_);
}

bool Timer::expired(const Event& event) {
  if (event.time == queued_) queued_ = Nanoseconds::never();
  if (deadline_ <= event.time) {
    deadline_ = Nanoseconds::never();
    return true;
  }
  if (deadline_ != Nanoseconds::never()) arm(deadline_);
  return false;
}

}  // namespace ekspath
