#include "sim/linux/routing/route_cache.hh"

#include <algorithm>

namespace ekspath {

void RouteCache::remember(const Answer& answer) {
  if (mask_ == 0) grow();
  std::size_t place = place_of(answer.key);
  if (answers_[place].key.question != Question::none &&
      answers_[place ^ other_place].key.question == Question::none) {
    place ^= other_place;
  }
  Answer* to = &answers_[place];
  if (to->key.question == Question::none) {
    ++used_;
  } else if (++displaced_ > mask_ && mask_ + 1 < largest_size) {
    // Flows push each other out as often as there are places: more places are worth their memory.
    grow();
    to = &answers_[place_of(answer.key)];
    ++used_;
  }
  *to = answer;
}

void RouteCache::grow() {
  const std::size_t size = mask_ == 0 ? first_size : (mask_ + 1) * 2;
  answers_ = std::make_unique<Answer[]>(size);
  mask_ = size - 1;
  used_ = displaced_ = 0;
}

void RouteCache::forget_all() {
  std::fill(answers_.get(), answers_.get() + mask_ + 1, Answer());
  used_ = 0;
}

}  // namespace ekspath
