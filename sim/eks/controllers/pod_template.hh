#pragma once

#include <string>

#include "sim/eks/api/api_object.hh"

namespace ekspath {

/// pod-template-hash: FNV-1a over the template, printed in decimal and spelt in letters that make no word.
/// The template is hashed as its document, where Kubernetes hashes a dump of Go structures: the form is the
/// same, the value is not. pkg/util/hash, apimachinery pkg/util/rand SafeEncodeString()
[[nodiscard]] std::string template_hash(const Document& pod_template);
[[nodiscard]] std::string safe_encode(std::uint32_t hash);

/// The pod that `owner` (a ReplicaSet or DaemonSet) makes of its template, without a name:
/// pkg/controller/controller_utils.go GetPodFromTemplate()
[[nodiscard]] ApiObject pod_from_template(const ApiObject& owner, const PodTemplate& pod_template);

[[nodiscard]] OwnerReference controller_reference(const ApiObject& owner);

/// "25%" of `total`, or the number itself. apimachinery pkg/util/intstr
[[nodiscard]] std::int32_t resolve_amount(const NumberOrText& amount, std::int32_t total, bool round_up);

/// Ready for at least that long. pkg/api/pod IsPodAvailable()
[[nodiscard]] bool is_available(const ApiObject& pod, std::int32_t min_ready_seconds, Nanoseconds now);

}  // namespace ekspath
