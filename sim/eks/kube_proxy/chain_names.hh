#pragma once

#include <string>
#include <string_view>

#include "sim/eks/kube_proxy/service_port.hh"

namespace ekspath {

/// The sixteen characters that KUBE-SVC-, KUBE-SVL-, KUBE-EXT- and KUBE-FW- of one service port share.
[[nodiscard]] std::string service_chain_hash(const ServicePortName& name);
/// "KUBE-SEP-GLEQDEHX3DD5N3PI"; `endpoint` as "10.0.1.10:80". Each service names the same pod differently.
[[nodiscard]] std::string endpoint_chain_name(const ServicePortName& name, std::string_view endpoint);
/// Whether kube-proxy made a chain of this name for a service, so that it may delete it.
[[nodiscard]] bool is_service_chain_name(std::string_view chain);

}  // namespace ekspath
