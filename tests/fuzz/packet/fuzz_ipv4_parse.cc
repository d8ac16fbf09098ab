#include <cstdint>
#include <span>

#include "sim/base/assert.hh"
#include "sim/packet/build.hh"
#include "sim/packet/headers.hh"
#include "sim/packet/parse.hh"
#include "sim/packet/tuple.hh"
#include "tests/support/packet/packet_text.hh"

using namespace ekspath;

/// Bytes as they come from a link, behind the Ethernet header: whatever they are, nothing beyond them is
/// read, and a datagram that is taken for sound stays sound when a router and a translation have changed it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 65535) return 0;
  PacketPool pool;
  const PacketRef packet = pool.allocate(size);
  append_bytes(*packet, {data, size});
  packet->mark_network();
  (void)describe(*packet);
  if (parse_ipv4(*packet) != ParseResult::ok) return 0;

  ASSERT(packet->size() <= size);
  ASSERT(packet->network() + packet->network_size() == packet->data() + packet->size());
  (void)describe(*packet);
  (void)fmt::format("{}", tuple_of(*packet));

  Ipv4View ip = ipv4(*packet);
  const bool is_sound = !ip.is_fragment() && transport_is_sound(*packet);
  ip.decrement_ttl();
  ip.source(Ipv4Address(10, 0, 0, 1));
  const PacketRef copy = pool.clone(*packet);
  ASSERT(parse_ipv4(*copy) == ParseResult::ok);

  if (!is_sound) return 0;
  refresh_transport_checksum(*packet);
  ASSERT(transport_is_sound(*packet));
  return 0;
}
