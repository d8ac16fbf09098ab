#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/eks/api/object_meta.hh"

namespace ekspath {

/// Which labels an object must have: matchLabels and matchExpressions, or the text after `kubectl get -l`.
/// Without requirements it takes everything. apimachinery pkg/labels
class LabelSelector {
 public:
  struct Requirement {
    enum class Operator : std::uint8_t { equals, not_equals, in, not_in, exists, does_not_exist };
    std::string key;
    Operator op = Operator::equals;
    std::vector<std::string> values;

    friend bool operator==(const Requirement&, const Requirement&) = default;
  };

  LabelSelector() = default;
  explicit LabelSelector(const Labels& equal_labels);
  explicit LabelSelector(std::vector<Requirement> requirements) : requirements_(std::move(requirements)) {}
  /// "app=web,tier!=db,env in (a,b),!canary"
  [[nodiscard]] static std::optional<LabelSelector> parse(std::string_view text);

  [[nodiscard]] bool matches(const Labels& labels) const;
  [[nodiscard]] bool empty() const { return requirements_.empty(); }
  [[nodiscard]] const std::vector<Requirement>& requirements() const { return requirements_; }
  /// As kubectl prints it: "app=web,env in (a,b)".
  [[nodiscard]] std::string text() const;

  friend bool operator==(const LabelSelector&, const LabelSelector&) = default;

 private:
  std::vector<Requirement> requirements_;  // by key
};

}  // namespace ekspath
