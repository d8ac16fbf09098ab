#include "sim/linux/netfilter/chain.hh"

#include <doctest/doctest.h>

#include <string>

#include "sim/engine/random.hh"
#include "sim/linux/netfilter/rule_store.hh"
#include "sim/linux/netfilter/table.hh"
#include "tests/unit/linux/netfilter/rule_host.hh"

namespace ekspath {
namespace {

/// Rows of which many ask for one address or port, in stretches, with others between.
ChainBlock random_chain(Random& random) {
  ChainBlock chain{Symbol(1)};
  const auto rows = random.between(0, 60);
  unsigned kind = 0;
  for (std::uint64_t i = 0; i < rows; ++i) {
    if (random.uniform(12) == 0) kind = static_cast<unsigned>(random.uniform(4));
    RuleSpec spec;
    const auto value = static_cast<std::uint32_t>(random.uniform(12));
    if (kind == 0) {
      spec.rule.destination = value;
      spec.rule.destination_mask = 0xffffffff;
    } else if (kind == 1) {
      spec.rule.source = value;
      spec.rule.source_mask = 0xffffffff;
    } else if (kind == 2) {
      spec.rule.protocol = random.uniform(2) == 0 ? 6 : 17;
      TcpMatch match;
      match.destination.low = match.destination.high = static_cast<std::uint16_t>(value);
      spec.matches.emplace_back(match);
    } else {
      spec.rule.protocol = 6;
    }
    if (random.uniform(10) == 0) spec.rule.flags |= Rule::not_destination;
    chain.append(spec);
  }
  chain.seal();
  return chain;
}

/// Whether the key alone excludes the row, asked row by row.
bool excluded(const ChainBlock& chain, std::uint32_t row, const ChainBlock::Key& key) {
  const Rule& rule = chain.rule(row);
  if (((key.destination & rule.destination_mask) == rule.destination) == rule.has(Rule::not_destination))
    return true;
  if (((key.source & rule.source_mask) == rule.source) == rule.has(Rule::not_source)) return true;
  if (rule.protocol != 0 && rule.protocol != key.protocol_and_port >> 16) return true;
  for (const Match& match : chain.matches(rule)) {
    const auto* tcp = std::get_if<TcpMatch>(&match);
    if (tcp != nullptr && !tcp->destination.contains(static_cast<std::uint16_t>(key.protocol_and_port)))
      return true;
  }
  return false;
}

}  // namespace

TEST_CASE("the index offers every row that a packet may match, in order, and each once") {
  Random random(1, "chain", "index");
  std::size_t skipped = 0;
  for (int round = 0; round < 500; ++round) {
    const ChainBlock chain = random_chain(random);
    for (int packet = 0; packet < 20; ++packet) {
      const ChainBlock::Key key{
          static_cast<std::uint32_t>(random.uniform(12)), static_cast<std::uint32_t>(random.uniform(12)),
          static_cast<std::uint32_t>(((random.uniform(2) == 0 ? 6U : 17U) << 16) | random.uniform(12))};
      std::string in_a_row;
      for (std::uint32_t row = 0; row < chain.size(); ++row) {
        if (!excluded(chain, row, key)) in_a_row += std::to_string(row) + " ";
      }
      std::string by_index;
      for (std::uint32_t row = chain.candidate(0, key); row < chain.size();
           row = chain.candidate_after(row, key)) {
        if (!excluded(chain, row, key)) by_index += std::to_string(row) + " ";
        if (excluded(chain, row, key)) continue;
        ++skipped;
      }
      CHECK(by_index == in_a_row);
    }
  }
  CHECK(skipped > 1000);
}

TEST_CASE("10,000 services cost a lookup: the index looks at one row of the chain") {
  ChainBlock chain{Symbol(1)};
  for (std::uint32_t i = 0; i < 10000; ++i) {
    RuleSpec spec;
    spec.rule.destination = 0x0a640000 + i;
    spec.rule.destination_mask = 0xffffffff;
    chain.append(spec);
  }
  chain.seal();
  const ChainBlock::Key last{1, 0x0a640000 + 9999, 0};
  CHECK(chain.candidate(0, last) == 9999);
  CHECK(chain.candidate_after(9999, last) == 10000);
}

TEST_CASE("equal rule sets on many namespaces are held once, in whatever order they were written") {
  LinuxWorld world{""};
  Netns& a = world.add_host("a");
  Netns& b = world.add_host("b");
  const auto run = [](Netns& netns, std::string_view line) { CHECK(iptables(netns, line).err == ""); };
  run(a, "-N X");
  run(a, "-N Y");
  run(a, "-A X -j ACCEPT");
  run(a, "-A Y -j DROP");
  const std::size_t held = world.rules.chains_held();
  run(b, "-N Y");
  run(b, "-A Y -j DROP");
  run(b, "-N X");
  run(b, "-A X -j ACCEPT");
  CHECK(world.rules.chains_held() == held);
  CHECK(a.netfilter->table(TableName::filter)->chains == b.netfilter->table(TableName::filter)->chains);
  run(b, "-A X -j RETURN");
  CHECK(world.rules.chains_held() == held + 1);
  run(b, "-D X 2");
  CHECK(world.rules.chains_held() == held);
}

}  // namespace ekspath
