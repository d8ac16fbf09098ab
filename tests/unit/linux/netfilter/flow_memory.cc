#include "sim/linux/netfilter/flow_memory.hh"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "sim/engine/random.hh"
#include "sim/linux/conntrack/conntrack.hh"
#include "sim/linux/netfilter/iptables_text.hh"
#include "sim/linux/netfilter/netfilter.hh"
#include "sim/linux/netfilter/table.hh"
#include "tests/support/linux/world.hh"

namespace ekspath {
namespace {

/// Rules of any kind in mangle and filter, jumps from the built-in chains to A and from A to B.
class AnyRules {
 public:
  explicit AnyRules(std::uint64_t seed) : random_(seed, "memory", "rules") {}

  std::string text() {
    std::string out;
    for (const std::string_view table : {"mangle", "filter"}) {
      out += fmt::format("*{}\n:A - [0:0]\n:B - [0:0]\n", table);
      for (const std::string_view chain : {"PREROUTING", "INPUT", "FORWARD", "POSTROUTING"}) {
        if (base_chain_exists(table, chain)) out += rules(chain, "A", 2);
      }
      out += rules("A", "B", 4) + rules("B", "", 4) + "COMMIT\n";
    }
    if (random_.uniform(2) == 0) out += "*nat\n-A POSTROUTING -o e1 -j MASQUERADE\nCOMMIT\n";
    return out;
  }
  std::string rule(std::string_view chain, std::string_view below) {
    return fmt::format("-A {}{}{}\n", chain, matches(), target(chain, below));
  }

 private:
  static bool base_chain_exists(std::string_view table, std::string_view chain) {
    return table == "mangle" || chain == "INPUT" || chain == "FORWARD";
  }
  std::string rules(std::string_view chain, std::string_view below, std::uint64_t most) {
    std::string out;
    for (std::uint64_t n = 1 + random_.uniform(most); n > 0; --n) out += rule(chain, below);
    return out;
  }
  std::string matches() {
    std::string out;
    for (std::uint64_t n = random_.uniform(3); n > 0; --n) out += match(out);
    return out;
  }
  std::string match(const std::string& so_far) {
    const bool has_protocol = so_far.find(" -p ") != std::string::npos;
    switch (random_.uniform(random_.uniform(3) == 0 ? 18 : 13)) {
      case 0:
        return so_far.find(" -s ") == std::string::npos
                   ? fmt::format(" -s 10.0.0.{}/31", 4 + random_.uniform(4))
                   : "";
      case 1:
        return so_far.find("-d ") == std::string::npos ? fmt::format(" -d 10.{}.0.1/32", random_.uniform(2))
                                                       : "";
      case 2:
        return has_protocol ? "" : fmt::format(" -p udp -m udp --dport {}", 80 + random_.uniform(3));
      case 3:
        return has_protocol ? "" : " -p tcp -m tcp --dport 80:81";
      case 4:
        return fmt::format(" -m conntrack --ctstate {}", state());
      case 5:
        return fmt::format(" -m mark --mark 0x{}/0x3", random_.uniform(4));
      case 6:
        return fmt::format(" -m connmark ! --mark 0x{}/0x3", random_.uniform(4));
      case 7:
        return " -m addrtype --dst-type LOCAL";
      case 8:
        return " -m addrtype ! --dst-type LOCAL";
      case 9:
        return fmt::format(" -m state --state {}", state());
      case 10:
        return has_protocol ? "" : " -p udp -m multiport --ports 81,1001";
      case 11:
        return " -m conntrack --ctdir REPLY";
      case 12:
        return " -m iprange --src-range 10.0.0.4-10.0.0.5";
      case 13:
        return " -m limit --limit 1/hour --limit-burst 3";
      case 14:
        return " -m statistic --mode nth --every 3 --packet 0";
      case 15:
        return random_.uniform(2) == 0 ? " -m recent --set --name L"
                                       : " -m recent --update --hitcount 3 --name L";
      case 16:
        return has_protocol ? "" : " -p tcp -m tcp --tcp-flags PSH PSH";
      default:
        return " -m length --length 30:60";
    }
  }
  std::string_view state() {
    constexpr std::string_view all[]{"NEW", "ESTABLISHED", "RELATED,ESTABLISHED", "INVALID", "SNAT"};
    return all[random_.uniform(4)];
  }
  std::string target(std::string_view chain, std::string_view below) {
    const bool is_base = chain.size() > 1;
    switch (random_.uniform(12)) {
      case 0:
      case 1:
        return fmt::format(" -j MARK --set-xmark 0x{}/0x{}", random_.uniform(4), 1 + random_.uniform(3));
      case 2:
        return " -j CONNMARK --save-mark";
      case 3:
        return " -j CONNMARK --restore-mark --nfmask 0x3 --ctmask 0x3";
      case 4:
        return fmt::format(" -j CONNMARK --set-xmark 0x{}/0x3", random_.uniform(4));
      case 5:
        return is_base ? "" : " -j RETURN";
      case 6:
        return is_base ? "" : " -j ACCEPT";
      case 7:
        return random_.uniform(4) == 0 ? " -j DROP" : "";
      case 8:
        return is_base || below.empty() ? "" : fmt::format(" -g {}", below);
      default:
        return below.empty() ? "" : fmt::format(" -j {}", below);
    }
  }

  Random random_;
};

/// All that is left of 500 packets of a few flows, with rules, addresses and counters changed among them.
std::string what_is_left(std::uint64_t seed, bool observed, std::uint64_t& not_walked) {
  LinuxWorld world("client(10.0.0.5) -- router(10.0.0.1, 10.1.0.1) -- server(10.1.0.2)");
  Netns& router = world["router"];
  if (!observed) router.observer = nullptr;
  AnyRules rules(seed);
  const CommandResult loaded = iptables_restore(router, rules.text());
  CHECK(loaded.err == "");
  Random random(seed, "memory", "packets");
  constexpr std::string_view with_counters[]{"-c"};
  constexpr std::string_view keep[]{"-n"};
  std::string text;
  for (int i = 0; i < 500; ++i) {
    const auto host = 4 + random.uniform(2);
    const auto port = 80 + random.uniform(2);
    const std::string_view to = random.uniform(8) == 0 ? "10.0.0.1" : "10.1.0.2";
    constexpr std::string_view tcp[]{"TCP S seq 1", "TCP . seq 2 ack 10", "TCP P. seq 2 ack 10 len 3"};
    const std::string_view what = random.uniform(3) == 0 ? tcp[random.uniform(3)] : "UDP 4";
    if (random.uniform(3) == 0) {
      world.inject("router/e1",
                   fmt::format("02:00:00:00:03:00 > 02:00:00:00:02:01 | 10.1.0.2.{} > 10.0.0.{}.1000: {}",
                               port, host, what == "UDP 4" ? "UDP 4" : "TCP S. seq 9 ack 2"));
    } else {
      world.inject("router/e0",
                   fmt::format("02:00:00:00:01:00 > 02:00:00:00:02:00 | 10.0.0.{}.1000 > {}.{}: {}", host, to,
                               port, what));
    }
    switch (random.uniform(100)) {
      case 0:
        (void)iptables_restore(router, fmt::format("*mangle\n{}COMMIT\n", rules.rule("A", "B")), keep);
        break;
      case 1:
        (void)router.add_address(world.at("router/e1"), {.address = Ipv4Address(10, 1, 0, 2)});
        break;
      case 2:
        (void)router.delete_address(world.at("router/e1"), Ipv4Address(10, 1, 0, 2));
        break;
      case 3:
        not_walked += router.netfilter->flows().owed();
        text += iptables_save(router, with_counters).out;
        break;
      default:
        break;
    }
  }
  not_walked += router.netfilter->flows().owed();
  text += iptables_save(router, with_counters).out;
  for (const Connection* connection :
       router.conntrack ? router.conntrack->connections() : std::vector<const Connection*>())
    text += conntrack_line(*connection, world.engine.now()) + "\n";
  return text + world.capture();
}

/// A masqueraded UDP flow and its answers, with what decides about them changed among its packets.
class OneFlow {
 public:
  explicit OneFlow(bool observed)
      : world_("client(10.0.0.5) -- router(10.0.0.1, 10.1.0.1) -- server(10.1.0.2)"),
        router_(world_["router"]) {
    if (!observed) router_.observer = nullptr;
    CHECK(iptables_restore(router_,
                           "*nat\n-A POSTROUTING -o e1 -p udp -j MASQUERADE --to-ports 5000\nCOMMIT\n"
                           "*filter\n-A FORWARD -m conntrack --ctstate NEW\n-A FORWARD -i e0\nCOMMIT\n")
              .err == "");
    exchange();
  }
  /// Eight packets there and back; how many of them no rule was told of yet.
  std::uint64_t exchange() {
    const std::uint64_t before = router_.netfilter->flows().owed();
    for (int i = 0; i < 4; ++i) {
      world_.inject("router/e0",
                    "02:00:00:00:01:00 > 02:00:00:00:02:00 | 10.0.0.5.1000 > 10.1.0.2.80: UDP 600");
      world_.inject("router/e1",
                    "02:00:00:00:03:00 > 02:00:00:00:02:01 | 10.1.0.2.80 > 10.1.0.1.5000: UDP 4");
    }
    return router_.netfilter->flows().owed() - before;
  }
  std::string text() {
    constexpr std::string_view with_counters[]{"-c"};
    return world_.capture_frames() + iptables_save(router_, with_counters).out;
  }
  Netns& router() { return router_; }
  LinuxWorld& world() { return world_; }

 private:
  LinuxWorld world_;
  Netns& router_;
};

/// Changes the world after its first packets; what passed from the first to the last, and the rules' counts.
template <class Change>
std::string around(Change change, bool observed) {
  OneFlow flow(observed);
  const std::uint64_t remembered = flow.exchange();
  CHECK((observed ? remembered == 0 : remembered == 8));
  change(flow);
  (void)flow.exchange();
  (void)flow.exchange();
  return flow.text();
}

template <class Change>
void check_heeded(Change change) {
  const std::string walked = around(change, true);
  CHECK(around(change, false) == walked);
  CHECK(walked != around([](OneFlow&) {}, true));
}

}  // namespace

TEST_CASE(
    "what decides about a flow is heeded by its next packet: routes, MTUs, rules, settings, connections") {
  Route blackhole;
  blackhole.prefix = Prefix(Ipv4Address(10, 1, 0, 2), 32);
  blackhole.type = RouteType::blackhole;
  check_heeded(
      [&](OneFlow& flow) { CHECK(flow.router().routing.add_route(route_table::main, blackhole) == 0); });
  check_heeded([](OneFlow& flow) { flow.world().at("router/e1").mtu = 576; });
  check_heeded([](OneFlow& flow) { CHECK(iptables(flow.router(), "-P FORWARD DROP").status == 0); });
  check_heeded([](OneFlow& flow) { CHECK(write_sysctl(flow.router(), "net.ipv4.ip_forward", "0") == 0); });
  check_heeded(
      [](OneFlow& flow) { flow.router().conntrack->erase_if([](const Connection&) { return true; }); });
  check_heeded([](OneFlow& flow) { flow.router().set_up(flow.world().at("router/e1"), false); });
  check_heeded([](OneFlow& flow) {  // a day later the connection has expired
    flow.world().run_for(Nanoseconds(std::int64_t{86'400} * 1'000'000'000));
  });
}

TEST_CASE(
    "packets that are forwarded as others of their flow leave counters, marks and frames as if walked") {
  std::size_t counted = 0;
  std::uint64_t not_walked = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    const std::string remembered = what_is_left(seed, false, not_walked);
    std::uint64_t none = 0;
    CHECK(remembered == what_is_left(seed, true, none));
    CHECK(none == 0);
    for (std::size_t at = remembered.find("\n["); at != std::string::npos;
         at = remembered.find("\n[", at + 1)) {
      if (remembered[at + 2] != '0') ++counted;
    }
  }
  CHECK(counted > 2000);
  CHECK(not_walked > 3000);
}

}  // namespace ekspath
