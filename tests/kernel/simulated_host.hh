#pragma once

#include <cstdint>

#include "tests/kernel/case.hh"
#include "tests/kernel/outcome.hh"

namespace ekspath {

/// Who looks on while a case runs: one who notes each decision, or nobody, as in worlds where speed counts:
/// then flows are remembered (netfilter/flow_memory.hh).
enum class Onlooker : std::uint8_t { notes, nobody };

/// Runs a case in a namespace of ours.
[[nodiscard]] CaseOutcome run_simulated(const Case& described, Onlooker onlooker = Onlooker::notes);

}  // namespace ekspath
