#include "sim/packet/parse.hh"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <vector>

#include "sim/packet/build.hh"
#include "sim/packet/headers.hh"
#include "tests/support/packet/packet_text.hh"

using namespace ekspath;

namespace {

/// A packet of these bytes, offsets unset, as a link delivers it.
PacketRef raw(PacketPool& pool, const std::vector<std::uint8_t>& bytes) {
  PacketRef packet = pool.allocate(bytes.size());
  append_bytes(*packet, bytes);
  return packet;
}

ParseResult parse_with(PacketPool& pool, std::size_t offset, std::uint8_t value) {
  const PacketRef sent = packet(pool, "10.0.0.5.4242 > 8.8.8.8.53: UDP 12");
  sent->data()[offset] = value;
  if ((sent->data()[0] & 0xf) == 5) ipv4(*sent).refresh_checksum();
  return parse_ipv4(*sent);
}

}  // namespace

TEST_CASE("a sound datagram gets its offsets, and the Ethernet padding behind it is cut off") {
  PacketPool pool;
  const PacketRef built = packet(pool, "10.0.0.5.4242 > 8.8.8.8.53: UDP 0");
  std::vector<std::uint8_t> bytes(built->bytes().begin(), built->bytes().end());
  bytes.resize(46);
  const PacketRef received = raw(pool, bytes);
  REQUIRE(parse_ipv4(*received) == ParseResult::ok);
  CHECK(received->size() == 28);
  CHECK(received->network() == received->data());
  CHECK(received->transport() == received->data() + 20);
  CHECK(received->transport_size() == 8);
}

TEST_CASE("each way for an IPv4 header to be wrong has its own result") {
  // Linux 6.1 net/ipv4/ip_input.c ip_rcv_core(): version and length, then the checksum, then the total length
  PacketPool pool;
  CHECK(parse_with(pool, 0, 0x65) == ParseResult::not_ipv4);
  CHECK(parse_with(pool, 0, 0x44) == ParseResult::bad_header_length);
  CHECK(parse_with(pool, 0, 0x4f) == ParseResult::bad_header_length);
  CHECK(parse_with(pool, 3, 41) == ParseResult::too_short);
  CHECK(parse_with(pool, 3, 19) == ParseResult::bad_total_length);
  CHECK(parse_with(pool, 2, 0xff) == ParseResult::too_short);
  CHECK(parse_ipv4(*packet(pool, "10.0.0.5.1 > 8.8.8.8.53: UDP 12, bad ip checksum")) ==
        ParseResult::bad_checksum);
  CHECK(parse_ipv4(*raw(pool, {})) == ParseResult::too_short);
  CHECK(parse_ipv4(*raw(pool, std::vector<std::uint8_t>(19, 0x45))) == ParseResult::too_short);
}

TEST_CASE("options lie between the header and the transport header") {
  PacketPool pool;
  const PacketRef sent = packet(pool, "10.0.0.5 > 8.8.8.8: protocol 47 len 12");
  sent->data()[0] = 0x47;  // the first 8 bytes of payload become options
  ipv4(*sent).refresh_checksum();
  REQUIRE(parse_ipv4(*sent) == ParseResult::ok);
  CHECK(sent->transport() == sent->network() + 28);
  CHECK(sent->transport_size() == 4);
}

TEST_CASE("no bytes whatever lead outside of the packet") {
  CHECK(rc::check([](std::vector<std::uint8_t> bytes) {
    PacketPool pool;
    if (!bytes.empty() && *rc::gen::arbitrary<bool>()) bytes[0] = 0x45;
    const PacketRef received = raw(pool, bytes);
    if (parse_ipv4(*received) != ParseResult::ok) return;
    RC_ASSERT(received->size() <= bytes.size());
    RC_ASSERT(received->network_size() == received->size());
    RC_ASSERT(received->transport_size() <= received->size());
    (void)transport_is_sound(*received);
    (void)describe(*received);
  }));
}

TEST_CASE("a transport header that is cut short or lies about its length is not sound") {
  PacketPool pool;
  CHECK_FALSE(transport_is_sound(*packet(pool, "10.0.0.5 > 8.8.8.8: protocol 17 len 7")));
  CHECK_FALSE(transport_is_sound(*packet(pool, "10.0.0.5 > 8.8.8.8: protocol 6 len 19")));
  CHECK_FALSE(transport_is_sound(*packet(pool, "10.0.0.5 > 8.8.8.8: protocol 1 len 7")));
  CHECK(transport_is_sound(*packet(pool, "10.0.0.5 > 8.8.8.8: protocol 47 len 1")));

  const PacketRef udp = packet(pool, "10.0.0.5.1 > 8.8.8.8.53: UDP 12");
  store16(udp->transport() + 4, 21);
  CHECK_FALSE(transport_is_sound(*udp));
  store16(udp->transport() + 4, 7);
  CHECK_FALSE(transport_is_sound(*udp));

  const PacketRef tcp = packet(pool, "10.0.0.5.1 > 8.8.8.8.53: TCP S");
  tcp->transport()[12] = 0x60;
  CHECK_FALSE(transport_is_sound(*tcp));
  tcp->transport()[12] = 0x40;
  CHECK_FALSE(transport_is_sound(*tcp));
}

TEST_CASE("a UDP datagram without a checksum is sound") {
  PacketPool pool;
  const PacketRef udp = packet(pool, "10.0.0.5.1 > 8.8.8.8.53: UDP 12");
  store16(udp->transport() + 6, 0);
  CHECK(transport_is_sound(*udp));
}
