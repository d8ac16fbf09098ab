#pragma once

#include <string>
#include <vector>

#include "sim/lab/command.hh"

/// The commands that a person types at a host's shell, a file each. Their text is that of the real tools
/// (AL2023 versions).
namespace ekspath {

[[nodiscard]] CommandKind ping_command();
[[nodiscard]] CommandKind curl_command();
[[nodiscard]] CommandKind dig_command();
[[nodiscard]] CommandKind getent_command();
[[nodiscard]] CommandKind nslookup_command();
[[nodiscard]] CommandKind nc_command();
[[nodiscard]] CommandKind traceroute_command();
[[nodiscard]] CommandKind ip_command();
[[nodiscard]] CommandKind iptables_command();
[[nodiscard]] CommandKind iptables_save_command();
[[nodiscard]] CommandKind iptables_restore_command();
[[nodiscard]] CommandKind ipset_command();
[[nodiscard]] CommandKind conntrack_command();
[[nodiscard]] CommandKind sysctl_command();
[[nodiscard]] CommandKind tcpdump_command();
[[nodiscard]] CommandKind ss_command();
[[nodiscard]] CommandKind cat_command();
[[nodiscard]] CommandKind hostname_command();
[[nodiscard]] CommandKind route_command();
[[nodiscard]] CommandKind arp_command();
[[nodiscard]] CommandKind ifconfig_command();

/// The operator's own terminal: `kubectl ...` but for exec, which start_line() takes apart itself.
[[nodiscard]] CommandKind kubectl_command();

}  // namespace ekspath
