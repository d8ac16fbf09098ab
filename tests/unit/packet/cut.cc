#include "sim/packet/cut.hh"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "sim/packet/headers.hh"
#include "sim/packet/parse.hh"
#include "tests/support/packet/packet_text.hh"

namespace ekspath {

TEST_CASE("fragments fit the MTU, begin at multiples of 8 and hold the datagram together") {
  PacketPool pool;
  const PacketRef whole = packet(pool, "10.0.0.1.1 > 10.0.0.2.2: UDP 3000, id 9, may fragment");
  PacketQueue parts = cut_into_fragments(pool, *whole, 1500);
  REQUIRE(parts.size() == 3);
  std::vector<std::uint8_t> joined;
  while (!parts.empty()) {
    PacketRef part = parts.take();
    CHECK(part->network_size() <= 1500);
    CHECK(parse_ipv4(*part) == ParseResult::ok);
    CHECK(ipv4(*part).fragment_offset() == joined.size());
    CHECK(ipv4(*part).more_fragments() == !parts.empty());
    joined.insert(joined.end(), part->transport(), part->transport() + part->transport_size());
  }
  CHECK(joined ==
        std::vector<std::uint8_t>(whole->transport(), whole->transport() + whole->transport_size()));
}

TEST_CASE("a fragment that is cut again keeps its place and its more-fragments flag") {
  PacketPool pool;
  const PacketRef part = packet(
      pool, "10.0.0.1 > 10.0.0.2: protocol 17 len 1480, id 9, may fragment, more fragments, offset 2960");
  PacketQueue parts = cut_into_fragments(pool, *part, 1000);
  REQUIRE(parts.size() == 2);
  CHECK(describe(*parts.take()) ==
        "10.0.0.1 > 10.0.0.2: protocol 17 len 976, id 9, may fragment, more fragments, offset 2960");
  const PacketRef last = parts.take();
  CHECK(ipv4(*last).fragment_offset() == 2960 + 976);
  CHECK(ipv4(*last).more_fragments());
}

TEST_CASE("options with the copy bit go into every fragment, the others are no-operations after the first") {
  PacketPool pool;
  PacketRef whole = pool.allocate(200);
  std::uint8_t* at = whole->append(28 + 100);
  std::fill_n(at, 128, std::uint8_t{0});
  at[0] = 0x47;
  store16(at + 2, 128);
  at[8] = 64;
  at[9] = 17;
  const std::uint8_t options[8] = {0x94, 4, 1, 2, 7, 3, 4, 0};  // router alert is copied, record route is not
  std::copy_n(options, 8, at + 20);
  store16(at + 10, 0);
  Ipv4View{at}.refresh_checksum();
  REQUIRE(parse_ipv4(*whole) == ParseResult::ok);
  PacketQueue parts = cut_into_fragments(pool, *whole, 84);
  const PacketRef first = parts.take();
  const PacketRef second = parts.take();
  CHECK(ipv4(*first).header_size() == 28);
  CHECK(first->network()[24] == 7);
  CHECK(ipv4(*second).header_size() == 28);
  const std::vector<std::uint8_t> kept(second->network() + 20, second->network() + 28);
  CHECK(kept == std::vector<std::uint8_t>{0x94, 4, 1, 2, 1, 1, 1, 0});
}

}  // namespace ekspath
