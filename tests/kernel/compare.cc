#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/kernel/case.hh"
#include "tests/kernel/outcome.hh"
#include "tests/kernel/real_host.hh"
#include "tests/kernel/simulated_host.hh"
#include "tests/kernel/tcpdump_check.hh"

/// kernel_compare CASE|FOLDER...: runs each case in a namespace of ours and in one of the kernel's, and
/// prints what differs. Exit status: 0 all equal, 1 a difference, 2 a case cannot be read or run, 77 skipped
/// (no namespaces here).
using namespace ekspath;

namespace {

std::vector<std::string> files_of(int count, char** words) {
  std::vector<std::string> files;
  for (int i = 1; i < count; ++i) {
    if (!std::filesystem::is_directory(words[i])) {
      files.emplace_back(words[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(words[i])) {
      if (entry.path().extension() == ".case") files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string content_of(const std::string& file) {
  std::ifstream stream(file);
  if (!stream) throw CaseError(file + ": cannot be opened");
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

}  // namespace

int main(int count, char** words) {
  const auto files = files_of(count, words);
  if (files.empty()) {
    fmt::print(stderr, "usage: kernel_compare CASE|FOLDER...\n");
    return 2;
  }
  std::vector<Case> cases;
  bool broken = false;
  for (const auto& file : files) {
    try {
      cases.push_back(parse_case(content_of(file), file));
    } catch (const std::exception& error) {
      fmt::print(stderr, "{}\n", error.what());
      broken = true;
    }
  }
  Court court;
  if (const std::string forbidden = court.enter(); !forbidden.empty()) {
    fmt::print("skipped: {} cases were not compared with the kernel ({})\n", cases.size(), forbidden);
    return 77;
  }
  std::size_t equal = 0;
  std::size_t skipped = 0;
  std::size_t different = 0;
  std::size_t frames_in = 0;
  std::size_t frames_out = 0;
  std::size_t entries = 0;
  std::size_t lines = 0;
  for (const auto& one : cases) {
    const CaseOutcome ours = run_simulated(one);
    const CaseOutcome unobserved = run_simulated(one, Onlooker::nobody);
    const auto differs = [&](const CaseOutcome& from) {
      const std::string report = difference(one, from, ours);
      return report.empty() ? difference(one, from, unobserved) : report;
    };
    const CaseOutcome kernels = court.run(one, Court::Ask::texts);
    if (!kernels.lacking.empty()) {
      ++skipped;
      fmt::print("{}: skipped, not compared: this kernel lacks what it needs ({})\n", one.name,
                 kernels.lacking);
      continue;
    }
    if (!ours.problem.empty() || !kernels.problem.empty()) {
      fmt::print("{}: cannot be run\n  kernel: {}\n  ours:   {}\n", one.name, kernels.problem, ours.problem);
      broken = true;
      continue;
    }
    frames_in += one.frames.size();
    frames_out += kernels.frames.size();
    entries += kernels.connections.size();
    for (const auto& [question, text] : kernels.texts) {
      lines += static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    }
    const TcpdumpTexts dumped = tcpdump_texts(kernels);
    lines += dumped.lines;
    std::string report = differs(kernels) + dumped.difference;
    // Once more: a draw of the kernel's may have met a port that was taken, which `conntrack -S` counts.
    if (!report.empty()) {
      report = differs(court.run(one, Court::Ask::texts)) + dumped.difference;
    }
    if (report.empty()) {
      ++equal;
    } else {
      ++different;
      fmt::print("{}: differs\n{}\n", one.name, report);
    }
  }
  fmt::print(
      "{} cases: {} equal, {} different, {} skipped ({} frames in, {} out, {} conntrack entries, {} lines of "
      "tools' text)\n",
      cases.size(), equal, different, skipped, frames_in, frames_out, entries, lines);
  return broken ? 2 : different > 0 ? 1 : 0;
}
