#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/eks/api/object_kind.hh"
#include "sim/lab/commands/kubectl_document.hh"

namespace ekspath {

/// What kubectl asks of the API server, object by object as the server returns them.
class ClusterReader {
 public:
  /// In order of namespace and name; "" lists all namespaces.
  [[nodiscard]] virtual std::vector<Document> list(ObjectKind kind, const std::string& name_space) const = 0;
  /// Since 1970.
  [[nodiscard]] virtual std::int64_t now_ns() const = 0;

 protected:
  ~ClusterReader() = default;
};

/// The text of `kubectl describe` for one object, laid out: kubectl pkg/describe/describe.go. Kinds without a
/// form of their own come field by field, as kubectl's genericDescriber prints them. `show_events` is
/// --show-events.
[[nodiscard]] std::string describe_object(const ClusterReader& reader, ObjectKind kind,
                                          const Document& object, bool show_events = true);

}  // namespace ekspath
