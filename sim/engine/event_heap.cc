#include "sim/engine/event_heap.hh"

#include <algorithm>

namespace ekspath {

/// The last event goes up to its place.
void EventHeap::rise() {
  std::size_t hole = heap_.size() - 1;
  const Event event = heap_.back();
  while (hole > 0) {
    const std::size_t parent = (hole - 1) / 4;
    if (!before(event, heap_[parent])) break;
    heap_[hole] = heap_[parent];
    hole = parent;
  }
  heap_[hole] = event;
}

/// The first event, one of several, goes; the last takes the hole that it leaves down to its place.
void EventHeap::sink() {
  const Event last = heap_.back();
  heap_.pop_back();
  const std::size_t size = heap_.size();
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
