#pragma once

#include <cstddef>

namespace ekspath {

/// How often operator new was called. A program that links this has its operator new replaced.
[[nodiscard]] std::size_t allocations_so_far();

template <class Body>
std::size_t allocations_of(Body&& body) {
  const std::size_t before = allocations_so_far();
  body();
  return allocations_so_far() - before;
}

}  // namespace ekspath
