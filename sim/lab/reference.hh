#pragma once

#include <string>
#include <string_view>

#include "sim/base/diagnostics.hh"
#include "sim/lab/world.hh"

namespace ekspath {

/// Replaces ${node1.ip}, ${node1.publicIp}, ${node1.veth.pod1}, ${pod1.ip}, ${pod1.node}, ${operator.ip} by
/// what they are in this world. What does not exist is reported at `where`, and stays as it is written.
[[nodiscard]] std::string resolve_references(const World& world, std::string_view text, const Location& where,
                                             Diagnostics& diagnostics);

}  // namespace ekspath
