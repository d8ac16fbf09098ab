#pragma once

#include "sim/linux/conntrack/conntrack_state.hh"
#include "sim/linux/conntrack/nat.hh"

namespace ekspath {

/// The tuple that a connection's packets have after this manipulation: within the range, and answered by
/// nobody else if the range has room (else the confirm drops the packet). Linux 6.1
/// net/netfilter/nf_nat_core.c get_unique_tuple()
[[nodiscard]] Tuple unique_tuple(ConntrackState& state, const Connection& connection, const NatRange& range,
                                 Side side);

}  // namespace ekspath
