#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>

namespace ekspath {

/// A word of Kubernetes' own vocabulary ("Running", "ContainersNotReady"): always a literal of this program,
/// so that objects hold a pointer to it and no text.
class Literal {
 public:
  constexpr Literal() = default;
  template <std::size_t Size>
  constexpr Literal(const char (&text)[Size]) : text_(text) {}
  template <std::size_t Size>
  Literal(char (&buffer)[Size]) = delete;

  [[nodiscard]] constexpr std::string_view text() const { return text_; }
  [[nodiscard]] constexpr bool empty() const { return *text_ == '\0'; }
  friend bool operator==(Literal a, Literal b) { return a.text() == b.text(); }
  friend bool operator==(Literal a, const std::convertible_to<std::string_view> auto& b) {
    return a.text() == std::string_view(b);
  }

 private:
  const char* text_ = "";
};

}  // namespace ekspath
