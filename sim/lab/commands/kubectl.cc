#include <fmt/ranges.h>
#include <algorithm>

#include "sim/base/near_miss.hh"
#include "sim/lab/commands/commands.hh"
#include "sim/lab/commands/immediate.hh"
#include "sim/lab/commands/kubectl_get.hh"
#include "sim/lab/commands/kubectl_session.hh"
#include "sim/lab/world.hh"

/// `kubectl` at the operator's terminal: its words, and what does them. `kubectl exec` is the shell's
/// (shell.cc).
namespace ekspath {
namespace {

using Takes = KubectlOption::Takes;

constexpr KubectlOption name_space{"namespace", 'n'}, selector{"selector", 'l'},
    all_namespaces{"all-namespaces", 'A', Takes::nothing}, field_selector{"field-selector"},
    all{"all", 0, Takes::nothing}, filename{"filename", 'f'}, output{"output", 'o'};

constexpr KubectlOption apply_options[] = {name_space, filename};
constexpr KubectlOption create_options[] = {name_space, filename};
constexpr KubectlOption create_deployment_options[] = {name_space, {"image"},   {"replicas", 'r'},
                                                       {"port"},   {"dry-run"}, output};
constexpr KubectlOption delete_options[] = {name_space,
                                            selector,
                                            field_selector,
                                            all,
                                            filename,
                                            output,
                                            all_namespaces,
                                            {"grace-period"},
                                            {"force", 0, Takes::nothing},
                                            {"now", 0, Takes::nothing},
                                            {"wait", 0, Takes::nothing},
                                            {"cascade"},
                                            {"ignore-not-found", 0, Takes::nothing}};
constexpr KubectlOption scale_options[] = {name_space, selector, all, {"replicas"}, {"current-replicas"}};
constexpr KubectlOption metadata_options[] = {
    name_space, selector, all, all_namespaces, {"overwrite", 0, Takes::nothing}, {"list", 0, Takes::nothing}};
constexpr KubectlOption node_options[] = {selector};
constexpr KubectlOption set_env_options[] = {
    name_space, selector, all, {"containers", 'c'}, {"list", 0, Takes::nothing}};
constexpr KubectlOption set_image_options[] = {name_space, selector, all};
constexpr KubectlOption rollout_status_options[] = {
    name_space, selector, {"watch", 'w', Takes::nothing}, {"timeout"}};
constexpr KubectlOption rollout_options[] = {name_space, selector};
constexpr KubectlOption rollout_undo_options[] = {name_space, selector, {"to-revision"}};
constexpr KubectlOption logs_options[] = {
    name_space, selector, {"container", 'c'}, {"tail"}, {"timestamps", 0, Takes::nothing}};
constexpr KubectlOption version_options[] = {{"client", 0, Takes::nothing}};

/// The build of the API server that answers is EKS' own; the client is the one whose texts are printed.
CommandResult version(KubectlCall& call) {
  std::string text = "Client Version: v1.31.9\nKustomize Version: v5.4.2\n";
  const auto& server = call.world.cluster->versions().kubernetes;
  if (!call.arguments.is_on("client"))
    text += fmt::format("Server Version: v{}.{}.0-eks-a737599\n", server.major, server.minor);
  return {0, text, ""};
}

CommandResult get(KubectlCall& call) { return kubectl_get(call.reader, call.arguments); }
CommandResult describe(KubectlCall& call) { return kubectl_describe(call.reader, call.arguments); }

struct ParsedCall {
  const KubectlVerb* verb = nullptr;
  std::size_t length = 0;  // of the verb, in words
};

/// The longest verb that the words behind "kubectl" begin with.
ParsedCall find_verb(const std::vector<std::string>& words) {
  for (std::size_t length = std::min<std::size_t>(words.size() - 1, 2); length > 0; --length) {
    const std::string name = fmt::format(
        "{}", fmt::join(words.begin() + 1, words.begin() + 1 + static_cast<std::ptrdiff_t>(length), " "));
    const auto found = std::ranges::find(kubectl_verbs(), name, &KubectlVerb::name);
    if (found != kubectl_verbs().end()) return {&*found, length};
  }
  return {};
}

KubectlArguments arguments_of(const ParsedCall& call, const std::vector<std::string>& words) {
  return {call.verb->name, std::span(words).subspan(1 + call.length), call.verb->options};
}

std::string check(const std::vector<std::string>& words) {
  const ParsedCall call = find_verb(words);
  if (call.verb == nullptr) {
    std::vector<std::string> names{"exec"};
    for (const KubectlVerb& verb : kubectl_verbs()) names.emplace_back(verb.name);
    const std::string wanted = words.size() > 1 ? words[1] : "";
    const std::string near = near_miss(wanted, names);
    return fmt::format("'kubectl {}' is not modelled; expected kubectl {}{}", wanted, fmt::join(names, ", "),
                       near.empty() ? "" : fmt::format("; did you mean '{}'?", near));
  }
  const KubectlArguments arguments = arguments_of(call, words);
  if (!arguments.error().empty()) return arguments.error();
  return call.verb->check == nullptr ? std::string() : call.verb->check(arguments);
}

std::unique_ptr<RunningCommand> start(CommandContext& context, const std::vector<std::string>& words,
                                      CommandEnded ended) {
  if (!context.world.cluster) {
    context.output.err("error: the scenario has no cluster\n");
    ended(1);
    return nullptr;
  }
  const ParsedCall parsed = find_verb(words);
  const KubectlArguments arguments = arguments_of(parsed, words);
  ApiServer& api = context.world.cluster->api();
  const StoreReader reader(context.world.cluster->objects(), context.world.epoch());
  KubectlCall call{context.world, api, reader, arguments, context.input, context.output};
  if (parsed.verb->start != nullptr) return parsed.verb->start(call, std::move(ended));
  return end_at_once(context, ended, parsed.verb->run(call));
}

}  // namespace

std::span<const KubectlVerb> kubectl_verbs() {
  static const KubectlVerb verbs[] = {
      {"annotate", metadata_options, kubectl_annotate},
      {"apply", apply_options, kubectl_apply},
      {"cordon", node_options, kubectl_cordon},
      {"create", create_options, kubectl_create},
      {"create deployment", create_deployment_options, kubectl_create_deployment},
      {"create deploy", create_deployment_options, kubectl_create_deployment},
      {"create namespace", {}, kubectl_create_namespace},
      {"create ns", {}, kubectl_create_namespace},
      {"delete", delete_options, nullptr, kubectl_delete},
      {"describe", kubectl_describe_options(), describe},
      {"get", kubectl_get_options(), get},
      {"label", metadata_options, kubectl_label},
      {"logs", logs_options, kubectl_logs},
      {"rollout history", rollout_options, kubectl_rollout_history},
      {"rollout pause", rollout_options, kubectl_rollout_pause},
      {"rollout restart", rollout_options, kubectl_rollout_restart},
      {"rollout resume", rollout_options, kubectl_rollout_resume},
      {"rollout status", rollout_status_options, nullptr, kubectl_rollout_status},
      {"rollout undo", rollout_undo_options, kubectl_rollout_undo},
      {"scale", scale_options, kubectl_scale},
      {"set env", set_env_options, kubectl_set_env, nullptr, check_kubectl_set_env},
      {"set image", set_image_options, kubectl_set_image},
      {"uncordon", node_options, kubectl_uncordon},
      {"version", version_options, version},
  };
  return verbs;
}

CommandKind kubectl_command() { return {"kubectl", start, check}; }

}  // namespace ekspath
