#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/lab/commands/kubectl_arguments.hh"
#include "sim/lab/commands/kubectl_describe.hh"

namespace ekspath {

/// The pod and container that `exec` and `logs` are about: `POD`, `pod/POD`, or the best pod of
/// `deploy/NAME`, `ds/NAME`, `svc/NAME`.
struct PodChoice {
  Document pod;
  std::string container;
  std::string notice;  // "Defaulted container ..." and such, on standard error
  std::string error;   // the whole line, when there is none
};

enum class PodPurpose : std::uint8_t { exec, logs };

/// Of what the server has. `exec` takes the pod that runs longest and is ready, `logs` nearly the same.
/// kubectl pkg/polymorphichelpers, pkg/util/podutils
[[nodiscard]] PodChoice choose_pod(const ClusterReader& reader, const std::string& target,
                                   const KubectlArguments& arguments, PodPurpose purpose);

/// A pod that was found by its labels: only the container is left to choose.
[[nodiscard]] PodChoice choose_container_of(Document pod, const KubectlArguments& arguments);
/// Why nothing can be executed in a container as it is now, as the API server or kubelet says it; "" when it
/// can.
[[nodiscard]] std::string why_no_exec(const PodChoice& choice);

}  // namespace ekspath
