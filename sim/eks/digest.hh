#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace ekspath {

/// The hashes by which the agents name things; both by libcrypto.
[[nodiscard]] std::array<std::uint8_t, 20> sha1(std::string_view text);
[[nodiscard]] std::array<std::uint8_t, 32> sha256(std::string_view text);
/// RFC 4648 section 6, without padding.
[[nodiscard]] std::string base32(std::string_view bytes);

}  // namespace ekspath
