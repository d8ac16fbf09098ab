#pragma once

#include "sim/base/nanoseconds.hh"

namespace ekspath {

/// When a kernel timer armed at `now` for `timeout` fires: Linux keeps timers in wheels whose grain grows
/// with the timeout, so that 1 s becomes up to 1.032 s. Linux 6.1 kernel/time/timer.c calc_wheel_index(),
/// with CONFIG_HZ=250 as AL2023 has it. Seen in retransmissions 1.02 s apart and in ping's "time 2048ms"
/// (facts/linux-datapath.md 1, fixtures).
[[nodiscard]] constexpr Nanoseconds timer_wheel_expiry(Nanoseconds now, Nanoseconds timeout) {
  constexpr std::int64_t jiffy_ns = 4'000'000;
  constexpr std::int64_t level_slots = 64;
  constexpr int clock_shift = 3;  // each level is eight times coarser
  const std::int64_t present = now.count() / jiffy_ns;
  const std::int64_t delta = (timeout.count() + jiffy_ns - 1) / jiffy_ns;
  int shift = 0;
  for (std::int64_t reach = level_slots - 1; delta >= reach && shift < clock_shift * 8;
       reach = (level_slots - 1) << shift) {
    shift += clock_shift;
  }
  const std::int64_t slot = ((present + delta) >> shift) + 1;
  return Nanoseconds((slot << shift) * jiffy_ns);
}

}  // namespace ekspath
