#include "sim/lab/commands/kubectl_manifest_files.hh"

#include "sim/eks/api/decode.hh"
#include "sim/lab/manifest.hh"
#include "sim/lab/world.hh"

namespace ekspath {
namespace {

void add_document(const KubectlCall& call, const std::string& path, Document document, ManifestInput& input) {
  std::string error;
  const auto kind = kind_of(document, error);
  if (!kind) {
    input.errors += fmt::format(
        "error: resource mapping not found for name: \"{}\" namespace: \"{}\" from \"{}\": {}\nensure CRDs "
        "are installed "
        "first\n",
        text_at(document, {"metadata", "name"}), text_at(document, {"metadata", "namespace"}), path, error);
    return;
  }
  const std::string own = text_at(document, {"metadata", "namespace"});
  if (!own.empty() && call.arguments.has("namespace") && own != call.arguments.name_space()) {
    input.errors += fmt::format(
        "error: the namespace from the provided object \"{}\" does not match the namespace \"{}\". You must "
        "pass "
        "'--namespace={}' to perform this operation.\n",
        own, call.arguments.name_space(), own);
    return;
  }
  const std::string name_space = !info(*kind).namespaced ? ""
                                 : own.empty()           ? call.arguments.name_space()
                                                         : own;
  input.objects.push_back(
      {path, *kind, text_at(document, {"metadata", "name"}), name_space, std::move(document)});
}

}  // namespace

ManifestInput read_manifest_input(const KubectlCall& call) {
  ManifestInput input;
  for (const std::string& path : call.arguments.values("filename")) {
    const auto file = call.world.files.find(path);
    if (path != "-" && file == call.world.files.end()) {
      input.errors += fmt::format("error: the path \"{}\" does not exist\n", path);
      continue;
    }
    const std::string shown = path == "-" ? "STDIN" : path;
    Diagnostics diagnostics;
    auto documents = parse_manifest(path == "-" ? call.input : file->second, shown, diagnostics);
    if (!diagnostics.ok()) {
      const ScenarioError& first = diagnostics.errors().front();
      input.errors +=
          fmt::format("error: error parsing {}: error converting YAML to JSON: yaml: line {}: {}\n", shown,
                      first.where.line, first.found);
      continue;
    }
    if (documents.empty()) input.errors += fmt::format("error: no objects passed to {}\n", "apply");
    for (ManifestDocument& document : documents)
      add_document(call, shown, std::move(document.document), input);
  }
  return input;
}

std::vector<std::string> kubectl_files(const std::vector<std::string>& words) {
  std::vector<std::string> files;
  if (words.empty() || words.front() != "kubectl") return files;
  for (std::size_t i = 1; i < words.size() && words[i] != "--"; ++i) {
    std::string path;
    if ((words[i] == "-f" || words[i] == "--filename") && i + 1 < words.size()) {
      path = words[++i];
    } else if (words[i].starts_with("--filename=")) {
      path = words[i].substr(11);
    } else if (words[i].starts_with("-f") && words[i].size() > 2) {
      path = words[i].substr(words[i][2] == '=' ? 3 : 2);
    }
    if (!path.empty() && path != "-") files.push_back(path);
  }
  return files;
}

}  // namespace ekspath
