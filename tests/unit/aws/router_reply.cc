#include "sim/aws/router_reply.hh"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/packet/packet_text.hh"

namespace ekspath {

TEST_CASE("nobody is told of errors, later fragments, or what is for many") {
  PacketPool pool;
  CHECK(may_be_told(*packet(pool, "10.0.0.1.1 > 10.0.0.2.2: UDP 4")));
  CHECK(may_be_told(*packet(pool, "10.0.0.1 > 10.0.0.2: ICMP echo reply id 7 seq 1")));
  CHECK_FALSE(may_be_told(*packet(pool, "10.0.0.1 > 10.0.0.2: ICMP 3/3 [10.0.0.2.1 > 10.0.0.1.2: UDP 4]")));
  CHECK_FALSE(
      may_be_told(*packet(pool, "10.0.0.1 > 10.0.0.2: protocol 17 len 8, offset 1480, may fragment")));
  CHECK_FALSE(may_be_told(*packet(pool, "10.0.0.1.1 > 224.0.0.1.2: UDP 4")));
  CHECK_FALSE(may_be_told(*packet(pool, "0.0.0.0.68 > 10.0.0.2.67: UDP 4")));
}

TEST_CASE("a reset answers in the sequence space of whoever is told") {
  PacketPool pool;
  CHECK(describe(*build_reset(pool, *packet(pool, "10.0.0.1.1 > 10.0.0.2.2: TCP . seq 5 ack 9"))) ==
        "10.0.0.2.2 > 10.0.0.1.1: TCP R seq 9 win 0");
  CHECK(describe(*build_reset(pool, *packet(pool, "10.0.0.1.1 > 10.0.0.2.2: TCP F seq 5 len 3"))) ==
        "10.0.0.2.2 > 10.0.0.1.1: TCP R. ack 9 win 0");
}

TEST_CASE("an echo request becomes its own answer with right checksums") {
  PacketPool pool;
  const PacketRef asked = packet(pool, "10.0.0.5 > 10.0.0.1: ICMP echo request id 7 seq 3 len 56, ttl 9");
  turn_into_echo_reply(*asked);
  CHECK(describe(*asked) == "10.0.0.1 > 10.0.0.5: ICMP echo reply id 7 seq 3 len 56");
}

}  // namespace ekspath
