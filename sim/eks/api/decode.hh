#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/eks/api/api_error.hh"
#include "sim/eks/api/api_object.hh"
#include "sim/eks/api/field_schema.hh"

namespace ekspath {

/// An object out of its document, with the defaults of Kubernetes 1.31 written into its body
/// (pkg/apis/*/v1/defaults.go), or what is wrong with it.
struct DecodedObject {
  std::optional<ApiObject> object;
  ObjectKind kind = ObjectKind::pod;
  std::string name;
  std::vector<FieldError> errors;  // when there is no object

  /// As the API server answers: strict decoding first, then validation. Only with errors.
  [[nodiscard]] ApiError error() const;
};

/// `no matches for kind "X" in version "Y"` and the like goes to `error`.
[[nodiscard]] std::optional<ObjectKind> kind_of(const Document& document, std::string& error);

/// The document's kind must be one that kind_of() knows. Metadata that the server gives (uid,
/// resourceVersion, status, ...) is ignored, as on create.
[[nodiscard]] DecodedObject decode_object(Document document);

}  // namespace ekspath
