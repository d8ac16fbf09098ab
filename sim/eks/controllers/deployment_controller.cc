#include "sim/eks/controllers/deployment_controller.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sim/eks/controllers/pod_template.hh"

namespace ekspath {
namespace {

constexpr std::string_view hash_label = "pod-template-hash";
constexpr std::string_view revision_annotation = "deployment.kubernetes.io/revision";

std::int32_t replicas_of(const ApiObject& set) { return set.as<ReplicaSetSpec>().replicas; }

std::int32_t total(const std::vector<const ApiObject*>& sets) {
  std::int32_t sum = 0;
  for (const ApiObject* set : sets) sum += replicas_of(*set);
  return sum;
}

std::int64_t revision_of(const ApiObject& object) {
  const auto found = object.meta.annotations->find(revision_annotation);
  std::int64_t revision = 0;
  if (found != object.meta.annotations->end()) {
    const std::string_view text = found->second;
    (void)std::from_chars(text.data(), text.data() + text.size(), revision);
  }
  return revision;
}

/// MaxRevision() of the others, and one more.
std::int64_t next_revision(const std::vector<const ApiObject*>& others) {
  std::int64_t revision = 1;
  for (const ApiObject* set : others) revision = std::max(revision, revision_of(*set) + 1);
  return revision;
}

/// pkg/controller/deployment/util ResolveFenceposts(): surge rounds up, unavailable down, never both to zero.
struct Fenceposts {
  std::int32_t surge = 0;
  std::int32_t unavailable = 0;
};
Fenceposts fenceposts(const DeploymentSpec& spec) {
  Fenceposts posts{resolve_amount(spec.max_surge, spec.replicas, true),
                   resolve_amount(spec.max_unavailable, spec.replicas, false)};
  if (posts.surge == 0 && posts.unavailable == 0) posts.unavailable = 1;
  return posts;
}

/// Sets a condition; its time moves when its status does. SetDeploymentCondition()
void assign(std::vector<ObjectCondition>& conditions, ObjectCondition condition) {
  const auto known = std::ranges::find(conditions, condition.type, &ObjectCondition::type);
  if (known == conditions.end()) {
    conditions.push_back(std::move(condition));
  } else {
    if (known->status == condition.status) condition.changed = known->changed;
    *known = std::move(condition);
  }
}

}  // namespace

bool stays_with_deployment(std::string_view annotation) {
  return annotation == "kubectl.kubernetes.io/last-applied-configuration" ||
         annotation == revision_annotation || annotation == "deployment.kubernetes.io/revision-history" ||
         annotation == "deployment.kubernetes.io/desired-replicas" ||
         annotation == "deployment.kubernetes.io/max-replicas" ||
         annotation == "deprecated.deployment.rollback.to";
}

DeploymentController::DeploymentController(Engine& engine, ApiServer& api, const ControlDelays& delays)
    : Controller(engine), api_(&api), delays_(&delays), events_(api.objects(), "deployment-controller") {
  api.objects().watch(ObjectKind::deployment, *this);
  api.objects().watch(ObjectKind::replica_set, *this);
}

void DeploymentController::object_changed(ObjectChange, const ApiObject& object) {
  if (object.kind == ObjectKind::deployment) return look_at(key_of(object), delays_->controller);
  const OwnerReference* owner = object.meta.controller();
  if (owner != nullptr && owner->kind == "Deployment")
    look_at({ObjectKind::deployment, object.meta.name_space, owner->name}, delays_->controller);
}

void DeploymentController::sync(const ObjectKey& key) {
  const ApiObject* deployment = api_->objects().find(key.kind, key.name_space, key.name);
  if (deployment == nullptr || deployment->meta.terminating()) return;
  Sets sets = sets_of(*deployment);
  const auto& spec = deployment->as<DeploymentSpec>();
  if (spec.paused) {
    // sync(): a paused Deployment scales what it has.
    if (sets.current != nullptr && sets.old.empty()) (void)scale(*deployment, *sets.current, spec.replicas);
    return update_status(*deployment, sets_of(*deployment));
  }
  if (sets.current == nullptr && !(spec.recreate && total(sets.old) > 0)) {
    make_set(*deployment, sets);
    sets = sets_of(*deployment);
  }
  if (sets.current != nullptr) take_up(*deployment, sets);
  const bool changed = spec.recreate ? recreate(*deployment, sets)
                                     : scale_up(*deployment, sets) || scale_down(*deployment, sets);
  if (!changed) forget_old(*deployment, sets);
  update_status(*deployment, sets_of(*deployment));
}

std::vector<const ApiObject*> DeploymentController::Sets::all() const {
  std::vector<const ApiObject*> sets = old;
  if (current != nullptr) sets.push_back(current);
  return sets;
}

DeploymentController::Sets DeploymentController::sets_of(const ApiObject& deployment) const {
  Sets sets;
  const std::string hash = template_hash(deployment.body.read()["spec"]["template"]);
  for (const ApiObject* set : api_->objects().owned_by(deployment.meta.uid)) {
    if (set->kind != ObjectKind::replica_set || set->meta.terminating()) continue;
    const auto label = set->meta.labels.find(hash_label);
    if (label != set->meta.labels.end() && label->second == hash) {
      sets.current = set;
    } else {
      sets.old.push_back(set);
    }
  }
  std::ranges::sort(sets.old, {},
                    [](const ApiObject* set) { return std::pair(set->meta.created, set->meta.name); });
  return sets;
}

/// getNewReplicaSet()
void DeploymentController::make_set(const ApiObject& deployment, const Sets& sets) {
  const auto& spec = deployment.as<DeploymentSpec>();
  const std::string hash = template_hash(deployment.body.read()["spec"]["template"]);
  const std::int64_t revision = next_revision(sets.old);

  ApiObject set;
  set.kind = ObjectKind::replica_set;
  set.meta.name = fmt::format("{}-{}", deployment.meta.name, hash);
  set.meta.name_space = deployment.meta.name_space;
  set.meta.labels = spec.pod_template.labels;
  set.meta.labels[std::string(hash_label)] = hash;
  Labels& annotations = set.meta.annotations.write();
  for (const auto& [key, value] : *deployment.meta.annotations) {
    if (!stays_with_deployment(key)) annotations[key] = value;
  }
  annotations["deployment.kubernetes.io/desired-replicas"] = fmt::format("{}", spec.replicas);
  annotations["deployment.kubernetes.io/max-replicas"] =
      fmt::format("{}", spec.replicas + fenceposts(spec).surge);
  annotations[revision_annotation] = fmt::format("{}", revision);
  set.meta.owners.write().push_back(controller_reference(deployment));

  // NewRSNewReplicas(): as many as fit beside the old ones.
  const std::int32_t room = spec.replicas + fenceposts(spec).surge - total(sets.old);
  const std::int32_t replicas = spec.recreate ? spec.replicas : std::clamp(room, 0, spec.replicas);
  Document own = deployment.body.read()["spec"];
  Document& body = set.body.open()["spec"];
  body = {{"replicas", replicas},
          {"selector", std::move(own["selector"])},
          {"template", std::move(own["template"])}};
  body["selector"]["matchLabels"][std::string(hash_label)] = hash;
  body["template"]["metadata"]["labels"][std::string(hash_label)] = hash;
  ReplicaSetSpec typed{replicas, spec.selector, spec.pod_template, spec.min_ready_seconds};
  std::vector<LabelSelector::Requirement> requirements = spec.selector.requirements();
  requirements.push_back({std::string(hash_label), LabelSelector::Requirement::Operator::equals, {hash}});
  std::ranges::stable_sort(requirements, {}, &LabelSelector::Requirement::key);
  typed.selector = LabelSelector(std::move(requirements));
  typed.pod_template.labels[std::string(hash_label)] = hash;
  set.spec = std::move(typed);
  set.status = ReplicaSetStatus();
  const ApiOutcome made = api_->create(std::move(set));
  if (!made) {
    events_.record(deployment, EventRecorder::Type::warning, "ReplicaSetCreateError",
                   fmt::format("Failed to create new replica set \"{}-{}\": {}", deployment.meta.name, hash,
                               made.error->message));
    return;
  }
  if (replicas > 0)
    events_.record(deployment, EventRecorder::Type::normal, "ScalingReplicaSet",
                   fmt::format("Scaled up replica set {} to {}", made.object->meta.name, replicas));
  tell_revision(deployment, revision);
}

/// SetNewReplicaSetAnnotations() of a ReplicaSet that is there: it has the annotations of its Deployment, and
/// one that was an old revision becomes the newest, and keeps in mind which it was.
void DeploymentController::take_up(const ApiObject& deployment, const Sets& sets) {
  const std::int64_t before = revision_of(*sets.current), now = next_revision(sets.old);
  Labels annotations = *sets.current->meta.annotations;
  for (const auto& [key, value] : *deployment.meta.annotations) {
    if (!stays_with_deployment(key)) annotations[key] = value;
  }
  if (before < now) {
    annotations[revision_annotation] = fmt::format("{}", now);
    SharedText& history = annotations["deployment.kubernetes.io/revision-history"];
    history = fmt::format("{}{}{}", history, history.empty() ? "" : ",", before);
  }
  if (annotations != *sets.current->meta.annotations)
    (void)api_->objects().edit(*sets.current, ObjectStore::Part::metadata,
                               [&](ApiObject& set) { set.meta.annotations = std::move(annotations); });
  tell_revision(deployment, std::max(before, now));
}

/// SetDeploymentRevision()
void DeploymentController::tell_revision(const ApiObject& deployment, std::int64_t revision) {
  const std::string text = fmt::format("{}", revision);
  const auto known = deployment.meta.annotations->find(revision_annotation);
  if (known != deployment.meta.annotations->end() && known->second == text) return;
  (void)api_->objects().edit(deployment, ObjectStore::Part::metadata, [&](ApiObject& object) {
    object.meta.annotations.write()[revision_annotation] = text;
  });
}

/// reconcileNewReplicaSet()
bool DeploymentController::scale_up(const ApiObject& deployment, const Sets& sets) {
  if (sets.current == nullptr) return false;
  const auto& spec = deployment.as<DeploymentSpec>();
  const std::int32_t have = replicas_of(*sets.current);
  if (have == spec.replicas) return false;
  if (have > spec.replicas) return scale(deployment, *sets.current, spec.replicas);
  const std::int32_t room = spec.replicas + fenceposts(spec).surge - total(sets.all());
  if (room <= 0) return false;
  return scale(deployment, *sets.current, have + std::min(room, spec.replicas - have));
}

/// reconcileOldReplicaSets(): first those that serve nobody, then as many as availability allows.
bool DeploymentController::scale_down(const ApiObject& deployment, const Sets& sets) {
  if (sets.current == nullptr || total(sets.old) == 0) return false;
  const auto& spec = deployment.as<DeploymentSpec>();
  const std::int32_t least = spec.replicas - fenceposts(spec).unavailable;
  const std::int32_t new_unavailable =
      replicas_of(*sets.current) - sets.current->as<ReplicaSetStatus>().available_replicas;
  std::int32_t may_go = total(sets.all()) - least - new_unavailable;
  if (may_go <= 0) return false;
  bool changed = false;
  for (const ApiObject* set : sets.old) {
    const std::int32_t unhealthy = replicas_of(*set) - set->as<ReplicaSetStatus>().available_replicas;
    const std::int32_t gone = std::min(may_go, std::max(unhealthy, 0));
    if (gone == 0) continue;
    changed = scale(deployment, *set, replicas_of(*set) - gone) || changed;
    may_go -= gone;
  }
  std::int32_t available = 0;
  for (const ApiObject* set : sets.all()) available += set->as<ReplicaSetStatus>().available_replicas;
  std::int32_t surplus = available - least;
  for (const ApiObject* set : sets.old) {
    const std::int32_t gone = std::min(surplus, replicas_of(*set));
    if (gone <= 0) continue;
    changed = scale(deployment, *set, replicas_of(*set) - gone) || changed;
    surplus -= gone;
  }
  return changed;
}

/// rolloutRecreate(): the new set only when the last old pod is gone.
bool DeploymentController::recreate(const ApiObject& deployment, const Sets& sets) {
  bool changed = false;
  for (const ApiObject* set : sets.old) {
    if (replicas_of(*set) > 0) changed = scale(deployment, *set, 0) || changed;
  }
  if (changed) return true;
  for (const ApiObject* set : sets.old) {
    if (!api_->objects().owned_by(set->meta.uid).empty()) {
      look_at(key_of(deployment), delays_->controller * 10);
      return true;
    }
  }
  if (sets.current == nullptr) {
    make_set(deployment, sets);
    return true;
  }
  const std::int32_t wanted = deployment.as<DeploymentSpec>().replicas;
  return replicas_of(*sets.current) != wanted && scale(deployment, *sets.current, wanted);
}

bool DeploymentController::scale(const ApiObject& deployment, const ApiObject& set, std::int32_t replicas) {
  const std::int32_t before = replicas_of(set);
  if (before == replicas) return false;
  (void)api_->scale(ObjectKind::replica_set, set.meta.name_space, set.meta.name, replicas);
  events_.record(deployment, EventRecorder::Type::normal, "ScalingReplicaSet",
                 fmt::format("Scaled {} replica set {} from {} to {}", replicas > before ? "up" : "down",
                             set.meta.name, before, replicas));
  return true;
}

/// cleanupDeployment(): the oldest of those without pods, beyond the limit.
void DeploymentController::forget_old(const ApiObject& deployment, const Sets& sets) {
  std::vector<const ApiObject*> empty = sets.old;
  std::erase_if(empty, [](const ApiObject* set) {
    return replicas_of(*set) != 0 || set->as<ReplicaSetStatus>().replicas != 0;
  });
  const auto limit = static_cast<std::size_t>(deployment.as<DeploymentSpec>().revision_history_limit);
  for (std::size_t i = 0; i + limit < empty.size(); ++i)
    (void)api_->remove(ObjectKind::replica_set, empty[i]->meta.name_space, empty[i]->meta.name, {});
}

void DeploymentController::update_status(const ApiObject& deployment, const Sets& sets) {
  const auto& spec = deployment.as<DeploymentSpec>();
  DeploymentStatus status;
  status.observed_generation = deployment.meta.generation;
  status.conditions = deployment.as<DeploymentStatus>().conditions;
  std::int32_t wanted = 0;
  for (const ApiObject* set : sets.all()) {
    const auto& one = set->as<ReplicaSetStatus>();
    status.replicas += one.replicas;
    status.ready_replicas += one.ready_replicas;
    status.available_replicas += one.available_replicas;
    wanted += replicas_of(*set);
  }
  if (sets.current != nullptr) status.updated_replicas = sets.current->as<ReplicaSetStatus>().replicas;
  status.unavailable_replicas = std::max(0, wanted - status.available_replicas);

  const bool available = status.available_replicas >= spec.replicas - fenceposts(spec).unavailable;
  assign(status.conditions, available
                                ? ObjectCondition{"Available", "True", "MinimumReplicasAvailable",
                                                  "Deployment has minimum availability.", now()}
                                : ObjectCondition{"Available", "False", "MinimumReplicasUnavailable",
                                                  "Deployment does not have minimum availability.", now()});
  const bool complete = status.updated_replicas == spec.replicas && status.replicas == spec.replicas &&
                        status.available_replicas == spec.replicas;
  const SharedText name = sets.current == nullptr ? deployment.meta.name : sets.current->meta.name;
  assign(status.conditions,
         complete
             ? ObjectCondition{"Progressing", "True", "NewReplicaSetAvailable",
                               fmt::format("ReplicaSet \"{}\" has successfully progressed.", name), now()}
             : ObjectCondition{"Progressing", "True", "ReplicaSetUpdated",
                               fmt::format("ReplicaSet \"{}\" is progressing.", name), now()});
  if (deployment.as<DeploymentStatus>() == status) return;
  (void)api_->objects().edit(deployment, ObjectStore::Part::status,
                             [&](ApiObject& object) { object.as<DeploymentStatus>() = status; });
}

}  // namespace ekspath
