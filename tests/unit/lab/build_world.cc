#include <doctest/doctest.h>

#include "sim/lab/world.hh"
#include "tests/unit/lab/load_lab.hh"

namespace ekspath {
namespace {

TEST_CASE("every host of the file is in the world, with the addresses that are pinned") {
  const Scenario scenario = loaded(good_lab);
  Diagnostics diagnostics;
  const auto world = build_world(scenario, diagnostics);
  REQUIRE(diagnostics.text() == "");
  CHECK(world->hosts().size() == 6 + 6);  // and the pods of aws-node, kube-proxy and coredns
  CHECK(world->host("node1")->address == *Ipv4Address::parse("192.168.1.251"));
  CHECK(world->host("pod2")->address == *Ipv4Address::parse("192.168.1.151"));
  CHECK(world->host("operator")->address == *Ipv4Address::parse("172.20.1.100"));
  CHECK_FALSE(world->host("node2")->public_address.is_unspecified());
  CHECK(world->host("operator")->public_address.is_unspecified());
}

TEST_CASE("no drawn address takes one that a later host pins, whatever the seed") {
  // Nine addresses of eleven are pinned to pods, which are born last; two are left for the nodes to draw.
  std::string text =
      lab_with("{name: public-a, cidr: 192.168.1.0/24", "{name: public-a, cidr: 192.168.1.240/28");
  const std::size_t nat = text.find("      natGateways:");
  text.replace(nat, text.find('\n', nat) - nat + 1, "");
  text.replace(text.find(", natGateway: nat-a"), 19, "");
  text.replace(text.find(", nodes: [{privateIp: 192.168.1.251}]"), 37, "");
  const std::size_t pods = text.find("      - {name: pod1");
  text.replace(pods, text.find("  steps:") - pods, "");
  std::string pinned;
  for (int i = 0; i < 9; ++i) {
    pinned +=
        fmt::format("      - {{name: pod{}, node: node{}, ip: 192.168.1.{}}}\n", i + 1, i % 2 + 1, 244 + i);
  }
  text.insert(pods, pinned);
  for (int seed = 0; seed < 50; ++seed) {
    LoadOptions options;
    options.sets = {fmt::format("seed={}", seed), "steps=[]"};
    const Scenario scenario = loaded(text, options);
    Diagnostics diagnostics;
    const auto world = build_world(scenario, diagnostics);
    CHECK(diagnostics.text() == "");
    REQUIRE(world != nullptr);
    CHECK(world->host("pod9")->address == *Ipv4Address::parse("192.168.1.252"));
  }
}

TEST_CASE("a sysctl that no kernel has is an error of its line") {
  const Scenario scenario =
      loaded(lab_with("count: 2,", "count: 2, sysctls: {net.ipv4.ip_fourward: \"1\"},"));
  Diagnostics diagnostics;
  CHECK(build_world(scenario, diagnostics) == nullptr);
  CHECK(
      diagnostics.text().starts_with("lab.yaml:28:58: unknown sysctl 'net.ipv4.ip_fourward' on node1; "
                                     "did you mean 'net.ipv4.ip_forward'?\n"));
}

}  // namespace
}  // namespace ekspath
