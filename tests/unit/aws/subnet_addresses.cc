#include "sim/aws/subnet_addresses.hh"

#include <doctest/doctest.h>

#include <set>

namespace ekspath {
namespace {

SubnetAddresses subnet_24() { return SubnetAddresses(Prefix(Ipv4Address(192, 168, 1, 0), 24)); }
FabricRefusal refusal(const Outcome& outcome) {
  REQUIRE(outcome);
  return outcome->refusal;
}

}  // namespace

TEST_CASE("a /24 has 251 usable addresses, and 250 once an instance is in it") {
  SubnetAddresses addresses = subnet_24();
  CHECK(addresses.available() == 251);
  Random luck(1, "node1", "private address");
  CHECK(addresses.take_any(luck));
  CHECK(addresses.available() == 250);
}

TEST_CASE("network, router, DNS, future use and the last address are reserved") {
  SubnetAddresses addresses = subnet_24();
  for (const int last : {0, 1, 2, 3, 255}) {
    const Ipv4Address reserved(192, 168, 1, static_cast<std::uint8_t>(last));
    CHECK(addresses.is_reserved(reserved));
    CHECK(refusal(addresses.take(reserved)) == FabricRefusal::address_reserved);
  }
  CHECK_FALSE(addresses.take(Ipv4Address(192, 168, 1, 4)));
}

TEST_CASE("a pinned address outside, or taken, is refused with its words") {
  SubnetAddresses addresses = subnet_24();
  CHECK(refusal(addresses.take(Ipv4Address(192, 168, 2, 9))) == FabricRefusal::outside_subnet);
  CHECK_FALSE(addresses.take(Ipv4Address(192, 168, 1, 9)));
  const Outcome twice = addresses.take(Ipv4Address(192, 168, 1, 9));
  CHECK(refusal(twice) == FabricRefusal::address_taken);
  CHECK(twice->found == "address 192.168.1.9 in subnet 192.168.1.0/24");
}

TEST_CASE("every address is drawn once, then the subnet is exhausted") {
  SubnetAddresses addresses(Prefix(Ipv4Address(10, 0, 0, 0), 28));
  Random luck(1, "node1", "private address");
  std::set<Ipv4Address> drawn;
  for (int i = 0; i < 11; ++i) drawn.insert(*addresses.take_any(luck));
  CHECK(drawn.size() == 11);
  CHECK(addresses.available() == 0);
  CHECK_FALSE(addresses.take_any(luck));
  addresses.give_back(*drawn.begin());
  CHECK(*addresses.take_any(luck) == *drawn.begin());
}

TEST_CASE("an address kept for a pin is not drawn, singly or in a prefix, and is there when it is pinned") {
  SubnetAddresses addresses(Prefix(Ipv4Address(10, 0, 0, 0), 26));
  CHECK_FALSE(addresses.keep(Ipv4Address(10, 0, 0, 20)));
  CHECK(refusal(addresses.keep(Ipv4Address(10, 0, 0, 1))) == FabricRefusal::address_reserved);
  Random luck(1, "node1", "private address");
  CHECK(*addresses.take_any_block(luck) == Prefix(Ipv4Address(10, 0, 0, 32), 28));
  CHECK_FALSE(addresses.take_any_block(luck));
  while (const auto drawn = addresses.take_any(luck)) CHECK(*drawn != Ipv4Address(10, 0, 0, 20));
  CHECK(addresses.available() == 1);
  CHECK_FALSE(addresses.take(Ipv4Address(10, 0, 0, 20)));
  CHECK(addresses.available() == 0);
}

TEST_CASE("delegated prefixes are aligned, wholly free, and none of the two with reserved addresses") {
  SubnetAddresses addresses(Prefix(Ipv4Address(10, 0, 0, 0), 26));
  CHECK_FALSE(addresses.take(Ipv4Address(10, 0, 0, 20)));
  Random luck(1, "node1", "prefix");
  CHECK(*addresses.take_any_block(luck) == Prefix(Ipv4Address(10, 0, 0, 32), 28));
  CHECK_FALSE(addresses.take_any_block(luck));
  CHECK(refusal(addresses.take(Prefix(Ipv4Address(10, 0, 0, 0), 28))) == FabricRefusal::address_reserved);
  CHECK(refusal(addresses.take(Prefix(Ipv4Address(10, 0, 0, 16), 28))) == FabricRefusal::address_taken);
  CHECK(refusal(addresses.take(Ipv4Address(10, 0, 0, 40))) == FabricRefusal::address_taken);
}

}  // namespace ekspath
