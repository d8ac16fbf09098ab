#include "sim/base/prefix.hh"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace ekspath;

namespace {

Prefix prefix(const char* text) {
  const auto parsed = Prefix::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

}  // namespace

TEST_CASE("a prefix reads and prints as CIDR") {
  for (const char* text : {"0.0.0.0/0", "10.0.0.0/8", "192.168.1.251/32", "100.64.0.0/10", "1.2.3.4/31"}) {
    CHECK(fmt::format("{}", prefix(text)) == text);
  }
}

TEST_CASE("a prefix with host bits, without a length or with a strange one is refused") {
  for (const char* text :
       {"10.0.0.1/8", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/+8",
        "10.0.0.0/8 ", "10.0.0.0/255.0.0.0", "10/8", "/8", "10.0.0.0/8/8"}) {
    CAPTURE(text);
    CHECK_FALSE(Prefix::parse(text));
  }
}

TEST_CASE("read loosely, a prefix may lack its length and loses its host bits") {
  CHECK(Prefix::parse_loose("10.0.0.1/8") == prefix("10.0.0.0/8"));
  CHECK(Prefix::parse_loose("10.0.0.1") == prefix("10.0.0.1/32"));
  CHECK_FALSE(Prefix::parse_loose("10.0.0.1/"));
  CHECK_FALSE(Prefix::parse_loose("10.0.0/8"));
}

TEST_CASE("a prefix contains its own addresses, first and last included") {
  const Prefix subnet = prefix("192.168.1.0/24");
  CHECK(subnet.contains(Ipv4Address(192, 168, 1, 0)));
  CHECK(subnet.contains(Ipv4Address(192, 168, 1, 255)));
  CHECK_FALSE(subnet.contains(Ipv4Address(192, 168, 2, 0)));
  CHECK_FALSE(subnet.contains(Ipv4Address(192, 168, 0, 255)));
  CHECK(subnet.broadcast() == Ipv4Address(192, 168, 1, 255));
  CHECK(subnet.size() == 256);
}

TEST_CASE("the default prefix is all of 2^32 addresses") {
  const Prefix everything = prefix("0.0.0.0/0");
  CHECK(everything.size() == 4294967296);
  CHECK(everything.mask() == 0);
  CHECK(everything.broadcast() == Ipv4Address(255, 255, 255, 255));
  CHECK(everything.contains(prefix("10.0.0.0/8")));
  CHECK_FALSE(prefix("10.0.0.0/8").contains(everything));
}

TEST_CASE("two prefixes overlap when one holds the other, in either order") {
  CHECK(prefix("10.0.0.0/8").overlaps(prefix("10.1.0.0/16")));
  CHECK(prefix("10.1.0.0/16").overlaps(prefix("10.0.0.0/8")));
  CHECK_FALSE(prefix("10.0.0.0/16").overlaps(prefix("10.1.0.0/16")));
}

TEST_CASE("every prefix reads back from its text, and its bounds are inside") {
  CHECK(rc::check([](std::uint32_t bits) {
    const Prefix any(Ipv4Address(bits), *rc::gen::inRange(0U, 33U));
    RC_ASSERT(Prefix::parse(fmt::format("{}", any)) == any);
    RC_ASSERT(any.contains(Ipv4Address(bits)));
    RC_ASSERT(any.contains(any.network()));
    RC_ASSERT(any.contains(any.broadcast()));
    RC_ASSERT(std::uint64_t{any.broadcast().bits()} - any.network().bits() + 1 == any.size());
  }));
}
