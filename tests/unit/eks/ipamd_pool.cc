#include "sim/eks/ipamd_pool.hh"

#include <doctest/doctest.h>

using namespace ekspath;
using namespace ekspath::literals;

namespace {

constexpr EniId first(0);
constexpr EniId second(1);

SandboxId container(std::string_view pod) { return {{static_cast<std::uint64_t>(pod.front()), 0, 0, 7}}; }
IpamdPool::Owner pod(std::string_view name) { return {container(name), "default", name}; }
Prefix cidr(std::string_view text) { return *Prefix::parse(text); }
Ipv4Address address(std::string_view text) { return *Ipv4Address::parse(text); }

/// Two addresses on the primary, one on the second ENI.
IpamdPool three_addresses() {
  IpamdPool pool;
  pool.add_eni(second, "eni-2", 1, 0_s);
  pool.add_eni(first, "eni-1", 0, 0_s);
  pool.add_cidr(first, cidr("10.0.1.23/32"));
  pool.add_cidr(first, cidr("10.0.1.9/32"));
  pool.add_cidr(second, cidr("10.0.1.50/32"));
  return pool;
}

}  // namespace

TEST_CASE("addresses are handed out ENI by ENI, in the order in which EC2 gave them") {
  IpamdPool pool = three_addresses();
  CHECK(pool.assign(pod("a"), 1_s)->address == address("10.0.1.23"));
  CHECK(pool.assign(pod("b"), 1_s)->address == address("10.0.1.9"));
  const auto third = pool.assign(pod("c"), 1_s);
  CHECK(third->address == address("10.0.1.50"));
  CHECK(third->device == 1);
  CHECK_FALSE(pool.assign(pod("d"), 1_s));
}

TEST_CASE("the same container gets the same address") {
  IpamdPool pool = three_addresses();
  CHECK_FALSE(pool.assign(pod("a"), 1_s)->is_duplicate);
  CHECK(pool.assign(pod("a"), 2_s)->is_duplicate);
  CHECK(pool.stats(2_s).assigned == 1);
}

TEST_CASE("an address cools down for 30 seconds: it counts as available and nobody gets it") {
  IpamdPool pool = three_addresses();
  (void)pool.assign(pod("a"), 0_s);
  (void)pool.assign(pod("b"), 0_s);
  (void)pool.assign(pod("c"), 0_s);
  CHECK(pool.unassign(container("a"), 10_s)->address == address("10.0.1.23"));
  CHECK(pool.stats(11_s).available() == 1);
  CHECK(pool.stats(11_s).cooldown == 1);
  CHECK_FALSE(pool.assign(pod("d"), 40_s));
  CHECK(pool.stats(41_s).cooldown == 0);
  CHECK(pool.assign(pod("d"), 41_s)->address == address("10.0.1.23"));
}

TEST_CASE("a prefix is handed out from its .0 up, used ones that cooled down first") {
  IpamdPool pool;
  pool.use_prefixes(true);
  pool.add_eni(first, "eni-1", 0, 0_s);
  pool.add_cidr(first, cidr("10.0.1.32/28"));
  CHECK(pool.assign(pod("a"), 0_s)->address == address("10.0.1.32"));
  CHECK(pool.assign(pod("b"), 0_s)->address == address("10.0.1.33"));
  (void)pool.unassign(container("a"), 0_s);
  CHECK(pool.assign(pod("c"), 30_s)->address == address("10.0.1.34"));
  CHECK(pool.assign(pod("d"), 31_s)->address == address("10.0.1.32"));
  CHECK(pool.stats(31_s).total == 16);
  CHECK(pool.stats(31_s).prefixes == 1);
}

TEST_CASE("single addresses are left alone while prefixes are used") {
  IpamdPool pool = three_addresses();
  pool.use_prefixes(true);
  CHECK(pool.stats(0_s).total == 0);
  CHECK(pool.total() == 3);
  CHECK_FALSE(pool.assign(pod("a"), 0_s));
}

TEST_CASE("an ENI stays while it is primary, young, cooling, in use or needed by a target") {
  IpamdPool pool = three_addresses();
  const auto why = [&](EniId eni, IpamdPool::Targets targets, Nanoseconds now) {
    return pool.why_kept(*pool.eni(eni), targets, now);
  };
  CHECK(why(first, {}, 100_s) == "it is primary");
  CHECK(why(second, {}, 59_s) == "it is too young");
  CHECK(why(second, {}, 60_s).empty());
  CHECK(why(second, {3, 0, 0}, 60_s) == "it is required for WARM_IP_TARGET: 3");
  CHECK(why(second, {2, 0, 0}, 60_s).empty());
  CHECK(why(second, {0, 3, 0}, 60_s) == "it is required for MINIMUM_IP_TARGET: 3");
  for (const auto* name : {"a", "b", "c"}) (void)pool.assign(pod(name), 60_s);
  CHECK(why(second, {}, 61_s) == "it has pods assigned");
  (void)pool.unassign(container("c"), 70_s);
  CHECK(why(second, {}, 100_s) == "has IPs in cooling");
  CHECK(why(second, {}, 101_s).empty());
}

TEST_CASE("a pinned address belongs to the pool from then on") {
  IpamdPool pool = three_addresses();
  CHECK(pool.adopt(pod("a"), second, address("10.0.1.77"), 0_s).device == 1);
  CHECK(pool.total() == 4);
  CHECK(pool.find(container("a"))->address == address("10.0.1.77"));
}

TEST_CASE("addresses of an ENI that are not side by side belong each to its own CIDR") {
  IpamdPool pool = three_addresses();
  (void)pool.adopt(pod("a"), second, address("10.0.1.77"), 0_s);
  (void)pool.adopt(pod("b"), second, address("10.0.1.5"), 0_s);
  CHECK(pool.find(container("a"))->cidr == Prefix(address("10.0.1.77"), 32));
  CHECK(pool.find(container("b"))->cidr == Prefix(address("10.0.1.5"), 32));
  (void)pool.unassign(container("b"), 0_s);
  pool.remove_cidr(second, Prefix(address("10.0.1.5"), 32));
  CHECK(pool.eni(second)->assigned() == 1);
  CHECK(pool.find(container("a"))->address == address("10.0.1.77"));
}
