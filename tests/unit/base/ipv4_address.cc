#include "sim/base/ipv4_address.hh"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

using namespace ekspath;

TEST_CASE("an address is four decimal numbers, each printed as it was read") {
  for (const char* text : {"0.0.0.0", "10.0.0.1", "192.168.1.251", "255.255.255.255"}) {
    REQUIRE(Ipv4Address::parse(text));
    CHECK(fmt::format("{}", *Ipv4Address::parse(text)) == text);
  }
}

TEST_CASE("what inet_aton would guess at is no address") {
  for (const char* text :
       {"",         ".",          "1",         "1.2.3",     "1.2.3.4.5", "1.2.3.",    ".1.2.3",
        "1..2.3",   "256.0.0.1",  "1.2.3.999", "010.0.0.1", "00.0.0.0",  "0x1.2.3.4", "1.2.3.4 ",
        " 1.2.3.4", "1.2.3.4/32", "-1.2.3.4",  "+1.2.3.4",  "1.2.3.4\n", "1,2,3,4",   "1.2.3.0004"}) {
    CAPTURE(text);
    CHECK_FALSE(Ipv4Address::parse(text));
  }
}

TEST_CASE("every address reads back from its text") {
  CHECK(rc::check([](std::uint32_t bits) {
    const Ipv4Address address(bits);
    RC_ASSERT(Ipv4Address::parse(fmt::format("{}", address)) == address);
  }));
}

TEST_CASE("a text that reads as an address is the one that the address prints") {
  CHECK(rc::check([] {
    const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("0123459.. ")));
    if (const auto address = Ipv4Address::parse(text)) RC_ASSERT(fmt::format("{}", *address) == text);
  }));
}

TEST_CASE("addresses know the ranges that the kernel treats apart") {
  CHECK(Ipv4Address(0, 0, 0, 0).is_unspecified());
  CHECK(Ipv4Address(0, 1, 2, 3).is_zeronet());
  CHECK_FALSE(Ipv4Address(0, 1, 2, 3).is_unspecified());
  CHECK(Ipv4Address(127, 255, 0, 1).is_loopback());
  CHECK(Ipv4Address(224, 0, 0, 1).is_multicast());
  CHECK(Ipv4Address(239, 255, 255, 255).is_multicast());
  CHECK_FALSE(Ipv4Address(240, 0, 0, 1).is_multicast());
  CHECK(Ipv4Address(255, 255, 255, 255).is_limited_broadcast());
  CHECK(Ipv4Address(169, 254, 1, 1).is_link_local());
  CHECK_FALSE(Ipv4Address(169, 253, 1, 1).is_link_local());
}

TEST_CASE("addresses are ordered as numbers, and padded by fmt as text") {
  CHECK(Ipv4Address(9, 255, 255, 255) < Ipv4Address(10, 0, 0, 0));
  CHECK(Ipv4Address(10, 0, 0, 255).plus(1) == Ipv4Address(10, 0, 1, 0));
  CHECK(fmt::format("{:<12}|{:>9}", Ipv4Address(10, 0, 0, 1), Ipv4Address(1, 2, 3, 4)) ==
        "10.0.0.1    |  1.2.3.4");
}
