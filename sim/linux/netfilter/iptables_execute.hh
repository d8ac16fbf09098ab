#pragma once

#include <string>

#include "sim/linux/netfilter/iptables_error.hh"
#include "sim/linux/netfilter/iptables_order.hh"
#include "sim/linux/netfilter/iptables_text.hh"
#include "sim/linux/netfilter/table_draft.hh"

namespace ekspath {

/// Does to the draft what the order says; what it prints goes to `out`. `line`: of a restored text, 0 for a
/// command. Throws IptablesError.
void execute(IptablesOrder& order, TableDraft& draft, const Netns& netns, std::uint32_t line,
             std::string& out);

/// How the tools end at an error: exit status and standard error. `program` is "iptables" or
/// "iptables-restore".
[[nodiscard]] CommandResult report(const IptablesError& error, std::string_view program, std::uint32_t line,
                                   std::string out);

inline constexpr std::string_view iptables_version = "v1.8.8 (nf_tables)";

}  // namespace ekspath
