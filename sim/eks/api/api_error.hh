#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/eks/api/object_kind.hh"

namespace ekspath {

/// Why the API server refused: kubectl prints `Error from server (REASON): MESSAGE`, but for Invalid: `The
/// Service "web" is invalid: ...`, whose message says so itself. apimachinery pkg/api/errors
struct ApiError {
  enum class Reason : std::uint8_t {
    already_exists,
    bad_request,
    conflict,
    forbidden,
    invalid,
    not_found,
  };
  Reason reason = Reason::bad_request;
  std::string message;              // `pods "x" already exists`
  std::string subject;              // of invalid: `Deployment "web"`
  std::vector<std::string> causes;  // of invalid

  /// "AlreadyExists"
  [[nodiscard]] std::string_view reason_text() const;
  /// What kubectl prints, without the newline at its end.
  [[nodiscard]] std::string text() const;

  [[nodiscard]] static ApiError already_exists(ObjectKind kind, std::string_view name);
  [[nodiscard]] static ApiError not_found(ObjectKind kind, std::string_view name);
  /// `Service "web" is invalid: spec.ports: Required value`; `causes` are joined as field.ErrorList does:
  /// [a, b] when there are several.
  [[nodiscard]] static ApiError invalid(ObjectKind kind, std::string_view name,
                                        const std::vector<std::string>& causes);
};

}  // namespace ekspath
