#include "pcap/hops_ndjson.hh"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/unit/pcap/scratch_folder.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

Decision snat() {
  Decision decision;
  decision.time = 3_us;
  decision.trace = 17;
  decision.stage = Stage::nat;
  decision.verdict = Verdict::translate;
  decision.connection = ConnectionId(5);
  decision.mark = 128;
  decision.rule = "nat POSTROUTING -A POSTROUTING -m comment --comment \"AWS \\ SNAT\" -j SNAT";
  decision.before = {Ipv4Address(10, 0, 0, 5), Ipv4Address(8, 8, 8, 8), 40000, 53, 17};
  decision.after = {Ipv4Address(10, 0, 0, 2), Ipv4Address(8, 8, 8, 8), 23456, 53, 17};
  return decision;
}

std::string line_of(const Decision& decision, std::uint32_t flow) {
  const ScratchFolder folder;
  OutputBudget budget;
  HopsFile hops(AtomicFile(folder / "h", budget));
  hops.write(decision, "node1/ens5", flow);
  hops.file().commit();
  return folder.read("h");
}

std::string json_string(std::string_view value) {
  fmt::memory_buffer text;
  append_json_string(text, value);
  return fmt::to_string(text);
}

}  // namespace

TEST_CASE("a decision is a line of JSON with fixed keys in a fixed order") {
  CHECK(
      line_of(snat(), 4) ==
      R"({"time":3000,"trace":17,"flow":4,"where":"node1/ens5","stage":"nat","verdict":"translate","reason":null,)"
      R"("rule":"nat POSTROUTING -A POSTROUTING -m comment --comment \"AWS \\ SNAT\" -j SNAT",)"
      R"("before":{"src":"10.0.0.5","dst":"8.8.8.8","proto":17,"sport":40000,"dport":53},)"
      R"("after":{"src":"10.0.0.2","dst":"8.8.8.8","proto":17,"sport":23456,"dport":53},"mark":128,"connection":5})"
      "\n");
}

TEST_CASE("what does not apply is null, never missing") {
  Decision decision;
  decision.verdict = Verdict::drop;
  decision.reason = DropReason::no_route;
  decision.before = decision.after = {Ipv4Address(10, 0, 0, 5), Ipv4Address(8, 8, 8, 8), 7, 8 << 8, 1};
  CHECK(
      line_of(decision, 0) ==
      R"({"time":0,"trace":0,"flow":null,"where":"node1/ens5","stage":"ingress","verdict":"drop","reason":"no_route",)"
      R"("rule":null,"before":{"src":"10.0.0.5","dst":"8.8.8.8","proto":1,"type":8,"code":0,"id":7},"after":null,)"
      R"("mark":0,"connection":null})"
      "\n");
}

TEST_CASE("an independent reader finds the same strings, whatever bytes a rule has") {
  std::string text = "quote \" backslash \\ newline \n tab \t nul ";
  text += '\0';
  text += "\x7f é 漢 \U0001f600";
  CHECK(nlohmann::json::parse(json_string(text)).get<std::string>() == text);
  CHECK(nlohmann::json::parse(json_string("a\xff\xc3(b\xed\xa0\x80")).get<std::string>() ==
        "a\uFFFD\uFFFD(b\uFFFD\uFFFD\uFFFD");
  Decision decision = snat();
  decision.rule = text;
  const auto object = nlohmann::json::parse(line_of(decision, 1));
  CHECK(object.at("rule").get<std::string>() == text);
  CHECK(object.size() == 12);
}
