#include "sim/base/diagnostics.hh"

#include <algorithm>
#include <cstring>
#include <set>
#include <tuple>

namespace ekspath {

std::string to_string(const ScenarioError& error) {
  std::string text = error.where.file;
  if (error.where.line > 0) text += fmt::format(":{}:{}", error.where.line, error.where.column);
  text += ": " + error.found;
  if (!error.expected.empty()) text += "; expected " + error.expected;
  if (!error.hint.empty()) text += "; " + error.hint;
  return text;
}

std::string to_string(const SystemError& error) {
  return fmt::format("{} {}: {}", error.what, error.path, std::strerror(error.error_number));
}

std::string Diagnostics::text() const {
  std::vector<ScenarioError> sorted = errors_;
  std::ranges::stable_sort(sorted, {}, [](const ScenarioError& e) {
    return std::tie(e.where.file, e.where.line, e.where.column);
  });
  std::string text;
  std::set<std::string> seen;
  for (const auto& error : sorted) {
    const std::string line = to_string(error) + "\n";
    if (seen.insert(line).second) text += line;
  }
  return text;
}

}  // namespace ekspath
