#include "sim/eks/api/field_selector.hh"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace ekspath {
namespace {

/// Beside metadata.name and metadata.namespace. pkg/apis/core/v1/conversion.go
/// AddFieldLabelConversionsFor...()
std::span<const std::string_view> fields_of(ObjectKind kind) {
  static constexpr std::string_view pod[] = {
      "spec.nodeName",           "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
      "spec.hostNetwork",        "status.phase",       "status.podIP",       "status.podIPs",
      "status.nominatedNodeName"};
  static constexpr std::string_view event[] = {"involvedObject.kind",
                                               "involvedObject.namespace",
                                               "involvedObject.name",
                                               "involvedObject.uid",
                                               "involvedObject.apiVersion",
                                               "involvedObject.resourceVersion",
                                               "involvedObject.fieldPath",
                                               "reason",
                                               "reportingComponent",
                                               "source",
                                               "type"};
  static constexpr std::string_view node[] = {"spec.unschedulable"};
  static constexpr std::string_view name_space[] = {"status.phase"};
  static constexpr std::string_view secret[] = {"type"};
  static constexpr std::string_view service[] = {"spec.clusterIP", "spec.type"};
  switch (kind) {
    case ObjectKind::pod:
      return pod;
    case ObjectKind::event:
      return event;
    case ObjectKind::node:
      return node;
    case ObjectKind::name_space:
      return name_space;
    case ObjectKind::secret:
      return secret;
    case ObjectKind::service:
      return service;
    default:
      return {};
  }
}

bool is_selectable(ObjectKind kind, std::string_view field) {
  if (field == "metadata.name") return true;
  if (field == "metadata.namespace") return kind != ObjectKind::node && kind != ObjectKind::name_space;
  return std::ranges::find(fields_of(kind), field) != fields_of(kind).end();
}

/// A value with its escapes undone: "\\", "\,", "\=". fields/selector.go UnescapeValue()
std::string unescaped(std::string_view text, std::string& error) {
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '=' || c == ',') {
      // A rune is printed as a number. UnescapedRune.Error()
      error = fmt::format("invalid field selector: unescaped character in value: {}", static_cast<int>(c));
      return {};
    }
    if (c == '\\') {
      ++i;
      const std::string_view next = text.substr(i, 1);
      if (next != "\\" && next != "," && next != "=") {
        error = fmt::format("invalid field selector: invalid escape sequence: \\{}", next);
        return {};
      }
    }
    value += text[i];
  }
  return value;
}

/// Parted at commas that no backslash escapes. fields/selector.go splitTerms()
std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == ',') {
      parts.push_back(text.substr(from, i - from));
      from = i + 1;
    }
  }
  parts.push_back(text.substr(std::min(from, text.size())));
  return parts;
}

/// What a field says as text; "" where there is none. ToSelectableFields() of each kind: what a switch that
/// is not set says is false.
std::string field_text(ObjectKind kind, const Document& object, std::string_view field) {
  // registry/core/event/strategy.go: older events name who reports them only in `source`.
  if (kind == ObjectKind::event && field == "source") field = "source.component";
  const bool is_switch = field == "spec.hostNetwork" || field == "spec.unschedulable";
  const Document* at = &object;
  while (!field.empty()) {
    const std::size_t dot = field.find('.');
    const auto found = at->is_object() ? at->find(std::string(field.substr(0, dot))) : at->end();
    if (found == at->end()) return is_switch ? "false" : "";
    at = &*found;
    field = dot == std::string_view::npos ? std::string_view() : field.substr(dot + 1);
  }
  if (at->is_string()) return at->get<std::string>();
  return at->is_boolean() ? fmt::format("{}", at->get<bool>()) : std::string();
}

}  // namespace

FieldSelector FieldSelector::parse(ObjectKind kind, std::string_view text, std::string& error) {
  FieldSelector selector;
  selector.kind_ = kind;
  for (const std::string_view part : parts_of(text)) {
    if (part.empty()) continue;
    const std::size_t op = std::min(part.find("!="), part.find('='));
    if (op == std::string_view::npos) {
      error = fmt::format("invalid selector: '{}'; can't understand '{}'", text, part);
      return {};
    }
    const bool equal = part[op] == '=';
    const std::size_t length = !equal || part.substr(op).starts_with("==") ? 2 : 1;
    std::string value = unescaped(part.substr(op + length), error);
    if (!error.empty()) return {};
    std::string field(part.substr(0, op));
    if (kind == ObjectKind::pod && field == "spec.host") field = "spec.nodeName";
    if (!is_selectable(kind, field)) {
      error = fields_of(kind).empty() ? fmt::format(
                                            "\"{}\" is not a known field selector: only \"metadata.name\", "
                                            "\"metadata.namespace\"",
                                            field)
                                      : fmt::format("field label not supported: {}", field);
      return {};
    }
    selector.terms_.push_back({std::move(field), std::move(value), equal});
  }
  return selector;
}

bool FieldSelector::matches(const Document& object) const {
  return std::ranges::all_of(terms_, [&](const Term& term) {
    return (field_text(kind_, object, term.field) == term.value) == term.equal;
  });
}

}  // namespace ekspath
