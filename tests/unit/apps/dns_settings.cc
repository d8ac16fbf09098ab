#include "sim/apps/dns_settings.hh"

#include <doctest/doctest.h>

namespace ekspath {
namespace {

using namespace literals;

TEST_CASE("a pod's resolv.conf is read") {
  const ResolvConf conf = parse_resolv_conf(
      "search default.svc.cluster.local svc.cluster.local cluster.local us-west-2.compute.internal\n"
      "nameserver 10.100.0.10\noptions ndots:5\n");
  CHECK(conf.nameservers == std::vector{Ipv4Address(10, 100, 0, 10)});
  REQUIRE(conf.search.size() == 4);
  CHECK(conf.search[0].text() == "default.svc.cluster.local.");
  CHECK(conf.search[3].text() == "us-west-2.compute.internal.");
  CHECK(conf.ndots == 5);
  CHECK(conf.timeout == 5_s);
  CHECK(conf.attempts == 2);
}

TEST_CASE("without a name server the host's own is asked, and one dot makes a name whole") {
  const ResolvConf conf = parse_resolv_conf("# nothing\n;\n\nnameserver x\n");
  CHECK(conf.nameservers == std::vector{Ipv4Address(127, 0, 0, 1)});
  CHECK(conf.search.empty());
  CHECK(conf.ndots == 1);
}

TEST_CASE("three name servers count, the last search list does, and options stay within glibc's limits") {
  const ResolvConf conf = parse_resolv_conf(
      "nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\nnameserver 10.0.0.4\n"
      "search a b\ndomain c d\noptions ndots:99 timeout:99 attempts:99\n"
      "options single-request-reopen use-vc rotate\n");
  CHECK(conf.nameservers.size() == 3);
  REQUIRE(conf.search.size() == 1);
  CHECK(conf.search[0].text() == "c.");
  CHECK(conf.ndots == 15);
  CHECK(conf.timeout == 30_s);
  CHECK(conf.attempts == 5);
  CHECK(conf.single_request_reopen);
  CHECK(conf.use_tcp);
}

TEST_CASE("/etc/hosts: an address, its name and its aliases, comments apart") {
  const auto lines =
      parse_hosts_file("127.0.0.1\tlocalhost\n# x y\n10.0.0.5 web-0.nginx web-0 # here\n::1\n");
  REQUIRE(lines.size() == 2);
  CHECK(lines[1].address == "10.0.0.5");
  CHECK(lines[1].names == std::vector<std::string>{"web-0.nginx", "web-0"});
}

}  // namespace
}  // namespace ekspath
