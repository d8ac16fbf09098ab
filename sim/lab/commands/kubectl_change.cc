#include <algorithm>
#include <charconv>

#include "sim/lab/commands/kubectl_session.hh"

/// `kubectl scale`, `label`, `annotate`, `cordon`, `uncordon`.
namespace ekspath {
namespace {

CommandResult failed(std::string_view text) { return {1, "", fmt::format("error: {}\n", text)}; }

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// What is no number for an option, in pflag's words.
CommandResult no_number(std::string_view verb, std::string_view option, std::string_view text) {
  return {1, "",
          fmt::format(
              "error: invalid argument \"{}\" for \"--{}\" flag: strconv.ParseInt: parsing \"{}\": invalid "
              "syntax\nSee 'kubectl {} --help' for usage.\n",
              text, option, text, verb)};
}

/// `label` and `annotate`: words that are KEY=VALUE or KEY- change, those before them name objects.
struct MetadataChange {
  std::vector<std::string> resources;
  Labels values;
  std::vector<std::string> removals;
  std::string error;
};

/// kubectl pkg/cmd/label/label.go parseLabels(), pkg/cmd/annotate parseAnnotations()
MetadataChange parse_metadata_change(const std::vector<std::string>& words, bool labels) {
  MetadataChange change;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const bool removal = equals == std::string::npos && word.size() > 1 && word.ends_with('-');
    if (equals == std::string::npos && !removal) {
      change.resources.push_back(word);
    } else if (removal) {
      change.removals.push_back(word.substr(0, word.size() - 1));
    } else if (labels &&
               (equals == 0 || !LabelSelector::parse(word) || word.find('=', equals + 1) != word.npos)) {
      change.error = fmt::format("invalid label spec: {}", word);
    } else {
      change.values[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }
  for (const std::string& removed : change.removals) {
    if (change.values.contains(removed))
      change.error = fmt::format("can not both modify and remove {} in the same command",
                                 labels ? "a label" : "an annotation");
  }
  return change;
}

/// What is there already and may not be written over.
std::string overwritten(const Labels& present, const MetadataChange& change, bool labels) {
  std::vector<std::string> conflicts;
  for (const auto& [key, value] : change.values) {
    const auto found = present.find(key);
    if (found != present.end() && found->second != value)
      conflicts.push_back(fmt::format("'{}' already has a value ({})", key, found->second));
  }
  if (conflicts.empty()) return {};
  if (labels) return fmt::format("{}, and --overwrite is false", conflicts.front());
  return fmt::format("--overwrite is false but found the following declared annotation(s): {}",
                     joined_texts(conflicts, "; "));
}

class MetadataCommand {
 public:
  MetadataCommand(KubectlCall& call, bool labels) : call_(call), labels_(labels) {}

  CommandResult run() {
    const MetadataChange change = parse_metadata_change(call_.arguments.words(), labels_);
    if (!change.error.empty()) return failed(change.error);
    const bool listing = call_.arguments.is_on("list");
    if (!listing && change.values.empty() && change.removals.empty())
      return failed(fmt::format("at least one {} update is required", labels_ ? "label" : "annotation"));
    const ChangeTargets targets = change_targets(
        call_, change.resources,
        labels_ ? "one or more resources must be specified as <resource> <name> or <resource>/<name>" : "");
    if (!targets.error.empty()) return {1, "", targets.error};
    for (const FoundObject& found : targets.finds.all()) {
      apply(found, change);
      if (result_.status != 0) return result_;
      if (listing) list(found);
    }
    result_.err += targets.finds.errors;
    if (!targets.finds.errors.empty()) result_.status = 1;
    return result_;
  }

 private:
  [[nodiscard]] Labels& part(ObjectMeta& meta) const {
    return labels_ ? meta.labels : meta.annotations.write();
  }

  void apply(const FoundObject& found, const MetadataChange& change) {
    std::string error;
    const ApiObject* stored = stored_object(call_, found, error);
    if (stored == nullptr) {
      result_ = {1, result_.out, error};
      return;
    }
    const ApiObject& object = *stored;
    Labels wanted = labels_ ? object.meta.labels : *object.meta.annotations;
    if (!call_.arguments.is_on("overwrite")) {
      if (const std::string conflict = overwritten(wanted, change, labels_); !conflict.empty()) {
        result_ = failed(conflict);
        return;
      }
    }
    const Labels before = wanted;
    for (const auto& [key, value] : change.values) wanted[key] = value;
    for (const std::string& key : change.removals) {
      if (wanted.erase(key) == 0 && labels_) result_.out += fmt::format("label \"{}\" not found.\n", key);
    }
    if (wanted != before) {
      const ApiOutcome outcome = call_.api.objects().edit(object, ObjectStore::Part::metadata,
                                                          [&](ApiObject& one) { part(one.meta) = wanted; });
      if (!outcome) {
        result_ = {1, result_.out, outcome.error->text() + "\n"};
        return;
      }
    }
    if (change.values.empty() && change.removals.empty()) return;
    const std::string_view done = !labels_                ? "annotated"
                                  : wanted == before      ? "not labeled"
                                  : change.values.empty() ? "unlabeled"
                                                          : "labeled";
    result_.out += fmt::format("{} {}\n", object_label(found.kind, found.object), done);
  }

  void list(const FoundObject& found) {
    std::string error;
    const ApiObject& object = *stored_object(call_, found, error);
    for (const auto& [key, value] : labels_ ? object.meta.labels : *object.meta.annotations)
      result_.out += fmt::format("{}={}\n", key, value);
  }

  KubectlCall& call_;
  bool labels_;
  CommandResult result_;
};

/// What the node lifecycle controller gives a node that takes no new pods.
constexpr std::string_view unschedulable_taint = "node.kubernetes.io/unschedulable";

CommandResult set_schedulable(KubectlCall& call, bool schedulable) {
  const std::string_view verb = schedulable ? "uncordon" : "cordon";
  if (call.arguments.words().empty() && !call.arguments.has("selector"))
    return failed(
        fmt::format("USAGE: {} NODE [flags]\nSee 'kubectl {} -h' for help and examples", verb, verb));
  std::vector<std::string> words{"nodes"};
  for (const std::string& word : call.arguments.words())
    words.push_back(word.substr(word.find('/') == word.npos ? 0 : word.find('/') + 1));
  const ChangeTargets targets = change_targets(call, words);
  if (!targets.error.empty()) return {1, "", targets.error};
  CommandResult result;
  for (const FoundObject& found : targets.finds.all()) {
    std::string error;
    const ApiObject* stored = stored_object(call, found, error);
    if (stored == nullptr) return {1, result.out, error};
    const ApiObject& node = *stored;
    const bool already = node.as<NodeSpec>().unschedulable != schedulable;
    if (!already) {
      (void)call.api.objects().edit(node, ObjectStore::Part::spec, [&](ApiObject& one) {
        NodeSpec& spec = one.as<NodeSpec>();
        spec.unschedulable = !schedulable;
        std::erase_if(spec.taints, [](const TaintSpec& taint) { return taint.key == unschedulable_taint; });
        if (!schedulable) spec.taints.push_back({std::string(unschedulable_taint), "", "NoSchedule"});
      });
    }
    result.out +=
        fmt::format("{} {}{}ed\n", object_label(found.kind, found.object), already ? "already " : "", verb);
  }
  result.err = targets.finds.errors;
  result.status = result.err.empty() ? 0 : 1;
  return result;
}

}  // namespace

/// kubectl pkg/cmd/scale/scale.go
CommandResult kubectl_scale(KubectlCall& call) {
  const KubectlArguments& arguments = call.arguments;
  if (!arguments.has("replicas")) return failed("required flag(s) \"replicas\" not set");
  const auto replicas = whole_number(arguments.value("replicas"));
  if (!replicas) return no_number("scale", "replicas", arguments.value("replicas"));
  if (*replicas < 0)
    return failed("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0");
  const auto current =
      whole_number(arguments.has("current-replicas") ? arguments.value("current-replicas") : "-1");
  if (!current) return no_number("scale", "current-replicas", arguments.value("current-replicas"));
  const ChangeTargets targets = change_targets(call, arguments.words());
  if (!targets.error.empty()) return {1, "", targets.error};
  const std::vector<FoundObject> found = targets.finds.all();
  // What is not there is passed over by scale, and none that is left is an error of its own. observed
  if (found.empty()) return failed("no objects passed to scale");
  CommandResult result;
  for (const FoundObject& one : found) {
    if (one.kind != ObjectKind::deployment && one.kind != ObjectKind::replica_set)
      return {1, result.out,
              "Error from server (NotFound): the server could not find the requested resource\n"};
    const std::int64_t now = number_at(one.object, {"spec", "replicas"}, 1);
    if (*current != -1 && now != *current)
      return {1, result.out, fmt::format("error: Expected replicas to be {}, was {}\n", *current, now)};
    const ApiOutcome outcome = call.api.scale(one.kind, text_at(one.object, {"metadata", "namespace"}),
                                              text_at(one.object, {"metadata", "name"}), *replicas);
    if (!outcome) return {1, result.out, outcome.error->text() + "\n"};
    result.out += object_label(one.kind, one.object) + " scaled\n";
  }
  return result;
}

CommandResult kubectl_label(KubectlCall& call) { return MetadataCommand(call, true).run(); }
CommandResult kubectl_annotate(KubectlCall& call) { return MetadataCommand(call, false).run(); }
CommandResult kubectl_cordon(KubectlCall& call) { return set_schedulable(call, false); }
CommandResult kubectl_uncordon(KubectlCall& call) { return set_schedulable(call, true); }

}  // namespace ekspath
