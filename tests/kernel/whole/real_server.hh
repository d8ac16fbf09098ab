#pragma once

#include <cstdint>

#include "sim/apps/program.hh"

namespace ekspath {

/// A real counterpart of a scenario's server, for the namespace of the calling process: the same answers. It
/// writes a byte to `ready` when it listens, and returns only when it cannot.
void run_real_server(ServerKind kind, std::uint16_t port, int ready);

}  // namespace ekspath
