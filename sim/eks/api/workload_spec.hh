#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/eks/api/document.hh"
#include "sim/eks/api/label_selector.hh"
#include "sim/eks/api/pod_spec.hh"

namespace ekspath {

/// What the pods of a workload are made from.
struct PodTemplate {
  Labels labels;
  Labels annotations;
  PodSpec spec;
};

struct DeploymentSpec {
  std::int32_t replicas = 1;
  LabelSelector selector;
  PodTemplate pod_template;
  bool recreate = false;  // strategy Recreate; else RollingUpdate
  NumberOrText max_surge = "25%";
  NumberOrText max_unavailable = "25%";
  std::int32_t min_ready_seconds = 0;
  std::int32_t revision_history_limit = 10;
  std::int32_t progress_deadline_seconds = 600;
  bool paused = false;
};

struct DeploymentStatus {
  std::int64_t observed_generation = 0;
  std::int32_t replicas = 0;
  std::int32_t updated_replicas = 0;
  std::int32_t ready_replicas = 0;
  std::int32_t available_replicas = 0;
  std::int32_t unavailable_replicas = 0;
  std::vector<ObjectCondition> conditions;

  friend bool operator==(const DeploymentStatus&, const DeploymentStatus&) = default;
};

struct ReplicaSetSpec {
  std::int32_t replicas = 1;
  LabelSelector selector;
  PodTemplate pod_template;
  std::int32_t min_ready_seconds = 0;
};

struct ReplicaSetStatus {
  std::int64_t observed_generation = 0;
  std::int32_t replicas = 0;
  std::int32_t fully_labeled_replicas = 0;
  std::int32_t ready_replicas = 0;
  std::int32_t available_replicas = 0;

  friend bool operator==(const ReplicaSetStatus&, const ReplicaSetStatus&) = default;
};

struct DaemonSetSpec {
  LabelSelector selector;
  PodTemplate pod_template;
  bool on_delete = false;  // updateStrategy OnDelete; else RollingUpdate
  NumberOrText max_unavailable = 1;
  NumberOrText max_surge = 0;
  std::int32_t min_ready_seconds = 0;
};

struct DaemonSetStatus {
  std::int64_t observed_generation = 0;
  std::int32_t desired = 0;
  std::int32_t current = 0;
  std::int32_t misscheduled = 0;
  std::int32_t ready = 0;
  std::int32_t updated = 0;
  std::int32_t available = 0;
  std::int32_t unavailable = 0;

  friend bool operator==(const DaemonSetStatus&, const DaemonSetStatus&) = default;
};

}  // namespace ekspath
