#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/eks/api/api_server.hh"
#include "sim/lab/command.hh"
#include "sim/lab/commands/kubectl_arguments.hh"
#include "sim/lab/commands/kubectl_describe.hh"
#include "sim/lab/commands/kubectl_targets.hh"
#include "sim/linux/netfilter/iptables_text.hh"

namespace ekspath {

/// The objects of a simulated API server, as documents.
class StoreReader final : public ClusterReader {
 public:
  /// `epoch`: the wall clock of time zero, since 1970.
  StoreReader(const ObjectStore& objects, Nanoseconds epoch) : objects_(&objects), epoch_(epoch) {}

  [[nodiscard]] std::vector<Document> list(ObjectKind kind, const std::string& name_space) const override;
  [[nodiscard]] std::int64_t now_ns() const override { return (epoch_ + objects_->now()).count(); }

 private:
  const ObjectStore* objects_;
  Nanoseconds epoch_;
};

/// One kubectl command at work.
struct KubectlCall {
  World& world;
  ApiServer& api;
  const ClusterReader& reader;
  const KubectlArguments& arguments;
  const std::string& input;  // what -f - reads
  CommandOutput& output;
};

/// A command of kubectl: "get", "rollout status".
struct KubectlVerb {
  std::string_view name;
  std::span<const KubectlOption> options;
  /// Does it at once, or...
  CommandResult (*run)(KubectlCall& call) = nullptr;
  /// ...starts what takes its time.
  std::unique_ptr<RunningCommand> (*start)(KubectlCall& call, CommandEnded ended) = nullptr;
  /// What is wrong with the words before any world runs; "" or null: nothing.
  std::string (*check)(const KubectlArguments& arguments) = nullptr;
};

[[nodiscard]] std::span<const KubectlVerb> kubectl_verbs();

// kubectl_change.cc
[[nodiscard]] CommandResult kubectl_scale(KubectlCall& call);
[[nodiscard]] CommandResult kubectl_label(KubectlCall& call);
[[nodiscard]] CommandResult kubectl_annotate(KubectlCall& call);
[[nodiscard]] CommandResult kubectl_cordon(KubectlCall& call);
[[nodiscard]] CommandResult kubectl_uncordon(KubectlCall& call);
// kubectl_set.cc
[[nodiscard]] CommandResult kubectl_set_env(KubectlCall& call);
[[nodiscard]] std::string check_kubectl_set_env(const KubectlArguments& arguments);
[[nodiscard]] CommandResult kubectl_set_image(KubectlCall& call);
// kubectl_rollout.cc
[[nodiscard]] std::unique_ptr<RunningCommand> kubectl_rollout_status(KubectlCall& call, CommandEnded ended);
[[nodiscard]] CommandResult kubectl_rollout_restart(KubectlCall& call);
[[nodiscard]] CommandResult kubectl_rollout_history(KubectlCall& call);
// kubectl_rollout_change.cc
[[nodiscard]] CommandResult kubectl_rollout_undo(KubectlCall& call);
[[nodiscard]] CommandResult kubectl_rollout_pause(KubectlCall& call);
[[nodiscard]] CommandResult kubectl_rollout_resume(KubectlCall& call);
// kubectl_apply.cc
[[nodiscard]] CommandResult kubectl_apply(KubectlCall& call);
[[nodiscard]] CommandResult kubectl_create(KubectlCall& call);
[[nodiscard]] CommandResult kubectl_create_deployment(KubectlCall& call);
[[nodiscard]] CommandResult kubectl_create_namespace(KubectlCall& call);
// kubectl_logs.cc
[[nodiscard]] CommandResult kubectl_logs(KubectlCall& call);
// kubectl_delete.cc
[[nodiscard]] std::unique_ptr<RunningCommand> kubectl_delete(KubectlCall& call, CommandEnded ended);

/// Targets of a command that changes objects: the error, or what is there and what is not.
struct ChangeTargets {
  KubectlFinds finds;
  std::string error;  // with its newline
};
[[nodiscard]] ChangeTargets change_targets(const KubectlCall& call, const std::vector<std::string>& words,
                                           std::string_view missing = {});
/// The object behind a document; null, and why in `error`, for what the scenario placed by hand without one.
[[nodiscard]] const ApiObject* stored_object(const KubectlCall& call, const FoundObject& found,
                                             std::string& error);
/// PUT of a whole document. None: done; else the error's line, with its newline.
[[nodiscard]] std::string replace_object(KubectlCall& call, const Document& document);

}  // namespace ekspath
