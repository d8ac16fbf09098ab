#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "sim/eks/api/store.hh"
#include "sim/eks/controllers/control_delays.hh"
#include "sim/eks/controllers/event_recorder.hh"
#include "sim/engine/entity.hh"

namespace ekspath {

/// kube-scheduler: one pod after the other to the node that fits it best. pkg/scheduler 1.31
///
/// Filters: unschedulable, taints, nodeSelector, the daemon's node, requests against allocatable, the number
/// of pods. Of the nodes that fit, the zone and then the node with the fewest pods of the same owner (the
/// built-in soft spreading), then the least requested share, then by the seed. Not honoured, and said so in
/// docs/limitations.md: affinities of users, topologySpreadConstraints, preemption, host ports.
class PodScheduler final : public Entity, public ObjectWatcher {
 public:
  PodScheduler(Engine& engine, ObjectStore& objects, const ControlDelays& delays, std::uint64_t seed);
  void object_changed(ObjectChange change, const ApiObject& object) override;
  void fire(const Event& event) override;
  /// The events of pods so far happened long ago.
  void forget_events() { events_.forget(); }

 private:
  using PodName = std::pair<SharedText, SharedText>;
  /// What a pod asks of its node.
  struct Demand {
    std::int64_t cpu_milli = 0;
    std::int64_t memory = 0;
    // Containers without requests count for the score: GetNonzeroRequests().
    std::int64_t scored_cpu_milli = 0;
    std::int64_t scored_memory = 0;

    Demand& operator+=(const Demand& other);
    Demand& operator-=(const Demand& other);
    friend bool operator==(const Demand&, const Demand&) = default;
  };
  /// A pod that a node has, and what it was counted with.
  struct Placed {
    const ApiObject* pod = nullptr;
    Uid owner;
    Shared<Demand> demand;
  };
  struct NodeLoad {
    const ApiObject* node = nullptr;
    std::string zone;
    std::int64_t cpu_milli = 0;
    std::int64_t memory = 0;
    std::int64_t pods = 0;  // that it may have
    std::vector<Placed> placed;
    Demand used;
    std::map<Uid, std::int32_t> by_owner;  // of those that have one
  };

  void schedule_next();
  void bind(const ApiObject& pod, NodeLoad& node);
  void refuse(const ApiObject& pod);
  void wake_unschedulable();
  void count_in(const ApiObject& pod);
  void count_out(const ApiObject& pod);
  [[nodiscard]] static Demand demand_of(const PodSpec& spec);
  [[nodiscard]] static Uid owner_of(const ApiObject& pod);
  /// Empty: it fits.
  [[nodiscard]] static std::vector<std::string> misfits(const PodSpec& spec, const Demand& demand,
                                                        const NodeLoad& load, bool& may_be_resolved);
  [[nodiscard]] NodeLoad* best_of(std::vector<NodeLoad*>& fitting, const ApiObject& pod,
                                  const Demand& demand);

  enum EventKind : std::uint32_t { next_pod, flush_unschedulable };

  ObjectStore* objects_;
  const ControlDelays* delays_;
  EventRecorder events_;
  Random ties_;
  std::map<SharedText, NodeLoad, std::less<>> nodes_;
  std::deque<PodName> queue_;
  std::map<PodName, Nanoseconds> unschedulable_;  // since
  bool busy_ = false;
};

}  // namespace ekspath
