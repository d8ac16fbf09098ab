#pragma once

#include <compare>
#include <cstdint>

namespace ekspath {

/// A typed 32-bit index, never reused. `Id<struct FooTag>` of one tag does not mix with another's.
template <class Tag>
class Id {
 public:
  constexpr Id() = default;
  constexpr explicit Id(std::uint32_t value) : value_(value) {}
  [[nodiscard]] static constexpr Id none() { return Id(); }

  [[nodiscard]] constexpr std::uint32_t value() const { return value_; }
  [[nodiscard]] constexpr explicit operator bool() const { return value_ != absent; }

  friend constexpr auto operator<=>(Id, Id) = default;

 private:
  static constexpr std::uint32_t absent = 0xffffffff;
  std::uint32_t value_ = absent;
};

}  // namespace ekspath
