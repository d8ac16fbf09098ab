#include "sim/lab/variant.hh"

#include <algorithm>
#include <charconv>

namespace ekspath {
namespace {

/// One walk down the tree and the shape beside it.
class Walk {
 public:
  Walk(const Override& change, Diagnostics& diagnostics)
      : change_(change), diagnostics_(diagnostics), rest_(*change.path) {}

  bool apply(YamlNode& node, const Shape& shape) {
    if (rest_.empty()) {
      node = change_.value;
      return true;
    }
    switch (shape.kind) {
      case Shape::Kind::object:
        return step_into_object(node, shape);
      case Shape::Kind::map:
        return step_into_map(node, shape);
      case Shape::Kind::list:
        return step_into_list(node, shape);
      case Shape::Kind::any_of:
        return step_into_alternative(node, shape);
      default:
        break;
    }
    return refuse(fmt::format("nothing lies below '{}': it is {}", walked(), shape.what), {}, {});
  }

 private:
  bool refuse(std::string found, std::string expected, std::string hint) {
    diagnostics_.report({change_.path.where, std::move(found), std::move(expected), std::move(hint)});
    return false;
  }
  bool unknown(std::string_view step, const std::string& of, const std::vector<std::string>& known) {
    return refuse(fmt::format("unknown '{}' in the path '{}': {} has no such thing", step, *change_.path, of),
                  known.empty() ? std::string() : one_of(known), did_you_mean(near_miss(step, known)));
  }

  [[nodiscard]] std::string walked() const {
    const std::string_view path = *change_.path;
    const std::size_t used = path.size() - rest_.size();
    return std::string(path.substr(0, used > 0 ? used - 1 : 0));
  }

  /// Takes `length` characters and the dot behind them off the path.
  void advance(std::size_t length) { rest_.remove_prefix(length < rest_.size() ? length + 1 : length); }
  [[nodiscard]] bool begins_with(std::string_view word) const {
    return rest_.starts_with(word) && (rest_.size() == word.size() || rest_[word.size()] == '.');
  }

  /// What is absent, or null, becomes an empty mapping.
  bool make_map(YamlNode& node, const Shape& shape) {
    if (node.is_null()) {
      node.kind = YamlNode::Kind::map;
      node.where = change_.path.where;
    }
    if (node.kind == YamlNode::Kind::map) return true;
    return refuse(fmt::format("nothing lies below '{}' in this file: it is {}", walked(), node.describe()),
                  shape.what, {});
  }

  YamlNode& child(YamlNode& node, std::string key) {
    if (YamlNode* found = node.find(key)) return *found;
    node.entries.push_back({std::move(key), change_.path.where, YamlNode::nothing_at(change_.path.where)});
    return node.entries.back().value;
  }

  bool step_into_object(YamlNode& node, const Shape& shape) {
    const std::string key(rest_.substr(0, rest_.find('.')));
    const FieldShape* field = shape.field(key);
    if (field == nullptr) return unknown(key, shape.what, shape.field_names());
    if (!make_map(node, shape)) return false;
    advance(key.size());
    return apply(child(node, key), field->shape);
  }

  /// Keys may hold dots (sysctls, host names): where values are scalars the whole rest is the key, else all
  /// but the last step, unless the file has a key that fits.
  bool step_into_map(YamlNode& node, const Shape& shape) {
    if (!make_map(node, shape)) return false;
    const Shape& value = shape.parts.front();
    std::string key(rest_);
    if (value.kind == Shape::Kind::object) {
      const auto present =
          std::ranges::find_if(node.entries, [&](const YamlEntry& entry) { return begins_with(entry.key); });
      const std::size_t dot = rest_.rfind('.');
      if (present != node.entries.end()) {
        key = present->key;
      } else if (dot != std::string_view::npos) {
        key = rest_.substr(0, dot);
      }
    }
    advance(key.size());
    return apply(child(node, key), value);
  }

  bool step_into_list(YamlNode& node, const Shape& shape) {
    if (node.kind != YamlNode::Kind::list) {
      return refuse(fmt::format("the file has no list '{}' to choose from", walked()), {}, {});
    }
    std::vector<std::string> names;
    for (YamlNode& item : node.items) {
      const YamlNode* name = item.find("name");
      if (name == nullptr || name->kind != YamlNode::Kind::scalar) continue;
      if (begins_with(name->text)) {
        advance(name->text.size());
        return apply(item, shape.parts.front());
      }
      names.push_back(name->text);
    }
    const std::string_view step = rest_.substr(0, rest_.find('.'));
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
    if (error == std::errc() && end == step.data() + step.size() && index < node.items.size()) {
      advance(step.size());
      return apply(node.items[index], shape.parts.front());
    }
    return unknown(step, fmt::format("the list '{}'", walked()), names);
  }

  /// A step that is a mapping, a list of captures: whatever the file has chosen.
  bool step_into_alternative(YamlNode& node, const Shape& shape) {
    const Shape::Kind wanted = node.kind == YamlNode::Kind::list ? Shape::Kind::list : Shape::Kind::object;
    const auto found = std::ranges::find(shape.parts, wanted, &Shape::kind);
    const bool fits = node.kind == YamlNode::Kind::list || node.kind == YamlNode::Kind::map;
    if (fits && found != shape.parts.end()) return apply(node, *found);
    return refuse(fmt::format("nothing lies below '{}' in this file: it is {}", walked(), node.describe()),
                  shape.expectation(), {});
  }

  const Override& change_;
  Diagnostics& diagnostics_;
  std::string_view rest_;
};

/// A command line has no lines: its values are placed at the argument, and may be strings without quotes.
void place_at(YamlNode& node, const Location& where) {
  node.where = where;
  node.untyped = true;
  for (auto& item : node.items) place_at(item, where);
  for (auto& entry : node.entries) {
    entry.where = where;
    place_at(entry.value, where);
  }
}

}  // namespace

bool apply_override(YamlNode& document, const Override& change, Diagnostics& diagnostics) {
  YamlNode* spec = document.find("spec");
  if (spec == nullptr) return false;  // reported as missing when the file is typed
  return Walk(change, diagnostics).apply(*spec, scenario_shape().field("spec")->shape);
}

std::optional<Override> parse_set(const std::string& argument, Diagnostics& diagnostics) {
  const Location where{fmt::format("--set {}", argument), 0, 0};
  const std::size_t equals = argument.find('=');
  if (equals == std::string::npos || equals == 0) {
    diagnostics.report({where, "no change", "PATH=VALUE, such as cluster.nodeGroups.ng1.count=5", {}});
    return std::nullopt;
  }
  const std::string value = argument.substr(equals + 1);
  auto node = parse_yaml(value, where.file, diagnostics);
  if (!node) return std::nullopt;
  if (node->is_null()) *node = YamlNode::scalar_at(where, value, false);
  place_at(*node, where);
  return Override{{argument.substr(0, equals), where}, std::move(*node)};
}

}  // namespace ekspath
