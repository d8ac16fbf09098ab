#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/diagnostics.hh"
#include "sim/lab/scenario.hh"

namespace ekspath {

/// A tcpdump expression to be checked: its ${references} replaced by samples ("192.0.2.1"), where it is to be
/// used, and the scenario for the names of hosts.
struct FilterToCheck {
  const Located<std::string>& expression;
  const CaptureAt& at;
  const Scenario& scenario;
};

/// What a user asks for besides the file, and the checks that this floor cannot do itself.
struct LoadOptions {
  std::string variant;            // empty: the base
  std::vector<std::string> sets;  // "path=value" each, applied last
  std::vector<std::string> then = {};  // commands behind the scenario's own steps
  /// Is given each step, its ${references} replaced by samples ("192.0.2.1"), and reports what does not
  /// parse.
  std::function<void(const Step&, Diagnostics&)> check_step;
  /// Is given each tcpdump expression, and reports what is wrong with it.
  std::function<void(const FilterToCheck&, Diagnostics&)> check_filter;
  /// The files that a step's line reads, beside the scenario: `kubectl apply -f`. May be empty.
  std::function<std::vector<std::string>(const std::string& line)> files_of_step;
};

/// Reads a scenario file with every check that needs no world. All mistakes of the file are reported in one
/// run, those of its variants too; then nothing comes back.
[[nodiscard]] std::optional<Scenario> load_scenario(const std::string& path, const LoadOptions& options,
                                                    Diagnostics& diagnostics);

/// The same for a text in memory; manifests are looked for beside `path`.
[[nodiscard]] std::optional<Scenario> parse_scenario(const std::string& text, const std::string& path,
                                                     const LoadOptions& options, Diagnostics& diagnostics);

}  // namespace ekspath
