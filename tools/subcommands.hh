#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/nanoseconds.hh"

/// What each subcommand of the command line takes, and does. All return the exit status: 0 all well, 1 an
/// expectation failed, 2 the input or the usage is wrong, 3 an output could not be written, 130 interrupted
/// (design.md 5).
namespace ekspath {

namespace exit_status {
constexpr int ok = 0, expectation_failed = 1, bad_input = 2, output_failed = 3, interrupted = 130;
}

enum class TextFormat { text, json };

/// Which scenario, and what of it is changed.
struct ScenarioChoice {
  std::string path;
  std::string variant;
  std::vector<std::string> sets;
  std::optional<std::uint64_t> seed;
  std::vector<std::string> then = {};  // commands behind the scenario's own steps
};

struct RunOptions {
  ScenarioChoice scenario;
  std::string out = "out";
  std::string trace;  // "-", a FIFO or a file for the pcapng; "": in the output folder
  std::size_t packets = 40;
  bool all_decisions = false;
  bool no_files = false;
  bool quiet = false;
  TextFormat format = TextFormat::text;
};
int run_scenario(const RunOptions& options);

struct CheckOptions {
  std::vector<std::string> paths;
};
int check_scenarios(const CheckOptions& options);

struct ListOptions {
  std::string folder = "scenarios";
  TextFormat format = TextFormat::text;
};
int list_scenarios(const ListOptions& options);

struct DiffOptions {
  ScenarioChoice left;
  ScenarioChoice right;
  bool all = false;
};
int diff_variants(const DiffOptions& options);

struct GraphOptions {
  ScenarioChoice scenario;
  std::string format = "dot";  // dot | svg
  std::string out = "-";
};
int graph_scenario(const GraphOptions& options);

struct ExportNetnsOptions {
  ScenarioChoice scenario;
  std::optional<Nanoseconds> at;  // none: before the first step
  std::string out;                // "": out/SCENARIO/netns
};
int export_namespaces(const ExportNetnsOptions& options);

struct MaxPodsOptions {
  std::string type;
  bool prefix_delegation = false;
  bool custom_networking = false;
  std::string cni_version = "1.19";
  bool show_max_allowed = false;
  std::optional<std::uint32_t> max_eni;
  TextFormat format = TextFormat::text;
};
int print_max_pods(const MaxPodsOptions& options);

int print_schema();

}  // namespace ekspath
