// What every scenario must stand, with every variant of it:
//   - its expectations hold;
//   - a second run writes the same bytes;
//   - another seed gives other ids and ports, and the same verdicts;
//   - tshark (all checksums on) and tcpdump find nothing wrong in any file, but for what the scenario is
//   about;
//   - where tests/golden/expected has its report, it prints that report.
// Runs in the root of the repository: scenario_gate [--update] EKSPATH SCENARIO
// --update writes the reports that are there anew (tools/dev/golden), for review as a diff.
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

/// Warnings that a scenario causes: in these files a real capture would show them too.
struct Allowed {
  std::string_view run;   // scenario, or scenario-variant
  std::string_view file;  // how the file's name begins, "" all
  std::string_view message;
  std::string_view reason;
};
constexpr std::string_view unanswered = "No response seen to ICMP request";
constexpr std::array allowed_warnings{
    Allowed{"external-snat-public", "", unanswered, "the pods' pings die at the internet gateway"},
    Allowed{"myeks-external-snat", "", unanswered, "the pods' pings die at the internet gateway"},
    Allowed{"pod-to-internet-external-snat", "", unanswered, "the pod's pings die at the internet gateway"},
    Allowed{"rp-filter-strict", "", unanswered, "replies to pod2 die behind ens5"},
    Allowed{"security-group", "operator/", unanswered, "the operator's pings die at the nodes' ENIs"},
};

int failures = 0;

void fail(const std::string& run, const std::string& text) {
  ++failures;
  fmt::print("{}: {}\n", run, text);
}

struct Ended {
  int status;
  std::string out;
};

Ended shell(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return {-1, ""};
  std::string text;
  std::array<char, 65536> part{};
  for (std::size_t size = 0; (size = std::fread(part.data(), 1, part.size(), pipe)) > 0;)
    text.append(part.data(), size);
  const int status = ::pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), text};
}

bool have(const std::string& tool) { return shell("command -v " + tool).status == 0; }

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> files_of(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) names.push_back(fs::relative(entry.path(), folder).string());
  }
  std::ranges::sort(names);
  return names;
}

/// One scenario with one variant, in a scratch folder.
class Gate {
 public:
  Gate(std::string program, std::string scenario, std::string variant, fs::path scratch)
      : program_(fs::absolute(program).string()),
        scenario_(std::move(scenario)),
        variant_(std::move(variant)),
        scratch_(std::move(scratch)),
        name_(fs::path(scenario_).stem().string() + (variant_.empty() ? "" : "-" + variant_)) {}

  void judge() {
    first_ = run("first", "");
    if (first_.status != 0) return fail(name_, fmt::format("exit status {}:\n{}", first_.status, first_.out));
    judge_repetition();
    judge_other_seed();
    for (const std::string& file : files_of(outputs("first"))) judge_file(file);
    judge_report();
  }

  /// Writes the report anew where there is one.
  void update() {
    if (fs::exists(expected())) std::ofstream(expected(), std::ios::binary) << run("first", "").out;
  }

 private:
  [[nodiscard]] fs::path expected() const { return fs::path("tests/golden/expected") / (name_ + ".txt"); }
  [[nodiscard]] fs::path outputs(const std::string& run) const { return scratch_ / run / "out" / name_; }

  /// In a folder of its own, so that the paths it prints are the same; `scenarios` leads to the project's.
  [[nodiscard]] Ended run(const std::string& run, const std::string& options) const {
    const fs::path folder = scratch_ / run;
    fs::create_directories(folder);
    fs::create_directory_symlink(fs::absolute("scenarios"), folder / "scenarios");
    const std::string variant = variant_.empty() ? "" : " --variant " + variant_;
    return shell(fmt::format("cd '{}' && '{}' run {}{} {} 2>&1", folder.string(), program_, scenario_,
                             variant, options));
  }

  void judge_repetition() {
    const Ended second = run("second", "");
    if (second.out != first_.out) fail(name_, "a second run prints something else");
    const auto files = files_of(outputs("first"));
    if (files != files_of(outputs("second"))) return fail(name_, "a second run writes other files");
    for (const std::string& file : files) {
      if (read(outputs("first") / file) != read(outputs("second") / file))
        fail(name_, file + ": a second run writes other bytes");
    }
  }

  void judge_other_seed() {
    const Ended other = run("seed", "--seed 977");
    if (other.status != 0)
      return fail(name_, fmt::format("--seed 977: exit status {}:\n{}", other.status, other.out));
    if (read(outputs("first") / "hops.ndjson") == read(outputs("seed") / "hops.ndjson"))
      fail(name_, "another seed changes nothing");
    const auto verdicts = verdicts_of("first"), with_seed = verdicts_of("seed");
    if (verdicts == with_seed) return;
    const auto [here, there] = std::ranges::mismatch(verdicts, with_seed);
    fail(name_, fmt::format("another seed gives other verdicts:\n  {}\n  {}",
                            here == verdicts.end() ? "-" : *here, there == with_seed.end() ? "-" : *there));
  }

  /// Of each packet the decisions that it met, without names and numbers that hang on the seed; in any order.
  [[nodiscard]] std::vector<std::string> verdicts_of(const std::string& run) const {
    std::map<std::uint64_t, std::string> packets;
    std::istringstream lines(read(outputs(run) / "hops.ndjson"));
    for (std::string line; std::getline(lines, line);) {
      const auto hop = nlohmann::json::parse(line);
      // ARP comes and goes with the neighbours' random timers.
      if (!hop["before"].is_object() || hop["before"]["src"] == "0.0.0.0") continue;
      const std::string where = hop["where"];
      packets[hop["trace"]] +=
          fmt::format("{} {} {}{}, ", where.substr(0, where.find('/')), hop["stage"].get<std::string>(),
                      hop["verdict"].get<std::string>(),
                      hop["reason"].is_null() ? "" : " " + hop["reason"].get<std::string>());
    }
    std::vector<std::string> verdicts;
    for (const auto& [trace, text] : packets) verdicts.push_back(text);
    std::ranges::sort(verdicts);
    return verdicts;
  }

  void judge_file(const std::string& file) {
    const bool is_trace = file.ends_with(".pcapng");
    if (!is_trace && !file.ends_with(".pcap")) return;
    const std::string path = "'" + (outputs("first") / file).string() + "'";
    static const bool with_tshark = have("tshark"), with_tcpdump = have("tcpdump");
    constexpr std::uintmax_t header_only = 24;
    const bool empty = !is_trace && fs::file_size(outputs("first") / file) == header_only;
    if (with_tshark && !empty) {
      // One file that shows a packet at several places looks like retransmissions to tshark: only
      // errors count there, and wrong ICMP checksums, which are warnings.
      const bool many_places = is_trace || file.ends_with("/any.pcap");
      const std::string severity = many_places
                                       ? "_ws.expert.severity >= 0x00800000 || icmp.checksum.status == 0"
                                       : "_ws.expert.severity >= 0x00600000";
      std::istringstream lines(
          shell(fmt::format(
                    "tshark -n -2 -r {} -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE"
                    " -o udp.check_checksum:TRUE -Y '{}' -T fields -e frame.number -e _ws.expert.message"
                    " 2>&1 | grep -v '^Running as user'",
                    path, severity))
              .out);
      for (std::string line; std::getline(lines, line);) {
        if (!is_allowed(file, line)) fail(name_, fmt::format("{}: tshark: frame {}", file, line));
      }
    }
    if (with_tcpdump) {
      const Ended dump =
          shell(fmt::format("tcpdump -nn -vvv -r {} 2>&1 | grep -v 'interface names might be' | grep -E "
                            "'incorrect|bad cksum|bad udp cksum|wrong "
                            "icmp|truncated|bad dump'",
                            path));
      if (!dump.out.empty()) fail(name_, file + ": tcpdump: " + dump.out);
    }
  }

  [[nodiscard]] bool is_allowed(const std::string& file, const std::string& message) const {
    return std::ranges::any_of(allowed_warnings, [&](const Allowed& allowed) {
      return allowed.run == name_ && file.starts_with(allowed.file) &&
             message.find(allowed.message) != std::string::npos;
    });
  }

  void judge_report() {
    if (!fs::exists(expected()) || read(expected()) == first_.out) return;
    const fs::path actual = scratch_ / "actual.txt";
    std::ofstream(actual, std::ios::binary) << first_.out;
    fail(name_,
         fmt::format(
             "the report is not that of {} (meant? tools/dev/golden):\n{}", expected().string(),
             shell(fmt::format("diff -u {} '{}' | head -40", expected().string(), actual.string())).out));
  }

  std::string program_, scenario_, variant_;
  fs::path scratch_;
  std::string name_;
  Ended first_;
};

/// The variants as `ekspath list` names them.
std::vector<std::string> variants_of(const std::string& program, const std::string& scenario) {
  const Ended list = shell("'" + program + "' list scenarios --output json");
  std::vector<std::string> variants{""};
  for (const auto& entry : nlohmann::json::parse(list.out)) {
    if (entry["file"] != scenario) continue;
    for (const std::string variant : entry["variants"]) variants.push_back(variant);
  }
  return variants;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool update = !arguments.empty() && arguments.front() == "--update";
  if (arguments.size() != (update ? 3U : 2U)) {
    fmt::print(stderr, "usage: scenario_gate [--update] EKSPATH SCENARIO\n");
    return 2;
  }
  if (!have("tshark")) fmt::print("tshark is not installed: the captures are not read\n");
  const std::string& program = arguments[arguments.size() - 2];
  const std::string& scenario = arguments.back();
  for (const std::string& variant : variants_of(program, scenario)) {
    std::string scratch = (fs::temp_directory_path() / "ekspath-gate-XXXXXX").string();
    if (::mkdtemp(scratch.data()) == nullptr) return 2;
    Gate gate(program, scenario, variant, scratch);
    update ? gate.update() : gate.judge();
    fs::remove_all(scratch);
  }
  return failures == 0 ? 0 : 1;
}
