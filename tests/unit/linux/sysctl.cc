#include "sim/linux/sysctl.hh"

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>

#include "tests/support/linux/world.hh"

namespace ekspath {
namespace {

TEST_CASE("every name is read, and written back as it was") {
  LinuxWorld world("a(10.0.0.1) -- b(10.0.0.2)");
  Netns& host = world["a"];
  const std::vector<std::string> names = sysctl_names(host);
  CHECK(std::is_sorted(names.begin(), names.end()));
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
  for (const std::string& name : names) {
    const auto value = read_sysctl(host, name);
    REQUIRE_MESSAGE(value, name);
    CHECK_MESSAGE(write_sysctl(host, name, *value) == 0, name);
    CHECK(read_sysctl(host, name) == value);
  }
}

TEST_CASE("defaults are Linux's") {
  LinuxWorld world("a(10.0.0.1) -- b(10.0.0.2)");
  Netns& host = world["a"];
  CHECK(read_sysctl(host, "net.ipv4.ip_forward") == "0");
  CHECK(read_sysctl(host, "net.ipv4.ip_local_port_range") == "32768\t60999");
  CHECK(read_sysctl(host, "net.ipv4.icmp_ratemask") == "6168");
  CHECK(read_sysctl(host, "net.ipv4.conf.e0.send_redirects") == "1");
  CHECK(read_sysctl(host, "net.netfilter.nf_conntrack_tcp_timeout_established") == "432000");
}

TEST_CASE("ip_forward is every interface's forwarding, and that of those to come") {
  LinuxWorld world("a(10.0.0.1) -- b(10.0.0.2)");
  Netns& host = world["a"];
  CHECK(write_sysctl(host, "net.ipv4.ip_forward", "1\n") == 0);
  CHECK(read_sysctl(host, "net.ipv4.conf.all.forwarding") == "1");
  CHECK(read_sysctl(host, "net.ipv4.conf.e0.forwarding") == "1");
  CHECK(host.add_interface("late", InterfaceKind::ena, {}, 1500).conf.forwarding);
  CHECK(write_sysctl(host, "net/ipv4/conf/all/forwarding", "0") == 0);
  CHECK(read_sysctl(host, "net.ipv4.ip_forward") == "0");
  CHECK(read_sysctl(host, "net.ipv4.conf.late.forwarding") == "0");
}

TEST_CASE("a new interface takes the values of default") {
  LinuxWorld world("a(10.0.0.1) -- b(10.0.0.2)");
  Netns& host = world["a"];
  CHECK(write_sysctl(host, "net.ipv4.conf.default.rp_filter", "2") == 0);
  CHECK(read_sysctl(host, "net.ipv4.conf.e0.rp_filter") == "0");
  host.add_interface("eth0.100", InterfaceKind::ena, {}, 1500);
  CHECK(read_sysctl(host, "net/ipv4/conf/eth0.100/rp_filter") == "2");
  CHECK(read_sysctl(host, "net.ipv4.conf.eth0/100.rp_filter") == "2");
}

TEST_CASE("unknown names and bad values have their errno") {
  LinuxWorld world("a(10.0.0.1) -- b(10.0.0.2)");
  Netns& host = world["a"];
  CHECK(write_sysctl(host, "net.ipv4.ip_froward", "1") == ENOENT);
  CHECK(write_sysctl(host, "net.ipv4.conf.nope.rp_filter", "1") == ENOENT);
  CHECK(write_sysctl(host, "net.ipv4.conf.e0", "1") == ENOENT);
  CHECK(write_sysctl(host, "net.ipv4.ip_forward", "yes") == EINVAL);
  CHECK(write_sysctl(host, "net.ipv4.ip_forward", "") == EINVAL);
  CHECK(write_sysctl(host, "net.ipv4.ip_default_ttl", "256") == EINVAL);
  CHECK(write_sysctl(host, "net.ipv4.ip_local_port_range", "5 4") == EINVAL);
  CHECK(write_sysctl(host, "net.ipv4.ip_local_port_range", "4000 5000") == 0);
  CHECK(host.sysctls->local_port_high == 5000);
}

}  // namespace
}  // namespace ekspath
