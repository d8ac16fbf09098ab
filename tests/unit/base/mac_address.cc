#include "sim/base/mac_address.hh"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace ekspath;

TEST_CASE("a MAC address is read in either case and printed in lower case") {
  REQUIRE(MacAddress::parse("02:5A:ff:00:1c:9E"));
  CHECK(fmt::format("{}", *MacAddress::parse("02:5A:ff:00:1c:9E")) == "02:5a:ff:00:1c:9e");
}

TEST_CASE("what is not six pairs of hexadecimal digits is no MAC address") {
  for (const char* text :
       {"", "02:5a:ff:00:1c", "02:5a:ff:00:1c:9e:00", "2:5a:ff:00:1c:9e:0", "02-5a-ff-00-1c-9e",
        "02:5a:ff:00:1c:9g", "025a.ff00.1c9e.00", "02:5a:ff:00:1c:9e "}) {
    CAPTURE(text);
    CHECK_FALSE(MacAddress::parse(text));
  }
}

TEST_CASE("every MAC address reads back from its text") {
  CHECK(rc::check([](std::array<std::uint8_t, 6> bytes) {
    const MacAddress mac{bytes};
    RC_ASSERT(MacAddress::parse(fmt::format("{}", mac)) == mac);
  }));
}

TEST_CASE("the group bit tells multicast from unicast, and broadcast is a group") {
  CHECK(MacAddress::broadcast().is_broadcast());
  CHECK(MacAddress::broadcast().is_group());
  CHECK(MacAddress::parse("01:00:5e:00:00:01")->is_group());
  CHECK_FALSE(MacAddress::parse("02:00:5e:00:00:01")->is_group());
  CHECK(MacAddress{}.is_zero());
}
