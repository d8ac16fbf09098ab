#pragma once

#include <fmt/format.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ekspath {

/// An Ethernet address, bytes in wire order.
struct MacAddress {
  std::array<std::uint8_t, 6> bytes{};

  /// Six two-digit hexadecimal numbers joined by colons.
  [[nodiscard]] static std::optional<MacAddress> parse(std::string_view text);
  [[nodiscard]] static constexpr MacAddress broadcast() { return {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}; }

  [[nodiscard]] constexpr bool is_broadcast() const { return *this == broadcast(); }
  [[nodiscard]] constexpr bool is_group() const { return (bytes[0] & 1U) != 0; }
  [[nodiscard]] constexpr bool is_zero() const { return *this == MacAddress{}; }

  friend constexpr auto operator<=>(const MacAddress&, const MacAddress&) = default;
};

}  // namespace ekspath

template <>
struct fmt::formatter<ekspath::MacAddress> : fmt::formatter<std::string_view> {
  auto format(ekspath::MacAddress mac, fmt::format_context& context) const -> fmt::format_context::iterator;
};
