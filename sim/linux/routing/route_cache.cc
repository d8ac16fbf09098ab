#include "sim/linux/routing/route_cache.hh"

#include <algorithm>

namespace ekspath {

void RouteCache::remember(const Key& key, const RouteResult& result) {
  if (mask_ == 0) grow();
  std::size_t place = place_of(key);
  if (entries_[place].key.question != Question::none &&
      entries_[place ^ other_place].key.question == Question::none) {
    place ^= other_place;
  }
  Entry* entry = &entries_[place];
  if (entry->key.question == Question::none) {
    ++used_;
  } else if (++displaced_ > mask_ && mask_ + 1 < largest_size) {
    // Flows push each other out as often as there are places: more places are worth their memory.
    grow();
    entry = &entries_[place_of(key)];
    ++used_;
  }
  *entry = {key, result};
}

void RouteCache::grow() {
  const std::size_t size = mask_ == 0 ? first_size : (mask_ + 1) * 2;
  entries_ = std::make_unique<Entry[]>(size);
  mask_ = size - 1;
  used_ = displaced_ = 0;
}

void RouteCache::forget_all() {
  std::fill(entries_.get(), entries_.get() + mask_ + 1, Entry());
  used_ = 0;
}

}  // namespace ekspath
