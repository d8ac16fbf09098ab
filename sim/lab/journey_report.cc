#include "sim/lab/journey_report.hh"

#include <fmt/format.h>

#include <algorithm>

#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

struct Colours {
  std::string_view dim, bold, change, death, success, reset;
};

constexpr Colours plain{"", "", "", "", "", ""};
constexpr Colours ansi{"\033[2m", "\033[1m", "\033[33m", "\033[31m", "\033[32m", "\033[0m"};

/// "0.000027": seconds since the packet was born, to the microsecond.
std::string offset(Nanoseconds time) {
  const std::int64_t microseconds = time.count() / 1'000;
  return fmt::format("{}.{:06}", microseconds / 1'000'000, microseconds % 1'000'000);
}

/// One end of a tuple before and after; ports (or the ICMP id) only where they changed.
std::string side_change(std::string_view what, Ipv4Address a, std::uint16_t port_a, Ipv4Address b,
                        std::uint16_t port_b) {
  if (a == b && port_a == port_b) return {};
  if (port_a == port_b) return fmt::format("{} {} -> {}", what, a, b);
  return fmt::format("{} {}:{} -> {}:{}", what, a, port_a, b, port_b);
}

/// Only what a translation changed: "source 192.168.1.101:40000 -> 192.168.1.251:1055", "source A -> B, id 7
/// -> 5123".
std::string change(const Tuple& before, const Tuple& after) {
  if (IpProtocol{before.protocol} != IpProtocol::icmp) {
    const std::string source =
        side_change("source", before.source, before.source_port, after.source, after.source_port);
    const std::string destination = side_change("destination", before.destination, before.destination_port,
                                                after.destination, after.destination_port);
    return source + (source.empty() || destination.empty() ? "" : ", ") + destination;
  }
  std::string text = side_change("source", before.source, 0, after.source, 0);
  text += side_change("destination", before.destination, 0, after.destination, 0);
  if (before.source_port == after.source_port) return text;
  return fmt::format("{}{}id {} -> {}", text, text.empty() ? "" : ", ", before.source_port,
                     after.source_port);
}

/// The stages of a namespace; the fabric knows no mark.
bool is_in_namespace(Stage stage) { return stage <= Stage::egress; }

/// ARP has no tuple.
bool is_ip(const Tuple& tuple) {
  return !tuple.source.is_unspecified() || !tuple.destination.is_unspecified();
}

/// That a packet is for this host shows by its delivery.
bool is_plain_local(std::string_view rule) { return rule.starts_with("0: from all lookup local"); }

}  // namespace

/// Whether a packet is met for the first time. A trace id is the entity that gave birth and its own count.
bool JourneyReport::is_new(std::uint64_t trace) {
  std::vector<bool>& met = met_[static_cast<std::uint32_t>(trace >> 32)];
  const auto count = static_cast<std::uint32_t>(trace);
  if (met.size() <= count) met.resize(std::size_t{count} + 1);
  if (met[count]) return false;
  met[count] = true;
  return true;
}

void JourneyReport::decided(const Decision& decision) {
  if (decision.trace == 0) return;
  if (is_new(decision.trace)) {
    ++packets_;
    if (!style_.all_decisions && !is_ip(decision.before)) return;
    if (journeys_.size() == style_.packets) {
      ++left_;
      return;
    }
    by_trace_.emplace(decision.trace, static_cast<std::uint32_t>(journeys_.size()));
    journeys_.emplace_back();
  }
  const auto known = by_trace_.find(decision.trace);
  if (known == by_trace_.end()) return;
  journeys_[known->second].moments.push_back({decision.time, decision.where, decision.stage, decision.verdict,
                                              decision.reason, decision.mark, std::string(decision.rule),
                                              decision.before, decision.after});
}

std::string JourneyReport::text() const {
  std::string text;
  for (std::size_t i = 0; i < journeys_.size(); ++i) tell(text, i + 1, journeys_[i]);
  if (left_ > 0) text += fmt::format("... and {} more packets (--packets N, or hops.ndjson)\n\n", left_);
  return text;
}

std::vector<std::string> JourneyReport::lines(std::size_t journey) const {
  std::vector<std::string> lines;
  if (journey >= journeys_.size()) return lines;
  std::string text;
  tell(text, journey + 1, journeys_[journey]);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (end > at) lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

void JourneyReport::tell(std::string& text, std::size_t number, const Journey& journey) const {
  const Colours& colours = style_.colour ? ansi : plain;
  const Nanoseconds born = journey.moments.front().time;
  text += fmt::format("{}packet {}{}  {}  {}at {}s{}\n", colours.bold, number, colours.reset,
                      journey.moments.front().before, colours.dim, offset(born), colours.reset);
  std::uint32_t mark = 0;
  std::string nat_rule;  // the rule that chose the translation that follows
  for (const Moment& moment : journey.moments) {
    const std::string_view where = places_->name(moment.where);
    const bool dies = moment.verdict == Verdict::drop || moment.verdict == Verdict::reject ||
                      moment.reason != DropReason::none;
    const bool changes = moment.verdict == Verdict::translate && moment.before != moment.after;
    const bool marks = moment.mark != mark && moment.stage != Stage::ingress && is_in_namespace(moment.stage);
    mark = moment.mark;
    if (moment.stage == Stage::ingress || moment.stage == Stage::egress) nat_rule.clear();
    if (moment.stage == Stage::nat && !changes && !marks) nat_rule = moment.rule;
    // A gateway's words only repeat the change.
    const std::string why = !changes ? moment.rule : moment.stage == Stage::nat ? nat_rule : std::string();
    const std::string by =
        why.empty() ? std::string() : fmt::format("  {}{}{}", colours.dim, why, colours.reset);
    if (dies) {
      text += fmt::format("  {:>9}  {:<24} {}DROP {}{}{}\n", offset(moment.time - born), where, colours.death,
                          to_string(moment.reason), colours.reset, by);
    } else if (moment.stage == Stage::ingress || moment.stage == Stage::egress) {
      text += fmt::format("  {:>9}  {:<24} {} {}\n", offset(moment.time - born), where,
                          moment.stage == Stage::ingress ? "in " : "out", moment.after);
    } else if (moment.verdict == Verdict::deliver) {
      text += fmt::format("  {:>9}  {:<24} {}delivered{}\n", offset(moment.time - born), where,
                          colours.success, colours.reset);
    } else if (changes) {
      text += fmt::format("  {:>9}  {:<24} {}{} {}{}{}\n", "", moment.stage == Stage::nat ? "" : where,
                          colours.change, to_string(moment.stage), change(moment.before, moment.after),
                          colours.reset, by);
    } else if (marks) {
      text += fmt::format("  {:>9}  {:<24} {}{} mark {:#x}{}{}\n", "", "", colours.change,
                          to_string(moment.stage), moment.mark, colours.reset, by);
    } else if (moment.stage == Stage::route && !moment.rule.empty() && !is_plain_local(moment.rule)) {
      text += fmt::format("  {:>9}  {:<24} route{}\n", "", "", by);
    } else if (style_.all_decisions) {
      text += fmt::format("  {:>9}  {:<24} {} {}{}\n", "", "", to_string(moment.stage),
                          to_string(moment.verdict), by);
    }
  }
  text += '\n';
}

}  // namespace ekspath
