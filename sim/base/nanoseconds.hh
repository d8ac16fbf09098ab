#pragma once

#include <fmt/format.h>

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace ekspath {

/// An instant since the scenario's start, or a duration. Signed 64-bit: 292 years.
class Nanoseconds {
 public:
  constexpr Nanoseconds() = default;
  constexpr explicit Nanoseconds(std::int64_t count) : count_(count) {}

  /// A decimal number and one of ns, us, ms, s, m, h ("20ms", "1.2ms", "5s"); exact, no sign.
  [[nodiscard]] static std::optional<Nanoseconds> parse(std::string_view text);
  [[nodiscard]] static constexpr Nanoseconds never() { return Nanoseconds(std::numeric_limits<std::int64_t>::max()); }

  [[nodiscard]] constexpr std::int64_t count() const { return count_; }
  [[nodiscard]] constexpr std::int64_t whole_seconds() const { return count_ / 1'000'000'000; }
  [[nodiscard]] constexpr std::int64_t whole_milliseconds() const { return count_ / 1'000'000; }

  friend constexpr auto operator<=>(Nanoseconds, Nanoseconds) = default;
  friend constexpr Nanoseconds operator+(Nanoseconds a, Nanoseconds b) { return Nanoseconds(a.count_ + b.count_); }
  friend constexpr Nanoseconds operator-(Nanoseconds a, Nanoseconds b) { return Nanoseconds(a.count_ - b.count_); }
  friend constexpr Nanoseconds operator*(Nanoseconds a, std::int64_t n) { return Nanoseconds(a.count_ * n); }
  friend constexpr Nanoseconds operator*(std::int64_t n, Nanoseconds a) { return a * n; }
  friend constexpr Nanoseconds operator/(Nanoseconds a, std::int64_t n) { return Nanoseconds(a.count_ / n); }
  constexpr Nanoseconds& operator+=(Nanoseconds other) { return *this = *this + other; }
  constexpr Nanoseconds& operator-=(Nanoseconds other) { return *this = *this - other; }

 private:
  std::int64_t count_ = 0;
};

namespace literals {
constexpr Nanoseconds operator""_ns(unsigned long long n) { return Nanoseconds(static_cast<std::int64_t>(n)); }
constexpr Nanoseconds operator""_us(unsigned long long n) { return Nanoseconds(static_cast<std::int64_t>(n) * 1'000); }
constexpr Nanoseconds operator""_ms(unsigned long long n) {
  return Nanoseconds(static_cast<std::int64_t>(n) * 1'000'000);
}
constexpr Nanoseconds operator""_s(unsigned long long n) {
  return Nanoseconds(static_cast<std::int64_t>(n) * 1'000'000'000);
}
}  // namespace literals

}  // namespace ekspath

/// Printed with the largest unit that keeps it exact: "5s", "1200us", "20ms".
template <>
struct fmt::formatter<ekspath::Nanoseconds> : fmt::formatter<std::string_view> {
  auto format(ekspath::Nanoseconds time, fmt::format_context& context) const -> fmt::format_context::iterator;
};
