#pragma once

#include <cstdint>

namespace ekspath {

/// Ends the process with the place and the text of a broken assumption of ours. Never for a user's input.
[[noreturn, gnu::cold]] void assertion_failed(const char* expression, const char* file, std::uint_least32_t line);

}  // namespace ekspath

/// On in every build; one condition each, at both ends of an assumption.
#define ASSERT(condition) \
  (static_cast<bool>(condition) ? void() : ::ekspath::assertion_failed(#condition, __FILE__, __LINE__))

/// Where a check costs on the packet path: on in Debug only.
#ifdef NDEBUG
#define DEBUG_ASSERT(condition) void()
#else
#define DEBUG_ASSERT(condition) ASSERT(condition)
#endif
