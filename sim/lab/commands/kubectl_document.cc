#include "sim/lab/commands/kubectl_document.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ekspath {
namespace {

const Document nothing;

/// "in", "notin" with values; a key alone; "!key".
std::string requirement_text(const Document& requirement) {
  const std::string key = text_at(requirement, {"key"}), op = text_at(requirement, {"operator"});
  if (op == "Exists") return key;
  if (op == "DoesNotExist") return "!" + key;
  std::vector<std::string> values;
  for (const Document& value : document_at(requirement, {"values"}))
    values.push_back(value.get<std::string>());
  std::ranges::sort(values);
  return fmt::format("{} {} ({})", key, op == "In" ? "in" : "notin", fmt::join(values, ","));
}

}  // namespace

const Document& document_at(const Document& value, std::initializer_list<std::string_view> path) {
  const Document* at = &value;
  for (const std::string_view name : path) {
    if (!at->is_object()) return nothing;
    const auto found = at->find(name);
    if (found == at->end()) return nothing;
    at = &*found;
  }
  return *at;
}

std::string text_at(const Document& value, std::initializer_list<std::string_view> path) {
  const Document& found = document_at(value, path);
  return found.is_string() ? found.get<std::string>() : std::string();
}

std::int64_t number_at(const Document& value, std::initializer_list<std::string_view> path,
                       std::int64_t otherwise) {
  const Document& found = document_at(value, path);
  return found.is_number_integer() ? found.get<std::int64_t>() : otherwise;
}

bool true_at(const Document& value, std::initializer_list<std::string_view> path) {
  return document_at(value, path) == true;
}

std::string scalar_text(const Document& value) {
  if (value.is_null()) return {};
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string joined_texts(const std::vector<std::string>& texts, std::string_view separator) {
  return fmt::format("{}", fmt::join(texts, separator));
}

std::string label_text(const Document& labels) {
  std::vector<std::string> pairs;
  if (labels.is_object()) {
    for (const auto& [key, value] : labels.items()) pairs.push_back(key + "=" + value.get<std::string>());
  }
  return pairs.empty() ? "<none>" : joined_texts(pairs, ",");
}

std::string label_selector_text(const Document& selector) {
  std::vector<std::pair<std::string, std::string>> parts;  // by key
  if (const Document& labels = document_at(selector, {"matchLabels"}); labels.is_object()) {
    for (const auto& [key, value] : labels.items())
      parts.emplace_back(key, key + "=" + value.get<std::string>());
  }
  for (const Document& requirement : document_at(selector, {"matchExpressions"}))
    parts.emplace_back(text_at(requirement, {"key"}), requirement_text(requirement));
  std::ranges::stable_sort(parts, {}, &std::pair<std::string, std::string>::first);
  std::vector<std::string> texts;
  for (auto& part : parts) texts.push_back(std::move(part.second));
  return texts.empty() ? "<none>" : joined_texts(texts, ",");
}

const Document& controller_of(const Document& object) {
  for (const Document& owner : document_at(object, {"metadata", "ownerReferences"})) {
    if (true_at(owner, {"controller"})) return owner;
  }
  return nothing;
}

}  // namespace ekspath
