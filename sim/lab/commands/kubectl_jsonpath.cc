#include "sim/lab/commands/kubectl_jsonpath.hh"

#include <fmt/format.h>

#include <algorithm>

#include "sim/lab/commands/kubectl_json.hh"
#include "sim/lab/commands/kubectl_jsonpath_parse.hh"

namespace ekspath {
namespace {

using Kind = JsonPathNode::Kind;
using Values = std::vector<const Document*>;

/// client-go util/jsonpath/jsonpath.go
class Evaluator {
 public:
  Evaluator(const std::vector<JsonPathNode>& nodes, JsonPath::Found& found) : nodes_(nodes), found_(found) {}

  /// The parts from `from` on, applied to `value`, to the `end` that closes this range. Where that is, or how
  /// many parts there are.
  std::size_t run(std::size_t from, const Document* value, std::uint32_t depth, bool keep) {
    for (std::size_t i = from; i < nodes_.size() && found_.error.empty(); ++i) {
      begins_ = ends_ = false;
      in_range_ = depth > 0;
      const Values results = apply(nodes_[i], value == nullptr ? Values() : Values{value});
      if (!found_.error.empty()) break;
      if (ends_) return i;
      if (!begins_) {
        if (keep) found_.parts.push_back(results);
        continue;
      }
      std::size_t end = nodes_.size();
      // A range over nothing is walked too: its end has to be found.
      if (results.empty()) end = run(i + 1, nullptr, depth + 1, false);
      for (const Document* each : results) end = run(i + 1, each, depth + 1, keep);
      if (end < nodes_.size()) i = end;
    }
    return nodes_.size();
  }

 private:
  Values fail(std::string error) {
    if (found_.error.empty()) found_.error = std::move(error);
    return {};
  }
  const Document* keep_literal(Document value) { return &found_.literals.emplace_back(std::move(value)); }

  Values apply_all(const std::vector<JsonPathNode>& nodes, Values values) {
    for (const JsonPathNode& node : nodes) {
      values = apply(node, values);
      if (!found_.error.empty()) return {};
    }
    return values;
  }

  Values apply(const JsonPathNode& node, const Values& input) {
    switch (node.kind) {
      case Kind::list:
        return apply_all(node.nodes, input);
      case Kind::literal:
        // Text stands once, a number once for each value.
        if (node.value.is_string()) return {keep_literal(node.value)};
        return Values(input.size(), keep_literal(node.value));
      case Kind::field:
        return field(node, input);
      case Kind::array:
        return array(node, input);
      case Kind::filter:
        return filter(node, input);
      case Kind::wildcard:
        return children_of(input);
      case Kind::recursive: {
        Values all;
        for (const Document* value : input) descend(*value, all);
        return all;
      }
      case Kind::union_of: {
        Values all;
        for (const JsonPathNode& list : node.nodes) {
          const Values some = apply(list, input);
          all.insert(all.end(), some.begin(), some.end());
        }
        return all;
      }
      case Kind::identifier:
        return identifier(node, input);
    }
    return {};
  }

  Values identifier(const JsonPathNode& node, const Values& input) {
    if (node.name == "range") {
      begins_ = true;
      return input;
    }
    if (node.name != "end") return fail(fmt::format("unrecognized identifier {}", node.name));
    if (!in_range_) return fail("not in range, nothing to end");
    ends_ = true;
    return {};
  }

  static Values field(const JsonPathNode& node, const Values& input) {
    Values results;
    for (const Document* value : input) {
      if (!value->is_object()) continue;
      const auto found = value->find(node.name);
      if (found != value->end()) results.push_back(&*found);
    }
    return results;
  }

  Values array(const JsonPathNode& node, const Values& input) {
    Values results;
    for (const Document* value : input) {
      if (value->is_null()) continue;
      if (!value->is_array()) return fail(fmt::format("{} is not array or slice", go_type(*value)));
      const auto length = static_cast<std::int64_t>(value->size());
      std::int64_t from = node.bounds[0].known ? node.bounds[0].value : 0;
      if (from < 0) from += length;
      std::int64_t to = node.bounds[1].known ? node.bounds[1].value : length;
      if (to < 0 || (to == 0 && node.bounds[1].derived)) to += length;
      if (from == to) return results;
      if (from >= length || from < 0)
        return fail(fmt::format("array index out of bounds: index {}, length {}", from, length));
      if (to > length || to < 0)
        return fail(fmt::format("array index out of bounds: index {}, length {}", to - 1, length));
      if (from > to) return fail(fmt::format("starting index {} is greater than ending index {}", from, to));
      const std::int64_t step = node.bounds[2].known ? node.bounds[2].value : 1;
      if (step <= 0) return fail("step must be > 0");
      for (std::int64_t i = from; i < to; i += step)
        results.push_back(&(*value)[static_cast<std::size_t>(i)]);
    }
    return results;
  }

  static Values children_of(const Values& input) {
    Values results;
    for (const Document* value : input) {
      if (!value->is_structured()) continue;
      for (const Document& child : *value) results.push_back(&child);
    }
    return results;
  }

  static void descend(const Document& value, Values& all) {
    if (!value.is_structured() || value.empty()) return;
    all.push_back(&value);
    for (const Document& child : value) descend(child, all);
  }

  Values filter(const JsonPathNode& node, const Values& input) {
    Values results;
    for (const Document* value : input) {
      if (!value->is_array())
        return fail(fmt::format("{} is not array or slice and cannot be filtered", go_value(*value)));
      for (const Document& item : *value) {
        const Values lefts = apply(node.nodes[0], {&item});
        if (node.name == "exists") {
          if (!lefts.empty()) results.push_back(&item);
          continue;
        }
        const Values rights = lefts.empty() ? Values() : apply(node.nodes[1], {&item});
        if (!found_.error.empty()) return {};
        if (lefts.empty() || rights.empty()) continue;
        if (lefts.size() > 1 || rights.size() > 1) return fail("can only compare one element at a time");
        if (passes(*lefts.front(), node.name, *rights.front())) results.push_back(&item);
        if (!found_.error.empty()) return {};
      }
    }
    return results;
  }

  /// client-go third_party/forked/golang/template/funcs.go: values of one kind only.
  bool passes(const Document& left, std::string_view sign, const Document& right) {
    const auto kind = [](const Document& value) {
      if (value.is_string()) return 1;
      if (value.is_boolean()) return 2;
      if (value.is_number_float()) return 3;
      return value.is_number() ? 4 : 0;
    };
    constexpr std::string_view signs[] = {"<", ">", "==", "!=", "<=", ">="};
    if (std::ranges::find(signs, sign) == std::end(signs)) {
      fail(fmt::format("unrecognized filter operator {}", sign));
      return false;
    }
    const bool ordered = sign != "==" && sign != "!=";
    if (kind(left) == 0 || kind(right) == 0 || (ordered && kind(left) == 2)) {
      fail("invalid type for comparison");
      return false;
    }
    if (kind(left) != kind(right)) {
      fail("incompatible types for comparison");
      return false;
    }
    if (sign == "==") return left == right;
    if (sign == "!=") return left != right;
    if (sign == "<") return left < right;
    if (sign == ">") return left > right;
    return sign == "<=" ? left <= right : left >= right;
  }

  const std::vector<JsonPathNode>& nodes_;
  JsonPath::Found& found_;
  bool begins_ = false, ends_ = false;  // what the part at work said
  bool in_range_ = false;
};

}  // namespace

JsonPath::JsonPath(std::vector<JsonPathNode> nodes) : nodes_(std::move(nodes)) {}
JsonPath::~JsonPath() = default;
JsonPath::JsonPath(JsonPath&&) noexcept = default;
JsonPath& JsonPath::operator=(JsonPath&&) noexcept = default;

std::optional<JsonPath> JsonPath::parse(std::string_view text, std::string& error) {
  error.clear();
  std::vector<JsonPathNode> nodes = parse_jsonpath(text, error);
  if (!error.empty()) return std::nullopt;
  return JsonPath(std::move(nodes));
}

JsonPath::Found JsonPath::find(const Document& root) const {
  Found found;
  Evaluator(nodes_, found).run(0, &root, 0, true);
  return found;
}

std::string jsonpath_text(const JsonPath::Found& found) {
  std::string text;
  for (const auto& part : found.parts) {
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (i > 0) text += ' ';
      const Document& value = *part[i];
      text += value.is_structured() ? json_text(value) : value.is_null() ? "null" : go_value(value);
    }
  }
  return text;
}

}  // namespace ekspath
