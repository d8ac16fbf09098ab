#include "sim/linux/interface_name.hh"

#include <doctest/doctest.h>

#include <string>

using namespace ekspath;

TEST_CASE("a device's name has 15 bytes at most, no slash and no space (observed: ip rule add iif)") {
  CHECK(InterfaceName::parse("eni0123456789ab")->text() == "eni0123456789ab");
  CHECK(InterfaceName::parse("eni0123456789abc") == std::nullopt);
  CHECK(InterfaceName::parse("a/b") == std::nullopt);
  CHECK(InterfaceName::parse("a b") == std::nullopt);
  CHECK(InterfaceName::parse("") == std::nullopt);
}

TEST_CASE("two names are equal when their texts are; a new one is empty") {
  CHECK(InterfaceName("ens5") == InterfaceName(std::string("ens5")));
  CHECK(InterfaceName("ens5") != InterfaceName("ens"));
  CHECK(InterfaceName().empty());
  CHECK_FALSE(InterfaceName("lo").empty());
}

TEST_CASE("a name reads as the text that it is") {
  const InterfaceName name = "ens5";
  CHECK(name == "ens5");
  CHECK(name != std::string("ens"));
  CHECK(fmt::format("{:>6}", name) == "  ens5");
  CHECK(std::string(name) == "ens5");
}
