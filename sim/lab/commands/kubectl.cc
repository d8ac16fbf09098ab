#include <algorithm>
#include <map>

#include "sim/base/near_miss.hh"
#include "sim/lab/commands/commands.hh"
#include "sim/lab/commands/immediate.hh"
#include "sim/lab/commands/kubectl_get.hh"
#include "sim/lab/world.hh"

/// `kubectl` as far as the agents of the nodes go: `set env` and `rollout status` of aws-node, and what `get`
/// tells. The objects of the API server come with the Kubernetes issue; until then their commands are refused
/// by name.
namespace ekspath {
namespace {

/// kubectl set env (daemonset|ds)[/]aws-node -n kube-system NAME=VALUE... NAME-...
struct SetEnv {
  CniEnvironment changes;
  std::vector<std::string> removals;
  std::string error;
};

bool is_aws_node(std::vector<std::string>& rest) {
  for (const std::string_view kind : {"daemonset", "ds", "daemonsets"}) {
    if (rest.size() >= 2 && rest[0] == kind && rest[1] == "aws-node") {
      rest.erase(rest.begin(), rest.begin() + 2);
      return true;
    }
    if (!rest.empty() && rest[0] == fmt::format("{}/aws-node", kind)) {
      rest.erase(rest.begin());
      return true;
    }
  }
  return false;
}

/// Takes -n kube-system (or --namespace) out of the words; "" when it was there.
std::string take_namespace(std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string value;
    std::size_t count = 1;
    if (words[i] == "-n" || words[i] == "--namespace") {
      if (i + 1 == words.size()) return fmt::format("{}: expected a namespace", words[i]);
      value = words[i + 1];
      count = 2;
    } else if (words[i].starts_with("--namespace=")) {
      value = words[i].substr(12);
    } else {
      continue;
    }
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(i),
                words.begin() + static_cast<std::ptrdiff_t>(i + count));
    return value == "kube-system" ? ""
                                  : fmt::format("aws-node is in the namespace kube-system, not '{}'", value);
  }
  return "aws-node is in the namespace kube-system: expected -n kube-system";
}

SetEnv parse_set_env(std::vector<std::string> words) {
  SetEnv parsed;
  words.erase(words.begin(), words.begin() + 3);  // kubectl set env
  parsed.error = take_namespace(words);
  if (!parsed.error.empty()) return parsed;
  if (!is_aws_node(words)) {
    parsed.error = "kubectl set env: expected daemonset aws-node; other objects are not modelled";
    return parsed;
  }
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const bool removal = equals == std::string::npos && word.ends_with("-") && word.size() > 1;
    const std::string name = word.substr(0, removal ? word.size() - 1 : equals);
    if ((equals == std::string::npos && !removal) || name.empty() || name.starts_with("-")) {
      parsed.error = fmt::format("kubectl set env: found '{}', expected NAME=VALUE or NAME-", word);
      return parsed;
    }
    const auto& known = cni_environment_names();
    if (std::ranges::find(known, name) == known.end()) {
      const std::string near = near_miss(name, known);
      parsed.error = fmt::format("aws-node's variable '{}' is not modelled{}", name,
                                 near.empty() ? "" : fmt::format("; did you mean '{}'?", near));
      return parsed;
    }
    if (removal) parsed.removals.push_back(name);
    if (!removal) parsed.changes[name] = word.substr(equals + 1);
  }
  if (words.empty()) parsed.error = "kubectl set env: expected NAME=VALUE";
  return parsed;
}

std::string parse_rollout_status(std::vector<std::string> words) {
  words.erase(words.begin(), words.begin() + 3);  // kubectl rollout status
  if (std::string error = take_namespace(words); !error.empty()) return error;
  if (!is_aws_node(words))
    return "kubectl rollout status: expected daemonset aws-node; other objects are not modelled";
  if (!words.empty()) return fmt::format("kubectl rollout status: unknown word '{}'", words.front());
  return {};
}

bool is_get(const std::vector<std::string>& words) { return words.size() >= 2 && words[1] == "get"; }

bool begins(const std::vector<std::string>& words, std::string_view second, std::string_view third) {
  return words.size() >= 3 && words[1] == second && words[2] == third;
}

std::string check(const std::vector<std::string>& words) {
  if (begins(words, "set", "env")) return parse_set_env(words).error;
  if (begins(words, "rollout", "status")) return parse_rollout_status(words);
  if (is_get(words)) return check_kubectl_get({words.begin() + 2, words.end()});
  return fmt::format(
      "'kubectl {}' is not modelled; expected kubectl exec, get pods, get nodes, get daemonset aws-node, set "
      "env "
      "daemonset aws-node, or rollout status daemonset aws-node",
      words.size() > 1 ? words[1] : "");
}

/// Prints as kubectl 1.31 does while a DaemonSet rolls out, and ends with it.
/// kubernetes staging/src/k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go DaemonSetStatusViewer
class RolloutWatch final : public RunningCommand, public Entity {
 public:
  RolloutWatch(World& world, CommandOutput& output, CommandEnded ended)
      : Entity(world.engine()), world_(&world), output_(&output), ended_(std::move(ended)) {
    look_again_in(Nanoseconds(0));
  }
  void stop() override { end(130); }

  void fire(const Event&) override {
    const Cluster::Rollout& rollout = world_->cluster->rollout();
    if (!rollout.running) {
      output_->out("daemon set \"aws-node\" successfully rolled out\n");
      end(0);
      return;
    }
    if (rollout.updated != told_) {
      told_ = rollout.updated;
      output_->out(fmt::format(
          "Waiting for daemon set \"aws-node\" rollout to finish: {} out of {} new pods have been "
          "updated...\n",
          rollout.updated, world_->cluster->nodes().size()));
    }
    using namespace literals;
    look_again_in(100_ms);
  }

 private:
  void look_again_in(Nanoseconds delay) { engine().schedule(next_key(now() + delay), id()); }
  void end(int status) {
    if (auto ended = std::exchange(ended_, nullptr)) ended(status);
  }

  World* world_;
  CommandOutput* output_;
  CommandEnded ended_;
  std::uint32_t told_ = 0xffffffff;
};

std::unique_ptr<RunningCommand> start(CommandContext& context, const std::vector<std::string>& words,
                                      CommandEnded ended) {
  if (!context.world.cluster) {
    context.output.err("error: the scenario has no cluster\n");
    ended(1);
    return nullptr;
  }
  if (begins(words, "rollout", "status")) {
    return std::make_unique<RolloutWatch>(context.world, context.output, std::move(ended));
  }
  if (is_get(words)) {
    return end_at_once(context, ended, kubectl_get(context.world, {words.begin() + 2, words.end()}));
  }
  const SetEnv change = parse_set_env(words);
  if (context.world.cluster->set_environment(change.changes, change.removals)) {
    context.output.out("daemonset.apps/aws-node env updated\n");
  }
  ended(0);
  return nullptr;
}

}  // namespace

CommandKind kubectl_command() { return {"kubectl", start, check}; }

}  // namespace ekspath
