#pragma once

#include <cstddef>

namespace ekspath {

/// A hint to the caches: the line at `address` is read soon. The empty asm keeps the compiler from taking a function
/// of hints alone for one without effect, and dropping the calls of it (GCC 12 does).
inline void fetch_line(const void* address) {
  __builtin_prefetch(address);
  asm volatile("");
}
/// The same for lines in a row.
inline void fetch_lines(const void* from, std::size_t lines) {
  constexpr std::size_t line_bytes = 64;
  for (std::size_t i = 0; i < lines; ++i) fetch_line(static_cast<const char*>(from) + line_bytes * i);
}

}  // namespace ekspath
