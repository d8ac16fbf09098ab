#include "sim/eks/coredns/corefile.hh"

#include <doctest/doctest.h>

namespace ekspath {
namespace {

std::vector<CorefileServer> servers(std::string_view text) {
  auto parsed = parse_corefile(text);
  if (const auto* error = std::get_if<std::string>(&parsed)) FAIL(*error);
  return std::get<std::vector<CorefileServer>>(parsed);
}

std::string error(std::string_view text) {
  const auto parsed = parse_corefile(text);
  REQUIRE(std::holds_alternative<std::string>(parsed));
  return std::get<std::string>(parsed);
}

TEST_CASE("the Corefile of EKS is understood") {
  const auto read = servers(eks_corefile);
  REQUIRE(read.size() == 1);
  const CorefileServer& server = read.front();
  CHECK(server.zone.is_root());
  CHECK(server.port == 53);
  REQUIRE(server.kubernetes);
  CHECK(server.kubernetes->zone.text() == "cluster.local.");
  CHECK(server.kubernetes->reverse_zones.size() == 2);
  CHECK(server.kubernetes->pods_insecure);
  CHECK(server.kubernetes->ttl_s == 5);
  CHECK(server.kubernetes->fallthrough_zones.size() == 2);
  REQUIRE(server.forward);
  CHECK(server.forward->from.is_root());
  CHECK(server.forward->to == std::vector<std::string>{"/etc/resolv.conf"});
  REQUIRE(server.cache);
  CHECK(server.cache->positive_s == 30);
  CHECK(server.load_balance);
  CHECK(server.errors);
}

TEST_CASE("a stub domain is a block of its own, by zone and port") {
  const auto read = servers(
      "# ours\n.:53 {\n  forward . 10.0.0.2\n}\ncorp.example:53 other.example {\n"
      "  forward . 10.1.0.5:5353 10.1.0.6 {\n    policy sequential\n    force_tcp\n  }\n}\n");
  REQUIRE(read.size() == 3);
  CHECK(read[1].zone.text() == "corp.example.");
  CHECK(read[2].zone.text() == "other.example.");
  CHECK(read[1].forward->to.size() == 2);
  CHECK(read[1].forward->policy == CorefileForward::Policy::sequential);
  CHECK(read[1].forward->force_tcp);
}

TEST_CASE("what is not understood is refused with its line") {
  CHECK(error(".:53 {\n  errors\n  foo\n}\n") ==
        "/etc/coredns/Corefile:3 - Error during parsing: Unknown directive 'foo'");
  CHECK(error(".:53 {\n  rewrite name a b\n}\n") ==
        "/etc/coredns/Corefile:2 - Error during parsing: plugin/rewrite is not modelled");
  CHECK(
      error(".:53 {\n  forward . 10.0.0.2 {\n    max_fails 3\n  }\n}\n") ==
      "/etc/coredns/Corefile:3 - Error during parsing: option 'max_fails' of plugin/forward is not modelled");
  CHECK(error(".:53 {\n  cache x\n}\n") ==
        "/etc/coredns/Corefile:2 - Error during parsing: invalid number 'x'");
  CHECK(error(".:53 {\n  errors\n") ==
        "/etc/coredns/Corefile:2 - Error during parsing: Unexpected EOF, expecting '}'");
  CHECK(error("tls://.:853 {\n}\n") ==
        "/etc/coredns/Corefile:1 - Error during parsing: 'tls://.:853' is not modelled");
}

}  // namespace
}  // namespace ekspath
