#include <algorithm>

#include "sim/lab/commands/kubectl_describe_parts.hh"
#include "sim/lab/commands/kubectl_rollout_history.hh"
#include "sim/lab/commands/kubectl_time.hh"

namespace ekspath {
namespace {

/// getPodStatusForController()
std::string pod_counts(const ClusterReader& reader, const Document& controller) {
  std::size_t running = 0, waiting = 0, succeeded = 0, failed = 0;
  for (const Document& pod : reader.list(ObjectKind::pod, text_at(controller, {"metadata", "namespace"}))) {
    if (text_at(controller_of(pod), {"uid"}) != text_at(controller, {"metadata", "uid"})) continue;
    const std::string phase = text_at(pod, {"status", "phase"});
    running += phase == "Running";
    waiting += phase == "Pending";
    succeeded += phase == "Succeeded";
    failed += phase == "Failed";
  }
  return fmt::format("{} Running / {} Waiting / {} Succeeded / {} Failed", running, waiting, succeeded,
                     failed);
}

void describe_conditions(DescriptionWriter& out, const Document& object) {
  const Document& conditions = document_at(object, {"status", "conditions"});
  if (conditions.empty()) return;
  out.line(0, "Conditions:");
  out.line(1, "Type\tStatus\tReason");
  out.line(1, "----\t------\t------");
  for (const Document& condition : conditions)
    out.line(1, "{} \t{}\t{}", text_at(condition, {"type"}), text_at(condition, {"status"}),
             text_at(condition, {"reason"}));
}

std::string replica_sets_text(const std::vector<Document>& sets) {
  std::vector<std::string> texts;
  for (const Document& set : sets)
    texts.push_back(fmt::format("{} ({}/{} replicas created)", text_at(set, {"metadata", "name"}),
                                number_at(set, {"status", "replicas"}),
                                number_at(set, {"spec", "replicas"}, 1)));
  return texts.empty() ? "<none>" : joined_texts(texts, ", ");
}

}  // namespace

void describe_deployment(DescriptionWriter& out, const ClusterReader& reader, const Document& deployment) {
  const Document &spec = document_at(deployment, {"spec"}), &status = document_at(deployment, {"status"});
  out.line(0, "Name:\t{}", text_at(deployment, {"metadata", "name"}));
  out.line(0, "Namespace:\t{}", text_at(deployment, {"metadata", "namespace"}));
  out.line(0, "CreationTimestamp:\t{}", rfc1123_time(text_at(deployment, {"metadata", "creationTimestamp"})));
  describe_labels(out, "Labels", document_at(deployment, {"metadata", "labels"}));
  describe_annotations(out, "Annotations", document_at(deployment, {"metadata", "annotations"}));
  out.line(0, "Selector:\t{}", label_selector_text(document_at(spec, {"selector"})));
  out.line(0, "Replicas:\t{} desired | {} updated | {} total | {} available | {} unavailable",
           number_at(spec, {"replicas"}, 1), number_at(status, {"updatedReplicas"}),
           number_at(status, {"replicas"}), number_at(status, {"availableReplicas"}),
           number_at(status, {"unavailableReplicas"}));
  out.line(0, "StrategyType:\t{}", text_at(spec, {"strategy", "type"}));
  out.line(0, "MinReadySeconds:\t{}", number_at(spec, {"minReadySeconds"}));
  if (const Document& rolling = document_at(spec, {"strategy", "rollingUpdate"}); rolling.is_object())
    out.line(0, "RollingUpdateStrategy:\t{} max unavailable, {} max surge",
             scalar_text(document_at(rolling, {"maxUnavailable"})),
             scalar_text(document_at(rolling, {"maxSurge"})));
  describe_pod_template(out, document_at(spec, {"template"}));
  describe_conditions(out, deployment);
  const DeploymentHistory history = deployment_history(reader, deployment);
  if (history.old.empty() && !history.current) return;
  out.line(0, "OldReplicaSets:\t{}", replica_sets_text(history.old));
  out.line(0, "NewReplicaSet:\t{}",
           history.current ? replica_sets_text({*history.current}) : std::string("<none>"));
}

void describe_replica_set(DescriptionWriter& out, const ClusterReader& reader, const Document& set) {
  out.line(0, "Name:\t{}", text_at(set, {"metadata", "name"}));
  out.line(0, "Namespace:\t{}", text_at(set, {"metadata", "namespace"}));
  out.line(0, "Selector:\t{}", label_selector_text(document_at(set, {"spec", "selector"})));
  describe_labels(out, "Labels", document_at(set, {"metadata", "labels"}));
  describe_annotations(out, "Annotations", document_at(set, {"metadata", "annotations"}));
  if (const Document& owner = controller_of(set); owner.is_object())
    out.line(0, "Controlled By:\t{}/{}", text_at(owner, {"kind"}), text_at(owner, {"name"}));
  out.line(0, "Replicas:\t{} current / {} desired", number_at(set, {"status", "replicas"}),
           number_at(set, {"spec", "replicas"}, 1));
  out.line(0, "Pods Status:\t{}", pod_counts(reader, set));
  describe_pod_template(out, document_at(set, {"spec", "template"}));
  describe_conditions(out, set);
}

void describe_daemon_set(DescriptionWriter& out, const ClusterReader& reader, const Document& set) {
  const Document& status = document_at(set, {"status"});
  out.line(0, "Name:\t{}", text_at(set, {"metadata", "name"}));
  out.line(0, "Selector:\t{}", label_selector_text(document_at(set, {"spec", "selector"})));
  out.line(0, "Node-Selector:\t{}",
           label_text(document_at(set, {"spec", "template", "spec", "nodeSelector"})));
  describe_labels(out, "Labels", document_at(set, {"metadata", "labels"}));
  describe_annotations(out, "Annotations", document_at(set, {"metadata", "annotations"}));
  out.line(0, "Desired Number of Nodes Scheduled: {}", number_at(status, {"desiredNumberScheduled"}));
  out.line(0, "Current Number of Nodes Scheduled: {}", number_at(status, {"currentNumberScheduled"}));
  out.line(0, "Number of Nodes Scheduled with Up-to-date Pods: {}",
           number_at(status, {"updatedNumberScheduled"}));
  out.line(0, "Number of Nodes Scheduled with Available Pods: {}", number_at(status, {"numberAvailable"}));
  out.line(0, "Number of Nodes Misscheduled: {}", number_at(status, {"numberMisscheduled"}));
  out.line(0, "Pods Status:\t{}", pod_counts(reader, set));
  describe_pod_template(out, document_at(set, {"spec", "template"}));
}

}  // namespace ekspath
