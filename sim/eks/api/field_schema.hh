#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/eks/api/document.hh"
#include "sim/eks/api/object_kind.hh"

namespace ekspath {

/// One mistake in an object's document: where, as the API server writes paths
/// ("spec.template.spec.containers[0].image"), and what is wrong there.
struct FieldError {
  enum class Class : std::uint8_t {
    unknown_field,  // refused by --validate: `unknown field "spec.replica"`
    wrong_type,     // json: cannot unmarshal ...
    invalid,        // what validation says of values: `spec.ports: Required value`
  };
  Class kind = Class::invalid;
  std::string path;
  std::string text;       // the whole sentence, path included
  std::string near_miss;  // of an unknown field: the field that may be meant, or ""
};

/// Fields that Kubernetes 1.31 does not have in a kind, and values of a type that a field does not take:
/// strict decoding (kubectl --validate=true). Parts of an object that nothing here acts on and that are
/// rarely written (volumes' sources, for one) are taken as they are.
[[nodiscard]] std::vector<FieldError> check_fields(ObjectKind kind, const Document& document);

}  // namespace ekspath
