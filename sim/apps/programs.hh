#pragma once

#include "sim/apps/running_program.hh"

/// The main functions of the programs and servers.
namespace ekspath {

struct PingOptions;

[[nodiscard]] Task<int> ping_main(RunningProgram& self, PingOptions options);

}  // namespace ekspath
