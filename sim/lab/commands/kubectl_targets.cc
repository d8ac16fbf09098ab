#include "sim/lab/commands/kubectl_targets.hh"

#include <algorithm>

#include "sim/eks/api/api_error.hh"

namespace ekspath {
namespace {

/// The category `all`, in the order in which the API server's groups are found.
constexpr ObjectKind category_all[] = {ObjectKind::pod, ObjectKind::service, ObjectKind::daemon_set,
                                       ObjectKind::deployment, ObjectKind::replica_set};

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t from = 0;;) {
    const std::size_t end = text.find(separator, from);
    parts.emplace_back(text.substr(from, end - from));
    if (end == std::string_view::npos) return parts;
    from = end + 1;
  }
}

/// builder.go normalizeMultipleResourcesArgs(): `a,b c` as `a/c b/c`.
std::vector<std::string> spread_types(const std::vector<std::string>& words) {
  if (words.size() < 2) return words;
  const std::vector<std::string> types = split(words.front(), ',');
  if (types.size() < 2) return words;
  std::vector<std::string> spread;
  for (const std::string& type : types) {
    for (auto name = words.begin() + 1; name != words.end(); ++name) spread.push_back(type + "/" + *name);
  }
  return spread;
}

class TargetParser {
 public:
  TargetParser(const KubectlArguments& arguments, TargetRules rules) : arguments_(arguments), rules_(rules) {}

  KubectlTargets parse(const std::vector<std::string>& given) {
    const bool everywhere = arguments_.is_on("all-namespaces");
    targets_.name_space = everywhere ? "" : arguments_.name_space();
    const bool selecting =
        arguments_.has("selector") || arguments_.has("field-selector") || arguments_.is_on("all");
    const std::vector<std::string> words = spread_types(given);
    const auto slashed =
        std::ranges::count_if(words, [](const auto& word) { return word.find('/') != word.npos; });
    if (arguments_.has("selector")) select(arguments_.value("selector"));
    if (words.empty()) {
      fail(rules_.missing.empty() ? missing_resource : rules_.missing);
    } else if (slashed == 0) {
      by_type(words, selecting, everywhere);
    } else if (static_cast<std::size_t>(slashed) < words.size()) {
      fail(
          "there is no need to specify a resource type as a separate argument when passing arguments in "
          "resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource "
          "resource/<resource_name>'");
    } else if (selecting) {
      fail("selectors and the all flag cannot be used when passing resource/name arguments");
    } else {
      by_pairs(words, everywhere);
    }
    report_selector();
    select_fields();
    return std::move(targets_);
  }

 private:
  static constexpr std::string_view missing_resource =
      "You must provide one or more resources by argument or filename.\n"
      "Example resource specifications include:\n"
      "   '-f rsrc.yaml'\n"
      "   '--filename=rsrc.json'\n"
      "   '<resource> <name>'\n"
      "   '<resource>'";

  void fail(std::string_view text) {
    if (targets_.error.empty()) targets_.error = fmt::format("error: {}", text);
  }

  void select(const std::string& text) {
    if (auto selector = LabelSelector::parse(text)) {
      targets_.selector = std::move(*selector);
    } else {
      misread_selector_ = true;
    }
  }

  /// What the server found wrong within a label selector is said in general here.
  void report_selector() {
    if (misread_selector_ && targets_.error.empty())
      refuse_list(targets_.targets.front().kind, "unable to parse requirement");
  }

  void select_fields() {
    if (!arguments_.has("field-selector") || !targets_.error.empty()) return;
    for (const KubectlTargets::Target& target : targets_.targets) {
      std::string error;
      targets_.fields[target.kind] =
          FieldSelector::parse(target.kind, arguments_.value("field-selector"), error);
      if (!error.empty()) return refuse_list(target.kind, error);
    }
  }

  /// cli-runtime pkg/resource/helper.go EnhanceListError()
  void refuse_list(ObjectKind listed, std::string_view why) {
    const KindInfo& kind = info(listed);
    targets_.error = fmt::format(
        "Error from server (BadRequest): Unable to find \"{}/{}, Resource={}\" that match label selector "
        "\"{}\", field selector \"{}\": {}",
        kind.group, kind.version, kind.plural, arguments_.value("selector"),
        arguments_.value("field-selector"), why);
  }

  std::optional<ObjectKind> kind_of_word(const std::string& word) {
    const auto kind = parse_resource(word);
    if (!kind)
      fail(fmt::format("the server doesn't have a resource type \"{}\"", word.substr(0, word.find('.'))));
    return kind;
  }

  void by_type(const std::vector<std::string>& words, bool selecting, bool everywhere) {
    std::vector<ObjectKind> kinds;
    for (const std::string& word : split(words.front(), ',')) {
      if (word == "all") {
        kinds.insert(kinds.end(), std::begin(category_all), std::end(category_all));
      } else if (const auto kind = kind_of_word(word)) {
        kinds.push_back(*kind);
      }
    }
    if (!targets_.error.empty()) return;
    if (words.size() == 1) {
      if (!selecting && !rules_.type_alone)
        return fail("resource(s) were provided, but no name was specified");
      for (const ObjectKind kind : kinds) {
        const auto same = [&](const auto& target) { return target.kind == kind; };
        if (std::ranges::none_of(targets_.targets, same)) targets_.targets.push_back({kind, ""});
      }
      return;
    }
    if (selecting) return fail("name cannot be provided when a selector is specified");
    if (everywhere) return fail("a resource cannot be retrieved by name across all namespaces");
    for (auto name = words.begin() + 1; name != words.end(); ++name)
      targets_.targets.push_back({kinds.front(), *name});
  }

  void by_pairs(const std::vector<std::string>& words, bool everywhere) {
    for (const std::string& word : words) {
      const std::vector<std::string> parts = split(word, '/');
      if (parts.size() != 2) return fail("arguments in resource/name form may not have more than one slash");
      if (parts[0].empty() || parts[1].empty() || parts[0].find(',') != std::string::npos)
        return fail("arguments in resource/name form must have a single resource and name");
      if (const auto kind = kind_of_word(parts[0])) targets_.targets.push_back({*kind, parts[1]});
    }
    if (everywhere) fail("a resource cannot be retrieved by name across all namespaces");
  }

  const KubectlArguments& arguments_;
  TargetRules rules_;
  KubectlTargets targets_;
  bool misread_selector_ = false;
};

Labels labels_of(const Document& object) {
  Labels labels;
  for (const auto& [key, value] : document_at(object, {"metadata", "labels"}).items())
    labels.emplace(key, value.get<std::string>());
  return labels;
}

}  // namespace

KubectlTargets parse_targets(const std::vector<std::string>& words, const KubectlArguments& arguments,
                             TargetRules rules) {
  return TargetParser(arguments, rules).parse(words);
}

KubectlFinds find_targets(const ClusterReader& reader, const KubectlTargets& targets) {
  KubectlFinds finds;
  for (const KubectlTargets::Target& target : targets.targets) {
    std::vector<Document> objects =
        reader.list(target.kind, info(target.kind).namespaced ? targets.name_space : std::string());
    if (target.name.empty()) {
      const auto fields = targets.fields.find(target.kind);
      std::erase_if(objects, [&](const Document& object) {
        return !targets.selector.matches(labels_of(object)) ||
               (fields != targets.fields.end() && !fields->second.matches(object));
      });
    } else {
      std::erase_if(objects, [&](const Document& object) {
        return text_at(object, {"metadata", "name"}) != target.name;
      });
      if (objects.empty()) {
        finds.errors += ApiError::not_found(target.kind, target.name).text() + "\n";
        continue;
      }
    }
    const bool by_name = !target.name.empty();
    if (by_name && !finds.groups.empty() && finds.groups.back().by_name &&
        finds.groups.back().kind == target.kind) {
      finds.groups.back().objects.push_back(std::move(objects.front()));
    } else {
      finds.groups.push_back({target.kind, std::move(objects), by_name});
    }
  }
  return finds;
}

std::vector<FoundObject> KubectlFinds::all() const {
  std::vector<FoundObject> found;
  for (const Group& group : groups) {
    for (const Document& object : group.objects) found.push_back({group.kind, object});
  }
  return found;
}

std::string object_label(ObjectKind kind, const Document& object) {
  return fmt::format("{}/{}", info(kind).singular_resource(), text_at(object, {"metadata", "name"}));
}

}  // namespace ekspath
