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

TEST_CASE("what a line says stands in its pattern, whether it was said before or not") {
  NodeFiles files;
  AgentLog log(files, "/var/log/x.log", *CniVersion::parse("1.22"), 0);
  for (int i = 0; i < 40; ++i) {
    log.info(1_s * i, {"a.go:1", "b.go:2"}, "pod {} has {}, pod {}", i, "10.0.0.5/32", i % 3);
    log.debug(1_s * i, {"a.go:3", "b.go:4"}, "{{{}}} {}", std::string(200, 'x'), true);
  }
  std::string wanted;
  for (int i = 0; i < 40; ++i) {
    wanted += fmt::format(
        R"({{"level":"info","ts":"1970-01-01T00:00:{0:02}.000Z","caller":"b.go:2","msg":"pod {0} has 10.0.0.5/32, pod {1}"}})"
        "\n"
        R"({{"level":"debug","ts":"1970-01-01T00:00:{0:02}.000Z","caller":"b.go:4","msg":"{{{2}}} true"}})"
        "\n",
        i, i % 3, std::string(200, 'x'));
  }
  CHECK(*files.find("/var/log/x.log") == wanted);
}

TEST_CASE("a log keeps its last lines when it outgrows its bound") {
  NodeFiles files;
  AgentLog log(files, "/var/log/x.log", *CniVersion::parse("1.19"), 0);
  const std::string line(1000, 'x');
  for (int i = 0; i < 3000; ++i) log.info(1_s * i, {"a.go:1", "b.go:2"}, "{} {}", i, line);
  const std::string text = *files.find("/var/log/x.log");
  CHECK(text.size() <= LogText::bound);
  CHECK(text.size() > LogText::bound / 2);
  CHECK(text.starts_with("{\"level\":\"info\""));
  CHECK(text.ends_with("2999 " + line + "\"}\n"));
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

TEST_CASE("logs of two nodes hold their literals once, and each keeps the lines of its own") {
  const auto write = [](NodeFiles& files, std::string_view text) {
    files.append("/var/log/x.log", {Nanoseconds(), "info", "a.go:1", "one {}", {std::string(text)}});
  };
  NodeFiles first, second;
  write(first, "1");
  write(second, "2");
  second.join(first);
  second.append("/var/log/x.log", {Nanoseconds(), "warn", "b.go:2", "two", {}});
  write(first, "3");
  CHECK(*second.find("/var/log/x.log") ==
        R"({"level":"info","ts":"1970-01-01T00:00:00.000Z","caller":"a.go:1","msg":"one 2"})"
        "\n"
        R"({"level":"warn","ts":"1970-01-01T00:00:00.000Z","caller":"b.go:2","msg":"two"})"
        "\n");
  CHECK(first.find("/var/log/x.log")->find("two") == std::string::npos);
  CHECK(first.find("/var/log/x.log")
            ->ends_with(R"("msg":"one 3"})"
                        "\n"));
}
