#include "sim/eks/kube_proxy/chain_names.hh"

#include <algorithm>
#include <array>

#include "sim/eks/digest.hh"

/// kubernetes pkg/proxy/iptables/proxier.go portProtoHash(), servicePortEndpointChainName(),
/// isServiceChainName(); facts/kube-proxy.md 3
namespace ekspath {
namespace {

std::string hash_of(std::string_view text) {
  const auto digest = sha256(text);
  return base32({reinterpret_cast<const char*>(digest.data()), digest.size()}).substr(0, 16);
}

}  // namespace

std::string service_chain_hash(const ServicePortName& name) {
  return hash_of(name.text().append(to_string(name.protocol)));
}

std::string endpoint_chain_name(const ServicePortName& name, std::string_view endpoint) {
  return "KUBE-SEP-" + hash_of(name.text().append(to_string(name.protocol)).append(endpoint));
}

bool is_service_chain_name(std::string_view chain) {
  constexpr std::array<std::string_view, 6> prefixes{"KUBE-SVC-", "KUBE-SVL-", "KUBE-SEP-",
                                                     "KUBE-FW-",  "KUBE-XLB-", "KUBE-EXT-"};
  return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return chain.starts_with(prefix); });
}

}  // namespace ekspath
