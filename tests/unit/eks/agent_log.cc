#include "sim/eks/agent_log.hh"

#include <doctest/doctest.h>

using namespace ekspath;
using namespace ekspath::literals;

TEST_CASE("a line of the CNI's logs is a JSON object: level, ts, caller, msg") {
  NodeFiles files;
  AgentLog log(files, "/var/log/x.log", *CniVersion::parse("1.19"), 1'739'667'600'000'000'000);
  log.error(1'250_ms, {"a.go:1", "b.go:2"}, "a \"quoted\"\n\ttext");
  CHECK(*files.find("/var/log/x.log") ==
        "{\"level\":\"error\",\"ts\":\"2025-02-16T01:00:01.250Z\",\"caller\":\"a.go:1\",\"msg\":\"a "
        "\\\"quoted\\\"\\n\\ttext\"}\n");
}

TEST_CASE("a log keeps its last lines when it outgrows its bound") {
  NodeFiles files;
  const std::string line(1000, 'x');
  for (int i = 0; i < 3000; ++i) files.append("/var/log/x.log", fmt::format("{} {}", i, line));
  const std::string& text = *files.find("/var/log/x.log");
  CHECK(text.size() <= NodeFiles::bound);
  CHECK(text.ends_with("2999 " + line + "\n"));
  CHECK(text.substr(text.find(' ') + 1, line.size()) == line);
  CHECK(files.is_folder("/var/log"));
  CHECK_FALSE(files.is_folder("/var/lo"));
}

// src/time/time.go Duration.String()
TEST_CASE("durations and instants read as Go prints them") {
  CHECK(go_duration(0_s) == "0s");
  CHECK(go_duration(30_s) == "30s");
  CHECK(go_duration(120_s) == "2m0s");
  CHECK(go_duration(62'503_ms) == "1m2.503s");
  CHECK(go_duration(3'600_s) == "1h0m0s");
  CHECK(go_duration(1'500_us) == "1.5ms");
  CHECK(go_duration(1'500_ns) == "1.5µs");
  CHECK(go_time(1'739'667'605'000'000'000) == "2025-02-16T01:00:05Z");
  CHECK(go_time(1'739'667'605'120'000'000) == "2025-02-16T01:00:05.12Z");
}
