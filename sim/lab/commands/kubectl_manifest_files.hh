#pragma once

#include <string>
#include <vector>

#include "sim/eks/api/object_kind.hh"
#include "sim/lab/commands/kubectl_session.hh"

namespace ekspath {

/// The objects of the files that -f names, or of the step's standard input (-f -).
struct ManifestInput {
  struct Object {
    std::string path;  // as -f has it; "STDIN"
    ObjectKind kind = ObjectKind::pod;
    std::string name;
    std::string name_space;  // of its own, or the command's; "" for kinds without one
    Document document;
  };
  std::vector<Object> objects;
  std::string errors;  // a line each, as kubectl prints them
};
[[nodiscard]] ManifestInput read_manifest_input(const KubectlCall& call);

/// What -f of a kubectl line names, but for standard input: the files that have to be read before a run.
[[nodiscard]] std::vector<std::string> kubectl_files(const std::vector<std::string>& words);

}  // namespace ekspath
