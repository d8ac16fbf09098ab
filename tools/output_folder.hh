#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/base/diagnostics.hh"

namespace ekspath {

/// As `mkdir -p`.
[[nodiscard]] std::optional<SystemError> make_folder(const std::string& path);
/// A small file, whole or not there.
[[nodiscard]] std::optional<SystemError> write_small_file(const std::string& path, std::string_view text);

}  // namespace ekspath
