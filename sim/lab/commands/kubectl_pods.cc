#include "sim/lab/commands/kubectl_pods.hh"

#include <algorithm>
#include <tuple>

#include "sim/eks/api/api_error.hh"
#include "sim/lab/commands/kubectl_targets.hh"

namespace ekspath {
namespace {

const Document* container_named(const Document& pod, const std::string& name) {
  for (const char* list : {"containers", "initContainers"}) {
    for (const Document& container : document_at(pod, {"spec", list})) {
      if (text_at(container, {"name"}) == name) return &container;
    }
  }
  return nullptr;
}

/// podcmd.go AllContainerNames(): "web, sidecar, setup (init)"
std::string container_names(const Document& pod) {
  std::vector<std::string> names;
  for (const Document& container : document_at(pod, {"spec", "containers"}))
    names.push_back(text_at(container, {"name"}));
  for (const Document& container : document_at(pod, {"spec", "initContainers"}))
    names.push_back(text_at(container, {"name"}) + " (init)");
  return joined_texts(names, ", ");
}

void choose_container(PodChoice& choice, const KubectlArguments& arguments) {
  choice.container = arguments.value("container");
  if (!choice.container.empty()) return;
  choice.container =
      text_at(choice.pod, {"metadata", "annotations", "kubectl.kubernetes.io/default-container"});
  if (container_named(choice.pod, choice.container) != nullptr) return;
  const Document& containers = document_at(choice.pod, {"spec", "containers"});
  if (containers.empty()) return;
  choice.container = text_at(containers.front(), {"name"});
  const bool several = containers.size() > 1 || !document_at(choice.pod, {"spec", "initContainers"}).empty();
  if (several && !arguments.is_on("quiet"))
    choice.notice +=
        fmt::format("Defaulted container \"{}\" out of: {}\n", choice.container, container_names(choice.pod));
}

/// Since when it is ready; "" when it is not.
std::string ready_since(const Document& pod) {
  for (const Document& condition : document_at(pod, {"status", "conditions"})) {
    if (text_at(condition, {"type"}) == "Ready" && text_at(condition, {"status"}) == "True")
      return text_at(condition, {"lastTransitionTime"});
  }
  return {};
}

std::int64_t most_restarts(const Document& pod) {
  std::int64_t most = 0;
  for (const Document& status : document_at(pod, {"status", "containerStatuses"}))
    most = std::max(most, number_at(status, {"restartCount"}));
  return most;
}

/// podutils.go ActivePods.Less() from its end, ByLogging.Less(): assigned, running, ready, ready for long,
/// few restarts (for logs: many), old.
auto rank_of(const Document& pod, PodPurpose purpose) {
  const std::string phase = text_at(pod, {"status", "phase"}), since = ready_since(pod);
  const int phase_rank = phase == "Running" ? 0 : phase == "Pending" ? 2 : phase == "Unknown" ? 1 : 0;
  const std::int64_t restarts = most_restarts(pod);
  return std::tuple(text_at(pod, {"spec", "nodeName"}).empty(), phase_rank, since.empty(), since,
                    purpose == PodPurpose::exec ? restarts : -restarts,
                    text_at(pod, {"metadata", "creationTimestamp"}));
}

/// The labels that the pods of a workload or service have; null: the kind has no selector.
const Document* selector_of(ObjectKind kind, const Document& object) {
  switch (kind) {
    case ObjectKind::deployment:
    case ObjectKind::replica_set:
    case ObjectKind::daemon_set:
      return &document_at(object, {"spec", "selector", "matchLabels"});
    case ObjectKind::service:
      return &document_at(object, {"spec", "selector"});
    default:
      return nullptr;
  }
}

bool has_labels(const Document& pod, const Document& wanted) {
  for (const auto& [key, value] : wanted.items()) {
    if (document_at(pod, {"metadata", "labels", key}) != value) return false;
  }
  return true;
}

void choose_of(PodChoice& choice, const ClusterReader& reader, ObjectKind kind, const Document& object,
               PodPurpose purpose) {
  const Document* selector = selector_of(kind, object);
  if (selector == nullptr) {
    choice.error = fmt::format("error: cannot {} *v1.{}: selector for *v1.{} not implemented\n",
                               purpose == PodPurpose::exec ? "attach to" : "get the logs from",
                               info(kind).name, info(kind).name);
    return;
  }
  if (kind == ObjectKind::service && selector->empty()) {
    choice.error = fmt::format(
        "error: cannot {} *v1.Service: invalid service '{}': Service is defined without a "
        "selector\n",
        purpose == PodPurpose::exec ? "attach to" : "get the logs from",
        text_at(object, {"metadata", "name"}));
    return;
  }
  std::vector<Document> pods;
  for (Document& pod : reader.list(ObjectKind::pod, text_at(object, {"metadata", "namespace"}))) {
    if (has_labels(pod, *selector)) pods.push_back(std::move(pod));
  }
  // kubectl waits for one, --pod-running-timeout: then this is what it says.
  if (pods.empty()) {
    choice.error = "error: timed out waiting for the condition\n";
    return;
  }
  std::ranges::stable_sort(pods, {}, [&](const Document& pod) { return rank_of(pod, purpose); });
  if (purpose == PodPurpose::logs && pods.size() > 1)
    choice.notice = fmt::format("Found {} pods, using pod/{}\n", pods.size(),
                                text_at(pods.front(), {"metadata", "name"}));
  choice.pod = std::move(pods.front());
}

}  // namespace

PodChoice choose_pod(const ClusterReader& reader, const std::string& target,
                     const KubectlArguments& arguments, PodPurpose purpose) {
  PodChoice choice;
  const std::string pair = target.find('/') == std::string::npos ? "pod/" + target : target;
  const KubectlTargets targets = parse_targets({pair}, arguments, {});
  if (!targets.error.empty()) {
    choice.error = targets.error + "\n";
    return choice;
  }
  const std::vector<FoundObject> found = find_targets(reader, targets).all();
  if (found.empty()) {
    const auto& [kind, name] = targets.targets.front();
    choice.error = ApiError::not_found(kind, name).text() + "\n";
    // kubectl pkg/cmd/logs/logs.go says in which namespace it looked.
    if (purpose == PodPurpose::logs)
      choice.error = fmt::format("error: error from server (NotFound): {} in namespace \"{}\"\n",
                                 ApiError::not_found(kind, name).message, arguments.name_space());
    return choice;
  }
  if (found.front().kind == ObjectKind::pod) {
    choice.pod = found.front().object;
  } else {
    choose_of(choice, reader, found.front().kind, found.front().object, purpose);
  }
  if (choice.error.empty()) choose_container(choice, arguments);
  return choice;
}

PodChoice choose_container_of(Document pod, const KubectlArguments& arguments) {
  PodChoice choice;
  choice.pod = std::move(pod);
  choose_container(choice, arguments);
  return choice;
}

std::string why_no_exec(const PodChoice& choice) {
  const Document& pod = choice.pod;
  const std::string name = text_at(pod, {"metadata", "name"}), phase = text_at(pod, {"status", "phase"});
  if (phase == "Succeeded" || phase == "Failed")
    return fmt::format("error: cannot exec into a container in a completed pod; current phase is {}\n",
                       phase);
  // kubernetes pkg/registry/core/pod/strategy.go streamLocation()
  if (container_named(pod, choice.container) == nullptr)
    return fmt::format("Error from server (BadRequest): container {} is not valid for pod {}\n",
                       choice.container, name);
  if (text_at(pod, {"spec", "nodeName"}).empty())
    return fmt::format("Error from server (BadRequest): pod {} does not have a host assigned\n", name);
  // kubernetes pkg/kubelet/kubelet_pods.go GetExec()
  for (const char* list : {"containerStatuses", "initContainerStatuses"}) {
    for (const Document& status : document_at(pod, {"status", list})) {
      if (text_at(status, {"name"}) == choice.container &&
          document_at(status, {"state", "running"}).is_object())
        return {};
    }
  }
  return fmt::format("error: unable to upgrade connection: container not found (\"{}\")\n", choice.container);
}

}  // namespace ekspath
