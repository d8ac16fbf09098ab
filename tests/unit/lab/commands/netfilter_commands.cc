#include <doctest/doctest.h>

#include "tests/unit/lab/commands/typed.hh"

using namespace ekspath;

TEST_CASE("iptables changes and shows the rules of its host (fixture iptables-t-nat-S)") {
  FixtureNode node;
  CHECK(typed(node.world, "node", "iptables -t nat -N AWS-SNAT-CHAIN-0") == "");
  CHECK(typed(node.world, "node",
              "iptables -t nat -A POSTROUTING -m comment --comment \"AWS SNAT CHAIN\" -j AWS-SNAT-CHAIN-0") ==
        "");
  CHECK(
      typed(node.world, "node", "iptables -t nat -S") ==
      "-P PREROUTING ACCEPT\n-P INPUT ACCEPT\n-P OUTPUT ACCEPT\n-P POSTROUTING ACCEPT\n-N AWS-SNAT-CHAIN-0\n"
      "-A POSTROUTING -m comment --comment \"AWS SNAT CHAIN\" -j AWS-SNAT-CHAIN-0\n");
  CHECK(typed(node.world, "node", "iptables-save -t nat").find(":AWS-SNAT-CHAIN-0 - [0:0]\n") !=
        std::string::npos);
}

TEST_CASE("iptables of a user who is not root is refused") {
  FixtureNode node;
  const Typed command(node.world, "node", "iptables -S", false);
  CHECK(command.status == 4);
  CHECK(command.text_err.find("you must be root") != std::string::npos);
}

TEST_CASE("what iptables does not know is refused before a run; chains and sets may come later") {
  FixtureNode node;
  for (const char* line :
       {"iptables -A INPUT -s 1.2.3.4.5 -j DROP", "iptables -A INPUT -m physdev --physdev-in x -j DROP",
        "iptables -Q", "iptables -t security -S", "iptables -A INPUT -p tcp --dport 99999 -j DROP",
        "iptables-save -f x", "iptables-restore --verbose", "ipset rename a b", "ipset"}) {
    INFO(line);
    CHECK(typed(node.world, "node", line).starts_with("refused: ip"));
  }
  const Typed later(node.world, "node", "iptables -A INPUT -m set --match-set later src -j LATER");
  CHECK(later.refused == "");
  CHECK(later.status != 0);
}

TEST_CASE("ipset keeps the sets of its host") {
  FixtureNode node;
  CHECK(typed(node.world, "node", "ipset create friends hash:ip") == "");
  CHECK(typed(node.world, "node", "ipset add friends 10.0.0.1") == "");
  CHECK(Typed(node.world, "node", "ipset test friends 10.0.0.1").status == 0);
  CHECK(Typed(node.world, "node", "ipset test friends 10.0.0.2").status == 1);
  CHECK(Typed(node.world, "pod1", "ipset test friends 10.0.0.1").status == 1);
}
