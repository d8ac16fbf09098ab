#pragma once

#include <cstddef>
#include <vector>

#include "sim/base/assert.hh"
#include "sim/engine/event.hh"

namespace ekspath {

/// Events by key, least first: a heap of four children a node.
class EventHeap {
 public:
  // An event that is alone, as most are in their slot of the queue, costs no call.
  void push(const Event& event) {
    heap_.push_back(event);
    if (heap_.size() > 1) rise();
  }
  [[nodiscard]] const Event& top() const { return heap_.front(); }
  void pop() {
    ASSERT(!heap_.empty());
    if (heap_.size() > 1) return sink();
    heap_.pop_back();
  }
  /// Leaves all events, in no order, in `events`, whose old ones are gone.
  void take_all(std::vector<Event>& events) {
    events.clear();
    events.swap(heap_);
  }
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] std::size_t size() const { return heap_.size(); }

  /// The order of events.
  [[nodiscard]] static bool before(const Event& a, const Event& b) {
    if (a.time != b.time) return a.time < b.time;
    if (a.source != b.source) return a.source < b.source;
    return a.sequence < b.sequence;
  }

 private:
  void rise();
  void sink();

  std::vector<Event> heap_;
};

}  // namespace ekspath
