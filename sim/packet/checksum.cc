#include "sim/packet/checksum.hh"

#include "sim/packet/byte_order.hh"

namespace ekspath {

std::uint32_t checksum_add(std::uint32_t sum, const std::uint8_t* data, std::size_t size) {
  std::uint64_t wide = sum;
  while (size >= 4) {
    wide += load32(data);
    data += 4;
    size -= 4;
  }
  if (size >= 2) {
    wide += load16(data);
    data += 2;
    size -= 2;
  }
  if (size == 1) wide += std::uint32_t{*data} << 8;
  while ((wide >> 16) != 0) wide = (wide & 0xffff) + (wide >> 16);
  return static_cast<std::uint32_t>(wide);
}

std::uint16_t transport_checksum(Ipv4Address source, Ipv4Address destination, std::uint8_t protocol,
                                 const std::uint8_t* segment, std::size_t size) {
  std::uint32_t sum = (source.bits() >> 16) + (source.bits() & 0xffff) + (destination.bits() >> 16) +
                      (destination.bits() & 0xffff) + protocol + static_cast<std::uint32_t>(size);
  return checksum_fold(checksum_add(sum, segment, size));
}

}  // namespace ekspath
