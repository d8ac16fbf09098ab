#pragma once

#include <fmt/format.h>

#include <compare>
#include <cstdint>
#include <string>

#include "sim/engine/random.hh"

namespace ekspath {

/// metadata.uid: a random UUID (RFC 9562 version 4), ordered as its text is. Zero: none yet.
struct Uid {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  [[nodiscard]] static Uid draw(Random& luck) {
    const std::uint64_t high = (luck.next() & ~0xf000ULL) | 0x4000ULL;
    const std::uint64_t low = (luck.next() & ~(3ULL << 62)) | (2ULL << 62);
    return {high, low};
  }

  [[nodiscard]] bool empty() const { return high == 0 && low == 0; }
  /// "8f3c0a52-....", or "" of none.
  [[nodiscard]] std::string text() const {
    if (empty()) return {};
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff,
                       high & 0xffff, low >> 48, low & 0xffff'ffff'ffffULL);
  }

  friend auto operator<=>(const Uid&, const Uid&) = default;
};

}  // namespace ekspath
