#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/kernel/outcome.hh"
#include "tests/kernel/random_world.hh"
#include "tests/kernel/real_host.hh"
#include "tests/kernel/simulated_host.hh"

/// kernel_random [--seed N] [--first N] [--worlds N] [--frames N] [--keep FOLDER]: draws worlds and compares
/// each with the kernel. A world that differs is shrunk, printed, and kept as a case in FOLDER. Exit status:
/// 0 all equal, 1 a difference, 2 a world cannot be run, 77 skipped.
using namespace ekspath;

namespace {

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t first = 0;
  std::uint64_t worlds = 200;
  std::size_t frames = 50;
  std::string keep;
};

bool read(int count, char** words, Options& options) {
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view word = words[i];
    const char* value = words[i + 1];
    if (word == "--seed") {
      options.seed = std::strtoull(value, nullptr, 10);
    } else if (word == "--first") {
      options.first = std::strtoull(value, nullptr, 10);
    } else if (word == "--worlds") {
      options.worlds = std::strtoull(value, nullptr, 10);
    } else if (word == "--frames") {
      options.frames = std::strtoull(value, nullptr, 10);
    } else if (word == "--keep") {
      options.keep = value;
    } else {
      return false;
    }
  }
  return count % 2 == 1;
}

/// What differs, or ""; `problem` when a host could not be built.
std::string compare(Court& court, const Case& world, std::string* problem) {
  const CaseOutcome ours = run_simulated(world);
  const CaseOutcome kernels = court.run(world);
  if (!ours.problem.empty() || !kernels.problem.empty()) {
    if (problem != nullptr)
      *problem = fmt::format("  kernel: {}\n  ours:   {}\n", kernels.problem, ours.problem);
    return {};
  }
  const std::string report = difference(world, kernels, ours);
  return report.empty() ? difference(world, kernels, run_simulated(world, Onlooker::nobody)) : report;
}

}  // namespace

int main(int count, char** words) {
  Options options;
  if (!read(count, words, options)) {
    fmt::print(stderr,
               "usage: kernel_random [--seed N] [--first N] [--worlds N] [--frames N] [--keep FOLDER]\n");
    return 2;
  }
  Court court;
  if (const std::string forbidden = court.enter(); !forbidden.empty()) {
    fmt::print("skipped: {} random worlds were not compared with the kernel ({})\n", options.worlds,
               forbidden);
    return 77;
  }
  std::uint64_t equal = 0;
  std::uint64_t different = 0;
  std::uint64_t broken = 0;
  for (std::uint64_t number = options.first; number < options.first + options.worlds; ++number) {
    const Case world = random_world(options.seed, number, options.frames);
    std::string problem;
    std::string report = compare(court, world, &problem);
    // Twice more: two draws may have met by chance, or the machine was slow.
    for (int again = 0; again < 2 && !report.empty(); ++again) report = compare(court, world, &problem);
    if (!problem.empty()) {
      ++broken;
      fmt::print("{}: cannot be run\n{}{}", world.name, problem, print_case(world));
      continue;
    }
    if (report.empty()) {
      ++equal;
      continue;
    }
    ++different;
    const Case small =
        shrink(world, [&](const Case& tried) { return !compare(court, tried, nullptr).empty(); });
    fmt::print("{}: differs\n{}\n{}\n", world.name, compare(court, small, nullptr), print_case(small));
    std::fflush(stdout);
    if (!options.keep.empty())
      std::ofstream(fmt::format("{}/{}.case", options.keep, world.name)) << print_case(small);
  }
  fmt::print("{} random worlds of {} frames, seed {}: {} equal, {} different\n", options.worlds,
             options.frames, options.seed, equal, different);
  return broken > 0 ? 2 : different > 0 ? 1 : 0;
}
