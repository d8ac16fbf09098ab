#pragma once

#include <cstddef>
#include <vector>

#include "sim/engine/event.hh"

namespace ekspath {

/// Events by key, least first: a heap of four children a node.
class EventHeap {
 public:
  void push(const Event& event);
  [[nodiscard]] const Event& top() const { return heap_.front(); }
  void pop();
  /// Leaves all events, in no order, in `events`, whose old ones are gone.
  void take_all(std::vector<Event>& events) {
    events.clear();
    events.swap(heap_);
  }
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] std::size_t size() const { return heap_.size(); }

 private:
  static bool before(const Event& a, const Event& b) {
    if (a.time != b.time) return a.time < b.time;
    if (a.source != b.source) return a.source < b.source;
    return a.sequence < b.sequence;
  }

  std::vector<Event> heap_;
};

}  // namespace ekspath
