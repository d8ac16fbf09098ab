#include "sim/eks/api/api_error.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ekspath {

std::string_view ApiError::reason_text() const {
  switch (reason) {
    case Reason::already_exists:
      return "AlreadyExists";
    case Reason::bad_request:
      return "BadRequest";
    case Reason::conflict:
      return "Conflict";
    case Reason::forbidden:
      return "Forbidden";
    case Reason::invalid:
      return "Invalid";
    case Reason::not_found:
      return "NotFound";
  }
  return "Unknown";
}

// kubectl pkg/cmd/util/helpers.go checkErr(), MultilineError()
std::string ApiError::text() const {
  if (reason != Reason::invalid) return fmt::format("Error from server ({}): {}", reason_text(), message);
  if (causes.size() == 1) return fmt::format("The {} is invalid: {}", subject, causes.front());
  return fmt::format("The {} is invalid: \n* {}", subject, fmt::join(causes, "\n* "));
}

ApiError ApiError::already_exists(ObjectKind kind, std::string_view name) {
  return {
      Reason::already_exists, fmt::format("{} \"{}\" already exists", info(kind).resource(), name), "", {}};
}

ApiError ApiError::not_found(ObjectKind kind, std::string_view name) {
  return {Reason::not_found, fmt::format("{} \"{}\" not found", info(kind).resource(), name), "", {}};
}

// apimachinery pkg/api/errors NewInvalid(): the qualified kind is "Deployment.apps", "Service".
ApiError ApiError::invalid(ObjectKind kind, std::string_view name, const std::vector<std::string>& causes) {
  const KindInfo& known = info(kind);
  const std::string qualified =
      known.group.empty() ? std::string(known.name) : fmt::format("{}.{}", known.name, known.group);
  const std::string joined =
      causes.size() == 1 ? causes.front() : fmt::format("[{}]", fmt::join(causes, ", "));
  return {Reason::invalid, fmt::format("{} \"{}\" is invalid: {}", qualified, name, joined),
          fmt::format("{} \"{}\"", known.name, name), causes};
}

}  // namespace ekspath
