#include "sim/engine/event_heap.hh"

#include <algorithm>

#include "sim/base/assert.hh"

namespace ekspath {

void EventHeap::push(const Event& event) {
  std::size_t hole = heap_.size();
  heap_.push_back(event);
  while (hole > 0) {
    const std::size_t parent = (hole - 1) / 4;
    if (!before(event, heap_[parent])) break;
    heap_[hole] = heap_[parent];
    hole = parent;
  }
  heap_[hole] = event;
}

void EventHeap::pop() {
  ASSERT(!heap_.empty());
  const Event last = heap_.back();
  heap_.pop_back();
  const std::size_t size = heap_.size();
  if (size == 0) return;
  std::size_t hole = 0;
  while (true) {
    const std::size_t first = hole * 4 + 1;
    if (first >= size) break;
    const std::size_t end = std::min(first + 4, size);
    std::size_t least = first;
    for (std::size_t child = first + 1; child < end; ++child) {
      if (before(heap_[child], heap_[least])) least = child;
    }
    if (!before(heap_[least], last)) break;
    heap_[hole] = heap_[least];
    hole = least;
  }
  heap_[hole] = last;
}

}  // namespace ekspath
