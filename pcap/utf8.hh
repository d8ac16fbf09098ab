#pragma once

#include <cstddef>
#include <string_view>

namespace ekspath {

/// How many bytes the character at the front of `text` has; 0 when they are no UTF-8 (RFC 3629) or there are
/// none.
[[nodiscard]] std::size_t utf8_character(std::string_view text);

/// The front of `text`, at most `bytes` long, that ends with a whole character.
[[nodiscard]] std::string_view utf8_cut(std::string_view text, std::size_t bytes);

}  // namespace ekspath
