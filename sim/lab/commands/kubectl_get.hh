#pragma once

#include <string>

#include "sim/lab/commands/kubectl_arguments.hh"
#include "sim/lab/commands/kubectl_describe.hh"
#include "sim/linux/netfilter/iptables_text.hh"

namespace ekspath {

/// `kubectl get`: tables in the columns of the API server of 1.31, or -o name, json, yaml, jsonpath,
/// custom-columns. kubectl pkg/cmd/get/get.go
[[nodiscard]] std::span<const KubectlOption> kubectl_get_options();
[[nodiscard]] CommandResult kubectl_get(const ClusterReader& reader, const KubectlArguments& arguments);

/// `kubectl describe`: of each object that the words name, or whose name begins as they say.
[[nodiscard]] std::span<const KubectlOption> kubectl_describe_options();
[[nodiscard]] CommandResult kubectl_describe(const ClusterReader& reader, const KubectlArguments& arguments);

}  // namespace ekspath
