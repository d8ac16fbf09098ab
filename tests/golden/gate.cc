// What every scenario must stand, with every variant of it:
//   - its expectations hold;
//   - a second run writes the same bytes;
//   - another seed gives other ids and ports, and the same verdicts;
//   - tshark (all checksums on) and tcpdump find nothing wrong in any file, but for what the scenario is
//   about;
//   - it prints the report in tests/golden/expected.
// Runs in the root of the repository: scenario_gate [--update | --self-test] EKSPATH SCENARIO
// --update writes the reports anew (tools/dev/golden), for review as a diff.
// --self-test damages the captures of the scenario, each in one way, and fails where the gate does not see
// it.
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

/// Warnings that a scenario causes: in these files a real capture would show them too.
struct Allowed {
  std::string_view run;  // scenario, or scenario-variant
  std::vector<std::string_view> files;
  std::string_view message;
  std::string_view reason;
};
constexpr std::string_view unanswered = "No response seen to ICMP request";
const std::vector<Allowed> allowed_warnings{
    {"external-snat-public",
     {"node1/enibd2348b4f67.pcap", "node1/enice0906292e2.pcap", "node1/ens5.pcap", "node1/ens6.pcap",
      "pod1/eth0.pcap", "pod2/eth0.pcap"},
     unanswered,
     "the pods' pings die at the internet gateway"},
    {"myeks-external-snat",
     {"netshoot-pod-6f8ddc59df-fnlm7/eth0.pcap", "node1/eniec19d46f217.pcap", "node1/ens5.pcap"},
     unanswered,
     "the pods' pings die at the internet gateway"},
    {"pod-to-internet-external-snat",
     {"node1/enice0906292e2.pcap", "node1/ens5.pcap", "pod1/eth0.pcap"},
     unanswered,
     "the pod's pings die at the internet gateway"},
    {"rp-filter-strict",
     {"node1/enibd2348b4f67.pcap", "pod2/eth0.pcap"},
     unanswered,
     "replies to pod2 die behind ens5"},
    {"security-group", {"operator/ens5.pcap"}, unanswered, "the operator's pings die at the nodes' ENIs"},
};

/// Scenarios in which chance chooses the way of a packet (which endpoint of a service, which node of a pod):
/// another seed is held to the same expectations, not to the same decisions.
const std::vector<std::string_view> drawn_paths{
    "cluster-ip",  // which endpoint
    "dns-ndots",   // which CoreDNS pod is asked
    "myeks",       // names of pods, and with them their nodes
    "netshoot-deployment",
    "nginx-replicas",
    "rolling-update",
};

int failures = 0;

bool silent = false;  // the self-test's faults are counted, not shown

void fail(const std::string& run, const std::string& text) {
  ++failures;
  if (!silent) fmt::print("{}: {}\n", run, text);
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

/// Where the IPv4 header of the first frame that has one begins in a pcap of Ethernet frames.
std::size_t first_ipv4_header(const std::string& pcap) {
  constexpr std::size_t file_header = 24, record_header = 16, ethernet = 14;
  for (std::size_t at = file_header; at + record_header + ethernet < pcap.size();) {
    std::uint32_t captured = 0;
    std::memcpy(&captured, pcap.data() + at + 8, sizeof captured);
    const std::size_t frame = at + record_header;
    if (pcap[frame + 12] == 0x08 && pcap[frame + 13] == 0x00) return frame + ethernet;
    at = frame + captured;
  }
  return pcap.size() - 20;
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
    judge_other_seeds();
    for (const std::string& file : files_of(outputs("first"))) judge_file(file);
    judge_allowed();
    judge_report();
  }

  void update() { std::ofstream(expected(), std::ios::binary) << run("first", "").out; }

  /// How many of the ways to damage a capture were seen, and tried.
  void self_test() {
    first_ = run("first", "");
    std::size_t tried = 0, missed = 0;
    for (const std::string& file : files_of(outputs("first"))) {
      const fs::path path = outputs("first") / file;
      const std::string whole = read(path);
      if (!file.ends_with("ens5.pcap") || whole.size() < 200) continue;
      const auto damaged = [&](std::string_view what, std::string bytes) {
        std::ofstream(path, std::ios::binary) << bytes;
        const int before = failures;
        silent = true;
        judge_file(file);
        silent = false;
        ++tried;
        const bool seen = failures > before;
        failures = before;
        if (!seen) {
          ++missed;
          fmt::print("{}: {}: not seen\n", file, what);
        }
      };
      // The last frame of a file is data of ICMP, UDP or TCP in each of the scenarios that this is called
      // with.
      std::string other = whole;
      other.back() = static_cast<char>(other.back() ^ 1);
      damaged("a byte of the last payload changed", other);
      other = whole;
      const std::size_t header = first_ipv4_header(whole);
      other[header + 10] = static_cast<char>(other[header + 10] ^ 1);
      damaged("an IP checksum changed", other);
      damaged("the file cut short", whole.substr(0, whole.size() - 3));
      std::ofstream(path, std::ios::binary) << whole;
    }
    fmt::print("{} damages tried, {} not seen\n", tried, missed);
    if (tried < 3 || missed != 0) ++failures;
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

  void judge_other_seeds() {
    for (const int seed : {977, 7, 12345}) {
      const std::string folder = fmt::format("seed-{}", seed);
      const Ended other = run(folder, fmt::format("--seed {}", seed));
      if (other.status != 0)
        return fail(name_, fmt::format("--seed {}: exit status {}:\n{}", seed, other.status, other.out));
      if (other.out == first_.out &&
          read(outputs("first") / "hops.ndjson") == read(outputs(folder) / "hops.ndjson"))
        fail(name_, "another seed changes nothing");
      if (std::ranges::find(drawn_paths, fs::path(scenario_).stem().string()) != drawn_paths.end()) continue;
      const auto verdicts = verdicts_of("first"), with_seed = verdicts_of(folder);
      if (verdicts == with_seed) continue;
      const auto [here, there] = std::ranges::mismatch(verdicts, with_seed);
      fail(name_, fmt::format("seed {} gives other verdicts:\n  {}\n  {}", seed,
                              here == verdicts.end() ? "-" : *here, there == with_seed.end() ? "-" : *there));
    }
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
    constexpr std::uintmax_t header_only = 24;
    const bool empty = !is_trace && fs::file_size(outputs("first") / file) == header_only;
    if (!empty) {
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
    const Ended dump =
        shell(fmt::format("tcpdump -nn -vvv -r {} 2>&1 | grep -v 'interface names might be' | grep -E "
                          "'incorrect|bad cksum|bad udp cksum|wrong icmp|truncated|bad dump'",
                          path));
    if (!dump.out.empty()) fail(name_, file + ": tcpdump: " + dump.out);
  }

  [[nodiscard]] bool is_allowed(const std::string& file, const std::string& message) {
    return std::ranges::any_of(allowed_warnings, [&](const Allowed& allowed) {
      if (allowed.run != name_ || std::ranges::find(allowed.files, file) == allowed.files.end() ||
          message.find(allowed.message) == std::string::npos)
        return false;
      met_.emplace(file, allowed.message);
      return true;
    });
  }

  /// What is allowed and no longer met would hide a fault one day.
  void judge_allowed() {
    for (const Allowed& allowed : allowed_warnings) {
      if (allowed.run != name_) continue;
      for (const std::string_view file : allowed.files) {
        if (!met_.contains({std::string(file), allowed.message}))
          fail(name_, fmt::format("{}: '{}' is allowed and was not met", file, allowed.message));
      }
    }
  }

  void judge_report() {
    if (!fs::exists(expected()))
      return fail(name_, "has no report in tests/golden/expected: tools/dev/golden");
    if (read(expected()) == first_.out) return;
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
  std::set<std::pair<std::string, std::string_view>> met_;  // of the allowed: file, message
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
  const std::string mode = arguments.empty() || !arguments.front().starts_with("--") ? "" : arguments.front();
  const bool known = mode.empty() || mode == "--update" || mode == "--self-test";
  if (!known || arguments.size() != (mode.empty() ? 2U : 3U)) {
    fmt::print(stderr, "usage: scenario_gate [--update | --self-test] EKSPATH SCENARIO\n");
    return 2;
  }
  for (const char* tool : {"tshark", "tcpdump"}) {
    if (have(tool)) continue;
    fmt::print(stderr, "{} is not installed: tools/setup.sh test brings it\n", tool);
    return 2;
  }
  const std::string& program = arguments[arguments.size() - 2];
  const std::string& scenario = arguments.back();
  for (const std::string& variant : variants_of(program, scenario)) {
    std::string scratch = (fs::temp_directory_path() / "ekspath-gate-XXXXXX").string();
    if (::mkdtemp(scratch.data()) == nullptr) return 2;
    Gate gate(program, scenario, variant, scratch);
    if (mode == "--update") {
      gate.update();
    } else if (mode == "--self-test") {
      gate.self_test();
    } else {
      gate.judge();
    }
    fs::remove_all(scratch);
  }
  return failures == 0 ? 0 : 1;
}
