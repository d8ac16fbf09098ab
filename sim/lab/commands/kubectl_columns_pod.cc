#include "sim/lab/commands/kubectl_columns_pod.hh"

#include <fmt/format.h>

#include <algorithm>

#include "sim/lab/commands/kubectl_time.hh"

namespace ekspath {
namespace {

struct PodSummary {
  std::string reason;
  std::size_t ready = 0;
  std::int64_t restarts = 0;
  std::string last_restart;  // when a container ended last
};

bool condition_holds(const Document& pod, std::string_view type) {
  for (const Document& condition : document_at(pod, {"status", "conditions"})) {
    if (text_at(condition, {"type"}) == type) return text_at(condition, {"status"}) == "True";
  }
  return false;
}

void add_restarts(PodSummary& summary, const Document& status) {
  summary.restarts += number_at(status, {"restartCount"});
  summary.last_restart =
      std::max(summary.last_restart, text_at(status, {"lastState", "terminated", "finishedAt"}));
}

/// "Error", or what stands for it where a runtime gave no reason.
std::string end_of(const Document& terminated) {
  if (const std::string reason = text_at(terminated, {"reason"}); !reason.empty()) return reason;
  const std::int64_t signal = number_at(terminated, {"signal"});
  return signal != 0 ? fmt::format("Signal:{}", signal)
                     : fmt::format("ExitCode:{}", number_at(terminated, {"exitCode"}));
}

/// Whether an init container is still at it; then it gives the reason.
bool initializing(const Document& pod, PodSummary& summary) {
  const Document& statuses = document_at(pod, {"status", "initContainerStatuses"});
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    add_restarts(summary, statuses[i]);
    const Document& terminated = document_at(statuses[i], {"state", "terminated"});
    const std::string waiting = text_at(statuses[i], {"state", "waiting", "reason"});
    if (terminated.is_object() && number_at(terminated, {"exitCode"}) == 0) continue;
    if (terminated.is_object()) {
      summary.reason = "Init:" + end_of(terminated);
    } else if (!waiting.empty() && waiting != "PodInitializing") {
      summary.reason = "Init:" + waiting;
    } else {
      summary.reason = fmt::format("Init:{}/{}", i, document_at(pod, {"spec", "initContainers"}).size());
    }
    return true;
  }
  return false;
}

void add_containers(const Document& pod, PodSummary& summary) {
  const Document& statuses = document_at(pod, {"status", "containerStatuses"});
  bool running = false;
  summary.restarts = 0;
  summary.last_restart.clear();
  // From the last to the first: the first container's reason stands.
  for (std::size_t i = statuses.size(); i > 0; --i) {
    const Document& status = statuses[i - 1];
    add_restarts(summary, status);
    const Document& terminated = document_at(status, {"state", "terminated"});
    if (const std::string waiting = text_at(status, {"state", "waiting", "reason"}); !waiting.empty()) {
      summary.reason = waiting;
    } else if (terminated.is_object()) {
      summary.reason = end_of(terminated);
    } else if (true_at(status, {"ready"}) && document_at(status, {"state", "running"}).is_object()) {
      running = true;
      ++summary.ready;
    }
  }
  if (summary.reason == "Completed" && running)
    summary.reason = condition_holds(pod, "Ready") ? "Running" : "NotReady";
}

PodSummary summary_of(const Document& pod) {
  PodSummary summary;
  const std::string phase = text_at(pod, {"status", "phase"}), given = text_at(pod, {"status", "reason"});
  summary.reason = given.empty() ? phase : given;
  for (const Document& condition : document_at(pod, {"status", "conditions"})) {
    if (text_at(condition, {"type"}) == "PodScheduled" && text_at(condition, {"reason"}) == "SchedulingGated")
      summary.reason = "SchedulingGated";
  }
  if (!initializing(pod, summary) || condition_holds(pod, "Initialized")) add_containers(pod, summary);
  if (document_at(pod, {"metadata", "deletionTimestamp"}).is_null()) return summary;
  if (given == "NodeLost") {
    summary.reason = "Unknown";
  } else if (phase != "Succeeded" && phase != "Failed") {
    summary.reason = "Terminating";
  }
  return summary;
}

std::string or_none(const std::string& text) { return text.empty() ? "<none>" : text; }

std::string gates_of(const Document& pod) {
  const Document& gates = document_at(pod, {"spec", "readinessGates"});
  std::size_t open = 0;
  for (const Document& gate : gates) open += condition_holds(pod, text_at(gate, {"conditionType"}));
  return gates.empty() ? "<none>" : fmt::format("{}/{}", open, gates.size());
}

}  // namespace

std::vector<std::string> pod_cells(const Document& pod, std::int64_t now_ns) {
  const PodSummary summary = summary_of(pod);
  std::string restarts = fmt::format("{}", summary.restarts);
  if (summary.restarts != 0 && !summary.last_restart.empty())
    restarts += fmt::format(" ({} ago)", age_since(summary.last_restart, now_ns));
  const Document& addresses = document_at(pod, {"status", "podIPs"});
  return {text_at(pod, {"metadata", "name"}),
          fmt::format("{}/{}", summary.ready, document_at(pod, {"spec", "containers"}).size()),
          summary.reason,
          restarts,
          age_since(text_at(pod, {"metadata", "creationTimestamp"}), now_ns),
          or_none(addresses.empty() ? "" : text_at(addresses.front(), {"ip"})),
          or_none(text_at(pod, {"spec", "nodeName"})),
          or_none(text_at(pod, {"status", "nominatedNodeName"})),
          gates_of(pod)};
}

}  // namespace ekspath
