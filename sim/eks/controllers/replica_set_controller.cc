#include "sim/eks/controllers/replica_set_controller.hh"

#include <fmt/format.h>

#include <algorithm>

#include "sim/eks/controllers/pod_template.hh"

namespace ekspath {
namespace {

/// BurstReplicas
constexpr std::size_t most_at_once = 500;

/// Whom a scale-down takes first: not scheduled, then pending, not ready, then from the node with the most,
/// then the younger. pkg/controller/controller_utils.go ActivePodsWithRanks.Less()
struct DeletionRank {
  bool scheduled = false;
  bool running = false;
  bool ready = false;
  std::int64_t fewer_on_node = 0;  // smaller: more of this owner's pods on its node
  std::int64_t older = 0;          // smaller: younger
  std::string name;

  friend auto operator<=>(const DeletionRank&, const DeletionRank&) = default;
};

}  // namespace

ReplicaSetController::ReplicaSetController(Engine& engine, ApiServer& api, const ControlDelays& delays)
    : Controller(engine), api_(&api), delays_(&delays), events_(api.objects(), "replicaset-controller") {
  api.objects().watch(ObjectKind::replica_set, *this);
  api.objects().watch(ObjectKind::pod, *this);
}

void ReplicaSetController::object_changed(ObjectChange, const ApiObject& object) {
  if (object.kind == ObjectKind::replica_set) return look_at(key_of(object), delays_->controller);
  const OwnerReference* owner = object.meta.controller();
  if (owner != nullptr && owner->kind == "ReplicaSet")
    look_at({ObjectKind::replica_set, object.meta.name_space, owner->name}, delays_->controller);
}

void ReplicaSetController::sync(const ObjectKey& key) {
  const ApiObject* set = api_->objects().find(key.kind, key.name_space, key.name);
  if (set == nullptr || set->meta.terminating()) return;
  const std::vector<const ApiObject*> pods = pods_of(*set);
  const auto wanted = static_cast<std::size_t>(set->as<ReplicaSetSpec>().replicas);
  if (pods.size() < wanted) {
    make_pods(*set, std::min(wanted - pods.size(), most_at_once));
  } else if (pods.size() > wanted) {
    delete_pods(*set, pods, std::min(pods.size() - wanted, most_at_once));
  }
  update_status(*set, pods_of(*set));
}

/// Active ones: neither finished nor being deleted. FilterActivePods()
std::vector<const ApiObject*> ReplicaSetController::pods_of(const ApiObject& set) const {
  std::vector<const ApiObject*> pods = api_->objects().owned_by(set.meta.uid);
  std::erase_if(pods, [](const ApiObject* pod) {
    if (pod->kind != ObjectKind::pod || pod->meta.terminating()) return true;
    const Literal phase = pod->as<PodStatus>().phase;
    return phase == "Succeeded" || phase == "Failed";
  });
  return pods;
}

void ReplicaSetController::make_pods(const ApiObject& set, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const ApiOutcome made = api_->create(pod_from_template(set, set.as<ReplicaSetSpec>().pod_template));
    if (!made) {
      events_.record(set, EventRecorder::Type::warning, "FailedCreate",
                     fmt::format("Error creating: {}", made.error->message));
      return;
    }
    events_.record(set, EventRecorder::Type::normal, "SuccessfulCreate",
                   fmt::format("Created pod: {}", made.object->meta.name));
  }
}

void ReplicaSetController::delete_pods(const ApiObject& set, std::vector<const ApiObject*> pods,
                                       std::size_t count) {
  std::map<std::string, std::int64_t> on_node;
  for (const ApiObject* pod : pods) ++on_node[pod->as<PodSpec>().node_name];
  const auto rank = [&](const ApiObject* pod) {
    const auto& status = pod->as<PodStatus>();
    const std::string& node = pod->as<PodSpec>().node_name;
    return DeletionRank{!node.empty(),  status.phase == "Running",  status.ready(),
                        -on_node[node], -pod->meta.created.count(), pod->meta.name};
  };
  std::ranges::sort(pods, {}, rank);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = pods[i]->meta.name;
    if (!api_->remove(ObjectKind::pod, set.meta.name_space, name, {}))
      events_.record(set, EventRecorder::Type::normal, "SuccessfulDelete",
                     fmt::format("Deleted pod: {}", name));
  }
}

void ReplicaSetController::update_status(const ApiObject& set, const std::vector<const ApiObject*>& pods) {
  const auto& spec = set.as<ReplicaSetSpec>();
  ReplicaSetStatus status;
  status.observed_generation = set.meta.generation;
  status.replicas = static_cast<std::int32_t>(pods.size());
  const LabelSelector all_labels(spec.pod_template.labels);
  for (const ApiObject* pod : pods) {
    if (all_labels.matches(pod->meta.labels)) ++status.fully_labeled_replicas;
    if (!pod->as<PodStatus>().ready()) continue;
    ++status.ready_replicas;
    if (is_available(*pod, spec.min_ready_seconds, now())) {
      ++status.available_replicas;
    } else {
      look_at(key_of(set), Nanoseconds(std::int64_t{spec.min_ready_seconds} * 1'000'000'000));
    }
  }
  if (set.as<ReplicaSetStatus>() == status) return;
  (void)api_->objects().edit(set, ObjectStore::Part::status,
                             [&](ApiObject& object) { object.as<ReplicaSetStatus>() = status; });
}

}  // namespace ekspath
