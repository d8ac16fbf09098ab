#include "sim/eks/controllers/daemon_set_controller.hh"

#include <fmt/format.h>

#include <algorithm>

#include "sim/eks/controllers/pod_template.hh"
#include "sim/eks/controllers/taint.hh"

namespace ekspath {
namespace {

constexpr std::string_view hash_label = "controller-revision-hash";
constexpr std::string_view generation_label = "pod-template-generation";

/// A daemon's pods stay on nodes in any condition. AddOrUpdateDaemonPodTolerations()
constexpr std::pair<const char*, const char*> daemon_tolerations[] = {
    {"node.kubernetes.io/not-ready", "NoExecute"},      {"node.kubernetes.io/unreachable", "NoExecute"},
    {"node.kubernetes.io/disk-pressure", "NoSchedule"}, {"node.kubernetes.io/memory-pressure", "NoSchedule"},
    {"node.kubernetes.io/pid-pressure", "NoSchedule"},  {"node.kubernetes.io/unschedulable", "NoSchedule"},
};

std::string hash_of(const ApiObject& set) { return template_hash(set.body.read()["spec"]["template"]); }

bool is_updated(const ApiObject& pod, const std::string& hash) {
  const auto label = pod.meta.labels.find(hash_label);
  return label != pod.meta.labels.end() && label->second == hash;
}

const SharedText& node_of(const ApiObject& pod) {
  const auto& spec = pod.as<PodSpec>();
  return spec.node_name.empty() ? spec.pinned_node : spec.node_name;
}

bool fits(const PodSpec& spec, const ApiObject& node) {
  return LabelSelector(spec->node_selector).matches(node.meta.labels) &&
         untolerated_taint(spec->tolerations, node.as<NodeSpec>().taints) == nullptr;
}

}  // namespace

DaemonSetController::DaemonSetController(Engine& engine, ApiServer& api, const ControlDelays& delays)
    : Controller(engine), api_(&api), delays_(&delays), events_(api.objects(), "daemonset-controller") {
  api.objects().watch(ObjectKind::daemon_set, *this);
  api.objects().watch(ObjectKind::pod, *this);
}

void DaemonSetController::object_changed(ObjectChange, const ApiObject& object) {
  if (object.kind == ObjectKind::daemon_set) return look_at(key_of(object), delays_->controller);
  const OwnerReference* owner = object.meta.controller();
  if (owner != nullptr && owner->kind == "DaemonSet")
    look_at({ObjectKind::daemon_set, object.meta.name_space, owner->name}, delays_->controller);
}

ApiObject DaemonSetController::unplaced_pod(const ApiObject& set) {
  ApiObject pod = pod_from_template(set, set.as<DaemonSetSpec>().pod_template);
  pod.meta.labels[std::string(hash_label)] = hash_of(set);
  pod.meta.labels[std::string(generation_label)] = fmt::format("{}", set.meta.generation);
  PodShape& spec = pod.as<PodSpec>().shape.write();
  Document& body = pod.body.open()["spec"];
  const auto tolerate = [&](const char* key, const char* effect) {
    spec.tolerations.push_back({key, true, "", effect, std::nullopt});
    body["tolerations"].push_back({{"effect", effect}, {"key", key}, {"operator", "Exists"}});
  };
  for (const auto& [key, effect] : daemon_tolerations) tolerate(key, effect);
  if (spec.host_network) tolerate("node.kubernetes.io/network-unavailable", "NoSchedule");
  return pod;
}

ApiObject DaemonSetController::pod_for(const ApiObject& unplaced, const std::string& node) {
  ApiObject pod = unplaced;
  pod.as<PodSpec>().pinned_node = node;
  Document& affinity = pod.body.open()["spec"]["affinity"]["nodeAffinity"];
  affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"] = {
      {{"matchFields", {{{"key", "metadata.name"}, {"operator", "In"}, {"values", {node}}}}}}};
  return pod;
}

void DaemonSetController::sync(const ObjectKey& key) {
  const ApiObject* set = api_->objects().find(key.kind, key.name_space, key.name);
  if (set == nullptr || set->meta.terminating()) return;
  std::vector<const ApiObject*> pods = api_->objects().owned_by(set->meta.uid);
  std::erase_if(pods, [](const ApiObject* pod) { return pod->kind != ObjectKind::pod; });
  std::map<std::string_view, bool> served;  // by node
  for (const ApiObject* pod : pods) served.emplace(node_of(*pod), true);

  std::size_t nodes = 0;
  const ApiObject unplaced = unplaced_pod(*set);
  for (const ApiObject* node : api_->objects().list(ObjectKind::node)) {
    if (!fits(unplaced.as<PodSpec>(), *node)) continue;
    ++nodes;
    // A pod that is still terminating holds its node: syncNodes() waits for it.
    if (served.contains(node->meta.name)) continue;
    const ApiOutcome made = api_->create(pod_for(unplaced, node->meta.name));
    if (made)
      events_.record(*set, EventRecorder::Type::normal, "SuccessfulCreate",
                     fmt::format("Created pod: {}", made.object->meta.name));
  }
  if (!set->as<DaemonSetSpec>().on_delete) roll(*set, pods, nodes);
  update_status(*set, nodes);
}

/// rollingUpdate(): old pods that do not work go at once, others as many as may be missing.
void DaemonSetController::roll(const ApiObject& set, const std::vector<const ApiObject*>& pods,
                               std::size_t nodes) {
  const auto& spec = set.as<DaemonSetSpec>();
  const std::string hash = hash_of(set);
  std::int32_t may_be_missing = resolve_amount(spec.max_unavailable, static_cast<std::int32_t>(nodes), true);
  std::vector<const ApiObject*> old;
  for (const ApiObject* pod : pods) {
    const bool available = !pod->meta.terminating() && is_available(*pod, spec.min_ready_seconds, now());
    if (!available) --may_be_missing;
    if (pod->meta.terminating() || is_updated(*pod, hash)) continue;
    if (!available) {
      ++may_be_missing;
      old.insert(old.begin(), pod);
      continue;
    }
    old.push_back(pod);
  }
  // Nodes whose new pod is only being made are missing one too.
  may_be_missing -=
      static_cast<std::int32_t>(nodes) - static_cast<std::int32_t>(std::min(nodes, pods.size()));
  for (const ApiObject* pod : old) {
    const bool works = is_available(*pod, spec.min_ready_seconds, now());
    if (works && may_be_missing-- <= 0) return;
    const std::string name = pod->meta.name;
    (void)api_->remove(ObjectKind::pod, set.meta.name_space, name, {});
    events_.record(set, EventRecorder::Type::normal, "SuccessfulDelete",
                   fmt::format("Deleted pod: {}", name));
  }
}

void DaemonSetController::update_status(const ApiObject& set, std::size_t nodes) {
  const auto& spec = set.as<DaemonSetSpec>();
  const std::string hash = hash_of(set);
  DaemonSetStatus status;
  status.observed_generation = set.meta.generation;
  status.desired = static_cast<std::int32_t>(nodes);
  for (const ApiObject* pod : api_->objects().owned_by(set.meta.uid)) {
    if (pod->kind != ObjectKind::pod) continue;
    ++status.current;
    if (is_updated(*pod, hash)) ++status.updated;
    if (pod->meta.terminating() || !pod->as<PodStatus>().ready()) continue;
    ++status.ready;
    if (is_available(*pod, spec.min_ready_seconds, now())) ++status.available;
  }
  status.unavailable = status.desired - status.available;
  if (set.as<DaemonSetStatus>() == status) return;
  (void)api_->objects().edit(set, ObjectStore::Part::status,
                             [&](ApiObject& object) { object.as<DaemonSetStatus>() = status; });
}

}  // namespace ekspath
