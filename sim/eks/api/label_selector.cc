#include "sim/eks/api/label_selector.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ekspath {
namespace {

using Operator = LabelSelector::Requirement::Operator;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// At commas outside of parentheses.
std::vector<std::string_view> terms(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') ++depth;
    if (i < text.size() && text[i] == ')') --depth;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    parts.push_back(trimmed(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  return parts;
}

bool is_label_text(std::string_view text, bool key) {
  if (text.empty()) return !key;
  return std::ranges::all_of(text, [key](unsigned char letter) {
    return std::isalnum(letter) || letter == '-' || letter == '_' || letter == '.' || (key && letter == '/');
  });
}

std::optional<LabelSelector::Requirement> parse_set(std::string_view term, std::string_view word,
                                                    Operator op) {
  const std::size_t at = term.find(word);
  const std::size_t close = term.rfind(')');
  const std::size_t open = term.find('(', at);
  if (open == std::string_view::npos || close != term.size() - 1) return std::nullopt;
  LabelSelector::Requirement requirement{std::string(trimmed(term.substr(0, at))), op, {}};
  for (const std::string_view value : terms(term.substr(open + 1, close - open - 1))) {
    if (!is_label_text(value, false)) return std::nullopt;
    requirement.values.emplace_back(value);
  }
  if (!is_label_text(requirement.key, true)) return std::nullopt;
  std::ranges::sort(requirement.values);
  return requirement;
}

std::optional<LabelSelector::Requirement> parse_term(std::string_view term) {
  if (term.find(" notin ") != std::string_view::npos || term.find(" notin(") != std::string_view::npos)
    return parse_set(term, " notin", Operator::not_in);
  if (term.find(" in ") != std::string_view::npos || term.find(" in(") != std::string_view::npos)
    return parse_set(term, " in", Operator::in);
  LabelSelector::Requirement requirement;
  const auto finish = [&](std::string_view key, Operator op,
                          std::string_view value) -> std::optional<LabelSelector::Requirement> {
    key = trimmed(key);
    value = trimmed(value);
    if (!is_label_text(key, true) || !is_label_text(value, false)) return std::nullopt;
    requirement.key = key;
    requirement.op = op;
    if (op == Operator::equals || op == Operator::not_equals) requirement.values.emplace_back(value);
    return requirement;
  };
  if (const std::size_t at = term.find("!="); at != std::string_view::npos)
    return finish(term.substr(0, at), Operator::not_equals, term.substr(at + 2));
  if (const std::size_t at = term.find("=="); at != std::string_view::npos)
    return finish(term.substr(0, at), Operator::equals, term.substr(at + 2));
  if (const std::size_t at = term.find('='); at != std::string_view::npos)
    return finish(term.substr(0, at), Operator::equals, term.substr(at + 1));
  if (term.starts_with("!")) return finish(term.substr(1), Operator::does_not_exist, "");
  return finish(term, Operator::exists, "");
}

bool holds(const LabelSelector::Requirement& requirement, const Labels& labels) {
  const auto found = labels.find(requirement.key);
  const bool has = found != labels.end();
  const bool among =
      has && std::ranges::find(requirement.values, found->second.text()) != requirement.values.end();
  switch (requirement.op) {
    case Operator::equals:
    case Operator::in:
      return among;
    // An object without the key passes too. apimachinery Requirement.Matches()
    case Operator::not_equals:
    case Operator::not_in:
      return !among;
    case Operator::exists:
      return has;
    case Operator::does_not_exist:
      return !has;
  }
  return false;
}

}  // namespace

LabelSelector::LabelSelector(const Labels& equal_labels) {
  for (const auto& [key, value] : equal_labels) requirements_.push_back({key, Operator::equals, {value}});
}

std::optional<LabelSelector> LabelSelector::parse(std::string_view text) {
  std::vector<Requirement> requirements;
  if (trimmed(text).empty()) return LabelSelector();
  for (const std::string_view term : terms(text)) {
    auto requirement = parse_term(term);
    if (!requirement) return std::nullopt;
    requirements.push_back(std::move(*requirement));
  }
  std::ranges::stable_sort(requirements, {}, &Requirement::key);
  return LabelSelector(std::move(requirements));
}

bool LabelSelector::matches(const Labels& labels) const {
  return std::ranges::all_of(requirements_,
                             [&](const auto& requirement) { return holds(requirement, labels); });
}

std::string LabelSelector::text() const {
  std::vector<std::string> parts;
  for (const Requirement& requirement : requirements_) {
    const std::string value = requirement.values.empty() ? "" : requirement.values.front();
    switch (requirement.op) {
      case Operator::equals:
        parts.push_back(fmt::format("{}={}", requirement.key, value));
        break;
      case Operator::not_equals:
        parts.push_back(fmt::format("{}!={}", requirement.key, value));
        break;
      case Operator::in:
        parts.push_back(fmt::format("{} in ({})", requirement.key, fmt::join(requirement.values, ",")));
        break;
      case Operator::not_in:
        parts.push_back(fmt::format("{} notin ({})", requirement.key, fmt::join(requirement.values, ",")));
        break;
      case Operator::exists:
        parts.push_back(requirement.key);
        break;
      case Operator::does_not_exist:
        parts.push_back("!" + requirement.key);
        break;
    }
  }
  return fmt::format("{}", fmt::join(parts, ","));
}

}  // namespace ekspath
