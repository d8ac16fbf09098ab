#include "sim/base/assert.hh"

#include <cstdio>
#include <cstdlib>

namespace ekspath {

void assertion_failed(const char* expression, const char* file, std::uint_least32_t line) {
  std::fprintf(stderr, "ekspath: assertion failed: %s (%s:%u)\n", expression, file, static_cast<unsigned>(line));
  std::abort();
}

}  // namespace ekspath
