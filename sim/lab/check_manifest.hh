#pragma once

#include <string>
#include <vector>

#include "sim/lab/manifest.hh"

namespace ekspath {

/// The objects of a manifest, checked as `kubectl apply --validate` does: kinds that nobody serves, misspelt
/// fields, values of a wrong type or out of range go to `diagnostics`, each with its place. What had a mistake
/// is left out.
[[nodiscard]] std::vector<ManifestDocument> read_manifest(const std::string& text, const std::string& path,
                                                          Diagnostics& diagnostics);

}  // namespace ekspath
