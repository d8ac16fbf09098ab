#pragma once

#include <string>
#include <vector>

#include "sim/base/diagnostics.hh"
#include "sim/lab/world.hh"

namespace ekspath {

/// A file of an export, by its path within the folder.
struct ExportedFile {
  std::string path;
  std::string text;
  bool executable = false;
};

/// The world's hosts as real network namespaces: up.sh, down.sh, README.md and a folder for each namespace,
/// from the state at the present time. What a real kernel would refuse is reported, and nothing comes back.
[[nodiscard]] std::vector<ExportedFile> export_netns(const World& world, const Scenario& scenario,
                                                     Diagnostics& diagnostics);

}  // namespace ekspath
