#pragma once

#include <fmt/format.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "sim/base/ipv4_address.hh"

namespace ekspath {

/// An IPv4 network in CIDR form. The bits behind the length are always zero.
class Prefix {
 public:
  constexpr Prefix() = default;
  constexpr Prefix(Ipv4Address address, unsigned length)
      : network_(address.bits() & mask_of(length)), length_(static_cast<std::uint8_t>(length)) {}

  /// "A.B.C.D/N" with the host bits zero ("10.0.0.1/8" is refused: see parse_loose).
  [[nodiscard]] static std::optional<Prefix> parse(std::string_view text);
  /// As iptables and ip read it: "/N" may be absent (then /32), host bits are cut off.
  [[nodiscard]] static std::optional<Prefix> parse_loose(std::string_view text);

  [[nodiscard]] constexpr Ipv4Address network() const { return Ipv4Address(network_); }
  [[nodiscard]] constexpr unsigned length() const { return length_; }
  [[nodiscard]] constexpr std::uint32_t mask() const { return mask_of(length_); }
  [[nodiscard]] constexpr Ipv4Address broadcast() const { return Ipv4Address(network_ | ~mask()); }
  [[nodiscard]] constexpr bool contains(Ipv4Address address) const { return (address.bits() & mask()) == network_; }
  [[nodiscard]] constexpr bool contains(Prefix other) const {
    return other.length_ >= length_ && contains(other.network());
  }
  [[nodiscard]] constexpr bool overlaps(Prefix other) const { return contains(other) || other.contains(*this); }
  /// 2^(32 - length); 2^32 for /0.
  [[nodiscard]] constexpr std::uint64_t size() const { return std::uint64_t{1} << (32U - length_); }

  [[nodiscard]] static constexpr std::uint32_t mask_of(unsigned length) {
    return length == 0 ? 0 : ~std::uint32_t{0} << (32U - length);
  }

  friend constexpr auto operator<=>(Prefix, Prefix) = default;

 private:
  std::uint32_t network_ = 0;
  std::uint8_t length_ = 0;
};

}  // namespace ekspath

template <>
struct fmt::formatter<ekspath::Prefix> : fmt::formatter<std::string_view> {
  auto format(ekspath::Prefix prefix, fmt::format_context& context) const -> fmt::format_context::iterator;
};
