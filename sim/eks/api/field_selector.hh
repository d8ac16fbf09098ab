#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/eks/api/document.hh"
#include "sim/eks/api/object_kind.hh"

namespace ekspath {

/// Which fields an object must have: `kubectl get --field-selector`. Each kind has a few that may be asked
/// for; without terms it takes everything. apimachinery pkg/fields; pkg/apis/core/v1/conversion.go
class FieldSelector {
 public:
  FieldSelector() = default;
  /// "status.phase!=Running,spec.nodeName=node1". What is wrong with it, in the API server's words, is in
  /// `error`; it takes everything then.
  [[nodiscard]] static FieldSelector parse(ObjectKind kind, std::string_view text, std::string& error);

  [[nodiscard]] bool matches(const Document& object) const;

 private:
  struct Term {
    std::string field;
    std::string value;
    bool equal = true;
  };
  ObjectKind kind_ = ObjectKind::pod;
  std::vector<Term> terms_;
};

}  // namespace ekspath
