#include "sim/packet/place.hh"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace ekspath;

TEST_CASE("a place keeps its name, however many follow and however long one is") {
  PlaceNames places;
  std::vector<std::string> names;
  for (std::size_t size = 0; size < 200; ++size) names.emplace_back(size, static_cast<char>('a' + size % 26));
  for (const std::size_t size : {4095U, 4096U, 10'000U, 3U}) names.emplace_back(size, 'x');
  for (const std::string& name : names) (void)places.add(name);
  REQUIRE(places.size() == names.size());
  for (std::uint32_t i = 0; i < names.size(); ++i) {
    CAPTURE(i);
    CHECK(places.name(PlaceId(i)) == names[i]);
  }
}

TEST_CASE("nowhere is called ?") { CHECK(PlaceNames().name(PlaceId()) == "?"); }
