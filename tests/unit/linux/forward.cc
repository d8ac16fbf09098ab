#include "sim/linux/walk.hh"

#include <doctest/doctest.h>

#include "tests/support/linux/world.hh"

namespace ekspath {
namespace {

using namespace literals;

TEST_CASE("an echo request crosses a router with its TTL one lower, and is answered by the far kernel") {
  World world("c(10.1.0.2) -- r(10.1.0.1, 10.2.0.1) -- s(10.2.0.2)");
  REQUIRE(world.send("c", "10.1.0.2 > 10.2.0.2: ICMP echo request id 7 seq 1 len 56") == 0);
  world.run_for(1_s);
  INFO(world.walk());
  CHECK(world.capture("r/e0") ==
        "r/e0 in 10.1.0.2 > 10.2.0.2: ICMP echo request id 7 seq 1 len 56\n"
        "r/e0 out 10.2.0.2 > 10.1.0.2: ICMP echo reply id 7 seq 1 len 56, ttl 63, may fragment\n");
}

}  // namespace
}  // namespace ekspath
