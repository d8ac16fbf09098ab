#include "sim/engine/event_queue.hh"

#include <algorithm>
#include <bit>
#include <limits>

#include "sim/base/assert.hh"
#include "sim/base/fetch_line.hh"

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

/// As most slots of a small world do, the next one may hold a single event: it need not be sorted.
bool EventQueue::take_lone(Nanoseconds time, Event& event) {
  if (looks_ahead()) return false;
  const std::uint64_t slot = next_wheel_slot();
  if (slot == no_slot || (!far_.empty() && slot_of(far_.top().time) <= slot)) return false;
  const std::size_t place = slot % slot_count;
  const std::uint32_t at = slots_[place];
  Block& block = blocks_[at];
  if (block.count != 1 || block.next != nothing || block.events[0].time > time) return false;
  event = block.events[0];
  slot_ = slot;
  --size_;
  give_back(place, at);
  return true;
}

/// The slot is empty, and so are its blocks, of which `last` is the last.
void EventQueue::give_back(std::size_t place, std::uint32_t last) {
  blocks_[last].next = free_;
  free_ = slots_[place];
  slots_[place] = nothing;
  occupied_[place / 64] &= ~(std::uint64_t{1} << (place % 64));
  if (occupied_[place / 64] == 0) occupied_words_ &= ~(std::uint64_t{1} << (place / 64));
}

Nanoseconds EventQueue::next_time() const {
  if (!nothing_at_hand()) return run_is_next() ? run_[run_at_].time : current_.top().time;
  Nanoseconds least = far_.empty() ? Nanoseconds::never() : far_.top().time;
  const std::uint64_t slot = next_wheel_slot();
  if (slot == no_slot) return least;
  for (std::uint32_t at = slots_[slot % slot_count]; at != nothing; at = blocks_[at].next) {
    for (std::uint32_t i = 0; i < blocks_[at].count; ++i) least = std::min(least, blocks_[at].events[i].time);
  }
  return least;
}

void EventQueue::insert(std::uint64_t slot, const Event& event) {
  const std::size_t place = slot % slot_count;
  std::uint32_t at = slots_[place];
  if (at == nothing || blocks_[at].count == Block::capacity) {
    at = free_;
    if (at != nothing) {
      free_ = blocks_[at].next;
    } else {
      at = static_cast<std::uint32_t>(blocks_.size());
      blocks_.emplace_back();
    }
    blocks_[at].next = slots_[place];
    blocks_[at].count = 0;
    slots_[place] = at;
    occupied_[place / 64] |= std::uint64_t{1} << (place % 64);
    occupied_words_ |= std::uint64_t{1} << (place / 64);
  }
  Block& block = blocks_[at];
  block.events[block.count++] = event;
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
  run_.clear();
  run_at_ = 0;
  if (size_ <= gather_at) {
    gather();
    return;
  }
  sort_slot(slot);
}

/// Sorts slots until `ahead` events stand in line; not those that are far from `now`, because what is pushed
/// before a sorted slot costs a heap.
void EventQueue::keep_ahead(Nanoseconds now) {
  const auto soon = [&](std::uint64_t slot) { return slot != no_slot && slot - slot_of(now) < ahead_slots; };
  std::uint64_t slot = slot_ == gathered ? no_slot : next_slot();
  if (!soon(slot)) return;
  run_.erase(run_.begin(), run_.begin() + static_cast<std::ptrdiff_t>(run_at_));
  run_at_ = 0;
  while (run_.size() < 2 * ahead && soon(slot)) {
    sort_slot(slot);
    slot = next_slot();
  }
  if (const std::uint64_t next = next_wheel_slot(); next != no_slot) {
    fetch_lines(&blocks_[slots_[next % slot_count]], 2);
  }
}

/// The next occupied slot's events join the line.
void EventQueue::sort_slot(std::uint64_t slot) {
  slot_ = slot;  // beyond the wheel's reach only when the wheel is empty
  const auto first = static_cast<std::ptrdiff_t>(run_.size());
  for (; !far_.empty() && slot_of(far_.top().time) == slot; far_.pop()) run_.push_back(far_.top());
  empty_slot(slot, [this](const Event& event) { run_.push_back(event); });
  if (run_.size() - static_cast<std::size_t>(first) > 1)
    std::sort(run_.begin() + first, run_.end(),
              [](const Event& a, const Event& b) { return EventHeap::before(a, b); });
}

/// Takes a slot's events out, and puts the blocks that held them into the free list.
template <class Take>
void EventQueue::empty_slot(std::uint64_t slot, Take take) {
  const std::size_t place = slot % slot_count;
  if (slots_[place] == nothing) return;
  std::uint32_t last = slots_[place];
  while (true) {
    const Block& block = blocks_[last];
    for (std::uint32_t i = 0; i < block.count; ++i) take(block.events[i]);
    if (block.next == nothing) break;
    last = block.next;
  }
  give_back(place, last);
}

/// All into one heap, which pushes then go to whatever their time.
void EventQueue::gather() {
  while (occupied_words_ != 0)
    empty_slot(next_wheel_slot(), [this](const Event& event) { current_.push(event); });
  for (; !far_.empty(); far_.pop()) current_.push(far_.top());
  slot_ = gathered;
}

/// The heap keeps what shares the least event's slot; the rest goes where it would have gone if that slot
/// were the present.
void EventQueue::spread() {
  slot_ = slot_of(current_.top().time);
  current_.take_all(spreading_);
  spreading_.insert(spreading_.end(), run_.begin() + static_cast<std::ptrdiff_t>(run_at_), run_.end());
  run_.clear();
  run_at_ = 0;
  size_ -= spreading_.size();
  for (const Event& event : spreading_) push(event);
}

}  // namespace ekspath
