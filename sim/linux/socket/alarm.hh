#pragma once

#include <cstdint>
#include <functional>

#include "sim/base/nanoseconds.hh"
#include "sim/engine/timer.hh"

namespace ekspath {

class Netns;

/// A program's timer in its namespace, as timerfd(2) is: calls back once when its time has come. Must be gone
/// before its namespace. The callback may set it again; it must not destroy it.
class Alarm {
 public:
  Alarm(Netns& netns, std::function<void()> callback);
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  /// At `time`, not before now. Replaces an earlier time.
  void set(Nanoseconds time) { timer_.arm(time); }
  void cancel() { timer_.cancel(); }
  [[nodiscard]] bool armed() const { return timer_.armed(); }
  [[nodiscard]] Nanoseconds deadline() const { return timer_.deadline(); }

 private:
  friend class Sockets;
  Netns* netns_;
  std::uint32_t slot_;
  Timer timer_;
  std::function<void()> callback_;
};

}  // namespace ekspath
