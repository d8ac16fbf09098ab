#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/lab/command.hh"
#include "sim/linux/netfilter/iptables_text.hh"

namespace ekspath {

/// For commands that print and end at the instant at which they start.
[[nodiscard]] inline std::unique_ptr<RunningCommand> end_at_once(CommandContext& context,
                                                                 const CommandEnded& ended,
                                                                 const CommandResult& result) {
  if (!result.out.empty()) context.output.out(result.out);
  if (!result.err.empty()) context.output.err(result.err);
  ended(result.status);
  return nullptr;
}

}  // namespace ekspath
