#include <algorithm>
#include <utility>

#include "sim/base/assert.hh"
#include "sim/eks/api/render.hh"
#include "sim/lab/commands/kubectl_rollout_history.hh"
#include "sim/lab/commands/kubectl_session.hh"
#include "sim/lab/commands/kubectl_tabs.hh"
#include "sim/lab/world.hh"

namespace ekspath {
namespace {

constexpr std::string_view no_resource = "required resource not specified";

/// What a rollout has come to. kubectl pkg/polymorphichelpers/rollout_status.go
struct RolloutState {
  std::string text;
  std::string error;  // "error: ..."
  bool done = false;
};

RolloutState deployment_state(const ApiObject& object) {
  const auto& spec = object.as<DeploymentSpec>();
  const auto& status = object.as<DeploymentStatus>();
  const auto waiting = [&](std::string_view what) {
    return RolloutState{
        fmt::format("Waiting for deployment \"{}\" rollout to finish: {}...\n", object.meta.name, what), "",
        false};
  };
  if (object.meta.generation > status.observed_generation)
    return {"Waiting for deployment spec update to be observed...\n", "", false};
  for (const ObjectCondition& condition : status.conditions) {
    if (condition.type == "Progressing" && condition.reason == "ProgressDeadlineExceeded")
      return {"", fmt::format("error: deployment \"{}\" exceeded its progress deadline\n", object.meta.name),
              true};
  }
  if (status.updated_replicas < spec.replicas)
    return waiting(
        fmt::format("{} out of {} new replicas have been updated", status.updated_replicas, spec.replicas));
  if (status.replicas > status.updated_replicas)
    return waiting(
        fmt::format("{} old replicas are pending termination", status.replicas - status.updated_replicas));
  if (status.available_replicas < status.updated_replicas)
    return waiting(fmt::format("{} of {} updated replicas are available", status.available_replicas,
                               status.updated_replicas));
  return {fmt::format("deployment \"{}\" successfully rolled out\n", object.meta.name), "", true};
}

RolloutState daemon_set_state(const ApiObject& object) {
  const auto& status = object.as<DaemonSetStatus>();
  const auto waiting = [&](std::string_view what) {
    return RolloutState{
        fmt::format("Waiting for daemon set \"{}\" rollout to finish: {}...\n", object.meta.name, what), "",
        false};
  };
  if (object.as<DaemonSetSpec>().on_delete)
    return {"", "error: rollout status is only available for RollingUpdate strategy type\n", true};
  if (object.meta.generation > status.observed_generation)
    return {"Waiting for daemon set spec update to be observed...\n", "", false};
  if (status.updated < status.desired)
    return waiting(fmt::format("{} out of {} new pods have been updated", status.updated, status.desired));
  if (status.available < status.desired)
    return waiting(fmt::format("{} of {} updated pods are available", status.available, status.desired));
  return {fmt::format("daemon set \"{}\" successfully rolled out\n", object.meta.name), "", true};
}

/// Prints what it sees at first and with each change, to the end of the rollout.
class RolloutWatch final : public RunningCommand, public Entity, private ObjectWatcher {
 public:
  struct Waits {
    bool until_done = true;              // --watch
    std::optional<Nanoseconds> at_most;  // --timeout
  };

  RolloutWatch(Engine& engine, KubectlCall& call, const ApiObject& object, Waits waits, CommandEnded ended)
      : Entity(engine),
        objects_(&call.api.objects()),
        output_(&call.output),
        ended_(std::move(ended)),
        waits_(waits),
        kind_(object.kind),
        uid_(object.meta.uid) {
    objects_->watch(kind_, *this);
    if (waits.at_most) engine.schedule(next_key(now() + *waits.at_most), id(), timed_out);
    show(object);
  }
  ~RolloutWatch() { objects_->unwatch(*this); }

  void stop() override { end(130); }
  void fire(const Event& event) override {
    if (!ended_) return;
    if (event.kind == timed_out) {
      output_->err("error: timed out waiting for the condition\n");
      status_ = 1;
    }
    end(status_);
  }

 private:
  enum EventKind : std::uint32_t { over, timed_out };

  void object_changed(ObjectChange change, const ApiObject& object) override {
    if (object.meta.uid != uid_ || over_) return;
    if (change != ObjectChange::deleted) return show(object);
    output_->err("error: object has been deleted\n");
    finish(1);
  }

  void show(const ApiObject& object) {
    const RolloutState state =
        kind_ == ObjectKind::deployment ? deployment_state(object) : daemon_set_state(object);
    if (!state.text.empty()) output_->out(state.text);
    if (!state.error.empty()) output_->err(state.error);
    if (state.done || !waits_.until_done) finish(state.error.empty() ? 0 : 1);
  }

  /// The next step does not start within a write of the store.
  void finish(int status) {
    over_ = true;
    status_ = status;
    engine().schedule(next_key(now()), id(), over);
  }

  void end(int status) {
    over_ = true;
    if (auto ended = std::exchange(ended_, nullptr)) ended(status);
  }

  ObjectStore* objects_;
  CommandOutput* output_;
  CommandEnded ended_;
  Waits waits_;
  ObjectKind kind_;
  Uid uid_;
  bool over_ = false;
  int status_ = 0;
};

std::unique_ptr<RunningCommand> end_with(KubectlCall& call, const CommandEnded& ended,
                                         std::string_view error) {
  call.output.err(error);
  ended(1);
  return nullptr;
}

}  // namespace

std::unique_ptr<RunningCommand> kubectl_rollout_status(KubectlCall& call, CommandEnded ended) {
  KubectlTargets targets = parse_targets(call.arguments.words(), call.arguments, {true, no_resource});
  if (!targets.error.empty()) return end_with(call, ended, targets.error + "\n");
  const KubectlFinds finds = find_targets(call.reader, targets);
  const std::vector<FoundObject> found = finds.all();
  if (!finds.errors.empty()) return end_with(call, ended, finds.errors);
  if (found.empty()) return end_with(call, ended, "error: no resources found\n");
  if (found.size() > 1)
    return end_with(call, ended, "error: rollout status of several objects at once is not modelled\n");
  const KindInfo& kind = info(found.front().kind);
  if (kind.kind != ObjectKind::deployment && kind.kind != ObjectKind::daemon_set)
    return end_with(call, ended,
                    fmt::format("error: no status viewer has been implemented for {}{}{}\n", kind.name,
                                kind.group.empty() ? "" : ".", kind.group));
  RolloutWatch::Waits waits;
  waits.until_done = call.arguments.is_on("watch", true);
  if (const auto timeout = Nanoseconds::parse(call.arguments.value("timeout"));
      timeout && *timeout > Nanoseconds(0))
    waits.at_most = timeout;
  const ApiObject* object =
      call.api.objects().find(kind.kind, text_at(found.front().object, {"metadata", "namespace"}),
                              text_at(found.front().object, {"metadata", "name"}));
  ASSERT(object != nullptr);  // it was found a moment ago
  return std::make_unique<RolloutWatch>(call.world.engine(), call, *object, waits, std::move(ended));
}

/// kubectl pkg/polymorphichelpers/objectrestarter.go
CommandResult kubectl_rollout_restart(KubectlCall& call) {
  const ChangeTargets targets = change_targets(call, call.arguments.words(), no_resource);
  if (!targets.error.empty()) return {1, "", targets.error};
  CommandResult result;
  for (FoundObject& found : targets.finds.all()) {
    const std::string name = text_at(found.object, {"metadata", "name"});
    if (found.kind != ObjectKind::deployment && found.kind != ObjectKind::daemon_set)
      return {
          1, result.out,
          fmt::format("error: {} \"{}\" restarting is not supported\n", info(found.kind).resource(), name)};
    if (true_at(found.object, {"spec", "paused"}))
      return {1, result.out,
              fmt::format("error: can't restart paused {} (run rollout resume first)\n",
                          info(found.kind).singular)};
    Document& annotations = found.object["spec"]["template"]["metadata"]["annotations"];
    const std::string now = api_time(Nanoseconds(call.reader.now_ns()));
    if (text_at(annotations, {"kubectl.kubernetes.io/restartedAt"}) == now)
      return {
          1, result.out,
          fmt::format(
              "error: failed to create patch for {}: if restart has already been triggered within the past "
              "second, please wait before attempting to trigger another\n",
              name)};
    annotations["kubectl.kubernetes.io/restartedAt"] = now;
    if (const std::string error = replace_object(call, found.object); !error.empty())
      return {1, result.out, error};
    result.out += object_label(found.kind, found.object) + " restarted\n";
  }
  result.err = targets.finds.errors;
  result.status = result.err.empty() ? 0 : 1;
  return result;
}

/// kubectl pkg/polymorphichelpers/history.go DeploymentHistoryViewer
CommandResult kubectl_rollout_history(KubectlCall& call) {
  KubectlTargets targets = parse_targets(call.arguments.words(), call.arguments, {true, no_resource});
  if (!targets.error.empty()) return {1, "", targets.error + "\n"};
  const KubectlFinds finds = find_targets(call.reader, targets);
  CommandResult result;
  for (const FoundObject& found : finds.all()) {
    if (found.kind != ObjectKind::deployment)
      return {
          1, result.out,
          fmt::format("error: the rollout history of a {} is not modelled: no ControllerRevision is kept\n",
                      info(found.kind).name)};
    const DeploymentHistory history = deployment_history(call.reader, found.object);
    std::vector<Document> sets = history.old;
    if (history.current) sets.push_back(*history.current);
    std::vector<std::pair<std::int64_t, std::string>> revisions;
    for (const Document& set : sets) {
      const Document& annotations = document_at(set, {"metadata", "annotations"});
      const std::string cause = text_at(annotations, {"kubernetes.io/change-cause"});
      revisions.emplace_back(std::atoll(text_at(annotations, {"deployment.kubernetes.io/revision"}).c_str()),
                             cause.empty() ? "<none>" : cause);
    }
    std::ranges::sort(revisions);
    std::string table = "REVISION\tCHANGE-CAUSE\n";
    for (const auto& [revision, cause] : revisions) table += fmt::format("{}\t{}\n", revision, cause);
    result.out +=
        object_label(found.kind, found.object) + " \n" +
        (revisions.empty() ? "No rollout history found.\n" : align_tabs(table, describe_tabs) + "\n");
  }
  result.err = finds.errors;
  result.status = result.err.empty() ? 0 : 1;
  return result;
}

}  // namespace ekspath
