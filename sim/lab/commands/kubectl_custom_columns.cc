#include "sim/lab/commands/kubectl_custom_columns.hh"

#include <fmt/format.h>

#include "sim/lab/commands/kubectl_json.hh"
#include "sim/lab/commands/kubectl_tabs.hh"

namespace ekspath {

std::optional<std::string> relaxed_jsonpath(std::string_view path, std::string& error) {
  if (path.empty()) return "";
  std::string_view inside = path;
  const bool braced = inside.starts_with("{") && inside.ends_with("}");
  if (braced) inside = inside.substr(1, inside.size() - 2);
  if (inside.starts_with(".")) inside.remove_prefix(1);
  // ^\{\.?([^{}]+)\}$|^\.?([^{}]+)$
  if (inside.empty() || inside.find_first_of("{}") != std::string_view::npos) {
    error =
        "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or "
        "'{.name1.name2}'";
    return std::nullopt;
  }
  return fmt::format("{{.{}}}", inside);
}

std::optional<CustomColumns> CustomColumns::parse(std::string_view specification, std::string& error) {
  CustomColumns parsed;
  if (specification.empty()) {
    error = "custom-columns format specified but no custom columns given";
    return std::nullopt;
  }
  for (std::size_t from = 0;;) {
    const std::size_t comma = specification.find(',', from);
    const std::string_view part = specification.substr(from, comma - from);
    const std::size_t colon = part.find(':');
    if (colon == std::string_view::npos) {
      error = fmt::format("unexpected custom-columns spec: {}, expected <header>:<json-path-expr>", part);
      return std::nullopt;
    }
    const auto text = relaxed_jsonpath(part.substr(colon + 1), error);
    if (!text) return std::nullopt;
    auto path = JsonPath::parse(*text, error);
    if (!path) return std::nullopt;
    parsed.columns_.push_back({std::string(part.substr(0, colon)), std::move(*path)});
    if (comma == std::string_view::npos) return parsed;
    from = comma + 1;
  }
}

std::string CustomColumns::text(const std::vector<const Document*>& objects, bool headers,
                                std::string& error) const {
  std::string text;
  if (headers) {
    for (const Column& column : columns_)
      text += fmt::format("{}{}", &column == &columns_.front() ? "" : "\t", column.header);
    text += '\n';
  }
  for (const Document* object : objects) {
    for (const Column& column : columns_) {
      if (&column != &columns_.front()) text += '\t';
      const JsonPath::Found found = column.path.find(*object);
      if (!found.error.empty()) {
        error = found.error;
        return {};
      }
      std::string cell = found.parts.empty() || found.parts.front().empty() ? "<none>" : "";
      for (const auto& part : found.parts) {
        for (const Document* value : part) cell += (cell.empty() ? "" : ",") + go_value(*value);
      }
      text += cell;
    }
    text += '\n';
  }
  return align_tabs(text, table_tabs);
}

}  // namespace ekspath
