#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/base/ipv4_address.hh"

namespace ekspath {

/// The Internet checksum. RFC 1071. `sum` chains regions (each but the last of even size).
[[nodiscard]] std::uint32_t checksum_add(std::uint32_t sum, const std::uint8_t* data, std::size_t size);
[[nodiscard]] constexpr std::uint16_t checksum_fold(std::uint32_t sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}
[[nodiscard]] inline std::uint16_t checksum(const std::uint8_t* data, std::size_t size) {
  return checksum_fold(checksum_add(0, data, size));
}
/// Of a TCP or UDP segment with its pseudo header; the field itself must be zero (to make) or as received (then 0 is right).
[[nodiscard]] std::uint16_t transport_checksum(Ipv4Address source, Ipv4Address destination, std::uint8_t protocol,
                                               const std::uint8_t* segment, std::size_t size);

/// A checksum after one field changed. RFC 1624 equation 3.
[[nodiscard]] constexpr std::uint16_t checksum_update16(std::uint16_t sum, std::uint16_t before, std::uint16_t after) {
  std::uint32_t value = static_cast<std::uint16_t>(~sum) + std::uint32_t{static_cast<std::uint16_t>(~before)} + after;
  value = (value & 0xffff) + (value >> 16);
  value = (value & 0xffff) + (value >> 16);
  return static_cast<std::uint16_t>(~value);
}
[[nodiscard]] constexpr std::uint16_t checksum_update32(std::uint16_t sum, std::uint32_t before, std::uint32_t after) {
  sum = checksum_update16(sum, static_cast<std::uint16_t>(before >> 16), static_cast<std::uint16_t>(after >> 16));
  return checksum_update16(sum, static_cast<std::uint16_t>(before), static_cast<std::uint16_t>(after));
}

}  // namespace ekspath
