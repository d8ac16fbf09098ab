#include "sim/lab/commands/kubectl_get.hh"

#include <fmt/ranges.h>

#include <algorithm>

#include "sim/eks/api/quantity.hh"
#include "sim/lab/commands/kubectl_columns.hh"
#include "sim/lab/commands/kubectl_custom_columns.hh"
#include "sim/lab/commands/kubectl_json.hh"
#include "sim/lab/commands/kubectl_tabs.hh"
#include "sim/lab/commands/kubectl_targets.hh"
#include "sim/lab/commands/kubectl_yaml.hh"

namespace ekspath {
namespace {

constexpr std::string_view no_resource =
    "You must specify the type of resource to get. Use \"kubectl api-resources\" for a complete list of "
    "supported resources.\n\n"
    "error: Required resource not specified.\n"
    "Use \"kubectl explain <resource>\" for a detailed description of that resource (e.g. kubectl explain "
    "pods).\n"
    "See 'kubectl get -h' for help and examples\n";

/// sorter.go isLess(): resource amounts by what they amount to, other texts byte by byte.
bool sorts_before(const Document& left, const Document& right) {
  if (left.is_string() && right.is_string()) {
    const auto a = Quantity::parse(left.get_ref<const std::string&>());
    const auto b = Quantity::parse(right.get_ref<const std::string&>());
    if (a && b) return a->milli() < b->milli();
  }
  return left < right;
}

/// --sort-by. False when no object has the field. Those that lack it come first, the last of them at the
/// front: sorter.go Less() says of each that it is less than any other.
bool sort_by(const JsonPath& path, std::vector<Document>& objects) {
  std::vector<std::pair<Document, std::size_t>> keyed;
  std::vector<Document> sorted;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const JsonPath::Found found = path.find(objects[i]);
    if (found.parts.empty() || found.parts.front().empty()) {
      sorted.insert(sorted.begin(), objects[i]);
    } else {
      keyed.emplace_back(*found.parts.front().front(), i);
    }
  }
  std::ranges::stable_sort(keyed, sorts_before, &std::pair<Document, std::size_t>::first);
  for (const auto& [key, index] : keyed) sorted.push_back(objects[index]);
  objects = std::move(sorted);
  return !keyed.empty();
}

std::string unknown_form(std::string_view form) {
  constexpr std::string_view forms[] = {"custom-columns",
                                        "custom-columns-file",
                                        "go-template",
                                        "go-template-file",
                                        "json",
                                        "jsonpath",
                                        "jsonpath-as-json",
                                        "jsonpath-file",
                                        "name",
                                        "template",
                                        "templatefile",
                                        "wide",
                                        "yaml"};
  if (std::ranges::find(forms, form.substr(0, form.find('='))) != std::end(forms))
    return fmt::format("the output format \"{}\" is not modelled", form);
  return fmt::format(
      "unable to match a printer suitable for the output format \"{}\", allowed formats are: {}", form,
      fmt::join(forms, ","));
}

class GetCommand {
 public:
  GetCommand(const ClusterReader& reader, const KubectlArguments& arguments)
      : reader_(reader), arguments_(arguments), form_(arguments.value("output")) {}

  CommandResult run() {
    if (arguments_.words().empty()) return {1, "", std::string(no_resource)};
    const bool table = form_.empty() || form_ == "wide";
    if (arguments_.is_on("show-labels") && !table)
      return failed(fmt::format("--show-labels option cannot be used with {} printer", form_));
    KubectlTargets targets = parse_targets(arguments_.words(), arguments_, {true, {}});
    if (!targets.error.empty()) return {1, "", targets.error + "\n"};
    name_space_ = targets.name_space;
    single_ = targets.targets.size() == 1 && !targets.targets.front().name.empty();
    finds_ = find_targets(reader_, targets);
    return table ? tables() : documents();
  }

 private:
  static CommandResult failed(std::string_view text) { return {1, "", fmt::format("error: {}\n", text)}; }

  [[nodiscard]] bool with_kinds() const {
    return std::ranges::any_of(finds_.groups,
                               [&](const auto& group) { return group.kind != finds_.groups.front().kind; });
  }

  CommandResult tables() {
    CommandResult result;
    const bool sorting = arguments_.has("sort-by"), kinds = with_kinds();
    bool namespaced = !arguments_.is_on("all-namespaces");
    for (KubectlFinds::Group& group : finds_.groups) {
      namespaced = namespaced && info(group.kind).namespaced;
      if (group.objects.empty()) continue;
      // kubectl 1.31 prints nothing of a table that it cannot sort, and says nothing either. observed
      if (sorting && !sorted(group.objects)) continue;
      if (!result.out.empty() && !arguments_.is_on("no-headers")) result.out += '\n';
      result.out += table_text(group, kinds);
    }
    result.err = finds_.errors;
    if (result.out.empty() && result.err.empty() && !arguments_.is_on("ignore-not-found"))
      result.err = namespaced ? fmt::format("No resources found in {} namespace.\n", name_space_)
                              : std::string("No resources found\n");
    return with_status(result);
  }

  bool sorted(std::vector<Document>& objects) {
    std::string error;
    const auto text = relaxed_jsonpath(arguments_.value("sort-by"), error);
    const auto path = text ? JsonPath::parse(*text, error) : std::nullopt;
    return path && sort_by(*path, objects);
  }

  std::string table_text(const KubectlFinds::Group& group, bool with_kind) const {
    const auto& columns = table_columns(group.kind);
    const bool wide = form_ == "wide",
               with_namespace = arguments_.is_on("all-namespaces") && info(group.kind).namespaced;
    std::vector<std::string> labels;  // -L
    for (const std::string& list : arguments_.values("label-columns")) {
      for (std::size_t from = 0;;) {
        const std::size_t comma = list.find(',', from);
        labels.push_back(list.substr(from, comma - from));
        if (comma == std::string::npos) break;
        from = comma + 1;
      }
    }
    std::string text;
    if (!arguments_.is_on("no-headers")) {
      std::vector<std::string> titles;
      if (with_namespace) titles.emplace_back("NAMESPACE");
      for (const TableColumn& column : columns) {
        if (wide || !column.wide) titles.emplace_back(column.title);
      }
      for (const std::string& label : labels) titles.push_back(upper(label.substr(label.rfind('/') + 1)));
      if (arguments_.is_on("show-labels")) titles.emplace_back("LABELS");
      text += joined_texts(titles, "\t") + "\n";
    }
    for (const Document& object : group.objects) {
      const std::vector<std::string> all = table_cells(group.kind, object, reader_.now_ns());
      std::vector<std::string> cells;
      if (with_namespace) cells.push_back(text_at(object, {"metadata", "namespace"}));
      for (std::size_t i = 0; i < all.size(); ++i) {
        if (!wide && columns[i].wide) continue;
        const bool name = with_kind && columns[i].title == "NAME";
        cells.push_back((name ? info(group.kind).singular_resource() + "/" : "") + one_line(all[i]));
      }
      const Document& own = document_at(object, {"metadata", "labels"});
      for (const std::string& label : labels) cells.push_back(text_at(own, {label}));
      if (arguments_.is_on("show-labels")) cells.push_back(label_text(own));
      text += joined_texts(cells, "\t") + "\n";
    }
    return align_tabs(text, table_tabs);
  }

  static std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return text;
  }

  /// tableprinter.go printTable(): only the first line of a cell.
  static std::string one_line(const std::string& cell) {
    const std::size_t end = cell.find_first_of("\f\n\r");
    return end == std::string::npos ? cell : cell.substr(0, end) + "...";
  }

  /// Forms that are made of the objects themselves.
  CommandResult documents() {
    std::vector<FoundObject> found = finds_.all();
    CommandResult result;
    result.err = finds_.errors;
    if (single_ && found.empty()) return with_status(result);
    std::vector<Document> objects;
    for (FoundObject& one : found) objects.push_back(std::move(one.object));
    if (arguments_.has("sort-by") && objects.size() > 1) {
      std::string error;
      const auto text = relaxed_jsonpath(arguments_.value("sort-by"), error);
      const auto path = text ? JsonPath::parse(*text, error) : std::nullopt;
      if (!path) return failed(error);
      if (!sort_by(*path, objects))
        return failed(fmt::format("couldn't find any field with path \"{}\" in the list of objects", *text));
    }
    print(objects, result);
    return with_status(result);
  }

  void print(const std::vector<Document>& objects, CommandResult& result) {
    const std::size_t equals = form_.find('=');
    const std::string name = form_.substr(0, equals),
                      rest = equals == std::string::npos ? "" : form_.substr(equals + 1);
    std::string error;
    if (name == "name") {
      for (const Document& object : objects)
        result.out += object_label(kind_of_object(object), object) + "\n";
    } else if (name == "json") {
      result.out += json_text(document(objects), 4) + "\n";
    } else if (name == "yaml") {
      result.out += yaml_text(document(objects));
    } else if (name == "jsonpath") {
      const auto path = JsonPath::parse(rest, error);
      if (path && !rest.empty()) return print_jsonpath(*path, rest, document(objects), result);
      error = rest.empty() ? "template format specified but no template given"
                           : fmt::format("error parsing jsonpath {}, {}", rest, error);
    } else if (name != "custom-columns") {
      error = unknown_form(form_);
    } else if (const auto columns = CustomColumns::parse(rest, error)) {
      std::vector<const Document*> all;
      for (const Document& object : objects) all.push_back(&object);
      result.out += columns->text(all, !arguments_.is_on("no-headers"), error);
    }
    if (!error.empty()) result.err += fmt::format("error: {}\n", error);
  }

  void print_jsonpath(const JsonPath& path, const std::string& text, const Document& value,
                      CommandResult& result) {
    const JsonPath::Found found = path.find(value);
    if (found.error.empty()) {
      result.out += jsonpath_text(found);
      return;
    }
    result.err += fmt::format(
        "error: error executing jsonpath \"{}\": Error executing template: {}. Printing more information for "
        "debugging the template:\n\ttemplate was:\n\t\t{}\n\tobject given to jsonpath engine "
        "was:\n\t\t{}\n\n\n",
        text, found.error, text, go_syntax(value));
  }

  static ObjectKind kind_of_object(const Document& object) {
    return find_kind(text_at(object, {"apiVersion"}), text_at(object, {"kind"})).value();
  }

  /// One object that was asked for by its name stands alone, everything else in a List.
  [[nodiscard]] Document document(const std::vector<Document>& objects) const {
    if (single_) return objects.front();
    return {
        {"apiVersion", "v1"}, {"items", objects}, {"kind", "List"}, {"metadata", {{"resourceVersion", ""}}}};
  }

  CommandResult with_status(CommandResult result) const {
    const bool nothing_found = result.err.starts_with("No resources found");
    if (arguments_.is_on("ignore-not-found") && result.err == finds_.errors) result.err.clear();
    result.status = result.err.empty() || nothing_found ? 0 : 1;
    return result;
  }

  const ClusterReader& reader_;
  const KubectlArguments& arguments_;
  std::string form_;
  KubectlFinds finds_;
  std::string name_space_;
  bool single_ = false;
};

/// DescribeMatchingResources(): nothing has that name, but names begin with it.
std::string describe_matching(const ClusterReader& reader, const KubectlTargets& targets) {
  const auto& [kind, prefix] = targets.targets.front();
  std::string text;
  for (const Document& object :
       reader.list(kind, info(kind).namespaced ? targets.name_space : std::string())) {
    if (text_at(object, {"metadata", "name"}).starts_with(prefix))
      text += describe_object(reader, kind, object) + "\n";
  }
  return text;
}

}  // namespace

std::span<const KubectlOption> kubectl_get_options() {
  using Takes = KubectlOption::Takes;
  static constexpr KubectlOption options[] = {{"namespace", 'n'},
                                              {"output", 'o'},
                                              {"selector", 'l'},
                                              {"field-selector"},
                                              {"all-namespaces", 'A', Takes::nothing},
                                              {"show-labels", 0, Takes::nothing},
                                              {"label-columns", 'L'},
                                              {"sort-by", 0},
                                              {"no-headers", 0, Takes::nothing},
                                              {"ignore-not-found", 0, Takes::nothing}};
  return options;
}

CommandResult kubectl_get(const ClusterReader& reader, const KubectlArguments& arguments) {
  return GetCommand(reader, arguments).run();
}

std::span<const KubectlOption> kubectl_describe_options() {
  using Takes = KubectlOption::Takes;
  static constexpr KubectlOption options[] = {{"namespace", 'n'},
                                              {"selector", 'l'},
                                              {"all-namespaces", 'A', Takes::nothing},
                                              {"show-events", 0, Takes::nothing}};
  return options;
}

CommandResult kubectl_describe(const ClusterReader& reader, const KubectlArguments& arguments) {
  const KubectlTargets targets =
      parse_targets(arguments.words(), arguments,
                    {true,
                     "You must specify the type of resource to describe. Use \"kubectl api-resources\" for a "
                     "complete list of supported resources."});
  if (!targets.error.empty()) return {1, "", targets.error + "\n"};
  const KubectlFinds finds = find_targets(reader, targets);
  CommandResult result;
  if (arguments.words().size() == 2 && finds.groups.empty() && targets.targets.size() == 1)
    result.out = describe_matching(reader, targets);
  if (!result.out.empty()) return result;
  for (const FoundObject& found : finds.all()) {
    if (!result.out.empty()) result.out += "\n\n";
    result.out += describe_object(reader, found.kind, found.object, arguments.is_on("show-events", true));
  }
  result.err = finds.errors;
  if (result.out.empty() && result.err.empty())
    result.err = targets.name_space.empty()
                     ? std::string("No resources found\n")
                     : fmt::format("No resources found in {} namespace.\n", targets.name_space);
  result.status = finds.errors.empty() ? 0 : 1;
  return result;
}

}  // namespace ekspath
