#include "sim/eks/sandbox_id.hh"

#include <doctest/doctest.h>

using namespace ekspath;

TEST_CASE("a sandbox's id is written as 64 hexadecimal digits, zeros and all") {
  CHECK(fmt::format("{}", SandboxId{{0x1, 0xc0ffee, 0, ~std::uint64_t{0}}}) ==
        "0000000000000001"
        "0000000000c0ffee"
        "0000000000000000"
        "ffffffffffffffff");
}
