#include "sim/eks/controllers/controller.hh"

#include <utility>
#include <vector>

namespace ekspath {

void Controller::look_at(ObjectKey key, Nanoseconds delay) {
  const Nanoseconds time = now() + delay;
  const auto [at, is_new] = due_.try_emplace(key, time);
  if (!is_new) {
    if (at->second <= time) return;
    order_.erase({at->second, key});
    at->second = time;
  }
  const bool is_first = order_.empty() || time < order_.begin()->first;
  order_.emplace(time, std::move(key));
  if (is_first && !held_) engine().schedule(next_key(time), id());
}

bool Controller::flush() {
  const std::set<std::pair<Nanoseconds, ObjectKey>> ready = std::exchange(order_, {});
  due_.clear();
  for (const auto& [time, key] : ready) sync(key);
  return !ready.empty();
}

void Controller::fire(const Event&) {
  // What sync() queues for this very instant is left to an event of its own.
  if (held_) return;
  std::vector<ObjectKey> ready;
  while (!order_.empty() && order_.begin()->first <= now()) {
    ready.push_back(order_.begin()->second);
    due_.erase(order_.begin()->second);
    order_.erase(order_.begin());
  }
  for (const ObjectKey& key : ready) sync(key);
  if (!ready.empty() && !order_.empty()) engine().schedule(next_key(order_.begin()->first), id());
}

}  // namespace ekspath
