#include "sim/engine/event_queue.hh"

#include <algorithm>
#include <bit>
#include <limits>

#include "sim/base/assert.hh"

namespace ekspath {
namespace {

constexpr std::uint64_t no_slot = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t too_far_ahead = 64;  // slots

}  // namespace

void EventQueue::push(const Event& event) {
  ++size_;
  const std::uint64_t slot = slot_of(event.time);
  if (slot <= slot_) {
    current_.push(event);
    if (current_.size() > spread_at && occupied_words_ == 0 &&
        slot_ - slot_of(current_.top().time) > too_far_ahead) {
      spread();
    }
  } else if (slot - slot_ < slot_count) {
    insert(slot, event);
  } else {
    far_.push(event);
  }
}

/// False when nothing waits in a slot that has begun by `time`.
bool EventQueue::advance_by(Nanoseconds time) {
  const std::uint64_t slot = next_slot();
  if (slot > slot_of(time)) return false;
  advance_to(slot);
  return true;
}

Nanoseconds EventQueue::next_time() const {
  if (!current_.empty()) return current_.top().time;
  Nanoseconds least = far_.empty() ? Nanoseconds::never() : far_.top().time;
  const std::uint64_t slot = next_wheel_slot();
  if (slot == no_slot) return least;
  for (std::uint32_t at = slots_[slot % slot_count]; at != nothing; at = nodes_[at].next) {
    least = std::min(least, nodes_[at].event.time);
  }
  return least;
}

void EventQueue::insert(std::uint64_t slot, const Event& event) {
  std::uint32_t node = free_;
  if (node != nothing) {
    free_ = nodes_[node].next;
  } else {
    node = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
  }
  const std::size_t place = slot % slot_count;
  nodes_[node] = {event, slots_[place]};
  slots_[place] = node;
  occupied_[place / 64] |= std::uint64_t{1} << (place % 64);
  occupied_words_ |= std::uint64_t{1} << (place / 64);
}

std::uint64_t EventQueue::next_slot() const {
  const std::uint64_t in_wheel = next_wheel_slot();
  return far_.empty() ? in_wheel : std::min(in_wheel, slot_of(far_.top().time));
}

std::uint64_t EventQueue::next_wheel_slot() const {
  if (occupied_words_ == 0) return no_slot;
  const std::size_t start = (slot_ + 1) % slot_count;
  const std::size_t word = start / 64;
  std::size_t place = 0;
  if (const std::uint64_t rest = occupied_[word] & (~std::uint64_t{0} << (start % 64)); rest != 0) {
    place = word * 64 + static_cast<std::size_t>(std::countr_zero(rest));
  } else {
    // The next word with a bit, around the circle; the last to be looked at is the first one's lower part.
    const std::uint64_t words = std::rotr(occupied_words_, static_cast<int>((word + 1) % 64));
    const std::size_t next = (word + 1 + static_cast<std::size_t>(std::countr_zero(words))) % 64;
    place = next * 64 + static_cast<std::size_t>(std::countr_zero(occupied_[next]));
  }
  return slot_ + 1 + (place - start) % slot_count;
}

void EventQueue::advance_to(std::uint64_t slot) {
  ASSERT(slot != no_slot);
  if (size_ <= gather_at) {
    gather();
    return;
  }
  slot_ = slot;  // beyond the wheel's reach only when the wheel is empty
  while (!far_.empty() && slot_of(far_.top().time) == slot) {
    current_.push(far_.top());
    far_.pop();
  }
  take_slot(slot);
}

/// Moves a slot's events into the heap, and the nodes that held them into the free list.
void EventQueue::take_slot(std::uint64_t slot) {
  const std::size_t place = slot % slot_count;
  if (slots_[place] == nothing) return;
  std::uint32_t last = slots_[place];
  current_.push(nodes_[last].event);
  while (nodes_[last].next != nothing) {
    last = nodes_[last].next;
    current_.push(nodes_[last].event);
  }
  nodes_[last].next = free_;
  free_ = slots_[place];
  slots_[place] = nothing;
  occupied_[place / 64] &= ~(std::uint64_t{1} << (place % 64));
  if (occupied_[place / 64] == 0) occupied_words_ &= ~(std::uint64_t{1} << (place / 64));
}

/// All into one heap, which pushes then go to whatever their time.
void EventQueue::gather() {
  while (occupied_words_ != 0) take_slot(next_wheel_slot());
  for (; !far_.empty(); far_.pop()) current_.push(far_.top());
  slot_ = gathered;
}

/// The heap keeps what shares the least event's slot; the rest goes where it would have gone if that slot
/// were the present.
void EventQueue::spread() {
  slot_ = slot_of(current_.top().time);
  current_.take_all(spreading_);
  size_ -= spreading_.size();
  for (const Event& event : spreading_) push(event);
}

}  // namespace ekspath
