#include "tests/unit/linux/netfilter/random_rules.hh"

#include <fmt/format.h>

#include <initializer_list>
#include <string_view>
#include <vector>

namespace ekspath {
namespace {

/// Draws the words of one text.
class RuleWriter {
 public:
  explicit RuleWriter(Random& random) : random_(random) {}

  std::string text() {
    std::string out;
    write_table(out, "mangle", {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"});
    write_table(out, "raw", {"PREROUTING", "OUTPUT"});
    write_table(out, "filter", {"INPUT", "FORWARD", "OUTPUT"});
    write_table(out, "nat", {"PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"});
    return out;
  }

 private:
  bool chance(std::uint64_t percent) { return random_.uniform(100) < percent; }
  std::uint64_t upto(std::uint64_t n) { return random_.uniform(n); }
  std::string_view pick(std::initializer_list<std::string_view> words) {
    return words.begin()[upto(words.size())];
  }
  std::string_view maybe_not() { return chance(25) ? "! " : ""; }

  std::string address() { return fmt::format("{}.{}.{}.{}", 1 + upto(223), upto(256), upto(256), upto(256)); }
  std::string network() {
    if (chance(40)) return address();
    if (chance(80)) return fmt::format("{}/{}", address(), 8 + upto(25));
    return address() + std::string(pick({"/255.0.255.0", "/255.255.255.254"}));
  }
  std::string port() {
    return chance(50) ? std::string(pick({"22", "53", "80", "443", "8080"}))
                      : fmt::format("{}", 1 + upto(65534));
  }
  std::string ports() {
    if (chance(60)) return port();
    const auto low = 1 + upto(30000);
    return fmt::format("{}:{}", low, low + 1 + upto(30000));
  }
  std::string_view mark() {
    return pick({"1", "0x4000", "0x4000/0x4000", "0x80/0x80", "0", "7/0", "0xffffffff"});
  }
  std::string comment() {
    return fmt::format("-m comment --comment \"{}\"",
                       pick({"default/web -> 10.0.0.1:80", "plain", "AWS, SNAT", "it's 100%",
                             "a \\\"quote\\\"", "back\\\\slash", ""}));
  }

  std::string match(bool forwards) {
    switch (upto(17)) {
      case 0:
        return fmt::format("-m mark {}--mark {}", maybe_not(), mark());
      case 1:
        return fmt::format("-m conntrack {}--ctstate {}", maybe_not(),
                           pick({"NEW", "RELATED,ESTABLISHED", "INVALID", "UNTRACKED,SNAT,DNAT"}));
      case 2:
        return fmt::format("-m conntrack --ctproto {} {}--ctorigdst {} --ctreplsrcport {} --ctdir {}",
                           pick({"6", "17", "1"}), maybe_not(), address(), ports(),
                           pick({"ORIGINAL", "REPLY"}));
      case 3:
        return fmt::format("-m conntrack {}--ctstatus {} {}--ctexpire {}", maybe_not(),
                           pick({"ASSURED", "SEEN_REPLY,CONFIRMED", "EXPECTED"}), maybe_not(),
                           pick({"5", "5:60"}));
      case 4:
        return fmt::format("-m state {}--state {}", maybe_not(),
                           pick({"NEW", "RELATED,ESTABLISHED", "INVALID,UNTRACKED"}));
      case 5:
        return fmt::format("-m addrtype {}--src-type {} {}--dst-type {}", maybe_not(),
                           pick({"LOCAL", "UNICAST,BROADCAST"}), maybe_not(), pick({"LOCAL", "MULTICAST"}));
      case 6:
        return fmt::format("-m statistic --mode random {}--probability 0.{}", maybe_not(),
                           1 + upto(999999999));
      case 7: {
        const auto every = 1 + upto(9);
        return fmt::format("-m statistic --mode nth {}--every {} --packet {}", maybe_not(), every,
                           upto(every));
      }
      case 8:
        return fmt::format(
            "-m recent {}--{} --name {} {}", maybe_not(),
            pick({"set", "remove", "rcheck --seconds 60 --hitcount 4", "update --seconds 5 --reap --rttl"}),
            pick({"ssh", "KUBE-SEP-A"}), pick({"", "--rdest", "--mask 255.255.0.0"}));
      case 9:
        return fmt::format("-m limit --limit {}/{} --limit-burst {}", 1 + upto(400),
                           pick({"second", "minute", "hour", "day"}), 1 + upto(99));
      case 10:
        return fmt::format("-m length {}--length {}", maybe_not(), ports());
      case 11:
        return fmt::format("-m ttl {}", pick({"--ttl-eq 5", "! --ttl-eq 64", "--ttl-lt 2", "--ttl-gt 9"}));
      case 12:
        return fmt::format("-m tos {}--tos {}", maybe_not(), pick({"0x10", "0x10/0x3f", "Minimize-Cost"}));
      case 13:
        return fmt::format("-m dscp {}--{}", maybe_not(), pick({"dscp 0x2e", "dscp-class AF41"}));
      case 14:
        return fmt::format("-m pkttype {}--pkt-type {}", maybe_not(),
                           pick({"unicast", "broadcast", "multicast"}));
      case 15:
        return fmt::format("-m iprange {}--src-range 10.0.0.{}-10.0.1.{}", maybe_not(), upto(200), upto(200));
      default:
        if (forwards)
          return fmt::format("-m mac {}--mac-source 02:00:00:00:00:{:02x}", maybe_not(), upto(256));
        return comment();
    }
  }

  std::string protocol_match(std::string_view protocol) {
    std::string out;
    if (protocol == "tcp") {
      out += " -m tcp";
      if (chance(50)) out += fmt::format(" {}--sport {}", maybe_not(), ports());
      if (chance(70)) out += fmt::format(" {}--dport {}", maybe_not(), ports());
      if (chance(20))
        out += fmt::format(" {}--tcp-flags {}", maybe_not(),
                           pick({"SYN,RST SYN", "ALL NONE", "FIN,SYN,RST,ACK SYN"}));
      if (chance(10)) out += fmt::format(" {}--tcp-option {}", maybe_not(), 2 + upto(6));
    } else if (protocol == "udp") {
      out += fmt::format(" -m udp {}--dport {}", maybe_not(), ports());
    } else if (protocol == "icmp") {
      out += fmt::format(" -m icmp {}--icmp-type {}", maybe_not(),
                         pick({"8", "0", "3/4", "any", "time-exceeded", "200"}));
    }
    if ((protocol == "tcp" || protocol == "udp") && chance(20)) {
      out += fmt::format(" -m multiport {}--{} {},{},100:200", maybe_not(),
                         pick({"sports", "dports", "ports"}), port(), port());
    }
    return out;
  }

  std::string target(std::string_view table, std::string_view chain, std::string_view protocol) {
    const bool has_ports = protocol == "tcp" || protocol == "udp";
    const auto flag = [&] { return pick({"", " --random", " --random-fully", " --persistent"}); };
    if (chance(40)) {
      if (table == "filter") {
        if (protocol == "tcp" && chance(30)) return "-j REJECT --reject-with tcp-reset";
        return fmt::format("-j REJECT --reject-with icmp-{}",
                           pick({"port-unreachable", "net-prohibited", "admin-prohibited"}));
      }
      if (table == "raw") return std::string(pick({"-j CT --notrack", "-j NOTRACK"}));
      if (table == "mangle" && protocol == "tcp" && (chain == "FORWARD" || chain == "POSTROUTING"))
        return std::string(pick({"-j TCPMSS --clamp-mss-to-pmtu", "-j TCPMSS --set-mss 1400"}));
      if (table == "mangle")
        return std::string(pick({"-j TTL --ttl-set 5", "-j TTL --ttl-dec 1", "-j TTL --ttl-inc 3"}));
      if (chain == "POSTROUTING") {
        if (chance(50))
          return fmt::format("-j SNAT --to-source {}{}{}", address(), has_ports ? ":1000-2000" : "", flag());
        return fmt::format("-j MASQUERADE{}{}", has_ports ? " --to-ports 1024-2048" : "",
                           pick({"", " --random", " --random-fully"}));
      }
      if (chain == "PREROUTING" || chain == "OUTPUT") {
        if (chance(70))
          return fmt::format("-j DNAT --to-destination {}{}{}", address(), has_ports ? ":8080" : "",
                             pick({"", " --random", " --persistent"}));
        return fmt::format("-j REDIRECT{}", has_ports ? " --to-ports 80-90" : "");
      }
    }
    switch (upto(8)) {
      case 0:
        return "-j RETURN";
      case 1:
        return fmt::format("-j MARK --{} {}", pick({"set-mark", "set-xmark"}), mark());
      case 2:
        return std::string(
            pick({"-j MARK --or-mark 0x4000", "-j MARK --and-mark 0xfe", "-j MARK --xor-mark 4"}));
      case 3:
        return fmt::format("-j CONNMARK --set-xmark {}", mark());
      case 4:
        return std::string(
            pick({"-j CONNMARK --save-mark", "-j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80",
                  "-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xf0"}));
      case 5:
        return fmt::format("-j LOG --log-prefix \"seen: \" --log-level {}", upto(8));
      case 6:
        return "";
      default:
        return "-j ACCEPT";
    }
  }

  std::string rule(std::string_view table, std::string_view chain, bool is_base) {
    std::string out = fmt::format("[{}:{}] -A {}", upto(3), upto(100000), chain);
    const bool inward = !is_base || chain == "PREROUTING" || chain == "INPUT" || chain == "FORWARD";
    const bool outward = !is_base || chain == "POSTROUTING" || chain == "OUTPUT" || chain == "FORWARD";
    if (chance(40)) out += fmt::format(" {}-s {}", maybe_not(), network());
    if (chance(40)) out += fmt::format(" {}-d {}", maybe_not(), network());
    if (inward && chance(30)) out += fmt::format(" {}-i {}", maybe_not(), pick({"eni+", "ens5", "lo"}));
    if (outward && chance(30)) out += fmt::format(" {}-o {}", maybe_not(), pick({"vlan+", "ens5", "lo"}));
    std::string_view protocol = pick({"", "tcp", "udp", "icmp", "sctp", "gre"});
    if (!protocol.empty()) {
      const bool negated = chance(10);
      out += fmt::format(" {}-p {}", negated ? "! " : "", protocol);
      if (negated) protocol = "";
    } else if (chance(10)) {
      out += fmt::format(" {}-f", maybe_not());
    }
    if (chance(30)) out += " " + comment();
    if (chance(80)) out += protocol_match(protocol);
    for (auto n = upto(3); n > 0; --n) out += " " + match(chain == "FORWARD");
    const std::string action = is_base && chance(30) ? fmt::format("{} user{}", pick({"-j", "-g"}), upto(3))
                                                     : target(table, chain, protocol);
    return out + (action.empty() ? "" : " ") + action + "\n";
  }

  void write_table(std::string& out, std::string_view table, std::initializer_list<std::string_view> bases) {
    out += fmt::format("*{}\n", table);
    for (const std::string_view base : bases) {
      out += fmt::format(":{} {} [{}:{}]\n", base, table != "nat" && chance(20) ? "DROP" : "ACCEPT", upto(9),
                         upto(999999));
    }
    for (int i = 0; i < 3; ++i) out += fmt::format(":user{} - [0:0]\n", i);
    for (const std::string_view base : bases) {
      for (auto n = upto(8); n > 0; --n) out += rule(table, base, true);
    }
    for (int i = 0; i < 3; ++i) {
      for (auto n = upto(6); n > 0; --n) out += rule(table, fmt::format("user{}", i), false);
    }
    out += "COMMIT\n";
  }

  Random& random_;
};

}  // namespace

std::string random_rules(Random& random) { return RuleWriter(random).text(); }

}  // namespace ekspath
