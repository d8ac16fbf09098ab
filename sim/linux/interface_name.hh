#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>

#include "sim/base/assert.hh"

namespace ekspath {

/// What a device may be called: at most 15 bytes, so that it stands where it is used. Empty: no device.
/// Linux 6.1 include/uapi/linux/if.h IFNAMSIZ
class InterfaceName {
 public:
  constexpr InterfaceName() = default;
  template <std::convertible_to<std::string_view> Text>
  requires(!std::same_as<Text, InterfaceName>) constexpr InterfaceName(const Text& name) {
    const std::string_view text = name;
    ASSERT(text.size() < text_.size());
    std::ranges::copy(text, text_.begin());
  }

  /// None: no device can have this name. iproute2 6.1 lib/utils.c __check_ifname()
  [[nodiscard]] static constexpr std::optional<InterfaceName> parse(std::string_view name) {
    constexpr std::string_view refused = "/ \t\n\v\f\r";
    if (name.empty() || name.size() >= InterfaceName().text_.size()) return std::nullopt;
    if (name.find_first_of(refused) != std::string_view::npos) return std::nullopt;
    return InterfaceName(name);
  }

  [[nodiscard]] constexpr bool empty() const { return text_.front() == '\0'; }
  [[nodiscard]] constexpr std::string_view text() const { return text_.data(); }
  constexpr operator std::string_view() const { return text(); }
  operator std::string() const { return std::string(text()); }

  friend constexpr bool operator==(const InterfaceName&, const InterfaceName&) = default;
  friend constexpr bool operator==(const InterfaceName& a,
                                   const std::convertible_to<std::string_view> auto& b) {
    return a.text() == std::string_view(b);
  }

 private:
  std::array<char, 16> text_{};  // ends in a zero
};

}  // namespace ekspath

template <>
struct fmt::formatter<ekspath::InterfaceName> : fmt::formatter<std::string_view> {
  auto format(const ekspath::InterfaceName& name, fmt::format_context& context) const {
    return fmt::formatter<std::string_view>::format(name.text(), context);
  }
};
