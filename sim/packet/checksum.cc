#include "sim/packet/checksum.hh"

#include <bit>
#include <cstring>

namespace ekspath {

/// Sums in the host's byte order and swaps at the end: RFC 1071 2 (B). 64 bits at a time, carries put back:
/// (C), (A).
std::uint32_t checksum_add(std::uint32_t sum, const std::uint8_t* data, std::size_t size) {
  std::uint64_t wide = 0;
  for (; size >= 8; data += 8, size -= 8) {
    std::uint64_t part;
    std::memcpy(&part, data, sizeof part);
    wide += part;
    wide += wide < part ? 1U : 0U;
  }
  wide = (wide & 0xffffffff) + (wide >> 32);
  if (size >= 4) {
    std::uint32_t part;
    std::memcpy(&part, data, sizeof part);
    wide += part;
    data += 4;
    size -= 4;
  }
  if (size >= 2) {
    std::uint16_t part;
    std::memcpy(&part, data, sizeof part);
    wide += part;
    data += 2;
    size -= 2;
  }
  if (size == 1) {
    std::uint16_t part = 0;
    std::memcpy(&part, data, 1);
    wide += part;
  }
  wide = (wide & 0xffffffff) + (wide >> 32);
  wide = (wide & 0xffff) + (wide >> 16);
  wide = (wide & 0xffff) + (wide >> 16);
  wide = (wide & 0xffff) + (wide >> 16);
  std::uint32_t folded = static_cast<std::uint32_t>(wide);
  if constexpr (std::endian::native == std::endian::little) folded = (folded & 0xff) << 8 | folded >> 8;
  folded += (sum & 0xffff) + (sum >> 16);
  folded = (folded & 0xffff) + (folded >> 16);
  return (folded & 0xffff) + (folded >> 16);
}

std::uint16_t transport_checksum(Ipv4Address source, Ipv4Address destination, std::uint8_t protocol,
                                 const std::uint8_t* segment, std::size_t size) {
  std::uint32_t sum = (source.bits() >> 16) + (source.bits() & 0xffff) + (destination.bits() >> 16) +
                      (destination.bits() & 0xffff) + protocol + static_cast<std::uint32_t>(size);
  return checksum_fold(checksum_add(sum, segment, size));
}

}  // namespace ekspath
