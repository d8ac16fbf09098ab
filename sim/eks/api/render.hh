#pragma once

#include <string>

#include "sim/eks/api/api_object.hh"

namespace ekspath {

/// The whole object as the API returns it: what `kubectl get -o json` prints. `epoch` is the wall clock of
/// time zero, since 1970 UTC.
[[nodiscard]] Document to_document(const ApiObject& object, Nanoseconds epoch);

/// "2025-02-16T01:00:00Z": metav1.Time, whole seconds in UTC.
[[nodiscard]] std::string api_time(Nanoseconds since_1970);

}  // namespace ekspath
