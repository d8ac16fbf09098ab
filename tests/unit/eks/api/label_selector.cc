#include "sim/eks/api/label_selector.hh"

#include <doctest/doctest.h>

#include "sim/eks/api/quantity.hh"

namespace ekspath {
namespace {

TEST_CASE("a selector's terms must all hold") {
  const auto selector = LabelSelector::parse("app=web,tier!=db,env in (test, prod),!canary");
  REQUIRE(selector);
  CHECK(selector->matches({{"app", "web"}, {"env", "prod"}}));
  CHECK_FALSE(selector->matches({{"app", "web"}}));
  CHECK_FALSE(selector->matches({{"app", "web"}, {"env", "prod"}, {"tier", "db"}}));
  CHECK_FALSE(selector->matches({{"app", "web"}, {"env", "prod"}, {"canary", ""}}));
}

TEST_CASE("a selector is printed in order of its keys") {
  CHECK(LabelSelector::parse("tier in (b,a),app=web")->text() == "app=web,tier in (a,b)");
  CHECK(LabelSelector(Labels{{"app", "web"}}).text() == "app=web");
}

TEST_CASE("a term without a key is no selector") {
  CHECK_FALSE(LabelSelector::parse("=web"));
  CHECK_FALSE(LabelSelector::parse("a b=c"));
  CHECK_FALSE(LabelSelector::parse("env in prod"));
}

TEST_CASE("quantities are read in their units") {
  CHECK(Quantity::parse("100m")->milli() == 100);
  CHECK(Quantity::parse("1.5")->milli() == 1500);
  CHECK(Quantity::parse("128Mi")->whole() == 134217728);
  CHECK(Quantity::parse("1e3")->whole() == 1000);
  CHECK_FALSE(Quantity::parse("12 Mi"));
  CHECK_FALSE(Quantity::parse("Mi"));
}

TEST_CASE("resources go by all the names that kubectl takes") {
  CHECK(parse_resource("po") == ObjectKind::pod);
  CHECK(parse_resource("Deployment.apps") == ObjectKind::deployment);
  CHECK(parse_resource("deployments.v1.apps") == ObjectKind::deployment);
  CHECK(parse_resource("endpoints") == ObjectKind::endpoints);
  CHECK_FALSE(parse_resource("widgets"));
  CHECK(find_kind("apps/v1", "DaemonSet") == ObjectKind::daemon_set);
  CHECK_FALSE(find_kind("v1", "DaemonSet"));
}

}  // namespace
}  // namespace ekspath
