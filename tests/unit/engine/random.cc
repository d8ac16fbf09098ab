#include "sim/engine/random.hh"

#include <doctest/doctest.h>

#include <array>
#include <vector>

using namespace ekspath;

namespace {

std::vector<std::uint64_t> first(Random random, int count) {
  std::vector<std::uint64_t> drawn;
  for (int i = 0; i < count; ++i) drawn.push_back(random.next());
  return drawn;
}

}  // namespace

TEST_CASE("a stream gives the same numbers on every machine and in every version") {
  CHECK(first(Random(1, "node1", "ports"), 3) ==
        std::vector<std::uint64_t>{0xd8be3d2555e7ce93, 0x9e4d52bba9615748, 0x5a9901097dfb5deb});
  Random dice(42, "", "");
  std::vector<std::uint64_t> drawn;
  for (int i = 0; i < 8; ++i) drawn.push_back(dice.uniform(6));
  CHECK(drawn == std::vector<std::uint64_t>{5, 2, 1, 3, 1, 5, 0, 4});
}

TEST_CASE("seed, entity and purpose each make another stream, and where one name ends matters") {
  const auto reference = first(Random(1, "node1", "ports"), 4);
  CHECK(first(Random(1, "node1", "ports"), 4) == reference);
  CHECK(first(Random(2, "node1", "ports"), 4) != reference);
  CHECK(first(Random(1, "node2", "ports"), 4) != reference);
  CHECK(first(Random(1, "node1", "ids"), 4) != reference);
  CHECK(first(Random(1, "node1p", "orts"), 4) != reference);
}

TEST_CASE("a uniform draw stays below its bound and reaches every value") {
  Random random(7, "node1", "test");
  std::array<int, 10> seen{};
  for (int i = 0; i < 10'000; ++i) ++seen.at(random.uniform(10));
  for (const int count : seen) {
    CHECK(count > 850);
    CHECK(count < 1150);
  }
  CHECK(random.uniform(1) == 0);
}

TEST_CASE("a draw between two values includes both") {
  Random random(7, "node1", "test");
  bool low = false;
  bool high = false;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t value = random.between(32768, 32771);
    CHECK(value >= 32768);
    CHECK(value <= 32771);
    low = low || value == 32768;
    high = high || value == 32771;
  }
  CHECK(low);
  CHECK(high);
  CHECK(random.between(5, 5) == 5);
}

TEST_CASE("a uniform draw of a range that does not divide 2^64 is not biased") {
  Random random(9, "node1", "test");
  constexpr std::uint64_t range = (std::uint64_t{1} << 63) + (std::uint64_t{1} << 62);  // 3/4 of all
  int lower_third = 0;
  for (int i = 0; i < 30'000; ++i) lower_third += random.uniform(range) < range / 3 ? 1 : 0;
  CHECK(lower_third > 9'700);
  CHECK(lower_third < 10'300);
}
