#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/base/fetch_line.hh"
#include "sim/packet/tuple.hh"

namespace ekspath {

/// Values by flow: open addressing, linear probing, a power of two of slots. Empty ones hold no memory; once
/// grown to a working size it allocates no more, since erasing leaves no tombstones.
template <class Value>
class FlowTable {
 public:
  [[nodiscard]] std::size_t size() const { return count_; }
  /// Before an insert: where the table would have to grow, erases what `dead` allows first, and grows only if
  /// that left it more than half full (so that a sweep pays for many inserts).
  template <class Dead>
  void make_room(Dead dead) {
    if (!is_full()) return;
    erase_if(dead);
    if (count_ * 2 > slots_.size()) grow();
  }

  [[nodiscard]] Value* find(const Tuple& key) {
    if (count_ == 0) return nullptr;
    for (std::size_t i = home(key);; i = next(i)) {
      if (!slots_[i].used) return nullptr;
      if (slots_[i].key == key) return &slots_[i].value;
    }
  }
  /// A hint for find().
  void fetch(const Tuple& key) const {
    if (count_ != 0) fetch_line(&slots_[home(key)]);
  }
  /// The key must not be there yet. Pointers to other values are void afterwards.
  Value& insert(const Tuple& key, Value value) {
    if (is_full()) grow();
    std::size_t i = home(key);
    while (slots_[i].used) i = next(i);
    slots_[i] = Slot{key, true, std::move(value)};
    ++count_;
    return slots_[i].value;
  }
  void erase(const Tuple& key) {
    if (count_ == 0) return;
    std::size_t i = home(key);
    for (; slots_[i].key != key || !slots_[i].used; i = next(i)) {
      if (!slots_[i].used) return;
    }
    close_gap(i);
  }
  /// Erases each value of which `dead(key, value)` is true; in no order that a result may hang on.
  template <class Dead>
  void erase_if(Dead dead) {
    for (std::size_t i = 0; i < slots_.size();) {
      if (slots_[i].used && dead(slots_[i].key, slots_[i].value)) {
        close_gap(i);  // another value may stand here now: look again
      } else {
        ++i;
      }
    }
  }

 private:
  [[nodiscard]] bool is_full() const { return (count_ + 1) * 4 > slots_.size() * 3; }

  struct alignas(32) Slot {
    [[no_unique_address]] Tuple key;  // whose last bytes are free
    bool used = false;
    Value value{};
  };
  [[nodiscard]] std::size_t home(const Tuple& key) const { return TupleHash()(key) & (slots_.size() - 1); }
  [[nodiscard]] std::size_t next(std::size_t i) const { return (i + 1) & (slots_.size() - 1); }

  /// Moves back what the gap at `i` cuts off from its home slot. Knuth, The Art of Computer Programming 6.4
  /// algorithm R
  void close_gap(std::size_t gap) {
    slots_[gap] = Slot{};
    --count_;
    for (std::size_t i = next(gap); slots_[i].used; i = next(i)) {
      const std::size_t from_home = (i - home(slots_[i].key)) & (slots_.size() - 1);
      const std::size_t from_gap = (i - gap) & (slots_.size() - 1);
      if (from_home < from_gap) continue;
      slots_[gap] = std::move(slots_[i]);
      slots_[i] = Slot{};
      gap = i;
    }
  }
  void grow() {
    std::vector<Slot> before =
        std::exchange(slots_, std::vector<Slot>(slots_.empty() ? 8 : slots_.size() * 2));
    count_ = 0;
    for (Slot& slot : before) {
      if (slot.used) insert(slot.key, std::move(slot.value));
    }
  }

  std::vector<Slot> slots_;
  std::size_t count_ = 0;
};

}  // namespace ekspath
