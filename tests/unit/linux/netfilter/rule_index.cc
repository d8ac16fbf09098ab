#include "sim/linux/netfilter/rule_index.hh"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "sim/engine/random.hh"
#include "sim/linux/netfilter/chain.hh"
#include "sim/linux/netfilter/iptables_text.hh"
#include "sim/linux/netfilter/netfilter.hh"
#include "tests/support/linux/world.hh"

namespace ekspath {
namespace {

constexpr std::uint32_t whole = ~std::uint32_t{0};

RuleSpec to_address(std::uint32_t address) {
  RuleSpec spec;
  spec.rule.destination = address;
  spec.rule.destination_mask = whole;
  return spec;
}
RuleSpec to_port(std::uint16_t port) {
  RuleSpec spec;
  spec.rule.protocol = 6;
  TcpMatch match;
  match.destination.low = match.destination.high = port;
  spec.matches.emplace_back(match);
  return spec;
}
std::string candidates(const ChainBlock& chain, const RuleIndex::Key& key) {
  std::string text;
  for (std::uint32_t row = chain.candidate(0, key); row < chain.size(); row = chain.candidate_after(row, key))
    text += fmt::format("{} ", row);
  return text;
}

/// A filter table of service-like chains as kube-proxy and others write them. With `pads` a rule that asks
/// nothing stands behind each, so that no two rules make a run: the same table, walked row by row.
class ServiceTable {
 public:
  explicit ServiceTable(std::uint64_t seed) : random_(seed, "index", "rules") {
    for (int chain = 0; chain < 4; ++chain) text_ += fmt::format(":C{} - [0:0]\n", chain);
    for (int i = 0; i < 3; ++i) write_run("FORWARD", 3);
    for (int chain = 0; chain < 4; ++chain) {
      for (int i = 0; i < 2; ++i) write_run(fmt::format("C{}", chain), chain);
    }
  }
  std::string text(bool pads) const {
    std::string out = "*filter\n:FORWARD ACCEPT [0:0]\n" + text_;
    for (const std::string& rule : rules_) {
      out += rule + "\n";
      if (pads) out += fmt::format("-A {} -m comment --comment pad\n", rule.substr(3, rule.find(' ', 3) - 3));
    }
    return out + "COMMIT\n";
  }

 private:
  /// Jumps go from FORWARD to C3, C2, C1, C0: no loop.
  void write_run(std::string_view chain, int below) {
    const auto kind = random_.uniform(5);
    for (auto n = random_.between(4, 30); n > 0; --n) {
      const auto host = random_.uniform(10);
      const auto port = 80 + random_.uniform(10);
      const std::string_view protocol = random_.uniform(3) == 0 ? "udp" : "tcp";
      std::string rule = fmt::format("-A {}", chain);
      if (kind == 0 || (kind == 3 && random_.uniform(2) == 0)) rule += fmt::format(" -d 10.1.0.{}", host);
      if (kind == 1) rule += fmt::format(" -s 10.0.0.{}", host);
      if (kind != 1) rule += fmt::format(" -p {}", protocol);
      if (random_.uniform(6) == 0) rule += trace();
      if (kind >= 2) rule += fmt::format(" -m {} --dport {}", protocol, port);
      if (random_.uniform(4) == 0) rule += trace();
      if (below > 0 && random_.uniform(3) == 0) rule += fmt::format(" -j C{}", below - 1);
      if (random_.uniform(12) == 0 && rule.find(" -j ") == std::string::npos) rule += " -j RETURN";
      rules_.push_back(rule);
    }
  }
  /// Matches that remember that they were asked.
  std::string trace() {
    switch (random_.uniform(5)) {
      case 0:
        return " -m limit --limit 1/hour --limit-burst 3";
      case 1:
        return " -m statistic --mode nth --every 3 --packet 0";
      case 2:
        return " -m statistic --mode random --probability 0.5";
      case 3:
        return fmt::format(" -m recent --set --name L{}", random_.uniform(3));
      default:
        return fmt::format(" -m recent --rcheck --hitcount 2 --seconds 60 --name L{}", random_.uniform(3));
    }
  }

  Random random_;
  std::string text_;
  std::vector<std::string> rules_;
};

/// The counters after 200 packets, without the pads'.
std::string counted(const std::string& rules, std::uint64_t seed) {
  LinuxWorld world("client(10.0.0.5) -- router(10.0.0.1, 10.1.0.1) -- server(10.1.0.2)");
  Netns& router = world["router"];
  const CommandResult loaded = iptables_restore(router, rules);
  CHECK(loaded.err == "");
  Random random(seed, "index", "packets");
  for (int i = 0; i < 200; ++i) {
    world.inject("router/e0",
                 fmt::format("02:00:00:00:01:00 > 02:00:00:00:02:00 | 10.0.0.{}.1000 > 10.1.0.{}.{}: {}",
                             random.uniform(10), random.uniform(10), 80 + random.uniform(10),
                             random.uniform(3) == 0 ? "UDP 4" : "TCP S seq 1"));
  }
  constexpr std::string_view options[]{"-c"};
  std::string text;
  const std::string saved = iptables_save(router, options).out;
  for (std::size_t at = 0; at < saved.size();) {
    const std::size_t end = saved.find('\n', at) + 1;
    const std::string line = saved.substr(at, end - at);
    if (line.find("--comment pad") == std::string::npos && !line.starts_with('#')) text += line;
    at = end;
  }
  return text;
}

}  // namespace

TEST_CASE("a walk by index leaves every counter, limit, list and draw as a walk row by row leaves them") {
  std::size_t hits = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const ServiceTable table(seed);
    const std::string by_index = counted(table.text(false), seed);
    CHECK(by_index == counted(table.text(true), seed));
    for (std::size_t at = by_index.find("\n["); at != std::string::npos; at = by_index.find("\n[", at + 1)) {
      if (by_index[at + 2] != '0') ++hits;
    }
  }
  CHECK(hits > 500);
}

TEST_CASE("of two fields that rules share the index takes the one that tells more of them apart") {
  ChainBlock chain{Symbol(1)};
  for (std::uint32_t i = 0; i < 20; ++i) {
    RuleSpec spec = to_port(static_cast<std::uint16_t>(30000 + i));
    if (i % 2 == 0) spec.rule.destination = 0x0a000001;
    if (i % 2 == 0) spec.rule.destination_mask = whole;
    chain.append(spec);
  }
  chain.seal();
  CHECK(candidates(chain, {1, 0x0a000001, (6U << 16) | 30007U}) == "7 ");
}

TEST_CASE("a rule of many equal ones costs no more to load than others") {
  ChainBlock chain{Symbol(1)};
  for (std::uint32_t i = 0; i < 100000; ++i) chain.append(to_address(i % 7));
  chain.seal();  // seconds, if each row looked at all that follow
  CHECK(chain.candidate(0, {1, 99, 0}) == 0);
}

TEST_CASE("a match that leaves a trace before the port keeps its rule out of every stretch") {
  ChainBlock chain{Symbol(1)};
  for (std::uint16_t i = 0; i < 20; ++i) {
    RuleSpec spec = to_port(i);
    if (i == 9) spec.matches.insert(spec.matches.begin(), LimitMatch{});
    chain.append(spec);
  }
  chain.seal();
  CHECK(candidates(chain, {1, 2, (6U << 16) | 5U}) == "5 9 ");
}

}  // namespace ekspath
