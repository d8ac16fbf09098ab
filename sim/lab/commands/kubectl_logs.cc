#include <algorithm>
#include <charconv>

#include "sim/eks/api/render.hh"
#include "sim/lab/commands/kubectl_pods.hh"
#include "sim/lab/commands/kubectl_session.hh"
#include "sim/lab/world.hh"

/// `kubectl logs`: what the programs of a pod wrote. kubectl pkg/cmd/logs/logs.go
namespace ekspath {
namespace {

constexpr std::string_view usage =
    "error: expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required "
    "argument for "
    "the logs command\nSee 'kubectl logs -h' for help and examples\n";

/// With -l so many lines of each pod are shown, unless --tail says else.
constexpr std::int64_t lines_of_selected = 10;

struct LogOptions {
  std::int64_t tail = -1;  // -1: everything
  bool timestamps = false;
};

/// The time as kubelet writes it before each line: RFC 3339 with nanoseconds.
std::string stamp(Nanoseconds since_1970) {
  const std::string seconds = api_time(since_1970);
  return fmt::format("{}.{:09}Z", seconds.substr(0, seconds.size() - 1), since_1970.count() % 1'000'000'000);
}

std::vector<std::string> lines_of(const World& world, const Host& host, const std::string& container,
                                  bool timestamps) {
  std::vector<std::pair<Nanoseconds, std::string>> pieces;
  if (const Program* own = world.cluster->program(host.pod_namespace, host.pod_name, container)) {
    for (const ProgramOutput& piece : own->output()) pieces.emplace_back(piece.time, piece.text);
  }
  const auto [first, last] = world.logs.equal_range(host.name);
  for (auto program = first; program != last; ++program) {
    for (const ProgramOutput& piece : program->second->output()) pieces.emplace_back(piece.time, piece.text);
  }
  std::ranges::stable_sort(pieces, {}, &std::pair<Nanoseconds, std::string>::first);
  std::vector<std::string> lines;
  bool open = false;
  for (const auto& [time, text] : pieces) {
    for (std::size_t from = 0; from < text.size();) {
      const std::size_t end = std::min(text.find('\n', from), text.size());
      if (!open) lines.push_back(timestamps ? stamp(world.epoch() + time) + " " : std::string());
      lines.back() += text.substr(from, end - from);
      open = end == text.size();
      from = end + 1;
    }
  }
  return lines;
}

/// kubernetes pkg/kubelet/kubelet.go GetKubeletContainerLogs(), validateContainerLogStatus(): "" when there
/// is something to read.
std::string why_no_log(const PodChoice& choice) {
  for (const Document& status : document_at(choice.pod, {"status", "containerStatuses"})) {
    if (text_at(status, {"name"}) != choice.container) continue;
    if (document_at(status, {"state", "waiting"}).is_object() && number_at(status, {"restartCount"}) == 0)
      return fmt::format(
          "Error from server (BadRequest): container \"{}\" in pod \"{}\" is waiting to start: {}\n",
          choice.container, text_at(choice.pod, {"metadata", "name"}),
          text_at(status, {"state", "waiting", "reason"}));
  }
  return {};
}

bool has_container(const PodChoice& choice) {
  for (const char* list : {"containers", "initContainers"}) {
    for (const Document& container : document_at(choice.pod, {"spec", list})) {
      if (text_at(container, {"name"}) == choice.container) return true;
    }
  }
  return false;
}

void add_log(KubectlCall& call, const PodChoice& choice, const LogOptions& options, CommandResult& result) {
  const std::string name = text_at(choice.pod, {"metadata", "name"});
  if (!has_container(choice)) {
    result.err += fmt::format("error: container {} is not valid for pod {}\n", choice.container, name);
    return;
  }
  if (const std::string error = why_no_log(choice); !error.empty()) {
    result.err += error;
    return;
  }
  const Host* host = call.world.pod_host(text_at(choice.pod, {"metadata", "namespace"}), name);
  if (host == nullptr) return;
  const std::vector<std::string> lines = lines_of(call.world, *host, choice.container, options.timestamps);
  const auto count = static_cast<std::int64_t>(lines.size());
  const std::int64_t skipped = options.tail < 0 ? 0 : std::max<std::int64_t>(count - options.tail, 0);
  for (auto line = lines.begin() + skipped; line != lines.end(); ++line) result.out += *line + "\n";
}

}  // namespace

CommandResult kubectl_logs(KubectlCall& call) {
  const KubectlArguments& arguments = call.arguments;
  LogOptions options{arguments.has("selector") ? lines_of_selected : -1, arguments.is_on("timestamps")};
  if (const std::string text = arguments.value("tail"); arguments.has("tail")) {
    if (std::from_chars(text.data(), text.data() + text.size(), options.tail).ptr !=
        text.data() + text.size())
      return {
          1, "",
          fmt::format(
              "error: invalid argument \"{}\" for \"--tail\" flag: strconv.ParseInt: parsing \"{}\": invalid "
              "syntax\nSee 'kubectl logs --help' for usage.\n",
              text, text)};
  }
  CommandResult result;
  if (arguments.words().empty() && arguments.has("selector")) {
    const KubectlTargets targets = parse_targets({"pods"}, arguments, {true, {}});
    if (!targets.error.empty()) return {1, "", targets.error + "\n"};
    const std::vector<FoundObject> pods = find_targets(call.reader, targets).all();
    if (pods.empty())
      call.output.err(fmt::format("No resources found in {} namespace.\n", arguments.name_space()));
    for (const FoundObject& found : pods) {
      const PodChoice choice = choose_container_of(found.object, arguments);
      call.output.err(choice.notice);
      add_log(call, choice, options, result);
    }
  } else if (arguments.words().empty()) {
    return {1, "", std::string(usage)};
  } else {
    const PodChoice choice = choose_pod(call.reader, arguments.words().front(), arguments, PodPurpose::logs);
    call.output.err(choice.notice);
    result.err = choice.error;
    if (choice.error.empty()) add_log(call, choice, options, result);
  }
  result.status = result.err.empty() ? 0 : 1;
  return result;
}

}  // namespace ekspath
