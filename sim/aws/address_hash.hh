#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/base/mac_address.hh"

namespace ekspath {

/// Of an IPv4 or MAC address as a number; ours, the same on every machine.
struct AddressHash {
  using is_avalanching = void;
  [[nodiscard]] std::size_t operator()(std::uint64_t bits) const {
    std::uint64_t mixed = bits * 0x9e3779b97f4a7c15;
    mixed ^= mixed >> 32;
    return mixed * 0xd6e8feb86659fd93;
  }
};

/// A MAC address as a number.
[[nodiscard]] constexpr std::uint64_t mac_bits(const MacAddress& mac) {
  std::uint64_t bits = 0;
  for (const std::uint8_t byte : mac.bytes) bits = bits << 8 | byte;
  return bits;
}

}  // namespace ekspath
