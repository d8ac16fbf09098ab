#include "sim/packet/rewrite.hh"

#include <doctest/doctest.h>

#include <string>

#include "sim/packet/parse.hh"
#include "tests/support/packet/packet_text.hh"

namespace ekspath {
namespace {

constexpr Ipv4Address other{203, 0, 113, 77};

/// Packet text names a checksum that is wrong, so an equal text means right checksums.
std::string rewritten(std::string_view text, Side side, bool with_port) {
  PacketPool pool;
  const PacketRef changed = packet(pool, text);
  rewrite(*changed, side, other, with_port ? std::optional<std::uint16_t>(61234) : std::nullopt);
  return describe(*changed);
}

}  // namespace

TEST_CASE("addresses and ports change on either side, checksums with them") {
  CHECK(rewritten("10.0.0.5.4242 > 8.8.8.8.53: UDP 12", Side::source, true) ==
        "203.0.113.77.61234 > 8.8.8.8.53: UDP 12");
  CHECK(rewritten("10.0.0.5.4242 > 8.8.8.8.53: UDP 12", Side::destination, true) ==
        "10.0.0.5.4242 > 203.0.113.77.61234: UDP 12");
  CHECK(rewritten("10.0.0.5.4242 > 8.8.8.8.80: TCP S seq 100", Side::source, true) ==
        "203.0.113.77.61234 > 8.8.8.8.80: TCP S seq 100");
  CHECK(rewritten("10.0.0.5 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56", Side::source, true) ==
        "203.0.113.77 > 8.8.8.8: ICMP echo request id 61234 seq 1 len 56");
  CHECK(rewritten("10.0.0.5 > 8.8.8.8: protocol 47 len 10", Side::source, false) ==
        "203.0.113.77 > 8.8.8.8: protocol 47 len 10");
}

TEST_CASE("a wrong checksum stays wrong") {
  CHECK(rewritten("10.0.0.5.4242 > 8.8.8.8.53: UDP 12, bad checksum", Side::source, true) ==
        "203.0.113.77.61234 > 8.8.8.8.53: UDP 12, bad checksum");
}

TEST_CASE("the quote of an error is changed with the error's checksum") {
  PacketPool pool;
  const PacketRef error =
      packet(pool, "8.8.8.8 > 10.0.0.5: ICMP 3/3 [10.0.0.5.4242 > 8.8.8.8.53: UDP 12, cut to 28]");
  CHECK(quoted_tuple(*error)->source_port == 4242);
  rewrite_quoted(*error, Side::source, other, std::uint16_t{61234});
  CHECK(describe(*error) ==
        "8.8.8.8 > 10.0.0.5: ICMP 3/3 [203.0.113.77.61234 > 8.8.8.8.53: UDP 12, cut to 28]");
  CHECK(transport_is_sound(*error));
}

TEST_CASE("an error whose quote is cut short of its header is left alone") {
  PacketPool pool;
  const PacketRef error =
      packet(pool, "8.8.8.8 > 10.0.0.5: ICMP 3/3 [10.0.0.5.4242 > 8.8.8.8.53: UDP 12, cut to 28]");
  error->trim(error->size() - 20);
  CHECK_FALSE(quoted_tuple(*error));
  const std::string before = describe(*error);
  rewrite_quoted(*error, Side::source, other, std::uint16_t{1});
  CHECK(describe(*error) == before);
}

}  // namespace ekspath
