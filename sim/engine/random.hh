#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ekspath {

/// One stream of numbers, by (scenario seed, entity's name, purpose): xoshiro256** seeded by splitmix64 over an
/// FNV-1a hash of the two texts. A new draw gets a new purpose, so that old streams stay what they were.
class Random {
 public:
  Random(std::uint64_t seed, std::string_view entity, std::string_view purpose);

  [[nodiscard]] std::uint64_t next();
  /// Uniform over [0, n); n > 0. Lemire's multiplication with rejection: exact, no division in the common case.
  [[nodiscard]] std::uint64_t uniform(std::uint64_t n);
  /// Uniform over [low, high], both included.
  [[nodiscard]] std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + uniform(high - low + 1); }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace ekspath
