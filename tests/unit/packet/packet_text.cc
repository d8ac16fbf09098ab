#include "tests/support/packet/packet_text.hh"

#include <doctest/doctest.h>

#include <stdexcept>

#include "sim/packet/headers.hh"
#include "sim/packet/parse.hh"
#include "tests/support/text/snapshot.hh"

using namespace ekspath;

TEST_CASE("a packet's text reads back as it was written") {
  PacketPool pool;
  for (const char* text : {
           "10.0.0.5.4242 > 8.8.8.8.53: UDP 12",
           "10.0.0.5.4242 > 8.8.8.8.53: UDP 0, ttl 1, tos 16, id 9, may fragment",
           "10.0.0.5.4242 > 8.8.8.8.53: UDP 4, bad checksum",
           "10.0.0.5.4242 > 8.8.8.8.53: UDP 4, bad ip checksum",
           "10.0.0.5.4242 > 8.8.8.8.80: TCP S seq 100 opts 020405b4",
           "8.8.8.8.80 > 10.0.0.5.4242: TCP P. seq 1 ack 101 win 502 len 5",
           "8.8.8.8.80 > 10.0.0.5.4242: TCP none",
           "8.8.8.8.80 > 10.0.0.5.4242: TCP FSRPU.",
           "10.0.0.5 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56",
           "8.8.8.8 > 10.0.0.5: ICMP echo reply id 7 seq 1 len 56, ttl 117",
           "10.0.0.1 > 10.0.0.5: ICMP 3/4 mtu 1400 [10.0.0.5.4242 > 8.8.8.8.53: UDP 12, cut to 28]",
           "10.0.0.1 > 10.0.0.5: ICMP 5/1 gateway 10.0.0.2 [10.0.0.5 > 8.8.8.8: ICMP echo request id 7 seq "
           "1]",
           "10.0.0.1 > 10.0.0.5: ICMP 11/0 [10.0.0.5.4242 > 8.8.8.8.80: TCP S seq 3, ttl 1]",
           "10.0.0.1 > 10.0.0.5: ICMP 13/0 rest 458753 len 12",
           "10.0.0.5 > 8.8.8.8: protocol 47 len 10",
           "10.0.0.5 > 8.8.8.8: protocol 17 len 16, id 4, may fragment, more fragments, offset 1480",
       }) {
    CHECK(describe(*packet(pool, text)) == text);
  }
}

TEST_CASE("a frame's text reads back as it was written") {
  PacketPool pool;
  for (const char* text : {
           "02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff | ARP who-has 10.0.0.1 tell 10.0.0.5",
           "02:00:00:00:00:02 > 02:00:00:00:00:01 | ARP 10.0.0.1 is-at 02:00:00:00:00:02",
           "02:00:00:00:00:01 > 02:00:00:00:00:02 | 10.0.0.5.4242 > 8.8.8.8.53: UDP 12",
       }) {
    CHECK(describe_frame(*frame(pool, text)) == text);
  }
}

TEST_CASE("a packet of a text is a whole datagram with right checksums") {
  PacketPool pool;
  const PacketRef built = packet(pool, "10.0.0.5.4242 > 8.8.8.8.80: TCP S seq 100 len 3");
  CHECK(parse_ipv4(*built) == ParseResult::ok);
  CHECK(transport_is_sound(*built));
  CHECK(built->size() == 43);
  CHECK(tcp_header(*built).destination_port() == 80);
}

TEST_CASE("a text that cannot be read names the column and what is wrong") {
  PacketPool pool;
  CHECK_THROWS_WITH_AS(
      (void)packet(pool, "10.0.0.5 > 8.8.8.8.53: UDP 12"),
      "packet text '10.0.0.5 > 8.8.8.8.53: UDP 12', column 23: expected UDP or TCP between ports, ICMP or "
      "protocol between addresses",
      std::invalid_argument);
  CHECK_THROWS_AS((void)packet(pool, ""), std::invalid_argument);
  CHECK_THROWS_AS((void)packet(pool, "10.0.0.5.1 > 8.8.8.8.53: UDP 12, ttl"), std::invalid_argument);
  CHECK_THROWS_AS((void)packet(pool, "10.0.0.5.1 > 8.8.8.8.53: UDP 12 ttl 3"), std::invalid_argument);
  CHECK_THROWS_AS((void)packet(pool, "10.0.0.5.1 > 8.8.8.8.53: TCP X"), std::invalid_argument);
  CHECK_THROWS_AS((void)packet(pool, "10.0.0.5 > 8.8.8.8: ICMP 3/3 [10.0.0.5"), std::invalid_argument);
}

TEST_CASE("bytes that are no packet are described as such") {
  PacketPool pool;
  const PacketRef empty = pool.allocate(0);
  CHECK(describe(*empty) == "not IPv4 (0 bytes)");
  CHECK(describe_frame(*empty) == "not Ethernet (0 bytes)");
}

TEST_CASE("a difference of two texts shows the lines that changed and what is around them") {
  CHECK(difference("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nX\ne\nf\n") == "...\n  b\n  c\n- d\n+ X\n  e\n  f\n");
  CHECK(difference("same\n", "same\n") == "");
  CHECK(difference("same\n", "same") == "they differ in the newline at the end only\n");
  CHECK(difference("", "new\n") == "+ new\n");
}
