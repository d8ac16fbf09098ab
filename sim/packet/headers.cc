#include "sim/packet/headers.hh"

#include "sim/packet/checksum.hh"

namespace ekspath {
namespace {

void replace16(std::uint8_t* header, std::size_t offset, std::uint16_t value) {
  store16(header + 10, checksum_update16(load16(header + 10), load16(header + offset), value));
  store16(header + offset, value);
}

void replace32(std::uint8_t* header, std::size_t offset, std::uint32_t value) {
  store16(header + 10, checksum_update32(load16(header + 10), load32(header + offset), value));
  store32(header + offset, value);
}

}  // namespace

void Ipv4View::decrement_ttl() { ttl(static_cast<std::uint8_t>(ttl() - 1)); }
void Ipv4View::ttl(std::uint8_t value) { replace16(at, 8, static_cast<std::uint16_t>((value << 8) | at[9])); }
void Ipv4View::tos(std::uint8_t value) { replace16(at, 0, static_cast<std::uint16_t>((at[0] << 8) | value)); }
void Ipv4View::source(Ipv4Address value) { replace32(at, 12, value.bits()); }
void Ipv4View::destination(Ipv4Address value) { replace32(at, 16, value.bits()); }

void Ipv4View::refresh_checksum() {
  store16(at + 10, 0);
  store16(at + 10, checksum(at, header_size()));
}

}  // namespace ekspath
