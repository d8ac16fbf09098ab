#include <algorithm>

#include "sim/base/near_miss.hh"
#include "sim/eks/cni_settings.hh"
#include "sim/lab/commands/kubectl_session.hh"
#include "sim/lab/world.hh"

/// `kubectl set env` and `kubectl set image`: changes of the containers of a pod template.
namespace ekspath {
namespace {

CommandResult failed(std::string_view text) { return {1, "", fmt::format("error: {}\n", text)}; }

/// The words that name objects, and those behind them: NAME=VALUE, NAME-.
struct SplitWords {
  std::vector<std::string> resources;
  std::vector<std::string> changes;
  std::string error;
};

/// kubectl pkg/cmd/set/env/env_parse.go SplitEnvironmentFromResources()
SplitWords split_environment(const std::vector<std::string>& words) {
  SplitWords split;
  for (const std::string& word : words) {
    const bool change = word.find('=') != std::string::npos || word.ends_with('-');
    if (!change && !split.changes.empty())
      split.error = fmt::format("all resources must be specified before environment changes: {}", word);
    (change ? split.changes : split.resources).push_back(word);
  }
  return split;
}

/// The containers of what has some, init containers first; null: it has none.
Document* pod_spec_of(ObjectKind kind, Document& object) {
  if (kind == ObjectKind::pod) return &object["spec"];
  const bool templated =
      kind == ObjectKind::deployment || kind == ObjectKind::replica_set || kind == ObjectKind::daemon_set;
  return templated ? &object["spec"]["template"]["spec"] : nullptr;
}

std::string no_template(ObjectKind kind, const Document& object) {
  return fmt::format("error: {}/{} the object is not a pod or does not have a pod template: *v1.{}\n",
                     info(kind).plural, text_at(object, {"metadata", "name"}), info(kind).name);
}

bool is_chosen(std::string_view pattern, std::string_view name) {
  if (pattern == "*" || pattern == name) return true;
  const std::size_t star = pattern.find('*');
  return star != std::string_view::npos && name.starts_with(pattern.substr(0, star)) &&
         name.ends_with(pattern.substr(star + 1)) && name.size() + 1 >= pattern.size();
}

/// A variable that takes its value from elsewhere, as a comment. set_env.go getRefDescribeString()
std::string reference_line(const Document& variable) {
  const Document& from = document_at(variable, {"valueFrom"});
  const std::string name = text_at(variable, {"name"});
  if (const Document& field = document_at(from, {"fieldRef"}); field.is_object())
    return fmt::format("# {} from field path {}\n", name, text_at(field, {"fieldPath"}));
  if (const Document& resource = document_at(from, {"resourceFieldRef"}); resource.is_object())
    return fmt::format(
        "# {} from resource field {}{}\n", name,
        text_at(resource, {"containerName"}).empty() ? "" : text_at(resource, {"containerName"}) + " ",
        text_at(resource, {"resource"}));
  const bool secret = document_at(from, {"secretKeyRef"}).is_object();
  const Document& key = document_at(from, {secret ? "secretKeyRef" : "configMapKeyRef"});
  return fmt::format("# {} from {} {}, key {}\n", name, secret ? "secret" : "configmap",
                     text_at(key, {"name"}), text_at(key, {"key"}));
}

std::string environment_text(ObjectKind kind, const Document& object, const Document& container) {
  std::string text = fmt::format("# {} {}, container {}\n", info(kind).name,
                                 text_at(object, {"metadata", "name"}), text_at(container, {"name"}));
  for (const Document& variable : document_at(container, {"env"})) {
    if (document_at(variable, {"valueFrom"}).is_object()) {
      text += reference_line(variable);
    } else {
      text += fmt::format("{}={}\n", text_at(variable, {"name"}), text_at(variable, {"value"}));
    }
  }
  return text;
}

/// set_env.go updateEnv(): a variable that is there keeps its place.
void change_environment(Document& container, const std::vector<std::string>& changes) {
  Document& variables = container["env"];
  if (!variables.is_array()) variables = Document::array();
  for (const std::string& change : changes) {
    const std::size_t equals = change.find('=');
    const std::string name = change.substr(0, equals == std::string::npos ? change.size() - 1 : equals);
    const auto found = std::ranges::find_if(
        variables, [&](const Document& variable) { return text_at(variable, {"name"}) == name; });
    if (equals == std::string::npos) {
      if (found != variables.end()) variables.erase(found);
      continue;
    }
    Document variable = {{"name", name}};
    if (equals + 1 < change.size()) variable["value"] = change.substr(equals + 1);
    if (found != variables.end()) {
      *found = variable;
    } else {
      variables.push_back(variable);
    }
  }
  if (variables.empty()) container.erase("env");
}

bool is_aws_node(const SplitWords& split, const KubectlArguments& arguments) {
  const std::vector<std::string>& words = split.resources;
  const std::string pair = words.size() == 1 ? words[0] : words.size() == 2 ? words[0] + "/" + words[1] : "";
  const auto kind = parse_resource(pair.substr(0, pair.find('/')));
  return kind == ObjectKind::daemon_set && pair.ends_with("/aws-node") &&
         arguments.name_space() == "kube-system";
}

}  // namespace

/// A variable of aws-node that nothing reads is refused by name before a run: in a cluster it would change
/// something, here it could not. So is a value with which aws-node would not start.
std::string check_kubectl_set_env(const KubectlArguments& arguments) {
  const SplitWords split = split_environment(arguments.words());
  if (!split.error.empty()) return fmt::format("kubectl set env: {}", split.error);
  if (!is_aws_node(split, arguments)) return {};
  const auto& known = cni_environment_names();
  for (const std::string& change : split.changes) {
    const std::size_t equals = change.find('=');
    const std::string name = change.substr(0, equals == std::string::npos ? change.size() - 1 : equals);
    if (std::ranges::find(known, name) != known.end()) {
      const std::string_view value =
          equals == std::string::npos ? std::string_view() : std::string_view(change).substr(equals + 1);
      const std::string refused = refused_cni_value(name, value);
      if (refused.empty()) continue;
      return fmt::format("an aws-node that does not start is not modelled: {}", refused);
    }
    const std::string near = near_miss(name, known);
    return fmt::format("aws-node's variable '{}' is not modelled{}", name,
                       near.empty() ? "" : fmt::format("; did you mean '{}'?", near));
  }
  return {};
}

CommandResult kubectl_set_env(KubectlCall& call) {
  const SplitWords split = split_environment(call.arguments.words());
  if (split.resources.empty())
    return failed("one or more resources must be specified as <resource> <name> or <resource>/<name>");
  const ChangeTargets targets = change_targets(call, split.resources);
  if (!targets.error.empty()) return {1, "", targets.error};
  const std::string pattern = call.arguments.has("containers") ? call.arguments.value("containers") : "*";
  const bool listing = call.arguments.is_on("list");
  CommandResult result;
  for (FoundObject& found : targets.finds.all()) {
    const Document before = found.object;
    Document* spec = pod_spec_of(found.kind, found.object);
    if (spec == nullptr) return {1, result.out, no_template(found.kind, found.object)};
    bool chosen = false;
    for (Document& container : (*spec)["containers"]) {
      if (!is_chosen(pattern, text_at(container, {"name"}))) continue;
      chosen = true;
      if (!split.changes.empty()) change_environment(container, split.changes);
      if (listing) result.out += environment_text(found.kind, found.object, container);
    }
    if (!chosen)
      result.err +=
          fmt::format("warning: {}/{} does not have any containers matching \"{}\"\n",
                      info(found.kind).plural, text_at(found.object, {"metadata", "name"}), pattern);
    if (listing || found.object == before) continue;
    if (const std::string error = replace_object(call, found.object); !error.empty())
      return {1, result.out, result.err + error};
    result.out += object_label(found.kind, found.object) + " env updated\n";
  }
  result.err += targets.finds.errors;
  result.status = targets.finds.errors.empty() ? 0 : 1;
  return result;
}

/// kubectl pkg/cmd/set/set_image.go
CommandResult kubectl_set_image(KubectlCall& call) {
  std::vector<std::string> resources, images;
  for (const std::string& word : call.arguments.words())
    (word.find('=') == std::string::npos ? resources : images).push_back(word);
  if (resources.empty())
    return failed("one or more resources must be specified as <resource> <name> or <resource>/<name>");
  const ChangeTargets targets = change_targets(call, resources);
  if (!targets.error.empty()) return {1, "", targets.error};
  if (images.empty()) return failed("at least one image update is required");
  CommandResult result;
  for (FoundObject& found : targets.finds.all()) {
    const Document before = found.object;
    Document* spec = pod_spec_of(found.kind, found.object);
    if (spec == nullptr) return {1, result.out, no_template(found.kind, found.object)};
    for (const std::string& change : images) {
      const std::string name = change.substr(0, change.find('=')),
                        image = change.substr(change.find('=') + 1);
      bool there = name == "*";
      for (const char* list : {"initContainers", "containers"}) {
        if (!spec->contains(list)) continue;
        for (Document& container : (*spec)[list]) {
          if (name != "*" && text_at(container, {"name"}) != name) continue;
          there = true;
          container["image"] = image;
        }
      }
      if (!there) return {1, result.out, fmt::format("error: unable to find container named \"{}\"\n", name)};
    }
    if (found.object == before) continue;
    if (const std::string error = replace_object(call, found.object); !error.empty())
      return {1, result.out, error};
    result.out += object_label(found.kind, found.object) + " image updated\n";
  }
  result.err += targets.finds.errors;
  result.status = targets.finds.errors.empty() ? 0 : 1;
  return result;
}

}  // namespace ekspath
