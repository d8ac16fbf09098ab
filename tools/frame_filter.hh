#pragma once

#include "pcap/capture_filter.hh"
#include "sim/lab/world.hh"

namespace ekspath {

/// The names that filters may use in this world: pods, nodes, instances, internet hosts.
[[nodiscard]] FilterNames filter_names(const World& world);
/// pcap's filters, as lab's commands and expectations ask for them. `world` outlives what comes back.
[[nodiscard]] CompileFilter filter_compiler(const World& world);

}  // namespace ekspath
