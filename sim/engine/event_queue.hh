#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/engine/event.hh"
#include "sim/engine/event_heap.hh"

namespace ekspath {

/// Events by key, least first, in the order of one heap over all (tested). A few events are one heap. More of
/// them are spread: what is due soon (nearly all: hops) waits unsorted in a wheel of slots, and is sorted
/// when its slot's time comes, among the few that share the slot; the rest (timers, the internet) waits in a
/// heap of its own. Where many wait, slots are sorted some events ahead of their time, so that the engine can
/// fetch what those events will need (upcoming()). docs/performance.md has what each costs.
class EventQueue {
 public:
  EventQueue() { slots_.fill(nothing); }

  void push(const Event& event);
  /// The least event; there is one. Looking commits the wheel to that event's slot, so that what is pushed
  /// before it later is sorted by the heap alone: right, but slower. Who only wants to know asks next_time()
  /// or due().
  [[nodiscard]] const Event& top() {
    if (nothing_at_hand()) advance();
    return run_is_next() ? run_[run_at_] : current_.top();
  }
  void pop() {
    if (nothing_at_hand()) advance();
    take_next();
  }
  /// Takes the least event if it is due by `time`; false for none.
  [[nodiscard]] bool take(Nanoseconds time, Event& event) {
    if (nothing_at_hand()) {
      if (size_ > gather_at && take_lone(time, event)) return true;
      if (!advance_by(time)) return false;
    }
    const Event& next = run_is_next() ? run_[run_at_] : current_.top();
    if (next.time > time) return false;
    event = next;
    take_next();
    if (looks_ahead() && run_.size() - run_at_ < ahead) keep_ahead(event.time);
    return true;
  }
  /// Whether the least event is due by `time`; false for none.
  [[nodiscard]] bool due(Nanoseconds time) {
    if (nothing_at_hand() && !advance_by(time)) return false;
    return top().time <= time;
  }
  /// When the least event is due; never() for none.
  [[nodiscard]] Nanoseconds next_time() const;

  /// Whether so many events wait that what they will need has left the caches, and is worth fetching.
  [[nodiscard]] bool looks_ahead() const { return size_ >= looks_ahead_from; }
  /// While it looks ahead: the events that probably come next, about `ahead` of them.
  [[nodiscard]] std::span<const Event> upcoming() const { return std::span(run_).subspan(run_at_); }
  static constexpr std::size_t ahead = 24;

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  static constexpr unsigned slot_bits = 7;         // a slot is 128 ns
  static constexpr std::size_t slot_count = 4096;  // the wheel reaches half a millisecond
  static constexpr std::size_t gather_at = 16;     // so few events are one heap; far apart, so that
  static constexpr std::size_t spread_at = 64;     // a size between the two changes nothing
  static constexpr std::size_t looks_ahead_from = 512;
  static constexpr std::uint64_t ahead_slots = 16;
  static constexpr std::uint32_t nothing = 0xffffffff;
  static constexpr std::uint64_t gathered = std::uint64_t{1} << 62;  // after every slot that there is

  /// Some events of one slot.
  struct alignas(64) Block {
    static constexpr std::uint32_t capacity = 5;
    std::uint32_t next = nothing;
    std::uint32_t count = 0;
    std::array<Event, capacity> events;
  };
  static_assert(sizeof(Block) == 192);

  [[nodiscard]] static std::uint64_t slot_of(Nanoseconds time) {
    return static_cast<std::uint64_t>(time.count()) >> slot_bits;
  }
  [[nodiscard]] bool nothing_at_hand() const { return run_at_ == run_.size() && current_.empty(); }
  [[nodiscard]] bool run_is_next() const {
    if (run_at_ == run_.size()) return false;
    return current_.empty() || EventHeap::before(run_[run_at_], current_.top());
  }
  void take_next() {
    if (run_is_next()) {
      ++run_at_;
    } else {
      current_.pop();
    }
    --size_;
  }
  void insert(std::uint64_t slot, const Event& event);
  [[nodiscard]] std::uint64_t next_slot() const;
  [[nodiscard]] std::uint64_t next_wheel_slot() const;
  void advance() { advance_to(next_slot()); }
  bool advance_by(Nanoseconds time);
  bool take_lone(Nanoseconds time, Event& event);
  void advance_to(std::uint64_t slot);
  void keep_ahead(Nanoseconds now);
  void sort_slot(std::uint64_t slot);
  template <class Take>
  void empty_slot(std::uint64_t slot, Take take);
  void give_back(std::size_t place, std::uint32_t last);
  void gather();
  void spread();

  // Of slot_ and of slots before it: what was there when its slot's turn came, sorted, from run_at_ on ...
  std::vector<Event> run_;
  std::size_t run_at_ = 0;
  EventHeap current_;  // ... and what was pushed later; all there are, when they are gathered
  EventHeap far_;      // of slots that were out of the wheel's reach when they were pushed
  std::uint64_t slot_ = gathered;
  std::size_t size_ = 0;
  std::array<std::uint32_t, slot_count>
      slots_;  // the first block of each; the slots after slot_, in a circle
  std::array<std::uint64_t, slot_count / 64> occupied_{};  // a bit a slot
  std::uint64_t occupied_words_ = 0;                       // a bit a word of occupied_
  std::vector<Block> blocks_;
  std::uint32_t free_ = nothing;
  std::vector<Event> spreading_;
};

}  // namespace ekspath
