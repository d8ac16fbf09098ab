#include "sim/aws/fragment.hh"

#include <algorithm>
#include <array>

#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

/// The options that every fragment carries: those with the copy bit, padded to a multiple of 4. RFC 791 3.1
std::size_t copy_options(const Ipv4View& from, std::uint8_t* to) {
  constexpr std::uint8_t end = 0, nothing = 1;
  std::size_t written = 0;
  for (std::size_t i = Ipv4View::minimum_size; i < from.header_size() && from.at[i] != end;) {
    const std::size_t length = from.at[i] == nothing ? 1 : std::max<std::size_t>(from.at[i + 1], 2);
    if (i + length > from.header_size()) break;
    if ((from.at[i] & 0x80) != 0) {
      std::copy_n(from.at + i, length, to + written);
      written += length;
    }
    i += length;
  }
  while (written % 4 != 0) to[written++] = end;
  return written;
}

}  // namespace

PacketQueue cut_into_fragments(PacketPool& pool, const Packet& packet, std::uint16_t mtu) {
  PacketQueue fragments;
  const Ipv4View whole = ipv4(packet);
  const std::uint16_t field = load16(whole.at + 6);
  const std::size_t data = packet.transport_size();
  std::array<std::uint8_t, 40> options{};
  const std::size_t copied = copy_options(whole, options.data());
  for (std::size_t offset = 0; offset < data;) {
    const std::size_t header = offset == 0 ? whole.header_size() : Ipv4View::minimum_size + copied;
    std::size_t size = data - offset;
    if (header + size > mtu) size = (mtu - header) / 8 * 8;
    PacketRef part = pool.allocate(header + size);
    std::uint8_t* at = part->append(header + size);
    std::copy_n(whole.at, offset == 0 ? header : Ipv4View::minimum_size, at);
    if (offset != 0) std::copy_n(options.data(), copied, at + Ipv4View::minimum_size);
    std::copy_n(packet.transport() + offset, size, at + header);
    at[0] = static_cast<std::uint8_t>(0x40 | header / 4);
    store16(at + 2, static_cast<std::uint16_t>(header + size));
    const bool more = offset + size < data || (field & 0x2000) != 0;
    store16(at + 6, static_cast<std::uint16_t>((field & 0x1fff) + offset / 8 + (more ? 0x2000 : 0)));
    part->meta = packet.meta;
    part->mark_network();
    part->mark_transport(header);
    ipv4(*part).refresh_checksum();
    fragments.push(std::move(part));
    offset += size;
  }
  return fragments;
}

}  // namespace ekspath
