#include "tests/kernel/random_world.hh"

#include <fmt/format.h>

#include <array>
#include <set>

#include "sim/engine/random.hh"
#include "sim/packet/headers.hh"
#include "tests/kernel/simulated_host.hh"

namespace ekspath {
namespace {

const std::array<std::string, 4> inside_hosts{"10.0.0.5", "10.0.0.6", "10.0.0.7", "10.0.0.9"};
const std::array<std::string, 5> outside_hosts{"8.8.8.8", "8.8.4.4", "203.0.113.5", "198.51.100.9",
                                               "192.168.1.77"};
const std::array<std::string, 3> own_addresses{"10.0.0.1", "192.168.1.251", "192.168.2.10"};
const std::array<std::string, 5> prefixes{"10.0.0.0/24", "10.0.0.4/30", "8.8.0.0/16", "203.0.113.0/24",
                                          "192.168.1.0/24"};
const std::array<std::uint16_t, 6> client_ports{53, 700, 4242, 4243, 5000, 40001};
const std::array<std::uint16_t, 4> server_ports{53, 80, 8080, 5000};

/// Draws one world.
class WorldDraw {
 public:
  WorldDraw(std::uint64_t seed, std::uint64_t number) : luck_(seed, "world", std::to_string(number)) {
    world_.name = fmt::format("random-{}-{}", seed, number);
    world_.comments.push_back(fmt::format("Random world {} of seed {}.", number, seed));
  }

  Case draw(std::size_t frames) {
    host();
    routes();
    tables();
    for (std::size_t i = 0; i < frames; ++i) add_frame();
    return world_;
  }

 private:
  [[nodiscard]] std::uint64_t below(std::uint64_t n) { return luck_.uniform(n); }
  [[nodiscard]] bool one_in(std::uint64_t n) { return below(n) == 0; }
  template <class Range>
  [[nodiscard]] const auto& any_of(const Range& range) {
    return range[below(range.size())];
  }
  [[nodiscard]] std::string word_of(std::initializer_list<const char*> words) {
    return *(words.begin() + below(words.size()));
  }

  void host() {
    const std::array<unsigned, 4> mtus{1500, 1500, 1400, 9001};
    interfaces_ = 2 + below(2);
    for (std::size_t i = 0; i < interfaces_; ++i) {
      const std::string name = fmt::format("eth{}", i);
      world_.interfaces.push_back({name, fmt::format("02:00:00:00:00:{:02x}", i + 1), any_of(mtus)});
      world_.addresses.push_back({name, own_addresses[i] + "/24"});
      const std::array<std::string, 4> kinds{"0", "0", "1", "2"};
      world_.sysctls.push_back({fmt::format("net.ipv4.conf.{}.rp_filter", name), any_of(kinds)});
    }
    world_.sysctls.push_back({"net.ipv4.ip_forward", one_in(10) ? "0" : "1"});
    for (const auto& host : inside_hosts) {
      world_.neighbours.push_back(
          {"eth0", host, "02:ff:00:00:01:" + fmt::format("{:02x}", world_.neighbours.size())});
    }
    for (std::size_t i = 1; i < interfaces_; ++i) {
      for (const char* last : {"1", "77"}) {
        world_.neighbours.push_back({fmt::format("eth{}", i), fmt::format("192.168.{}.{}", i, last),
                                     fmt::format("02:ff:00:00:02:{:02x}", world_.neighbours.size())});
      }
    }
  }

  void routes() {
    if (!one_in(8)) world_.routes.emplace_back("default via 192.168.1.1 dev eth1");
    if (one_in(3)) world_.routes.emplace_back("unreachable 198.51.100.0/24");
    if (one_in(4)) world_.routes.emplace_back("prohibit 8.8.4.0/24");
    if (one_in(4)) world_.routes.emplace_back("203.0.113.0/24 via 192.168.1.77 dev eth1");
    if (interfaces_ < 3) return;
    world_.routes.emplace_back("default via 192.168.2.1 dev eth2 table 2");
    if (one_in(3)) world_.routes.emplace_back("throw 8.8.4.0/24 table 2");
    std::uint64_t priority = 100;
    for (std::uint64_t i = below(4); i > 0; --i) {
      const std::array<std::string, 6> selectors{"from 10.0.0.5",     "from 10.0.0.4/30",
                                                 "to 203.0.113.0/24", "from all fwmark 0x80/0x80",
                                                 "from all iif eth0", "not from 10.0.0.0/24"};
      priority += 1 + below(100);
      world_.rules.push_back(
          fmt::format("{} lookup {} priority {}", any_of(selectors), one_in(4) ? "main" : "2", priority));
    }
  }

  [[nodiscard]] std::string interface_match(bool in, bool out) {
    std::string text;
    if (in && one_in(3)) {
      text += fmt::format("{}-i {} ", one_in(4) ? "! " : "",
                          one_in(4) ? "eth+" : fmt::format("eth{}", below(interfaces_)));
    }
    if (out && one_in(3)) text += fmt::format("{}-o eth{} ", one_in(4) ? "! " : "", below(interfaces_));
    return text;
  }

  [[nodiscard]] std::string protocol_match(std::string& protocol) {
    if (one_in(3)) return {};
    protocol = word_of({"udp", "tcp", "icmp", "udp", "tcp"});
    std::string text = fmt::format("-p {} ", protocol);
    if (protocol == "icmp") {
      if (one_in(2)) text += fmt::format("-m icmp --icmp-type {} ", word_of({"8", "0", "3", "3/3", "11"}));
      return text;
    }
    switch (below(5)) {
      case 0:
        text += fmt::format("-m {} --dport {} ", protocol, any_of(server_ports));
        break;
      case 1:
        text += fmt::format("-m {} --sport {}:{} ", protocol, 1 + below(3000), 4000 + below(3000));
        break;
      case 2:
        text += fmt::format("-m multiport --dports 53,80,{} ", any_of(server_ports));
        break;
      case 3:
        if (protocol == "tcp")
          text += fmt::format("-m tcp --tcp-flags FIN,SYN,RST,ACK {} ",
                              word_of({"SYN", "ACK", "FIN,ACK", "RST"}));
        break;
      default:
        break;
    }
    return text;
  }

  [[nodiscard]] std::string extra_match() {
    switch (below(12)) {
      case 0:
        return fmt::format("-m conntrack --ctstate {} ",
                           word_of({"NEW", "ESTABLISHED", "RELATED", "INVALID", "RELATED,ESTABLISHED"}));
      case 1:
        return fmt::format("-m mark {}--mark {} ", one_in(3) ? "! " : "",
                           word_of({"0x80/0x80", "0x1", "0x0/0xff"}));
      case 2:
        return fmt::format("-m connmark --mark {} ", word_of({"0x80/0x80", "0x1/0x1", "0x0"}));
      case 3:
        return fmt::format("-m addrtype {}--dst-type {} ", one_in(3) ? "! " : "",
                           word_of({"LOCAL", "UNICAST"}));
      case 4:
        return fmt::format("-m statistic --mode nth --every {} --packet {} ", 2 + below(3), below(2));
      case 5:
        return fmt::format("-m conntrack --ctdir {} ", word_of({"ORIGINAL", "REPLY"}));
      case 6:
        return fmt::format("-m conntrack --ctstatus {} ", word_of({"SEEN_REPLY", "CONFIRMED", "ASSURED"}));
      case 7:
        return fmt::format("-m comment --comment c{} ", below(100));
      default:
        return {};
    }
  }

  /// The part of a rule in front of its target.
  [[nodiscard]] std::string matches(bool in, bool out, std::string& protocol) {
    std::string text;
    if (one_in(3)) text += fmt::format("{}-s {} ", one_in(5) ? "! " : "", any_of(prefixes));
    if (one_in(3)) text += fmt::format("{}-d {} ", one_in(5) ? "! " : "", any_of(prefixes));
    text += interface_match(in, out);
    text += protocol_match(protocol);
    if (one_in(2)) text += extra_match();
    return text;
  }

  [[nodiscard]] std::string mark_target() {
    switch (below(6)) {
      case 0:
        return fmt::format("-j MARK --set-xmark {}", word_of({"0x80/0x80", "0x1/0xffffffff", "0x4/0xff"}));
      case 1:
        return fmt::format("-j CONNMARK --set-xmark {}", word_of({"0x80/0x80", "0x1/0x1", "0x0/0xffffffff"}));
      case 2:
        return fmt::format("-j CONNMARK --save-mark --nfmask {} --ctmask {}", word_of({"0x80", "0xff"}),
                           word_of({"0x80", "0xff"}));
      case 3:
        return fmt::format("-j CONNMARK --restore-mark --nfmask {} --ctmask {}", word_of({"0x80", "0xff"}),
                           word_of({"0x80", "0xff"}));
      case 4:
        return fmt::format("-j TTL {}", word_of({"--ttl-set 9", "--ttl-dec 1", "--ttl-inc 2"}));
      default:
        return one_in(3) ? "-j DROP" : "";
    }
  }

  [[nodiscard]] std::string filter_target(const std::string& protocol) {
    switch (below(10)) {
      case 0:
        return "-j DROP";
      case 1:
        return "-j ACCEPT";
      case 2:
        return "-j RETURN";
      case 3:
        return fmt::format(
            "-j REJECT --reject-with {}",
            protocol == "tcp" && one_in(2)
                ? "tcp-reset"
                : word_of({"icmp-port-unreachable", "icmp-host-prohibited", "icmp-admin-prohibited"}));
      case 4:
        return "-j CHAIN";
      case 5:
        return "-g CHAIN";
      default:
        return "";
    }
  }

  void table(std::string_view name, std::initializer_list<const char*> chains, std::string_view user_chain,
             const std::function<std::string(std::string_view)>& rule, std::string_view policy_of = {}) {
    world_.iptables.push_back(fmt::format("*{}", name));
    for (const char* chain : chains) {
      world_.iptables.push_back(fmt::format(":{} {} [0:0]", chain, chain == policy_of ? "DROP" : "ACCEPT"));
    }
    if (!user_chain.empty()) world_.iptables.push_back(fmt::format(":{} - [0:0]", user_chain));
    for (const char* chain : chains) {
      for (std::uint64_t i = below(4); i > 0; --i) {
        std::string text = rule(chain);
        while (!text.empty() && text.back() == ' ') text.pop_back();
        world_.iptables.push_back(fmt::format("-A {}{}{}", chain, text.empty() ? "" : " ", text));
      }
    }
    if (!user_chain.empty()) {
      for (std::uint64_t i = below(4); i > 0; --i) {
        std::string protocol;
        std::string text =
            matches(false, false, protocol) + word_of({"-j ACCEPT", "-j DROP", "-j RETURN", ""});
        while (!text.empty() && text.back() == ' ') text.pop_back();
        world_.iptables.push_back(fmt::format("-A {}{}{}", user_chain, text.empty() ? "" : " ", text));
      }
    }
    world_.iptables.emplace_back("COMMIT");
  }

  void tables() {
    const auto sees_in = [](std::string_view chain) { return chain != "OUTPUT" && chain != "POSTROUTING"; };
    const auto sees_out = [](std::string_view chain) { return chain != "INPUT" && chain != "PREROUTING"; };
    if (one_in(8)) return;  // a host without tables
    if (one_in(2)) {
      table("mangle", {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}, "",
            [&](std::string_view chain) {
              std::string protocol;
              const std::string text = matches(sees_in(chain), sees_out(chain), protocol);
              return text + mark_target();
            });
    }
    if (one_in(6)) {
      table("raw", {"PREROUTING", "OUTPUT"}, "", [&](std::string_view chain) {
        std::string text = one_in(2) ? fmt::format("-s {} ", any_of(prefixes)) : std::string();
        return text + interface_match(sees_in(chain), sees_out(chain)) + word_of({"-j NOTRACK", "", ""});
      });
    }
    if (!one_in(3)) {
      table(
          "filter", {"INPUT", "FORWARD", "OUTPUT"}, "CHAIN",
          [&](std::string_view chain) {
            std::string protocol;
            const std::string text = matches(sees_in(chain), sees_out(chain), protocol);
            return text + filter_target(protocol);
          },
          one_in(8) ? "FORWARD" : "");
    }
    if (!one_in(3)) {
      table("nat", {"PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"}, "", [&](std::string_view chain) {
        std::string protocol;
        const std::string text = matches(sees_in(chain), sees_out(chain), protocol);
        return text + nat_target(chain, protocol);
      });
    }
  }

  [[nodiscard]] std::string nat_target(std::string_view chain, const std::string& protocol) {
    const bool has_ports = protocol == "udp" || protocol == "tcp";
    if (chain == "POSTROUTING") {
      switch (below(5)) {
        case 0:
          return "-j MASQUERADE";
        case 1:
          return "-j MASQUERADE --random-fully";
        case 2:
          return "-j SNAT --to-source 192.168.1.251";
        case 3:
          return fmt::format("-j SNAT --to-source 192.168.1.20{}", has_ports ? ":4242" : "");
        default:
          return "";
      }
    }
    if (chain == "PREROUTING") {
      switch (below(5)) {
        case 0:
          return "-j DNAT --to-destination 10.0.0.9";
        case 1:
          return fmt::format("-j DNAT --to-destination 10.0.0.7{}", has_ports ? ":8080" : "");
        case 2:
          return "-j REDIRECT";
        case 3:
          return has_ports ? "-j REDIRECT --to-ports 9999" : "-j ACCEPT";
        default:
          return "";
      }
    }
    return one_in(3) ? "-j ACCEPT" : "";
  }

  // traffic

  void add_frame() {
    const bool answer = !one_in(3) && !sent_.frames.empty();
    const bool added = answer ? add_answer() : add_question();
    if (!added) return;
    sent_ = run_simulated(world_);
  }

  void add(std::string interface, std::string text) {
    // Some worlds let more than a second pass once: rates and timeouts move.
    if (one_in(1000) && time_ == Nanoseconds()) time_ = Nanoseconds(1'100'000'000);
    world_.frames.push_back({time_, std::move(interface), std::move(text)});
  }

  [[nodiscard]] unsigned mtu_of(const std::string& interface) const {
    for (const auto& one : world_.interfaces) {
      if (one.name == interface) return std::min(one.mtu, 1500U);
    }
    return 1500;
  }

  [[nodiscard]] std::string options() {
    std::string text;
    if (one_in(12)) text += fmt::format(", ttl {}", 1 + below(2));
    if (one_in(30)) text += ", bad checksum";
    return text;
  }

  [[nodiscard]] std::string tcp_flags() {
    switch (below(6)) {
      case 0:
        return fmt::format(". seq {} ack {}", 101 + below(3), 501 + below(3));
      case 1:
        return fmt::format("P. seq 101 ack 501 len {}", 1 + below(20));
      case 2:
        return "F. seq 101 ack 501";
      case 3:
        return "R seq 101";
      default:
        return "S seq 100";
    }
  }

  /// What no program sends: impossible addresses, pieces, frames for others, broadcasts, questions of ARP.
  bool add_oddity() {
    static const std::array<std::string, 8> sources{"127.0.0.1", "0.0.0.0",  "255.255.255.255", "224.0.0.5",
                                                    "240.0.0.1", "10.0.0.1", "169.254.169.254", "0.1.2.3"};
    static const std::array<std::string, 8> destinations{"255.255.255.255", "10.0.0.255", "224.0.0.5",
                                                         "127.0.0.1",       "0.0.0.0",    "10.0.0.0",
                                                         "240.0.0.9",       "10.0.0.44"};
    const std::uint64_t index = below(interfaces_);
    const std::string interface = fmt::format("eth{}", index);
    const std::string host = index == 0 ? any_of(inside_hosts) : any_of(outside_hosts);
    const std::string server = any_of(outside_hosts);
    switch (below(7)) {
      case 0:
        add(interface,
            fmt::format("{} > {}: ICMP echo request id 3 seq 1", any_of(sources), own_addresses[index]));
        return true;
      case 1:
        add(interface, fmt::format("{}.4242 > {}.53: UDP 4", any_of(sources), server));
        return true;
      case 2:
        add(interface, fmt::format("{} > {}: ICMP echo request id 4 seq 1", host, any_of(destinations)));
        return true;
      case 3:
        add(interface, fmt::format("{}.4242 > {}.53: UDP 4", host, any_of(destinations)));
        return true;
      case 4: {
        const auto id = 100 + below(4);
        const auto piece = 8 * (1 + below(20));
        if (!one_in(4)) {
          add(interface, fmt::format("{} > {}: protocol 99 len {}, id {}, may fragment, more fragments", host,
                                     server, piece, id));
        }
        if (!one_in(4)) {
          add(interface, fmt::format("{} > {}: protocol 99 len {}, id {}, may fragment, offset {}", host,
                                     server, 1 + below(piece), id, piece));
        }
        return true;
      }
      case 5:
        add(interface,
            fmt::format("02:ff:00:00:00:01 > 02:00:00:00:00:77 | {}.4242 > {}.53: UDP 4", host, server));
        return true;
      default:
        add(interface, fmt::format("02:ff:00:00:00:33 > ff:ff:ff:ff:ff:ff | ARP who-has {} tell {}",
                                   one_in(3) ? "10.0.0.77" : own_addresses[below(interfaces_)],
                                   one_in(2) ? "10.0.0.33" : "192.168.1.33"));
        return true;
    }
  }

  bool add_question() {
    if (one_in(8)) return add_oddity();
    const bool from_inside = !one_in(3);
    const std::string interface = from_inside ? "eth0" : fmt::format("eth{}", 1 + below(interfaces_ - 1));
    const std::string source = from_inside ? any_of(inside_hosts) : any_of(outside_hosts);
    std::string destination = from_inside ? any_of(outside_hosts) : any_of(inside_hosts);
    if (one_in(4)) destination = own_addresses[below(interfaces_)];
    const auto client = any_of(client_ports);
    const auto server = any_of(server_ports);
    switch (below(8)) {
      case 0:
      case 1:
        add(interface, fmt::format("{} > {}: ICMP echo request id {} seq {} len {}{}", source, destination,
                                   7 + below(2), 1 + below(3), below(40), options()));
        break;
      case 2:
      case 3:
      case 4:
        add(interface, fmt::format("{}.{} > {}.{}: UDP {}{}", source, client, destination, server, below(60),
                                   options()));
        break;
      case 5:
        if (one_in(6)) {
          add(interface, fmt::format("{} > {}: protocol 99 len {}", source, destination, below(30)));
        } else if (one_in(4)) {
          add(interface,
              fmt::format("{}.{} > {}.{}: UDP {}{}", source, client, destination, server,
                          mtu_of(interface) - 28 - below(200), one_in(2) ? ", may fragment, id 7" : ""));
        } else {
          add(interface, fmt::format("{}.{} > {}.{}: TCP {}{}", source, client, destination, server,
                                     tcp_flags(), options()));
        }
        break;
      default:
        add(interface,
            fmt::format("{}.{} > {}.{}: TCP S seq 100{}", source, client, destination, server, options()));
    }
    return true;
  }

  /// What the receiver of a frame that left would say to it.
  bool add_answer() {
    const std::size_t chosen = below(sent_.frames.size());
    const auto& sent = sent_.frames[chosen];
    if (sent.bytes.size() < 42 || load16(sent.bytes.data() + 12) != 0x0800) return false;
    std::size_t number = 0;
    for (std::size_t i = 0; i <= chosen; ++i) number += sent_.frames[i].interface == sent.interface ? 1U : 0U;
    const Ipv4View ip{const_cast<std::uint8_t*>(sent.bytes.data() + 14)};
    const std::uint8_t* transport = sent.bytes.data() + 14 + ip.header_size();
    if (ip.is_fragment()) return false;
    const auto variable = [&](const char* field) {
      return fmt::format("{{{}#{}.{}}}", sent.interface, number, field);
    };
    const std::string source = fmt::format("{}", ip.source());
    const std::string destination = fmt::format("{}", ip.destination());
    switch (IpProtocol{ip.protocol()}) {
      case IpProtocol::udp: {
        if (one_in(6))
          return add_error(sent.interface, source, destination, variable, "UDP 12", variable("dport"));
        add(sent.interface, fmt::format("{}.{} > {}.{}: UDP {}", destination, variable("dport"), source,
                                        variable("sport"), below(60)));
        return true;
      }
      case IpProtocol::tcp: {
        const TcpView tcp{const_cast<std::uint8_t*>(transport)};
        if (one_in(8)) {
          return add_error(sent.interface, source, destination, variable,
                           fmt::format("TCP S seq {}", tcp.sequence()), variable("dport"));
        }
        std::string flags = fmt::format(". seq {} ack {}", tcp.acknowledgement(), tcp.sequence());
        if (tcp.has(tcp_flag::syn)) {
          flags = one_in(5) ? fmt::format("R. seq 0 ack {}", tcp.sequence() + 1)
                            : fmt::format("S. seq 500 ack {}", tcp.sequence() + 1);
          if (tcp.has(tcp_flag::ack))
            flags = fmt::format(". seq {} ack {}", tcp.acknowledgement(), tcp.sequence() + 1);
        } else if (tcp.has(tcp_flag::fin)) {
          flags = fmt::format("{}. seq {} ack {}", one_in(2) ? "F" : "", tcp.acknowledgement(),
                              tcp.sequence() + 1);
        } else if (one_in(4)) {
          flags = fmt::format("{}. seq {} ack {}", word_of({"F", "R", "P"}), tcp.acknowledgement(),
                              tcp.sequence());
        }
        add(sent.interface, fmt::format("{}.{} > {}.{}: TCP {}", destination, variable("dport"), source,
                                        variable("sport"), flags));
        return true;
      }
      case IpProtocol::icmp: {
        const IcmpView icmp{const_cast<std::uint8_t*>(transport)};
        if (icmp.type() != icmp::echo_request) return false;
        add(sent.interface, fmt::format("{} > {}: ICMP echo reply id {} seq {} len {}", destination, source,
                                        variable("icmpid"), icmp.sequence(), below(40)));
        return true;
      }
      default:
        return false;
    }
  }

  template <class Variable>
  bool add_error(const std::string& interface, const std::string& source, const std::string& destination,
                 const Variable& variable, const std::string& what, const std::string& port) {
    const std::string from = one_in(2) ? destination : "192.0.2.1";
    add(interface, fmt::format("{} > {}: ICMP {} [{}.{} > {}.{}: {}]", from, source,
                               word_of({"3/3", "3/1", "11/0", "3/4 mtu 1300"}), source, variable("sport"),
                               destination, port, what));
    return true;
  }

  Random luck_;
  Case world_;
  CaseOutcome sent_;
  std::uint64_t interfaces_ = 2;
  Nanoseconds time_;
};

/// Whether a line may go without making the text one that nobody can load.
bool is_removable(const std::string& line) { return line.starts_with("-A "); }

template <class List>
bool shrink_list(Case& found, List Case::*list, const std::function<bool(const Case&)>& still,
                 const std::function<bool(const typename List::value_type&)>& removable) {
  bool smaller = false;
  // In halves first, then one by one.
  for (std::size_t step = std::max<std::size_t>((found.*list).size() / 2, 1);; step /= 2) {
    for (std::size_t at = 0; at < (found.*list).size();) {
      Case tried = found;
      auto& items = tried.*list;
      const std::size_t end = std::min(at + step, items.size());
      bool allowed = true;
      for (std::size_t i = at; i < end; ++i) allowed = allowed && removable(items[i]);
      items.erase(items.begin() + static_cast<std::ptrdiff_t>(at),
                  items.begin() + static_cast<std::ptrdiff_t>(end));
      if (allowed && still(tried)) {
        found = tried;
        smaller = true;
      } else {
        at = end;
      }
    }
    if (step == 1) return smaller;
  }
}

}  // namespace

Case random_world(std::uint64_t seed, std::uint64_t number, std::size_t frames) {
  return WorldDraw(seed, number).draw(frames);
}

Case shrink(Case found, const std::function<bool(const Case&)>& still) {
  const auto always = [](const auto&) { return true; };
  for (bool smaller = true; smaller;) {
    smaller = shrink_list(found, &Case::frames, still, always);
    smaller = shrink_list(found, &Case::iptables, still, is_removable) || smaller;
    smaller = shrink_list(found, &Case::rules, still, always) || smaller;
    smaller = shrink_list(found, &Case::routes, still, always) || smaller;
    smaller = shrink_list(found, &Case::sysctls, still, always) || smaller;
  }
  return found;
}

}  // namespace ekspath
