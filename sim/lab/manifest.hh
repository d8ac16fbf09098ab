#pragma once

#include <string>
#include <vector>

#include "sim/base/diagnostics.hh"
#include "sim/eks/api/document.hh"
#include "sim/lab/load_yaml.hh"

namespace ekspath {

/// One document of a manifest file.
struct ManifestDocument {
  Document document;  // as kubectl sends it
  YamlNode tree;      // the same with its places in the file
};

/// The documents of a file of Kubernetes YAML (or JSON, which is YAML), without those that are empty; the
/// items of a List stand for themselves. Plain scalars are what sigs.k8s.io/yaml makes of them: `yes`, `on`
/// and `y` are true. What is no YAML is reported.
[[nodiscard]] std::vector<ManifestDocument> parse_manifest(const std::string& text, const std::string& path,
                                                           Diagnostics& diagnostics);

/// A tree of YAML as the JSON that sigs.k8s.io/yaml YAMLToJSON() makes of it.
[[nodiscard]] Document to_json(const YamlNode& tree);

/// Where a field stands that the API server names by its path ("spec.containers[0].image"): the place of the
/// deepest part of the path that the file has.
[[nodiscard]] Location place_of_field(const YamlNode& tree, const std::string& path);

}  // namespace ekspath
