#include "sim/eks/api/shared.hh"

#include <doctest/doctest.h>

#include <string>

using namespace ekspath;

TEST_CASE("copies hold one value until one of them is written") {
  Shared<std::string> first(std::string("web"));
  Shared<std::string> second = first;
  CHECK(&*first == &*second);
  second.write() += "-0";
  CHECK(*first == "web");
  CHECK(*second == "web-0");
}

TEST_CASE("what says the same is joined, what says something else is not") {
  Shared<std::string> first(std::string("web"));
  Shared<std::string> same(std::string("web"));
  Shared<std::string> other(std::string("db"));
  same.join(first);
  other.join(first);
  CHECK(&*same == &*first);
  CHECK(*other == "db");
}

TEST_CASE("a new one reads as the type's own beginning, and writing it leaves the others as they are") {
  Shared<std::string> empty;
  const Shared<std::string> another;
  CHECK(empty->empty());
  empty.write() = "web";
  CHECK(another->empty());
}

TEST_CASE("copies of an indirect value are values of their own") {
  Indirect<std::string> first(std::string("web"));
  Indirect<std::string> second = first;
  *second += "-0";
  CHECK(*first == "web");
  first = second;
  CHECK(*first == "web-0");
  CHECK(&*first != &*second);
}
