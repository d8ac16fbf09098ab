#include "sim/lab/frame_hub.hh"

#include <algorithm>

namespace ekspath {

void FrameHub::watch(PlaceId interface, Tap& tap) {
  if (taps_.size() <= interface.value()) taps_.resize(interface.value() + 1);
  taps_[interface.value()].push_back(&tap);
}

void FrameHub::unwatch(PlaceId interface, Tap& tap) {
  if (interface.value() < taps_.size()) std::erase(taps_[interface.value()], &tap);
}

bool FrameHub::watched(PlaceId interface) const {
  return interface.value() < taps_.size() && !taps_[interface.value()].empty();
}

void FrameHub::frame(PlaceId interface, Direction direction, const Packet& packet, Nanoseconds time) {
  for (Tap* tap : taps_[interface.value()]) tap->frame(interface, direction, packet, time);
}

}  // namespace ekspath
