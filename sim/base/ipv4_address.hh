#pragma once

#include <fmt/format.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ekspath {

/// An IPv4 address as a number in host order. Network byte order exists inside packet/ only.
class Ipv4Address {
 public:
  constexpr Ipv4Address() = default;
  constexpr explicit Ipv4Address(std::uint32_t bits) : bits_(bits) {}
  constexpr Ipv4Address(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d)
      : bits_((std::uint32_t{a} << 24) | (std::uint32_t{b} << 16) | (std::uint32_t{c} << 8) | d) {}

  /// Four decimal numbers without leading zeros ("010.0.0.1" is no address), nothing around them.
  [[nodiscard]] static std::optional<Ipv4Address> parse(std::string_view text);

  [[nodiscard]] constexpr std::uint32_t bits() const { return bits_; }
  [[nodiscard]] constexpr Ipv4Address plus(std::uint32_t offset) const { return Ipv4Address(bits_ + offset); }

  [[nodiscard]] constexpr bool is_unspecified() const { return bits_ == 0; }
  [[nodiscard]] constexpr bool is_zeronet() const { return (bits_ >> 24) == 0; }
  [[nodiscard]] constexpr bool is_loopback() const { return (bits_ >> 24) == 127; }
  [[nodiscard]] constexpr bool is_multicast() const { return (bits_ >> 28) == 0xe; }
  [[nodiscard]] constexpr bool is_limited_broadcast() const { return bits_ == 0xffffffff; }
  [[nodiscard]] constexpr bool is_link_local() const { return (bits_ >> 16) == 0xa9fe; }

  friend constexpr auto operator<=>(Ipv4Address, Ipv4Address) = default;

 private:
  std::uint32_t bits_ = 0;
};

}  // namespace ekspath

template <>
struct fmt::formatter<ekspath::Ipv4Address> : fmt::formatter<std::string_view> {
  auto format(ekspath::Ipv4Address address, fmt::format_context& context) const -> fmt::format_context::iterator;
};
