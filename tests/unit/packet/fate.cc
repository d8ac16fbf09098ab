#include "sim/packet/fate.hh"

#include <doctest/doctest.h>

#include <set>

using namespace ekspath;

TEST_CASE("every drop reason has a name of its own and an explanation") {
  std::set<std::string_view> names;
  for (std::uint8_t i = 0; i < drop_reason_count; ++i) {
    const auto reason = static_cast<DropReason>(i);
    CHECK_FALSE(to_string(reason).empty());
    CHECK_FALSE(explain(reason).empty());
    names.insert(to_string(reason));
  }
  CHECK(names.size() == drop_reason_count);
}

TEST_CASE("the names of reasons stand in the order of the list") {
  CHECK(to_string(DropReason::none) == "none");
  CHECK(to_string(DropReason::rp_filter) == "rp_filter");
  CHECK(to_string(DropReason::no_socket) == "no_socket");
  CHECK(to_string(DropReason::namespace_gone) == "namespace_gone");
  CHECK(to_string(DropReason::source_dest_check) == "source_dest_check");
  CHECK(to_string(DropReason::unsupported_ethertype) == "unsupported_ethertype");
}

TEST_CASE("every stage and every verdict has a name") {
  for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(Stage::link); ++i) {
    CHECK(to_string(static_cast<Stage>(i)) != "?");
  }
  for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(Verdict::log); ++i) {
    CHECK(to_string(static_cast<Verdict>(i)) != "?");
  }
}
