#pragma once

#include <optional>
#include <string>

#include "sim/lab/load_sections.hh"
#include "sim/lab/load_yaml.hh"

namespace ekspath {

/// Puts one value into the tree of a scenario file, before anything is typed: so a wrong value is refused
/// with the place of the variant, or with the --set, that brought it. The path starts below `spec`; its steps
/// are keys, names of list items
/// ("cluster.nodeGroups.ng1.count"), and numbers from 0 for items that have no name ("vpcs.lab.cidrs.0").
/// What the file leaves out is made on the way; what the format does not know is reported with a near miss.
bool apply_override(YamlNode& document, const Override& change, Diagnostics& diagnostics);

/// "cluster.nodeGroups.ng1.count=5": the value is YAML ("[a, b]"), and needs no quotes where the format wants
/// a string.
[[nodiscard]] std::optional<Override> parse_set(const std::string& argument, Diagnostics& diagnostics);

}  // namespace ekspath
