#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace ekspath {

/// A table of what was found out of late, that may forget: an entry stands in one of two neighbouring places, which
/// the hash of its key names, and gives them up to others. It grows, and is then empty, as long as entries
/// push each other out. An Entry has a `key` with == and hash(), and says whether it is_free().
template <class Entry, std::size_t least, std::size_t most>
class TwoPlaceCache {
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
    const std::size_t place = place_of(key);
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
  /// Hints for find(): its places; then what probably will be found.
  void fetch(const Key& key) const {
    if (mask_ == 0) return;
    const std::size_t place = place_of(key);
    __builtin_prefetch(&entries_[place]);
    __builtin_prefetch(&entries_[place ^ 1]);
  }
  void forget() {
    if (used_ == 0) return;
    std::fill(entries_.get(), entries_.get() + mask_ + 1, Entry());
    used_ = 0;
  }
  /// How many places there are.
  [[nodiscard]] std::size_t size() const { return mask_ == 0 ? 0 : mask_ + 1; }
  [[nodiscard]] const Entry& operator[](std::size_t place) const { return entries_[place]; }

 private:
  [[nodiscard]] std::size_t place_of(const Key& key) const { return key.hash() & mask_; }
  [[nodiscard]] Entry* place_for(const Key& key) {
    const auto free_or_first = [&] {
      const std::size_t place = place_of(key);
      const bool other = !entries_[place].is_free() && entries_[place ^ 1].is_free();
      return &entries_[other ? place ^ 1 : place];
    };
    Entry* to = free_or_first();
    // Entries that push each other out again and again are worth more places.
    if (!to->is_free() && ++displaced_ > mask_ / 4 && mask_ + 1 < most) {
      grow();
      to = free_or_first();
    }
    if (to->is_free()) ++used_;
    return to;
  }
  void grow() {
    const std::size_t size = mask_ == 0 ? least : (mask_ + 1) * 2;
    entries_ = std::make_unique<Entry[]>(size);
    mask_ = size - 1;
    used_ = displaced_ = 0;
  }

  std::unique_ptr<Entry[]> entries_;
  std::size_t mask_ = 0;  // one less than the number of places; 0: none yet
  std::uint32_t used_ = 0;
  std::uint32_t displaced_ = 0;  // entries that lost their place since the last growth
};

}  // namespace ekspath
