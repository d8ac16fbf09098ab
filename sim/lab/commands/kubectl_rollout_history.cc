#include "sim/lab/commands/kubectl_rollout_history.hh"

#include <algorithm>

namespace ekspath {
namespace {

/// A template without what tells a ReplicaSet's pods apart. EqualIgnoreHash()
Document plain_template(const Document& object) {
  Document pod_template = document_at(object, {"spec", "template"});
  if (pod_template.is_object() && document_at(pod_template, {"metadata", "labels"}).is_object())
    pod_template["metadata"]["labels"].erase("pod-template-hash");
  return pod_template;
}

}  // namespace

DeploymentHistory deployment_history(const ClusterReader& reader, const Document& deployment) {
  DeploymentHistory history;
  for (Document& set : reader.list(ObjectKind::replica_set, text_at(deployment, {"metadata", "namespace"}))) {
    if (text_at(controller_of(set), {"uid"}) == text_at(deployment, {"metadata", "uid"}))
      history.old.push_back(std::move(set));
  }
  // The oldest of those that fit: a rollback takes up the ReplicaSet that there was.
  const Document wanted = plain_template(deployment);
  auto current = history.old.end();
  for (auto set = history.old.begin(); set != history.old.end(); ++set) {
    if (plain_template(*set) != wanted) continue;
    const bool older =
        current == history.old.end() || text_at(*set, {"metadata", "creationTimestamp"}) <
                                            text_at(*current, {"metadata", "creationTimestamp"});
    if (older) current = set;
  }
  if (current == history.old.end()) return history;
  history.current = std::move(*current);
  history.old.erase(current);
  return history;
}

}  // namespace ekspath
