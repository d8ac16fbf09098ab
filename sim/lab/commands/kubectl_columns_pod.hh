#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/lab/commands/kubectl_document.hh"

namespace ekspath {

/// NAME, READY, STATUS, RESTARTS, AGE, IP, NODE, NOMINATED NODE, READINESS GATES of a pod: what its phase,
/// its containers' states and its deletion make of its status. kubernetes
/// pkg/printers/internalversion/printers.go printPod()
[[nodiscard]] std::vector<std::string> pod_cells(const Document& pod, std::int64_t now_ns);

}  // namespace ekspath
