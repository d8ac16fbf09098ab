#include "sim/linux/netfilter/iptables_text.hh"

#include <doctest/doctest.h>

#include "tests/unit/linux/netfilter/rule_host.hh"

namespace ekspath {

TEST_CASE("a rule prints in iptables' own order of conditions, with /32 and names of protocols") {
  RuleHost host;
  host.run("-A INPUT -p 6 -i eth0 -s 1.2.3.4 --dport 80 -j ACCEPT");
  CHECK(host.run("-S INPUT") ==
        "-P INPUT ACCEPT\n-A INPUT -s 1.2.3.4/32 -i eth0 -p tcp -m tcp --dport 80 -j ACCEPT\n");
}

}  // namespace ekspath
