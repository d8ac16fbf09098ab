#include "sim/base/id.hh"

#include <doctest/doctest.h>

#include <type_traits>

using namespace ekspath;

TEST_CASE("an id that was never given is none, and tests false") {
  using PodId = Id<struct PodTag>;
  CHECK_FALSE(PodId());
  CHECK(PodId() == PodId::none());
  CHECK(PodId(0));
  CHECK(PodId(0) < PodId(1));
  CHECK(PodId(7) < PodId::none());
}

TEST_CASE("ids of two kinds do not mix") {
  using PodId = Id<struct PodTag>;
  using NodeId = Id<struct NodeTag>;
  CHECK_FALSE(std::is_convertible_v<PodId, NodeId>);
  CHECK_FALSE(std::is_convertible_v<std::uint32_t, PodId>);
}
