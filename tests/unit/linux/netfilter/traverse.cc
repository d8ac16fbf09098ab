#include <doctest/doctest.h>

#include <string>

#include "sim/linux/netfilter/ipset.hh"
#include "sim/linux/netfilter/iptables_text.hh"
#include "sim/linux/netfilter/table.hh"
#include "tests/support/linux/world.hh"

namespace ekspath {
namespace {

/// client -- router -- server, and rules on the router.
struct Lab {
  LinuxWorld world{"client(10.0.0.5) -- router(10.0.0.1, 10.1.0.1) -- server(10.1.0.2)"};

  void run(std::string_view line) {
    INFO(line);
    const CommandResult result = iptables(world["router"], line);
    CHECK(result.err == "");
  }
  std::string out(std::string_view line) { return iptables(world["router"], line).out; }
  void ping() { send("10.0.0.5 > 10.1.0.2: ICMP echo request id 7 seq 1 len 56"); }
  void send(std::string_view packet) {
    world.send("client", packet);
    world.run_for(Nanoseconds(1'000'000));
  }
  /// How many frames the server was shown.
  [[nodiscard]] bool arrived() { return !world.capture("server/e0").empty(); }
  /// "packets:bytes" of a rule, from iptables-save -c.
  std::string counters(std::string_view rule) {
    constexpr std::string_view options[]{"-c"};
    const std::string text = iptables_save(world["router"], options).out;
    const std::size_t at = text.find(rule);
    if (at == std::string::npos) return "no such rule";
    const std::size_t line = text.rfind('\n', at) + 1;
    return text.substr(line + 1, text.find(']', line) - line - 1);
  }
};

}  // namespace

TEST_CASE("a rule that matches counts the packet and its IP length") {
  Lab lab;
  lab.run("-A FORWARD -p icmp -d 10.1.0.2 -j ACCEPT");
  lab.ping();
  CHECK(lab.counters("-A FORWARD -d 10.1.0.2/32") == "1:84");
  CHECK(lab.arrived());
}

TEST_CASE("DROP in FORWARD ends the packet, with the rule as its reason") {
  Lab lab;
  lab.run("-A FORWARD -d 10.1.0.2 -j DROP");
  lab.ping();
  CHECK_FALSE(lab.arrived());
  CHECK(lab.world.drops().find("filter netfilter_drop") != std::string::npos);
  CHECK(lab.world.walk().find("filter FORWARD: -A FORWARD -d 10.1.0.2/32 -j DROP") != std::string::npos);
}

TEST_CASE("policy DROP counts and drops what reaches the end of the chain") {
  Lab lab;
  lab.run("-P FORWARD DROP");
  lab.ping();
  CHECK_FALSE(lab.arrived());
  CHECK(lab.out("-L FORWARD -n -v").starts_with("Chain FORWARD (policy DROP 1 packets, 84 bytes)"));
  CHECK(lab.world.walk().find("filter FORWARD: policy DROP") != std::string::npos);
}

TEST_CASE("RETURN in a built-in chain is the chain's policy") {
  Lab lab;
  lab.run("-A FORWARD -p icmp -j RETURN");
  lab.run("-A FORWARD -j DROP");
  lab.ping();
  CHECK(lab.arrived());
  CHECK(lab.out("-L FORWARD -n -v").starts_with("Chain FORWARD (policy ACCEPT 2 packets, 168 bytes)"));
}

TEST_CASE("falling off a user chain goes on behind the jump") {
  Lab lab;
  lab.run("-N A");
  lab.run("-A FORWARD -p icmp -j A");
  lab.run("-A FORWARD -d 10.1.0.2 -j DROP");
  lab.run("-A A -s 9.9.9.9 -j DROP");
  lab.ping();
  CHECK(lab.counters("-A FORWARD -d 10.1.0.2/32 -j DROP") == "1:84");
}

TEST_CASE("a chain that A goes to falls off behind the jump into A") {
  Lab lab;
  for (const auto* line :
       {"-N A", "-N G", "-A FORWARD -d 10.1.0.2 -j A", "-A FORWARD -d 10.1.0.2 -m comment --comment behind",
        "-A A -g G", "-A A -j DROP", "-A G -s 9.9.9.9 -j DROP"}) {
    lab.run(line);
  }
  lab.ping();
  CHECK(lab.counters("-A A -j DROP") == "0:0");
  CHECK(lab.counters("--comment behind") == "1:84");
  CHECK(lab.arrived());
}

TEST_CASE("a goto in a built-in chain ends at the policy") {
  Lab lab;
  for (const auto* line : {"-N G", "-A FORWARD -d 10.1.0.2 -g G", "-A FORWARD -d 10.1.0.2 -j DROP"})
    lab.run(line);
  lab.ping();
  CHECK(lab.arrived());
  CHECK(lab.counters("-A FORWARD -d 10.1.0.2/32 -j DROP") == "0:0");
}

TEST_CASE("MARK and its kin compute as the kernel does") {
  Lab lab;
  lab.run("-t mangle -A PREROUTING -p icmp -j MARK --set-mark 0x4/0x3");
  lab.run("-t mangle -A PREROUTING -p icmp -j MARK --or-mark 0x8");
  lab.run("-t mangle -A PREROUTING -p icmp -j MARK --xor-mark 0x1");
  lab.run("-t mangle -A PREROUTING -p icmp -j MARK --and-mark 0xfd");
  lab.run("-A FORWARD -m mark --mark 0xd/0xff -d 10.1.0.2 -j ACCEPT");
  lab.ping();
  CHECK(lab.counters("-A FORWARD -d 10.1.0.2/32") == "1:84");
}

TEST_CASE("LOG and rules without target let the packet go on") {
  Lab lab;
  lab.run("-A FORWARD -d 10.1.0.2 -j LOG --log-prefix \"seen: \"");
  lab.run("-A FORWARD -d 10.1.0.2");
  lab.ping();
  CHECK(lab.counters("-A FORWARD -d 10.1.0.2/32 -j LOG") == "1:84");
  CHECK(lab.arrived());
  CHECK(lab.world.walk().find("--log-prefix \"seen: \"") != std::string::npos);
}

TEST_CASE("statistic nth --every 3 --packet 1 matches packets 2, 5 and 8") {
  Lab lab;
  lab.run("-A FORWARD -d 10.1.0.2 -m statistic --mode nth --every 3 --packet 1 -j DROP");
  std::string dropped;
  for (int i = 1; i <= 8; ++i) {
    lab.world.forget();
    lab.ping();
    if (!lab.arrived()) dropped += std::to_string(i) + " ";
  }
  CHECK(dropped == "2 5 8 ");
}

TEST_CASE("statistic random at 0.3333 takes about a third") {
  Lab lab;
  lab.run("-A FORWARD -d 10.1.0.2 -m statistic --mode random --probability 0.3333 -j ACCEPT");
  for (int i = 0; i < 3000; ++i) lab.ping();
  const std::string counted = lab.counters("-A FORWARD -d 10.1.0.2/32");
  const int hits = std::stoi(counted);
  CHECK(hits > 900);
  CHECK(hits < 1100);
}

TEST_CASE("recent --rcheck --seconds 60 --hitcount 3 before --set lets three pass") {
  Lab lab;
  lab.run("-A FORWARD -d 10.1.0.2 -m recent --rcheck --seconds 60 --hitcount 3 --name l -j DROP");
  lab.run("-A FORWARD -d 10.1.0.2 -m recent --set --name l");
  std::string passed;
  for (int i = 1; i <= 5; ++i) {
    lab.world.forget();
    lab.ping();
    if (lab.arrived()) passed += std::to_string(i) + " ";
  }
  CHECK(passed == "1 2 3 ");
}

TEST_CASE("limit with a burst of 3 takes the first three, and one more when its time has come") {
  Lab lab;
  lab.run("-A FORWARD -d 10.1.0.2 -m limit --limit 1/sec --limit-burst 3 -j ACCEPT");
  for (int i = 0; i < 6; ++i) lab.ping();
  CHECK(lab.counters("-A FORWARD -d 10.1.0.2/32") == "3:252");
  lab.world.run_for(Nanoseconds(1'000'000'000));
  lab.ping();
  CHECK(lab.counters("-A FORWARD -d 10.1.0.2/32") == "4:336");
}

TEST_CASE("interfaces match by name and by prefix, also those that are born later") {
  Lab lab;
  lab.run("-A FORWARD -i e+ ! -o eth+ -d 10.1.0.2 -j ACCEPT");
  lab.run("-t mangle -A FORWARD -i e1 -d 10.1.0.2 -j ACCEPT");
  lab.run("-t mangle -A FORWARD -i e0 -d 10.1.0.2 -j ACCEPT");
  lab.run("-t mangle -A PREROUTING -i eni+ -s 10.9.0.5");
  lab.ping();
  CHECK(lab.counters("-A FORWARD -d 10.1.0.2/32 -i e+ ! -o eth+") == "1:84");
  CHECK(lab.counters("-A FORWARD -d 10.1.0.2/32 -i e1") == "0:0");
  CHECK(lab.counters("-A FORWARD -d 10.1.0.2/32 -i e0") == "1:84");
  Interface& late =
      lab.world["router"].add_interface("eni1", InterfaceKind::veth, MacAddress{{2, 0, 0, 0, 9, 1}}, 1500);
  // Bit 1 is the first pattern behind "+": e+
  CHECK((lab.world.rules.class_bits(late.pattern_class) & 2) != 0);
}

TEST_CASE("connection tracking begins with the first rule that asks for it, and ends with the last") {
  Lab lab;
  Netns& router = lab.world["router"];
  lab.run("-t nat -A POSTROUTING -d 9.9.9.9 -j RETURN");
  CHECK_FALSE(router.netfilter->needs_conntrack());
  lab.run("-N unused");
  lab.run("-A unused -m conntrack --ctstate NEW");
  CHECK(router.netfilter->needs_conntrack());
  lab.run("-F unused");
  CHECK_FALSE(router.netfilter->needs_conntrack());
  lab.run("-t nat -A POSTROUTING -d 9.9.9.9 -j MASQUERADE");
  CHECK(router.netfilter->needs_conntrack());
}

TEST_CASE("ctstate tells the first packet of a flow from its answers") {
  Lab lab;
  lab.run("-A FORWARD -m conntrack --ctstate NEW -d 10.1.0.2");
  lab.run("-A FORWARD -m conntrack --ctstate ESTABLISHED --ctdir REPLY -s 10.1.0.2");
  lab.run("-t raw -A PREROUTING -m conntrack --ctstate INVALID -d 10.1.0.2");
  lab.ping();
  CHECK(lab.counters("-A FORWARD -d 10.1.0.2/32") == "1:84");
  CHECK(lab.counters("-A FORWARD -s 10.1.0.2/32") == "1:84");
  CHECK(lab.counters("-A PREROUTING -d 10.1.0.2/32") == "1:84");  // nothing has an entry before conntrack
}

TEST_CASE("REJECT tells the sender, with the type asked for") {
  Lab lab;
  lab.run("-A FORWARD -p udp -j REJECT --reject-with icmp-admin-prohibited");
  lab.send("10.0.0.5.4000 > 10.1.0.2.53: UDP 12");
  CHECK_FALSE(lab.arrived());
  CHECK(lab.world.capture("client/e0").find("10.0.0.1 > 10.0.0.5: ICMP") != std::string::npos);
  CHECK(lab.world.drops().find("netfilter_reject") != std::string::npos);
}

TEST_CASE("NOTRACK in raw makes a packet UNTRACKED and leaves no entry") {
  Lab lab;
  lab.run("-t raw -A PREROUTING -p icmp -j CT --notrack");
  lab.run("-A FORWARD -m conntrack --ctstate UNTRACKED -d 10.1.0.2");
  lab.ping();
  CHECK(lab.counters("-A FORWARD -d 10.1.0.2/32") == "1:84");
  CHECK(lab.world["router"].conntrack->count() == 0);
}

TEST_CASE("DNAT and MASQUERADE translate a flow and its answers, and nat counts its first packet only") {
  Lab lab;
  lab.run("-t nat -A PREROUTING -d 203.0.113.9 -p udp --dport 53 -j DNAT --to-destination 10.1.0.2:5353");
  lab.run("-t nat -A POSTROUTING -o e1 -j MASQUERADE");
  for (int i = 0; i < 3; ++i) {
    lab.send("10.0.0.5.4000 > 203.0.113.9.53: UDP 12");
  }
  INFO(lab.world.walk());
  CHECK(lab.world.capture("server/e0").find("10.1.0.1.4000 > 10.1.0.2.5353: UDP") != std::string::npos);
  CHECK(lab.counters("-A PREROUTING -d 203.0.113.9/32") == "1:40");
  CHECK(lab.counters("-A POSTROUTING -o e1") == "1:40");
}

TEST_CASE("connmark is restored through its mask") {
  Lab lab;
  lab.run("-t mangle -A PREROUTING -i e0 -j CONNMARK --set-xmark 0x80/0x80");
  lab.run("-t mangle -A PREROUTING -i e1 -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80");
  lab.run("-A FORWARD -m mark --mark 0x80 -s 10.1.0.2");
  lab.run("-A FORWARD -m connmark --mark 0x80/0x80 -s 10.1.0.2");
  lab.ping();
  CHECK(lab.counters("-m mark --mark 0x80") == "1:84");
  CHECK(lab.counters("-m connmark --mark 0x80/0x80") == "1:84");
}

TEST_CASE("addrtype LOCAL can be limited to the interface at hand") {
  Lab lab;
  lab.run("-t raw -A PREROUTING -m addrtype --dst-type LOCAL -p icmp");
  lab.run("-t mangle -A PREROUTING -m addrtype --dst-type LOCAL --limit-iface-in -p icmp");
  lab.send("10.0.0.5 > 10.1.0.1: ICMP echo request id 7 seq 1 len 56");  // the router's other interface
  CHECK(lab.counters("-A PREROUTING -p icmp -m addrtype --dst-type LOCAL\n") == "1:84");
  CHECK(lab.counters("--limit-iface-in") == "0:0");
}

TEST_CASE("a set decides as one rule for many addresses") {
  Lab lab;
  CHECK(ipset(lab.world["router"], "create nets hash:net").status == 0);
  CHECK(ipset(lab.world["router"], "add nets 10.0.0.0/24").status == 0);
  lab.run("-A FORWARD -m set --match-set nets src -d 10.1.0.2 -j DROP");
  lab.ping();
  CHECK_FALSE(lab.arrived());
}

TEST_CASE("nfacct counts what passes, and must exist before its rule") {
  Lab lab;
  CHECK(iptables(lab.world["router"], "-A FORWARD -m nfacct --nfacct-name seen").status == 4);
  const std::string_view add[]{"add", "seen"};
  CHECK(nfacct(lab.world["router"], add).status == 0);
  lab.run("-A FORWARD -m nfacct --nfacct-name seen");
  lab.ping();
  const std::string_view list[]{"list"};
  CHECK(nfacct(lab.world["router"], list).out ==
        "{ pkts = 00000000000000000002, bytes = 00000000000000000168 } = seen;\n");
}

TEST_CASE("TCPMSS lowers the MSS of a SYN and keeps its checksum right") {
  Lab lab;
  lab.run("-A FORWARD -p tcp --syn -j TCPMSS --set-mss 1200");
  lab.send("10.0.0.5.4000 > 10.1.0.2.80: TCP S seq 1 opts 020405b4");
  INFO(lab.world.capture());
  CHECK(lab.world.capture("server/e0").find("opts 020404b0") != std::string::npos);
}

TEST_CASE("TTL is set where mangle says so") {
  Lab lab;
  lab.run("-t mangle -A FORWARD -j TTL --ttl-set 9");
  lab.run("-A FORWARD -m ttl --ttl-eq 9 -d 10.1.0.2");
  lab.ping();
  CHECK(lab.counters("-A FORWARD -d 10.1.0.2/32") == "1:84");
}

}  // namespace ekspath
