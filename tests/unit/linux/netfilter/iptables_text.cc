#include "sim/linux/netfilter/iptables_text.hh"

#include <doctest/doctest.h>

#include <string>

#include "tests/unit/linux/netfilter/rule_host.hh"

namespace ekspath {
namespace {

// fixtures/linux/iptables-save-c.txt: a node's rules with their counters, from a real one.
constexpr std::string_view node_rules = R"(*mangle
:PREROUTING ACCEPT [283:24669]
:INPUT ACCEPT [4:448]
:FORWARD ACCEPT [269:22653]
:OUTPUT ACCEPT [18:2152]
:POSTROUTING ACCEPT [287:24805]
[97:8234] -A PREROUTING -i ens5 -m comment --comment "AWS, primary ENI" -m addrtype --dst-type LOCAL --limit-iface-in -j CONNMARK --set-xmark 0x80/0x80
[182:15987] -A PREROUTING -i eni+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80
COMMIT
*nat
:PREROUTING ACCEPT [100:11108]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [1:84]
:POSTROUTING ACCEPT [3:204]
:AWS-CONNMARK-CHAIN-0 - [0:0]
:AWS-SNAT-CHAIN-0 - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-XLJZQ2VBCQ5SCXPA - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-NPX46M4PTMTKRN6Y - [0:0]
[102:11228] -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
[100:11108] -A PREROUTING -i eni+ -m comment --comment "AWS, outbound connections" -j AWS-CONNMARK-CHAIN-0
[100:11108] -A PREROUTING -m comment --comment "AWS, CONNMARK" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80
[1:84] -A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
[93:9744] -A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
[93:9744] -A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-0
[0:0] -A AWS-CONNMARK-CHAIN-0 -d 192.168.0.0/16 -m comment --comment "AWS CONNMARK CHAIN, VPC CIDR" -j RETURN
[100:11108] -A AWS-CONNMARK-CHAIN-0 -m comment --comment "AWS, CONNMARK" -j CONNMARK --set-xmark 0x80/0x80
[3:204] -A AWS-SNAT-CHAIN-0 -d 192.168.0.0/16 -m comment --comment "AWS SNAT CHAIN" -j RETURN
[90:9540] -A AWS-SNAT-CHAIN-0 ! -o vlan+ -m comment --comment "AWS, SNAT" -m addrtype ! --dst-type LOCAL -j SNAT --to-source 192.168.1.251 --random-fully
[0:0] -A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
[93:9744] -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
[0:0] -A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
[0:0] -A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
[0:0] -A KUBE-SEP-XLJZQ2VBCQ5SCXPA -s 192.168.1.102/32 -m comment --comment "default/web" -j KUBE-MARK-MASQ
[2:120] -A KUBE-SEP-XLJZQ2VBCQ5SCXPA -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 192.168.1.102:8080
[2:120] -A KUBE-SERVICES -d 10.100.0.10/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-SVC-NPX46M4PTMTKRN6Y
[2:120] -A KUBE-SVC-NPX46M4PTMTKRN6Y -m comment --comment "default/web -> 192.168.1.102:8080" -j KUBE-SEP-XLJZQ2VBCQ5SCXPA
COMMIT
)";

void load_with_counters(RuleHost& host, std::string_view text) {
  constexpr std::string_view options[]{"-c"};
  const CommandResult result = iptables_restore(host.netns, text, options);
  CHECK(result.err == "");
}

}  // namespace

TEST_CASE("a rule prints in iptables' own order of conditions, with /32 and names of protocols") {
  RuleHost host;
  host.run("-A INPUT -p 6 -i eth0 -s 1.2.3.4 --dport 80 -j ACCEPT");
  CHECK(host.run("-S INPUT") ==
        "-P INPUT ACCEPT\n-A INPUT -s 1.2.3.4/32 -i eth0 -p tcp -m tcp --dport 80 -j ACCEPT\n");
}

TEST_CASE("a node's whole rule set loads and prints back exactly, counters included") {
  RuleHost host;
  load_with_counters(host, node_rules);
  CHECK(host.saved(true) == node_rules);
}

TEST_CASE("-L -n -v has the columns of iptables 1.8.8") {
  RuleHost host;
  load_with_counters(host, node_rules);
  CHECK(host.run("-t nat -L AWS-SNAT-CHAIN-0 -n -v") ==
        "Chain AWS-SNAT-CHAIN-0 (1 references)\n"
        " pkts bytes target     prot opt in     out     source               destination         \n"
        "    3   204 RETURN     all  --  *      *       0.0.0.0/0            192.168.0.0/16       /* AWS "
        "SNAT CHAIN */\n"
        "   90  9540 SNAT       all  --  *      !vlan+  0.0.0.0/0            0.0.0.0/0            /* AWS, "
        "SNAT */ ADDRTYPE "
        "match dst-type !LOCAL to:192.168.1.251 random-fully\n");
  CHECK(host.run("-t nat -L KUBE-SERVICES -n") ==
        "Chain KUBE-SERVICES (2 references)\n"
        "target     prot opt source               destination         \n"
        "KUBE-SVC-NPX46M4PTMTKRN6Y  tcp  --  0.0.0.0/0            10.100.0.10          /* default/web "
        "cluster IP */ tcp "
        "dpt:80\n");
}

TEST_CASE("large counters are cut to K, M, G and T, and -x prints them whole") {
  RuleHost host;
  const auto counted = [&](std::string_view packets, std::string_view bytes, std::string_view options) {
    host.run("-F");
    host.run("-c " + std::string(packets) + " " + std::string(bytes) + " -A INPUT -j ACCEPT");
    const std::string listed = host.run("-L INPUT -n -v " + std::string(options));
    return listed.substr(listed.find("         \n") + 10, 20);
  };
  CHECK(counted("99999", "100000", "") == "99999  100K ACCEPT  ");
  CHECK(counted("567890", "9999999", "") == " 568K   10M ACCEPT  ");
  CHECK(counted("9999999999", "9999999999999", "") == "  10G   10T ACCEPT  ");
  CHECK(counted("9999999", "10000000", "-x") == " 9999999 10000000 AC");
}

TEST_CASE("marks print as the operation they are") {
  RuleHost host;
  for (const auto* mark :
       {"--set-mark 0x1", "--set-mark 0x4/0x3", "--or-mark 8", "--and-mark 0xfe", "--xor-mark 0x4"}) {
    host.run("-t mangle -A FORWARD -j MARK " + std::string(mark));
  }
  CHECK(host.run("-t mangle -S FORWARD") ==
        "-P FORWARD ACCEPT\n"
        "-A FORWARD -j MARK --set-xmark 0x1/0xffffffff\n"
        "-A FORWARD -j MARK --set-xmark 0x4/0x7\n"
        "-A FORWARD -j MARK --set-xmark 0x8/0x8\n"
        "-A FORWARD -j MARK --set-xmark 0x0/0xffffff01\n"
        "-A FORWARD -j MARK --set-xmark 0x4/0x0\n");
  const std::string listed = host.run("-t mangle -L FORWARD -n");
  for (const auto* words :
       {"MARK set 0x1\n", "MARK xset 0x4/0x7\n", "MARK or 0x8\n", "MARK and 0xfe\n", "MARK xor 0x4\n"}) {
    CHECK(listed.find(words) != std::string::npos);
  }
}

TEST_CASE("a probability is kept in steps of 2^-31 and printed with 11 decimals") {
  RuleHost host;
  struct Case {
    std::string_view written, kept;
  };
  // facts/kube-proxy.md 5: what n endpoints get
  for (const Case& c : {Case{"0.5000000000", "0.50000000000"}, Case{"0.3333333333", "0.33333333349"},
                        Case{"0.2000000000", "0.20000000019"}, Case{"0.1666666667", "0.16666666651"},
                        Case{"0.1428571429", "0.14285714272"}, Case{"0.0909090909", "0.09090909082"}}) {
    host.run("-F");
    host.run("-A INPUT -m statistic --mode random --probability " + std::string(c.written));
    CHECK(host.run("-S INPUT 1") ==
          "-A INPUT -m statistic --mode random --probability " + std::string(c.kept) + "\n");
  }
}

TEST_CASE("comments keep their quotes only where they need them") {
  RuleHost host;
  host.run(R"(-A INPUT -m comment --comment plain-word_1)");
  host.run(R"(-A INPUT -m comment --comment default/web)");
  host.run(R"(-A INPUT -m comment --comment 'say "hi" \o/')");
  CHECK(host.saved().find("--comment plain-word_1\n") != std::string::npos);
  CHECK(host.saved().find("--comment \"default/web\"\n") != std::string::npos);
  CHECK(host.saved().find(R"(--comment "say \"hi\" \\o/")") != std::string::npos);
  RuleHost other;
  other.load(host.saved());
  CHECK(other.saved() == host.saved());
}

TEST_CASE("several addresses make several rules, and -I puts the last of them first") {
  RuleHost host;
  host.run("-A INPUT -s 1.1.1.1,2.2.2.2 -d 3.3.3.3 -j DROP");
  host.run("-I INPUT -s 5.5.5.5,6.6.6.6 -j ACCEPT");
  CHECK(host.run("-S INPUT") ==
        "-P INPUT ACCEPT\n-A INPUT -s 6.6.6.6/32 -j ACCEPT\n-A INPUT -s 5.5.5.5/32 -j ACCEPT\n"
        "-A INPUT -s 1.1.1.1/32 -d 3.3.3.3/32 -j DROP\n-A INPUT -s 2.2.2.2/32 -d 3.3.3.3/32 -j DROP\n");
}

TEST_CASE("counters of other rules outlive a change of their chain") {
  RuleHost host;
  host.run("-c 5 500 -A INPUT -s 1.1.1.1 -j ACCEPT");
  host.run("-I INPUT -s 2.2.2.2 -j ACCEPT");
  host.run("-A INPUT -s 3.3.3.3 -j ACCEPT");
  host.run("-D INPUT 1");
  CHECK(host.run("-S INPUT -v") ==
        "-P INPUT ACCEPT -c 0 0\n-A INPUT -s 1.1.1.1/32 -c 5 500 -j ACCEPT\n-A INPUT -s 3.3.3.3/32 -c 0 0 -j "
        "ACCEPT\n");
}

TEST_CASE("commands fail in the words and with the status of the real tool") {
  RuleHost host;
  host.run("-N foo");
  struct Case {
    std::string_view line;
    int status;
    std::string_view error;
  };
  constexpr std::string_view hint = "Try `iptables -h' or 'iptables --help' for more information.\n";
  for (const Case& c : {
           Case{"-A FOO -j ACCEPT", 1, "iptables: No chain/target/match by that name.\n"},
           Case{"-D INPUT -j ACCEPT", 1, "iptables: Bad rule (does a matching rule exist in that chain?).\n"},
           Case{"-I INPUT 5 -j ACCEPT", 1, "iptables: Index of insertion too big.\n"},
           Case{"-N foo", 1, "iptables: Chain already exists.\n"},
           Case{"-P foo DROP", 1, "iptables: Bad built-in chain name.\n"},
           Case{"-A INPUT -j SNAT --to-source 1.2.3.4", 4,
                "iptables v1.8.8 (nf_tables):  RULE_APPEND failed (Invalid argument): rule in chain INPUT\n"},
           Case{"-t nat -A PREROUTING -j SNAT --to-source 1.2.3.4", 4,
                "iptables v1.8.8 (nf_tables):  RULE_APPEND failed (Invalid argument): rule in chain "
                "PREROUTING\n"},
           Case{"-A INPUT -j INPUT", 4,
                "iptables v1.8.8 (nf_tables):  RULE_APPEND failed (Operation not supported): rule in chain "
                "INPUT\n"},
           Case{"-t foo -L", 3,
                "iptables v1.8.8 (nf_tables): table 'foo' does not exist\nPerhaps iptables or your kernel "
                "needs to be "
                "upgraded.\n"},
       }) {
    const CommandResult result = iptables(host.netns, c.line);
    INFO(c.line);
    CHECK(result.status == c.status);
    CHECK(result.err == c.error);
  }
  CHECK(host.fail("-A INPUT --foo") ==
        "iptables v1.8.8 (nf_tables): unknown option \"--foo\"\n" + std::string(hint));
  CHECK(host.fail("-A INPUT -o eth0") ==
        "iptables v1.8.8 (nf_tables): Can't use -o with INPUT\n\n" + std::string(hint));
  for (const auto& [line, quoted] : std::vector<std::pair<std::string, std::string>>{
           {"-A INPUT -m conntrack --ctstate NEW,ODD,RELATED", "ctstate \"ODD,RELATED\""},
           {"-A INPUT -m conntrack --ctstatus NONE,ODD", "ctstatus \"ODD\""},
           {"-A INPUT -m state --state SNAT", "state \"SNAT\""},
       }) {
    CHECK(host.fail(line) == "iptables v1.8.8 (nf_tables): Bad " + quoted + "\n" + std::string(hint));
  }
}

TEST_CASE("matches and targets that are not modelled are refused by name") {
  RuleHost host;
  CHECK(host.fail("-A INPUT -m physdev --physdev-in x").find("match `physdev' is not supported") !=
        std::string::npos);
  CHECK(host.fail("-A INPUT -j NFLOG").find("target `NFLOG' is not supported") != std::string::npos);
}

TEST_CASE("a chain that jumps in a circle is refused once a built-in chain leads there") {
  RuleHost host;
  for (const auto* line : {"-N a", "-N b", "-A a -j b", "-A b -j a"})
    host.run(line);  // unreached: allowed (observed)
  CHECK(host.fail("-A INPUT -j a") ==
        "iptables v1.8.8 (nf_tables):  RULE_APPEND failed (Too many links): rule in chain INPUT\n");
  CHECK(host.run("-S INPUT") == "-P INPUT ACCEPT\n");
}

TEST_CASE("a referenced or filled chain cannot be deleted") {
  RuleHost host;
  host.run("-N y");
  host.run("-A INPUT -j y");
  CHECK(host.fail("-X y") ==
        "iptables v1.8.8 (nf_tables):  CHAIN_DEL failed (Device or resource busy): chain y\n");
  host.run("-D INPUT -j y");
  host.run("-X y");
  CHECK(host.fail("-F y") == "iptables: No chain/target/match by that name.\n");
}

TEST_CASE("renaming a chain renames it in the rules that jump there") {
  RuleHost host;
  host.run("-N old");
  host.run("-c 7 8 -A old -j ACCEPT");
  host.run("-A INPUT -j old");
  host.run("-E old new");
  CHECK(host.saved(true).find("[0:0] -A INPUT -j new\n[7:8] -A new -j ACCEPT\n") != std::string::npos);
}

TEST_CASE("only a command that writes makes a table") {
  RuleHost host;
  host.run("-t nat -L");
  host.run("-t nat -S");
  host.run("-t nat -F");
  CHECK(host.saved() == "");
  host.run("-t nat -N foo");
  CHECK(host.saved().starts_with("*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n"));
}

TEST_CASE("iptables-restore takes a table whole or not at all, and names the line") {
  RuleHost host;
  host.run("-A INPUT -s 9.9.9.9 -j DROP");
  const CommandResult result = iptables_restore(
      host.netns,
      "*nat\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n*filter\n-A INPUT -j ACCEPT\n-A INPUT --foo\nCOMMIT\n");
  CHECK(result.status == 2);
  CHECK(result.err ==
        "iptables-restore v1.8.8 (nf_tables): unknown option \"--foo\"\nError occurred at line: 6\n"
        "Try `iptables-restore -h' or 'iptables-restore --help' for more information.\n");
  CHECK(host.run("-S INPUT") == "-P INPUT ACCEPT\n-A INPUT -s 9.9.9.9/32 -j DROP\n");
  CHECK(host.run("-t nat -S POSTROUTING").find("MASQUERADE") != std::string::npos);
}

TEST_CASE("--noflush rewrites the chains it declares and leaves the others") {
  RuleHost host;
  host.load("*filter\n:a - [0:0]\n:b - [0:0]\n-A a -j ACCEPT\n-A b -j DROP\n-A INPUT -j a\nCOMMIT\n");
  constexpr std::string_view options[]{"--noflush"};
  CHECK(iptables_restore(host.netns, "*filter\n:b - [0:0]\n-A b -j RETURN\nCOMMIT\n", options).err == "");
  CHECK(host.saved() ==
        "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:a - [0:0]\n:b - [0:0]\n"
        "-A INPUT -j a\n-A a -j ACCEPT\n-A b -j RETURN\nCOMMIT\n");
}

TEST_CASE("a restored text without its COMMIT changes nothing") {
  RuleHost host;
  const CommandResult result = iptables_restore(host.netns, "*filter\n-A INPUT -j DROP\n");
  CHECK(result.status == 1);
  CHECK(result.err == "iptables-restore: COMMIT expected at line 3\n");
  CHECK(host.saved() == "");
}

TEST_CASE("a text restored on a second node does what it did on the first, whatever stands there") {
  // Long enough to be remembered: the second node follows the plan of the first.
  std::string text = "*nat\n:KUBE-SERVICES - [0:0]\n";
  for (int i = 0; i < 40; ++i) text += ":SVC-" + std::to_string(i) + " - [0:0]\n";
  for (int i = 0; i < 40; ++i) {
    const std::string name = "SVC-" + std::to_string(i);
    text += "-A KUBE-SERVICES -d 10.100.0." + std::to_string(i) + "/32 -j " + name + "\n-A " + name +
            " -j RETURN\n";
  }
  text += "COMMIT\n";
  constexpr std::string_view options[]{"-n"};
  LinuxWorld world{""};
  std::string first;
  for (const auto* name : {"a", "b", "c"}) {
    Netns& netns = world.add_host(name);
    CHECK(iptables(netns, "-t nat -A POSTROUTING -j MASQUERADE").err == "");
    CHECK(iptables(netns, "-t nat -N SVC-3").err == "");
    CHECK(iptables(netns, "-t nat -c 5 6 -A SVC-3 -j ACCEPT").err == "");
    CHECK(iptables_restore(netns, text, options).err == "");
    const std::string saved = iptables_save(netns).out;
    if (first.empty()) first = saved;
    CHECK(saved == first);
    CHECK(iptables(netns, "-t nat -S POSTROUTING").out ==
          "-P POSTROUTING ACCEPT\n-A POSTROUTING -j MASQUERADE\n");
    CHECK(iptables(netns, "-t nat -S SVC-3 -v").out == "-N SVC-3\n-A SVC-3 -c 0 0 -j RETURN\n");
  }
}

TEST_CASE("a remembered text may jump to chains that each node has already, with rules of its own") {
  std::string text = "*nat\n:TOP - [0:0]\n:NEW - [0:0]\n-A TOP -j OLD\n-A TOP -j NEW\n";
  for (int i = 0; i < 60; ++i) text += "-A NEW -d 10.0.0." + std::to_string(i) + " -j RETURN\n";
  text += "COMMIT\n";
  constexpr std::string_view options[]{"--noflush"};
  LinuxWorld world{""};
  for (const char* protocol : {"tcp", "udp", "icmp"}) {
    Netns& netns = world.add_host(protocol);
    const std::string own = std::string("-A OLD -p ") + protocol + " -j ACCEPT";
    CHECK(iptables(netns, "-t nat -N OLD").err == "");
    CHECK(iptables(netns, "-t nat " + own).err == "");
    CHECK(iptables_restore(netns, text, options).err == "");
    CHECK(iptables(netns, "-t nat -S OLD").out == "-N OLD\n" + own + "\n");
    CHECK(iptables(netns, "-t nat -S TOP").out == "-N TOP\n-A TOP -j OLD\n-A TOP -j NEW\n");
  }
}

TEST_CASE("a remembered text still asks each node for the counters and chains that it names") {
  std::string text = "*filter\n:A - [0:0]\n-A A -m nfacct --nfacct-name seen -j DROP\n";
  for (int i = 0; i < 60; ++i) text += "-A A -s 10.0.0." + std::to_string(i) + " -j ACCEPT\n";
  const std::string jumps = text + "-A A -j ELSEWHERE\nCOMMIT\n";
  text += "COMMIT\n";
  constexpr std::string_view options[]{"--noflush", "--counters"};
  constexpr std::string_view add_account[]{"add", "seen"};
  LinuxWorld world{""};
  Netns& first = world.add_host("a");
  CHECK(nfacct(first, add_account).status == 0);
  CHECK(iptables(first, "-N ELSEWHERE").err == "");
  CHECK(iptables_restore(first, text, options).err == "");
  CHECK(iptables_restore(first, jumps, options).err == "");
  Netns& second = world.add_host("b");
  CHECK(iptables_restore(second, text, options).err.find("No such file or directory") != std::string::npos);
  CHECK(nfacct(second, add_account).status == 0);
  CHECK(iptables_restore(second, text, options).err == "");
  CHECK(iptables_restore(second, jumps, options).err.find("Chain 'ELSEWHERE' does not exist") !=
        std::string::npos);
  CHECK(iptables(second, "-S A").out.find("-m nfacct --nfacct-name  seen -j DROP") != std::string::npos);
}

TEST_CASE("a target far down the jumps must be legal at every hook that leads there") {
  RuleHost host;
  for (const auto* line :
       {"-t nat -N a", "-t nat -N b", "-t nat -A a -j b", "-t nat -A b -j SNAT --to-source 1.1.1.1"}) {
    host.run(line);
  }
  CHECK(host.fail("-t nat -A PREROUTING -j a") ==
        "iptables v1.8.8 (nf_tables):  RULE_APPEND failed (Invalid argument): rule in chain PREROUTING\n");
  host.run("-t nat -A POSTROUTING -j a");
}

TEST_CASE("sixteen chains in a row may call each other, seventeen may not") {
  RuleHost host;
  for (int i = 1; i <= 15; ++i) host.run("-N c" + std::to_string(i));
  for (int i = 1; i < 15; ++i) host.run("-A c" + std::to_string(i) + " -j c" + std::to_string(i + 1));
  host.run("-A INPUT -j c1");
  host.run("-N c16");
  CHECK(host.fail("-A c15 -j c16").find("Too many links") != std::string::npos);
}

TEST_CASE("iptables-save dates its comment by the scenario's clock") {
  Engine engine;
  PacketPool pool;
  PlaceNames places;
  RuleStore rules;
  const Kernel kernel{engine, pool, places, rules, 1, 1'795'400'776'000'000'000};
  Netns netns(kernel, "node");
  CHECK(iptables(netns, "-N x").err == "");
  CHECK(iptables_save(netns).out.starts_with(
      "# Generated by iptables-save v1.8.8 (nf_tables) on Mon Nov 23 02:26:16 2026\n*filter\n"));
}

TEST_CASE("ipset lists what was added, and refuses to destroy what a rule uses") {
  RuleHost host;
  CHECK(ipset(host.netns, "create pods hash:ip maxelem 100").status == 0);
  CHECK(ipset(host.netns, "add pods 10.0.0.9").status == 0);
  CHECK(ipset(host.netns, "add pods 10.0.0.9").err ==
        "ipset v7.17: Element cannot be added to the set: it's already added\n");
  host.run("-A INPUT -m set --match-set pods src -j DROP");
  CHECK(
      ipset(host.netns, "save").out ==
      "create pods hash:ip family inet hashsize 1024 maxelem 100 bucketsize 12 initval 0x00000000\nadd pods "
      "10.0.0.9\n");
  CHECK(ipset(host.netns, "destroy pods").err ==
        "ipset v7.17: Set cannot be destroyed: it is in use by a kernel component\n");
  CHECK(host.fail("-A INPUT -m set --match-set none src").find("Set none doesn't exist.") !=
        std::string::npos);
}

}  // namespace ekspath
