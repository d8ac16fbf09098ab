#include "sim/eks/controllers/pod_scheduler.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sim/eks/controllers/taint.hh"

namespace ekspath {
namespace {

// pkg/scheduler/util/pod_resources.go: what a container without requests counts for in scores.
constexpr std::int64_t scored_cpu_milli = 100;
constexpr std::int64_t scored_memory = 200LL << 20;

std::int64_t amount(const ResourceList& list, std::string_view name, bool milli) {
  const auto found = list.find(name);
  if (found == list.end()) return 0;
  return milli ? found->second.milli() : found->second.whole();
}

/// What spreads the pods of an owner: the least is best.
struct SpreadScore {
  std::int32_t in_zone = 0;
  std::int32_t on_node = 0;
  std::int64_t share = 0;  // thousandths of a node, CPU and memory together
  friend auto operator<=>(const SpreadScore&, const SpreadScore&) = default;
};

std::string text_of(const Labels& labels, std::string_view key) {
  const auto found = labels.find(key);
  return found == labels.end() ? std::string() : std::string(found->second);
}

}  // namespace

PodScheduler::PodScheduler(Engine& engine, ObjectStore& objects, const ControlDelays& delays,
                           std::uint64_t seed)
    : Entity(engine),
      objects_(&objects),
      delays_(&delays),
      events_(objects, "default-scheduler"),
      ties_(seed, "default-scheduler", "ties") {
  objects.watch(ObjectKind::pod, *this);
  objects.watch(ObjectKind::node, *this);
}

void PodScheduler::object_changed(ObjectChange change, const ApiObject& object) {
  if (object.kind == ObjectKind::node) {
    if (change == ObjectChange::deleted) {
      nodes_.erase(object.meta.name);
      return;
    }
    NodeLoad& load = nodes_[object.meta.name];
    const ResourceList& allocatable = *object.as<NodeStatus>().allocatable;
    load.node = &object;
    load.zone = text_of(object.meta.labels, "topology.kubernetes.io/zone");
    load.cpu_milli = amount(allocatable, "cpu", true);
    load.memory = amount(allocatable, "memory", false);
    load.pods = amount(allocatable, "pods", false);
    wake_unschedulable();
    return;
  }
  PodName name(object.meta.name_space, object.meta.name);
  const Literal phase = object.as<PodStatus>().phase;
  if (change == ObjectChange::deleted || phase == "Succeeded" || phase == "Failed") {
    count_out(object);
    unschedulable_.erase(name);
    wake_unschedulable();
    return;
  }
  const auto& spec = object.as<PodSpec>();
  if (!spec.node_name.empty()) {
    count_in(object);
  } else if (change == ObjectChange::added && spec->scheduler_name == "default-scheduler") {
    queue_.push_back(std::move(name));
    schedule_next();
  }
}

void PodScheduler::schedule_next() {
  if (busy_ || queue_.empty()) return;
  busy_ = true;
  engine().schedule(next_key(now() + delays_->schedule), id(), next_pod);
}

void PodScheduler::fire(const Event& event) {
  if (event.kind == flush_unschedulable) return wake_unschedulable();
  busy_ = false;
  const PodName name = std::move(queue_.front());
  queue_.pop_front();
  schedule_next();
  const ApiObject* pod = objects_->find(ObjectKind::pod, name.first, name.second);
  if (pod == nullptr || pod->meta.terminating() || !pod->as<PodSpec>().node_name.empty()) return;
  const auto& spec = pod->as<PodSpec>();
  const Demand demand = demand_of(spec);
  std::vector<NodeLoad*> fitting;
  const auto look_at = [&](NodeLoad& load) {
    bool resolvable = false;
    if (misfits(spec, demand, load, resolvable).empty()) fitting.push_back(&load);
  };
  if (spec.pinned_node.empty()) {
    for (auto& [node_name, load] : nodes_) look_at(load);
  } else if (const auto pinned = nodes_.find(spec.pinned_node); pinned != nodes_.end()) {
    // A daemon's pod is not tried on other nodes. plugins/nodeaffinity PreFilter()
    look_at(pinned->second);
  }
  if (NodeLoad* best = best_of(fitting, *pod, demand)) {
    bind(*pod, *best);
  } else {
    refuse(*pod);
  }
}

std::vector<std::string> PodScheduler::misfits(const PodSpec& spec, const Demand& demand,
                                               const NodeLoad& load, bool& may_be_resolved) {
  // The plugins in their order; the first that refuses ends the node, NodeResourcesFit tells all its reasons.
  may_be_resolved = false;
  const auto& node = load.node->as<NodeSpec>();
  const bool tolerates_cordon =
      untolerated_taint(spec->tolerations, {{"node.kubernetes.io/unschedulable", "", "NoSchedule"}}) ==
      nullptr;
  if (node.unschedulable && !tolerates_cordon) return {"node(s) were unschedulable"};
  if (const TaintSpec* taint = untolerated_taint(spec->tolerations, node.taints))
    return {fmt::format("node(s) had untolerated taint {{{}: {}}}", taint->key, taint->value)};
  const bool other_node = !spec.pinned_node.empty() && spec.pinned_node != load.node->meta.name;
  if (other_node || !LabelSelector(spec->node_selector).matches(load.node->meta.labels))
    return {"node(s) didn't match Pod's node affinity/selector"};
  std::vector<std::string> reasons;
  if (static_cast<std::int64_t>(load.used.cpu_milli) + demand.cpu_milli > load.cpu_milli &&
      demand.cpu_milli > 0)
    reasons.emplace_back("Insufficient cpu");
  if (load.used.memory + demand.memory > load.memory && demand.memory > 0)
    reasons.emplace_back("Insufficient memory");
  if (std::ssize(load.placed) + 1 > load.pods) reasons.emplace_back("Too many pods");
  may_be_resolved = true;
  return reasons;
}

PodScheduler::NodeLoad* PodScheduler::best_of(std::vector<NodeLoad*>& fitting, const ApiObject& pod,
                                              const Demand& demand) {
  if (fitting.empty()) return nullptr;
  const Uid owner = owner_of(pod);
  std::map<std::string_view, std::int32_t> in_zone;
  if (fitting.size() > 1) {
    for (const auto& [name, load] : nodes_) {
      const auto own = load.by_owner.find(owner);
      if (own != load.by_owner.end()) in_zone[load.zone] += own->second;
    }
  }
  std::vector<NodeLoad*> best;
  SpreadScore least;
  for (NodeLoad* load : fitting) {
    const auto own = load->by_owner.find(owner);
    const std::int64_t cpu = load->used.scored_cpu_milli + demand.scored_cpu_milli;
    const std::int64_t memory = load->used.scored_memory + demand.scored_memory;
    const SpreadScore score{in_zone[load->zone], own == load->by_owner.end() ? 0 : own->second,
                            cpu * 1000 / std::max<std::int64_t>(1, load->cpu_milli) +
                                (memory >> 10) * 1000 / std::max<std::int64_t>(1, load->memory >> 10)};
    if (!best.empty() && least < score) continue;
    if (best.empty() || score < least) best.clear();
    least = score;
    best.push_back(load);
  }
  return best[ties_.uniform(best.size())];
}

void PodScheduler::bind(const ApiObject& pod, NodeLoad& node) {
  const SharedText node_name = node.node->meta.name;
  (void)objects_->edit(pod, ObjectStore::Part::spec, [&](ApiObject& object) {
    object.as<PodSpec>().node_name = node_name;
    object.body.open()["spec"]["nodeName"] = node_name;
    auto& conditions = object.as<PodStatus>().conditions.write();
    std::erase_if(conditions, [](const auto& one) { return one.type == "PodScheduled"; });
    conditions.push_back({"PodScheduled", "True", {}, {}, now()});
  });
  events_.record(
      pod, EventRecorder::Type::normal, "Scheduled",
      fmt::format("Successfully assigned {}/{} to {}", pod.meta.name_space, pod.meta.name, node_name));
}

/// framework.FitError.Error(), and what preemption adds to it.
void PodScheduler::refuse(const ApiObject& pod) {
  const auto& spec = pod.as<PodSpec>();
  const Demand demand = demand_of(spec);
  std::map<std::string, std::size_t> reasons;
  std::size_t no_victims = 0;
  std::size_t not_helpful = 0;
  for (const auto& [name, load] : nodes_) {
    bool resolvable = false;
    for (const std::string& reason : misfits(spec, demand, load, resolvable)) ++reasons[reason];
    ++(resolvable ? no_victims : not_helpful);
  }
  // Sorted as texts, counts and all: "1 Insufficient cpu", "3 Too many pods".
  const auto sorted = [](const std::map<std::string, std::size_t>& counts) {
    std::vector<std::string> texts;
    for (const auto& [reason, count] : counts) {
      if (count > 0) texts.push_back(fmt::format("{} {}", count, reason));
    }
    std::ranges::sort(texts);
    return fmt::format("{}", fmt::join(texts, ", "));
  };
  std::string message;
  if (nodes_.empty()) {
    message = "no nodes available to schedule pods";
  } else {
    message = fmt::format("0/{0} nodes are available: {1}. preemption: 0/{0} nodes are available: {2}.",
                          nodes_.size(), sorted(reasons),
                          sorted({{"No preemption victims found for incoming pod", no_victims},
                                  {"Preemption is not helpful for scheduling", not_helpful}}));
  }
  const bool is_known = std::ranges::any_of(*pod.as<PodStatus>().conditions, [&](const ObjectCondition& one) {
    return one.type == "PodScheduled" && *one.message == message;
  });
  if (!is_known) {
    (void)objects_->edit(pod, ObjectStore::Part::status, [&](ApiObject& object) {
      auto& conditions = object.as<PodStatus>().conditions.write();
      std::erase_if(conditions, [](const auto& one) { return one.type == "PodScheduled"; });
      conditions.push_back({"PodScheduled", "False", "Unschedulable", message, now()});
    });
  }
  events_.record(pod, EventRecorder::Type::warning, "FailedScheduling", message);
  unschedulable_[PodName(pod.meta.name_space, pod.meta.name)] = now();
  // Nobody waits longer than five minutes. podMaxInUnschedulablePodsDuration
  engine().schedule(next_key(now() + delays_->reschedule), id(), flush_unschedulable);
}

/// Something changed that may help: all that wait are tried again.
void PodScheduler::wake_unschedulable() {
  for (const auto& [name, since] : unschedulable_) queue_.push_back(name);
  unschedulable_.clear();
  schedule_next();
}

PodScheduler::Demand& PodScheduler::Demand::operator+=(const Demand& other) {
  cpu_milli += other.cpu_milli;
  memory += other.memory;
  scored_cpu_milli += other.scored_cpu_milli;
  scored_memory += other.scored_memory;
  return *this;
}

PodScheduler::Demand& PodScheduler::Demand::operator-=(const Demand& other) {
  return *this += Demand{-other.cpu_milli, -other.memory, -other.scored_cpu_milli, -other.scored_memory};
}

void PodScheduler::count_in(const ApiObject& pod) {
  const auto& spec = pod.as<PodSpec>();
  const auto node = nodes_.find(spec.node_name);
  if (node == nodes_.end()) return;
  NodeLoad& load = node->second;
  if (std::ranges::find(load.placed, &pod, &Placed::pod) != load.placed.end()) return;
  Placed placed{&pod, owner_of(pod), demand_of(spec)};
  if (!load.placed.empty()) placed.demand.join(load.placed.back().demand);
  load.used += *placed.demand;
  if (!placed.owner.empty()) ++load.by_owner[placed.owner];
  load.placed.push_back(std::move(placed));
}

void PodScheduler::count_out(const ApiObject& pod) {
  const auto node = nodes_.find(pod.as<PodSpec>().node_name);
  if (node == nodes_.end()) return;
  NodeLoad& load = node->second;
  const auto known = std::ranges::find(load.placed, &pod, &Placed::pod);
  if (known == load.placed.end()) return;
  load.used -= *known->demand;
  if (!known->owner.empty() && --load.by_owner[known->owner] == 0) load.by_owner.erase(known->owner);
  load.placed.erase(known);
}

PodScheduler::Demand PodScheduler::demand_of(const PodSpec& spec) {
  Demand demand;
  for (const ContainerSpec& container : spec.containers) {
    const bool has_cpu = container->requests.contains("cpu");
    const bool has_memory = container->requests.contains("memory");
    const std::int64_t cpu = amount(container->requests, "cpu", true);
    const std::int64_t memory = amount(container->requests, "memory", false);
    demand.cpu_milli += cpu;
    demand.memory += memory;
    demand.scored_cpu_milli += has_cpu ? cpu : scored_cpu_milli;
    demand.scored_memory += has_memory ? memory : scored_memory;
  }
  return demand;
}

/// Pods of one owner are spread.
Uid PodScheduler::owner_of(const ApiObject& pod) {
  const OwnerReference* owner = pod.meta.controller();
  return owner == nullptr ? Uid() : owner->uid;
}

}  // namespace ekspath
