#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/engine/event.hh"
#include "sim/engine/event_heap.hh"

namespace ekspath {

/// Events by key, least first, in the order of one heap over all (tested). A few events are one heap. More of
/// them are spread: what is due soon (nearly all: hops) waits unsorted in a wheel of slots, and is sorted
/// when its slot's time comes, among the few that share the slot; the rest (timers, the internet) waits in a
/// heap of its own. docs/performance.md has what each costs.
class EventQueue {
 public:
  EventQueue() { slots_.fill(nothing); }

  void push(const Event& event);
  /// The least event; there is one. Looking commits the wheel to that event's slot, so that what is pushed
  /// before it later is sorted by the heap alone: right, but slower. Who only wants to know asks next_time()
  /// or due().
  [[nodiscard]] const Event& top() {
    if (current_.empty()) advance();
    return current_.top();
  }
  void pop() {
    if (current_.empty()) advance();
    current_.pop();
    --size_;
  }
  /// Takes the least event if it is due by `time`; false for none.
  [[nodiscard]] bool take(Nanoseconds time, Event& event) {
    if (current_.empty() && !advance_by(time)) return false;
    if (current_.top().time > time) return false;
    event = current_.top();
    current_.pop();
    --size_;
    return true;
  }
  /// Whether the least event is due by `time`; false for none.
  [[nodiscard]] bool due(Nanoseconds time) {
    if (current_.empty() && !advance_by(time)) return false;
    return current_.top().time <= time;
  }
  /// When the least event is due; never() for none.
  [[nodiscard]] Nanoseconds next_time() const;

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  static constexpr unsigned slot_bits = 7;         // a slot is 128 ns
  static constexpr std::size_t slot_count = 4096;  // the wheel reaches half a millisecond
  static constexpr std::size_t gather_at = 16;     // so few events are one heap; far apart, so that
  static constexpr std::size_t spread_at = 64;     // a size between the two changes nothing
  static constexpr std::uint32_t nothing = 0xffffffff;
  static constexpr std::uint64_t gathered = std::uint64_t{1} << 62;  // after every slot that there is

  struct Node {
    Event event;
    std::uint32_t next;
  };

  [[nodiscard]] static std::uint64_t slot_of(Nanoseconds time) {
    return static_cast<std::uint64_t>(time.count()) >> slot_bits;
  }
  void insert(std::uint64_t slot, const Event& event);
  [[nodiscard]] std::uint64_t next_slot() const;
  [[nodiscard]] std::uint64_t next_wheel_slot() const;
  void advance() { advance_to(next_slot()); }
  bool advance_by(Nanoseconds time);
  void advance_to(std::uint64_t slot);
  void take_slot(std::uint64_t slot);
  void gather();
  void spread();

  EventHeap current_;  // of slot_ and of slots before it: all there are, when they are gathered
  EventHeap far_;      // of slots that were out of the wheel's reach when they were pushed
  std::uint64_t slot_ = gathered;
  std::size_t size_ = 0;
  std::array<std::uint32_t, slot_count> slots_;  // the first node of each; the slots after slot_, in a circle
  std::array<std::uint64_t, slot_count / 64> occupied_{};  // a bit a slot
  std::uint64_t occupied_words_ = 0;                       // a bit a word of occupied_
  std::vector<Node> nodes_;
  std::uint32_t free_ = nothing;
  std::vector<Event> spreading_;
};

}  // namespace ekspath
