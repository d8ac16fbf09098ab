#include "sim/linux/netfilter/rule_index.hh"

#include <array>
#include <optional>
#include <utility>

#include "sim/base/assert.hh"

namespace ekspath {
namespace {

/// Whether looking at it changes nothing: no counter, no list, no draw.
bool leaves_no_trace(const Match& match) {
  switch (kind_of(match)) {
    case MatchKind::limit:
    case MatchKind::nfacct:
    case MatchKind::recent:
    case MatchKind::statistic:
      return false;
    default:
      return true;
  }
}

/// "protocol << 16 | port" when the rule asks for one destination port before anything that leaves a trace.
std::optional<std::uint32_t> port_of(const Rule& rule, std::span<const Match> matches) {
  if (rule.protocol == 0 || rule.has(Rule::not_protocol)) return std::nullopt;
  for (const Match& match : matches) {
    if (!leaves_no_trace(match)) return std::nullopt;
    const PortRange* port = nullptr;
    if (const auto* tcp = std::get_if<TcpMatch>(&match)) port = &tcp->destination;
    if (const auto* udp = std::get_if<UdpMatch>(&match)) port = &udp->destination;
    if (port == nullptr || port->invert || port->low != port->high) continue;
    return (std::uint32_t{rule.protocol} << 16) | port->low;
  }
  return std::nullopt;
}

constexpr std::uint32_t all_bits = ~std::uint32_t{0};

}  // namespace

void RuleIndex::build(std::span<const Rule> rules, std::span<const Match> matches) {
  const auto size = static_cast<std::uint32_t>(rules.size());
  const auto asked_by = [&](Field field, std::uint32_t row) -> std::optional<std::uint32_t> {
    const Rule& rule = rules[row];
    switch (field) {
      case Field::destination:
        if (rule.destination_mask != all_bits || rule.has(Rule::not_destination)) return std::nullopt;
        return rule.destination;
      case Field::source:
        if (rule.source_mask != all_bits || rule.has(Rule::not_source)) return std::nullopt;
        return rule.source;
      case Field::port:
        return port_of(rule, matches.subspan(rule.first_match, rule.match_count));
    }
    return std::nullopt;
  };
  // The rest of a run that has too few values has no more of them.
  std::array<std::uint32_t, 3> worthless_until{};
  std::uint32_t row = 0;
  while (row + worth_an_index <= size) {
    // Rules may share more than one field: -d ADDR --dport 80. The one that tells the most of them apart.
    Stretch best;
    std::vector<std::uint32_t> best_values;
    best.end = row + 1;
    for (const Field field : {Field::destination, Field::source, Field::port}) {
      std::uint32_t& worthless = worthless_until[static_cast<std::size_t>(field)];
      if (row < worthless) continue;
      Stretch stretch;
      stretch.field = field;
      stretch.begin = stretch.end = row;
      std::vector<std::uint32_t> values;
      for (auto value = asked_by(field, row); value; value = asked_by(field, stretch.end)) {
        values.push_back(*value);
        stretch.first.try_emplace(*value, stretch.end);
        if (++stretch.end == size) break;
      }
      if (stretch.first.size() < worth_an_index) worthless = stretch.end;
      if (stretch.first.size() < worth_an_index || stretch.first.size() <= best.first.size()) continue;
      best = std::move(stretch);
      best_values = std::move(values);
    }
    row = best.end;
    if (best.first.empty()) continue;
    skips_.resize(size);
    add(std::move(best), best_values);
  }
}

void RuleIndex::add(Stretch stretch, const std::vector<std::uint32_t>& values) {
  boost::unordered_flat_map<std::uint32_t, std::uint32_t, IntegerHash> next;
  next.reserve(stretch.first.size());
  for (std::uint32_t at = stretch.end; at-- > stretch.begin;) {
    auto [position, is_last] = next.try_emplace(values[at - stretch.begin], at);
    skips_[at] = {static_cast<std::uint32_t>(stretches_.size()), is_last ? stretch.end : position->second};
    position->second = at;
  }
  stretches_.push_back(std::move(stretch));
}

std::uint32_t RuleIndex::indexed_candidate(std::uint32_t row, const Key& key) const {
  while (row < skips_.size()) {
    const Skip& skip = skips_[row];
    if (skip.stretch == no_stretch) return row;
    const Stretch& stretch = stretches_[skip.stretch];
    std::uint32_t value = key.protocol_and_port;
    if (stretch.field == Field::destination) value = key.destination;
    if (stretch.field == Field::source) value = key.source;
    const auto found = stretch.first.find(value);
    DEBUG_ASSERT(row == stretch.begin);
    if (found != stretch.first.end()) return found->second;
    row = stretch.end;
  }
  return row;
}

}  // namespace ekspath
