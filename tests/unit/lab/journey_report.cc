#include "sim/lab/journey_report.hh"

#include <doctest/doctest.h>

namespace ekspath {
namespace {

constexpr std::uint64_t born_by(std::uint32_t entity, std::uint32_t count) {
  return std::uint64_t{entity} << 32 | count;
}

Decision sent(std::uint64_t trace) {
  Decision decision{};
  decision.trace = trace;
  decision.stage = Stage::egress;
  decision.verdict = Verdict::pass;
  decision.before.source = decision.after.source = Ipv4Address(192, 168, 1, 101);
  decision.before.destination = decision.after.destination = Ipv4Address(8, 8, 8, 8);
  return decision;
}

std::size_t times(std::string_view text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++count;
  return count;
}

TEST_CASE("as many journeys are told as were asked for, and the rest is counted") {
  PlaceNames places;
  JourneyReport report(places, {.packets = 2});
  for (const std::uint32_t count : {1U, 2U, 3U, 4U}) {
    report.decided(sent(born_by(7, count)));
    report.decided(sent(born_by(7, count)));
  }
  CHECK(report.packets() == 4);
  CHECK(report.told() == 2);
  CHECK(times(report.text(), "packet ") == 2);
  CHECK(report.text().find("... and 2 more packets") != std::string::npos);
}

TEST_CASE("packets of two hosts with one count are two packets, in whatever order they come") {
  PlaceNames places;
  JourneyReport report(places, {});
  for (const std::uint64_t trace : {born_by(7, 2), born_by(9, 2), born_by(7, 1), born_by(9, 2)})
    report.decided(sent(trace));
  CHECK(report.packets() == 3);
}

TEST_CASE("ARP is counted, and told only where every decision is") {
  PlaceNames places;
  Decision arp = sent(born_by(1, 1));
  arp.before = arp.after = {};
  JourneyReport brief(places, {}), whole(places, {.all_decisions = true});
  brief.decided(arp);
  whole.decided(arp);
  CHECK(brief.packets() == 1);
  CHECK(brief.told() == 0);
  CHECK(whole.told() == 1);
}

}  // namespace
}  // namespace ekspath
