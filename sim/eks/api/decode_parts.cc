#include "sim/eks/api/decode_parts.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ekspath {
namespace {

bool is_lower_alphanumeric(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
}

bool is_label_value(std::string_view text) {
  const auto inner = [](char letter) {
    return is_lower_alphanumeric(letter) || (letter >= 'A' && letter <= 'Z') || letter == '-' ||
           letter == '_' || letter == '.';
  };
  const auto edge = [&](char letter) {
    return inner(letter) && letter != '-' && letter != '_' && letter != '.';
  };
  return text.empty() ||
         (text.size() <= 63 && std::ranges::all_of(text, inner) && edge(text.front()) && edge(text.back()));
}

std::optional<LabelSelector::Requirement::Operator> operator_of(std::string_view text) {
  using enum LabelSelector::Requirement::Operator;
  if (text == "In") return in;
  if (text == "NotIn") return not_in;
  if (text == "Exists") return exists;
  if (text == "DoesNotExist") return does_not_exist;
  return std::nullopt;
}

}  // namespace

void FieldErrors::add(const std::string& path, std::string_view sentence) {
  errors_.push_back({FieldError::Class::invalid, path, fmt::format("{}: {}", path, sentence), ""});
}

void FieldErrors::required(const std::string& path, std::string_view why) {
  add(path, why.empty() ? std::string("Required value") : fmt::format("Required value: {}", why));
}

void FieldErrors::invalid_text(const std::string& path, std::string_view value, std::string_view why) {
  add(path, fmt::format("Invalid value: \"{}\": {}", value, why));
}

void FieldErrors::invalid_number(const std::string& path, std::int64_t value, std::string_view why) {
  add(path, fmt::format("Invalid value: {}: {}", value, why));
}

void FieldErrors::unsupported(const std::string& path, std::string_view value,
                              const std::vector<std::string_view>& supported) {
  std::vector<std::string> quoted;
  for (const std::string_view one : supported) quoted.push_back(fmt::format("\"{}\"", one));
  add(path, fmt::format("Unsupported value: \"{}\": supported values: {}", value, fmt::join(quoted, ", ")));
}

const Document* member(const Document& part, std::string_view key) {
  if (!part.is_object()) return nullptr;
  const auto found = part.find(key);
  return found == part.end() || found->is_null() ? nullptr : &*found;
}

Document* member(Document& part, std::string_view key) {
  return const_cast<Document*>(member(std::as_const(part), key));
}

void set_default(Document& part, std::string_view key, Document value) {
  if (member(part, key) == nullptr) part[std::string(key)] = std::move(value);
}

std::string text_at(const Document& part, std::string_view key, std::string_view otherwise) {
  const Document* found = member(part, key);
  return found == nullptr ? std::string(otherwise) : found->get<std::string>();
}

std::int64_t number_at(const Document& part, std::string_view key, std::int64_t otherwise) {
  const Document* found = member(part, key);
  return found == nullptr ? otherwise : found->get<std::int64_t>();
}

bool flag_at(const Document& part, std::string_view key, bool otherwise) {
  const Document* found = member(part, key);
  return found == nullptr ? otherwise : found->get<bool>();
}

std::vector<std::string> texts_at(const Document& part, std::string_view key) {
  const Document* found = member(part, key);
  return found == nullptr ? std::vector<std::string>() : found->get<std::vector<std::string>>();
}

Labels labels_at(const Document& part, std::string_view key) {
  Labels labels;
  if (const Document* found = member(part, key)) {
    for (const auto& [name, value] : found->items())
      labels.emplace(name, value.is_null() ? "" : value.get<std::string>());
  }
  return labels;
}

NumberOrText number_or_text(const Document& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.get<std::int32_t>();
}

bool is_dns_label(std::string_view text) {
  return !text.empty() && text.size() <= 63 && is_lower_alphanumeric(text.front()) &&
         is_lower_alphanumeric(text.back()) && std::ranges::all_of(text, [](char letter) {
           return is_lower_alphanumeric(letter) || letter == '-';
         });
}

bool is_dns_subdomain(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (label.empty() || !is_lower_alphanumeric(label.front()) || !is_lower_alphanumeric(label.back()) ||
        !std::ranges::all_of(label,
                             [](char letter) { return is_lower_alphanumeric(letter) || letter == '-'; }))
      return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

void check_label_values(const Labels& labels, const std::string& path, FieldErrors& errors) {
  for (const auto& [key, value] : labels) {
    if (is_label_value(value)) continue;
    errors.invalid_text(
        path, value,
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and "
        "must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', "
        "regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')");
  }
}

LabelSelector decode_selector(const Document& part, const std::string& path, FieldErrors& errors) {
  std::vector<LabelSelector::Requirement> requirements =
      LabelSelector(labels_at(part, "matchLabels")).requirements();
  if (const Document* expressions = member(part, "matchExpressions")) {
    for (std::size_t i = 0; i < expressions->size(); ++i) {
      const Document& one = (*expressions)[i];
      const std::string word = text_at(one, "operator");
      const auto op = operator_of(word);
      if (!op) {
        errors.invalid_text(fmt::format("{}.matchExpressions[{}].operator", path, i), word,
                            "not a valid selector operator");
        continue;
      }
      requirements.push_back({text_at(one, "key"), *op, texts_at(one, "values")});
    }
  }
  std::ranges::stable_sort(requirements, {}, &LabelSelector::Requirement::key);
  return LabelSelector(std::move(requirements));
}

}  // namespace ekspath
