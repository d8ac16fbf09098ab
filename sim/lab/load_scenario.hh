#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/diagnostics.hh"
#include "sim/lab/scenario.hh"

namespace ekspath {

/// What a user asks for besides the file, and the checks that this floor cannot do itself.
struct LoadOptions {
  std::string variant;            // empty: the base
  std::vector<std::string> sets;  // "path=value" each, applied last
  /// Is given each step, its ${references} replaced by samples ("192.0.2.1"), and reports what does not
  /// parse.
  std::function<void(const Step&, Diagnostics&)> check_step;
  /// Is given each tcpdump expression, its ${references} replaced likewise.
  std::function<void(const Located<std::string>&, Diagnostics&)> check_filter;
};

/// Reads a scenario file with every check that needs no world. All mistakes of the file are reported in one
/// run, those of its variants too; then nothing comes back.
[[nodiscard]] std::optional<Scenario> load_scenario(const std::string& path, const LoadOptions& options,
                                                    Diagnostics& diagnostics);

/// The same for a text in memory; manifests are looked for beside `path`.
[[nodiscard]] std::optional<Scenario> parse_scenario(const std::string& text, const std::string& path,
                                                     const LoadOptions& options, Diagnostics& diagnostics);

}  // namespace ekspath
