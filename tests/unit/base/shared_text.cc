#include "sim/base/shared_text.hh"

#include <doctest/doctest.h>

#include <boost/container/flat_map.hpp>
#include <functional>

using namespace ekspath;

TEST_CASE("copies of a shared text hold the same bytes") {
  const SharedText name = "node1";
  const SharedText copy = name;
  CHECK(copy.text().data() == name.text().data());
  CHECK(fmt::format("{}", copy) == "node1");
}

TEST_CASE("texts that are equal join, others stay what they are") {
  const SharedText known = "node1";
  SharedText same = std::string("node1");
  SharedText other = "node2";
  CHECK(same.text().data() != known.text().data());
  same.join(known);
  other.join(known);
  CHECK(same.text().data() == known.text().data());
  CHECK(other == "node2");
}

TEST_CASE("a shared text is compared and found as any other text") {
  const SharedText name = "b";
  CHECK(name == std::string("b"));
  CHECK(name == SharedText("b"));
  CHECK(std::string_view("a") < name);
  CHECK(name < SharedText("c"));
  boost::container::flat_map<SharedText, int, std::less<>> numbers{{"a", 1}, {"b", 2}};
  CHECK(numbers.find(std::string_view("b"))->second == 2);
}

TEST_CASE("an empty text has no block, and is still a text") {
  SharedText text = "";
  CHECK(text.empty());
  CHECK(text.text() == "");
  text = SharedText("x");
  text = text;
  CHECK(text == "x");
  text = {};
  CHECK(text.empty());
}
