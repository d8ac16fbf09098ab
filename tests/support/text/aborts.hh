#pragma once

#include <string>
#include <type_traits>

namespace ekspath {

/// What the process printed on standard error when `body` aborted it, in a process of its own; "" when it did
/// not abort. For assertions: `CHECK(abort_message([&] { engine.schedule(past); }).find("event.time >= now_")
/// != npos)`.
[[nodiscard]] std::string abort_message(void (*body)(void*), void* argument);

template <class Body>
[[nodiscard]] std::string abort_message(Body&& body) {
  return abort_message([](void* argument) { (*static_cast<std::remove_reference_t<Body>*>(argument))(); },
                       &body);
}

}  // namespace ekspath
