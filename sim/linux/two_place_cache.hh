#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "sim/base/fetch_line.hh"

namespace ekspath {

/// A table of what was found out of late, that may forget: an entry stands in one of two neighbouring places,
/// which the hash of its key names, and gives them up to others. It grows as long as entries push each other
/// out. An Entry has a `key` with == and hash(), and says whether it is_free().
template <class Entry, std::uint32_t least, std::uint32_t most>
class TwoPlaceCache {
  static_assert(most <= 1U << 16);

 public:
  using Key = decltype(Entry::key);

  [[nodiscard]] const Entry* find(const Key& key) const {
    return find_if(key, [&](const Entry& entry) { return entry.key == key; });
  }
  [[nodiscard]] Entry* find(const Key& key) {
    return const_cast<Entry*>(static_cast<const TwoPlaceCache*>(this)->find(key));
  }
  /// The one at the places of this key for which `same` is true, or null.
  template <class Same>
  [[nodiscard]] const Entry* find_if(const Key& key, Same same) const {
    if (mask_ == 0) return nullptr;
    const std::uint32_t place = place_of(key);
    if (same(entries_[place])) [[likely]]
      return &entries_[place];
    const Entry& other = entries_[place ^ 1];
    return same(other) ? &other : nullptr;
  }
  /// What stands there of this key, or another entry, gives way.
  void remember(const Entry& entry) {
    if (mask_ == 0) grow();
    Entry* to = find(entry.key);
    if (to == nullptr) to = place_for(entry.key);
    *to = entry;
  }
  /// A hint for find().
  void fetch(const Key& key) const {
    if (mask_ == 0) return;
    const std::uint32_t place = place_of(key);
    fetch_line(&entries_[place]);
    fetch_line(&entries_[place ^ 1]);
  }
  void forget() {
    if (is_empty_) return;
    std::fill(entries_.get(), entries_.get() + mask_ + 1, Entry());
    is_empty_ = true;
  }
  /// How many places there are.
  [[nodiscard]] std::uint32_t size() const { return mask_ == 0 ? 0 : mask_ + 1; }
  [[nodiscard]] const Entry& operator[](std::uint32_t place) const { return entries_[place]; }
  [[nodiscard]] std::uint32_t place(const Entry& entry) const {
    return static_cast<std::uint32_t>(&entry - entries_.get());
  }

 private:
  [[nodiscard]] std::uint32_t place_of(const Key& key) const {
    return static_cast<std::uint32_t>(key.hash()) & mask_;
  }
  [[nodiscard]] Entry* place_for(const Key& key) {
    const auto free_or_first = [&] {
      const std::uint32_t place = place_of(key);
      const bool other = !entries_[place].is_free() && entries_[place ^ 1].is_free();
      return &entries_[other ? place ^ 1 : place];
    };
    Entry* to = free_or_first();
    // Entries that push each other out again and again are worth more places.
    if (!to->is_free() && ++displaced_ > mask_ / 4 && mask_ + 1 < most) {
      grow();
      to = free_or_first();
    }
    is_empty_ = false;
    return to;
  }
  void grow() {
    const std::uint32_t size = mask_ == 0 ? least : (mask_ + 1) * 2;
    const std::unique_ptr<Entry[]> before = std::exchange(entries_, std::make_unique<Entry[]>(size));
    const std::uint32_t before_size = std::exchange(mask_, size - 1);
    displaced_ = 0;
    if (before == nullptr) return;
    for (std::uint32_t i = 0; i <= before_size; ++i) {
      if (!before[i].is_free()) entries_[place_of(before[i].key)] = before[i];
    }
  }

  std::unique_ptr<Entry[]> entries_;
  std::uint32_t mask_ = 0;       // one less than the number of places; 0: none yet
  std::uint16_t displaced_ = 0;  // entries that lost their place since the last growth
  bool is_empty_ = true;
};

}  // namespace ekspath
