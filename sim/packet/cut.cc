#include "sim/packet/cut.hh"

#include <algorithm>

#include "sim/base/assert.hh"
#include "sim/packet/build.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

void keep_copied_options(const Ipv4View& header) {
  constexpr std::uint8_t end = 0, nothing = 1, copied = 0x80;
  for (std::size_t i = Ipv4View::minimum_size; i < header.header_size() && header.at[i] != end;) {
    if (header.at[i] == nothing) {
      ++i;
      continue;
    }
    const std::size_t left = header.header_size() - i;
    const std::size_t length = left > 1 ? header.at[i + 1] : 0;
    if (length < 2 || length > left) return;
    if ((header.at[i] & copied) == 0) std::fill_n(header.at + i, length, nothing);
    i += length;
  }
}

}  // namespace

PacketQueue cut_into_fragments(PacketPool& pool, const Packet& packet, std::size_t mtu, bool dont_fragment) {
  constexpr std::uint16_t more_fragments_bit = 0x2000, dont_fragment_bit = 0x4000;
  PacketQueue fragments;
  const Ipv4View whole = ipv4(packet);
  const std::size_t header_size = whole.header_size();
  ASSERT(mtu >= header_size + 8);
  const std::size_t room = mtu - header_size;
  const std::size_t total = packet.network_size() - header_size;
  for (std::size_t done = 0; done < total;) {
    std::size_t size = std::min(room, total - done);
    if (done + size < total) size &= ~std::size_t{7};
    PacketRef piece = pool.allocate(header_size + size);
    piece->meta = packet.meta;
    append_bytes(*piece, {packet.network(), header_size});
    append_bytes(*piece, {packet.network() + header_size + done, size});
    piece->mark_network();
    piece->mark_transport(header_size);
    auto place = static_cast<std::uint16_t>((whole.fragment_offset() + done) / 8);
    if (done + size < total || whole.more_fragments()) place |= more_fragments_bit;
    if (dont_fragment) place |= dont_fragment_bit;
    Ipv4View header = ipv4(*piece);
    if (done != 0) keep_copied_options(header);
    store16(header.at + 2, static_cast<std::uint16_t>(header_size + size));
    store16(header.at + 6, place);
    header.refresh_checksum();
    done += size;
    fragments.push(std::move(piece));
  }
  return fragments;
}

}  // namespace ekspath
