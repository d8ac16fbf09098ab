#include "sim/lab/commands/kubectl_json.hh"

#include <fmt/format.h>

namespace ekspath {
namespace {

/// encoding/json escapes what a browser could take for markup.
std::string escaped(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  for (const char c : json) {
    if (c == '<' || c == '>' || c == '&') {
      text += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      text += c;
    }
  }
  return text;
}

/// Parts of a map or a list between `open` and `close`.
template <typename Part>
std::string joined(const Document& value, std::string_view open, std::string_view separator,
                   std::string_view close, Part part) {
  std::string text(open);
  bool first = true;
  for (const auto& [name, child] : value.items()) {
    if (!first) text += separator;
    first = false;
    text += part(name, child);
  }
  return text.append(close);
}

std::string go_quoted(const std::string& text) { return Document(text).dump(); }

}  // namespace

std::string json_text(const Document& value, int indent) {
  return escaped(value.dump(indent, ' ', false, Document::error_handler_t::replace));
}

std::string go_value(const Document& value) {
  switch (value.type()) {
    case Document::value_t::object:
      return joined(value, "map[", " ", "]", [](const std::string& name, const Document& child) {
        return name + ":" + go_value(child);
      });
    case Document::value_t::array:
      return joined(value, "[", " ", "]",
                    [](const std::string&, const Document& child) { return go_value(child); });
    case Document::value_t::string:
      return value.get<std::string>();
    case Document::value_t::null:
      return "<nil>";
    case Document::value_t::number_float:
      return fmt::format("{}", value.get<double>());
    default:
      return value.dump();
  }
}

std::string go_syntax(const Document& value) {
  switch (value.type()) {
    case Document::value_t::object:
      return joined(value, "map[string]interface {}{", ", ", "}",
                    [](const std::string& name, const Document& child) {
                      return go_quoted(name) + ":" + go_syntax(child);
                    });
    case Document::value_t::array:
      return joined(value, "[]interface {}{", ", ", "}",
                    [](const std::string&, const Document& child) { return go_syntax(child); });
    case Document::value_t::string:
      return go_quoted(value.get<std::string>());
    case Document::value_t::null:
      return "interface {}(nil)";
    default:
      return go_value(value);
  }
}

std::string_view go_type(const Document& value) {
  if (value.is_object()) return "map[string]interface {}";
  if (value.is_array()) return "[]interface {}";
  if (value.is_string()) return "string";
  if (value.is_boolean()) return "bool";
  if (value.is_number_float()) return "float64";
  return value.is_number() ? "int64" : "<nil>";
}

}  // namespace ekspath
