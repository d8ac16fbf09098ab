#include <algorithm>
#include <charconv>

#include "sim/eks/controllers/deployment_controller.hh"
#include "sim/lab/commands/kubectl_rollout_history.hh"
#include "sim/lab/commands/kubectl_session.hh"

/// What changes how a Deployment rolls out. kubectl pkg/cmd/rollout, pkg/polymorphichelpers; the texts are
/// those of its source.
namespace ekspath {
namespace {

constexpr std::string_view no_resource = "required resource not specified";
constexpr std::string_view revision_annotation = "deployment.kubernetes.io/revision";

std::optional<std::int64_t> revision_of(const Document& set) {
  const std::string text = text_at(set, {"metadata", "annotations", revision_annotation});
  std::int64_t revision = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), revision);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return revision;
}

/// rollback.go deploymentRevision(): the ReplicaSet of a revision; of 0: the newest but one. Null, and why.
std::optional<Document> set_of_revision(const std::vector<Document>& sets, std::int64_t wanted,
                                        const std::string& deployment, std::string& error) {
  std::vector<std::pair<std::int64_t, const Document*>> known;
  for (const Document& set : sets) {
    if (const auto revision = revision_of(set)) known.emplace_back(*revision, &set);
  }
  std::ranges::sort(known);
  if (wanted == 0 && known.size() >= 2) return *known[known.size() - 2].second;
  const auto found = std::ranges::find(known, wanted, &std::pair<std::int64_t, const Document*>::first);
  if (wanted > 0 && found != known.end()) return *found->second;
  error = wanted == 0 ? fmt::format("no rollout history found for deployment \"{}\"", deployment)
                      : fmt::format("unable to find specified revision {} in history", wanted);
  return std::nullopt;
}

/// rollback.go DeploymentRollbacker.Rollback(): the template and the annotations of that revision.
void roll_back(Document& deployment, const Document& set) {
  Document pod_template = document_at(set, {"spec", "template"});
  pod_template["metadata"]["labels"].erase("pod-template-hash");
  deployment["spec"]["template"] = std::move(pod_template);
  Document annotations = Document::object();
  for (const auto& [key, value] : document_at(deployment, {"metadata", "annotations"}).items()) {
    if (stays_with_deployment(key)) annotations[key] = value;
  }
  for (const auto& [key, value] : document_at(set, {"metadata", "annotations"}).items()) {
    if (!stays_with_deployment(key)) annotations[key] = value;
  }
  deployment["metadata"]["annotations"] = std::move(annotations);
}

/// Sets or takes away `paused`, as kubectl says it of each.
CommandResult set_paused(KubectlCall& call, bool paused) {
  const std::string_view verb = paused ? "paused" : "resumed", verb_ing = paused ? "pausing" : "resuming";
  const ChangeTargets targets = change_targets(call, call.arguments.words(), no_resource);
  if (!targets.error.empty()) return {1, "", targets.error};
  CommandResult result;
  for (FoundObject& found : targets.finds.all()) {
    const std::string name = text_at(found.object, {"metadata", "name"});
    const std::string resource = info(found.kind).resource();
    if (found.kind != ObjectKind::deployment) {
      result.err += fmt::format("error: {} \"{}\" {} is not supported\n", resource, name, verb_ing);
    } else if (true_at(found.object, {"spec", "paused"}) == paused) {
      result.err +=
          fmt::format("error: {} \"{}\" is {}paused\n", resource, name, paused ? "already " : "not ");
    } else {
      found.object["spec"]["paused"] = paused;
      if (const std::string error = replace_object(call, found.object); !error.empty())
        return {1, result.out, result.err + error};
      result.out += fmt::format("{} {}\n", object_label(found.kind, found.object), verb);
    }
  }
  result.err += targets.finds.errors;
  result.status = result.err.empty() ? 0 : 1;
  return result;
}

}  // namespace

CommandResult kubectl_rollout_undo(KubectlCall& call) {
  std::int64_t wanted = 0;
  const std::string text = call.arguments.has("to-revision") ? call.arguments.value("to-revision") : "0";
  if (const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), wanted);
      error != std::errc() || end != text.data() + text.size())
    return {
        1, "",
        fmt::format("error: invalid argument \"{}\" for \"--to-revision\" flag: strconv.ParseInt: parsing "
                    "\"{}\": invalid syntax\nSee 'kubectl rollout undo --help' for usage.\n",
                    text, text)};
  const ChangeTargets targets = change_targets(call, call.arguments.words(), no_resource);
  if (!targets.error.empty()) return {1, "", targets.error};
  CommandResult result;
  for (FoundObject& found : targets.finds.all()) {
    const std::string name = text_at(found.object, {"metadata", "name"});
    if (found.kind == ObjectKind::daemon_set)
      return {1, result.out,
              "error: rollout undo of a DaemonSet is not modelled: no ControllerRevision is kept\n"};
    if (found.kind != ObjectKind::deployment)
      return {1, result.out,
              fmt::format("error: no rollbacker has been implemented for \"{}{}{}\"\n", info(found.kind).name,
                          info(found.kind).group.empty() ? "" : ".", info(found.kind).group)};
    DeploymentHistory history = deployment_history(call.reader, found.object);
    std::vector<Document> sets = history.old;
    if (history.current) sets.push_back(*history.current);
    std::string error;
    const auto set = set_of_revision(sets, wanted, name, error);
    if (!set) return {1, result.out, fmt::format("error: {}\n", error)};
    if (true_at(found.object, {"spec", "paused"}))
      return {1, result.out,
              fmt::format("error: you cannot rollback a paused deployment; resume it first with 'kubectl "
                          "rollout resume deployment/{}' and try again\n",
                          name)};
    const std::string label = object_label(found.kind, found.object);
    if (history.current && *history.current == *set) {
      result.out +=
          fmt::format("{} skipped rollback (current template already matches revision {})\n", label, wanted);
      continue;
    }
    roll_back(found.object, *set);
    if (const std::string refused = replace_object(call, found.object); !refused.empty())
      return {1, result.out, refused};
    result.out += label + " rolled back\n";
  }
  result.err = targets.finds.errors;
  result.status = result.err.empty() ? 0 : 1;
  return result;
}

CommandResult kubectl_rollout_pause(KubectlCall& call) { return set_paused(call, true); }
CommandResult kubectl_rollout_resume(KubectlCall& call) { return set_paused(call, false); }

}  // namespace ekspath
