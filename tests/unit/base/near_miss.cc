#include "sim/base/near_miss.hh"

#include <doctest/doctest.h>

#include <vector>

using namespace ekspath;

namespace {

const std::vector<std::string> keys{"name", "node", "ip", "hostNetwork", "device"};

std::string nearest(std::string_view word) { return near_miss(word, std::span<const std::string>(keys)); }

}  // namespace

TEST_CASE("a slip of the hand finds what was meant") {
  CHECK(nearest("hostNetwrk") == "hostNetwork");
  CHECK(nearest("hostnetwork") == "hostNetwork");
  CHECK(nearest("nmae") == "name");
  CHECK(nearest("devcie") == "device");
  CHECK(nearest("pi") == "ip");
}

TEST_CASE("a word that is like none of them finds nothing") {
  CHECK(nearest("image") == "");
  CHECK(nearest("securityGroups") == "");
  CHECK(nearest(std::string(100, 'n')) == "");
}

TEST_CASE("of two equally near, the earlier is taken") { CHECK(nearest("nade") == "name"); }
