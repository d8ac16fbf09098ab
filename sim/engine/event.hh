#pragma once

#include <compare>
#include <cstdint>

#include "sim/base/id.hh"
#include "sim/base/nanoseconds.hh"

namespace ekspath {

using EntityId = Id<struct EntityTag>;

/// What orders events: strict and total, and independent of memory addresses and of how the world is divided.
struct EventKey {
  Nanoseconds time;
  EntityId source;             // who caused it
  std::uint64_t sequence = 0;  // the source's own count

  friend constexpr auto operator<=>(const EventKey&, const EventKey&) = default;
};

/// 32 bytes of plain data: when, for whom, and two numbers whose meaning is the target's.
struct Event {
  Nanoseconds time;
  std::uint64_t sequence = 0;
  EntityId source;
  EntityId target;
  std::uint32_t kind = 0;
  std::uint32_t argument = 0;

  [[nodiscard]] EventKey key() const { return {time, source, sequence}; }
};
static_assert(sizeof(Event) == 32);

}  // namespace ekspath
