#pragma once

#include "tests/kernel/case.hh"
#include "tests/kernel/outcome.hh"

namespace ekspath {

/// Runs a case in a namespace of ours.
[[nodiscard]] CaseOutcome run_simulated(const Case& described);

}  // namespace ekspath
