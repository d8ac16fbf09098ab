#pragma once

#include <optional>
#include <string_view>

#include "sim/base/diagnostics.hh"

namespace ekspath {

/// Standard output, checked: what cannot be written is remembered, and ends the program with status 3.
class StandardOutput {
 public:
  void write(std::string_view text);
  /// Flushes; the first error, if there was one.
  [[nodiscard]] std::optional<SystemError> finish();

 private:
  std::optional<SystemError> error_;
};

/// Colours, when standard output is a terminal and NO_COLOR is not set (https://no-color.org).
[[nodiscard]] bool wants_colour();
/// A progress line on standard error, when that is a terminal.
[[nodiscard]] bool wants_progress();

}  // namespace ekspath
