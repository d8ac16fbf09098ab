#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ekspath {

/// Splits one line into words as a POSIX shell does: blanks, single and double quotes, backslashes; no
/// expansion of any kind. Nothing when a quote is left open.
[[nodiscard]] std::optional<std::vector<std::string>> shell_words(std::string_view line);

}  // namespace ekspath
