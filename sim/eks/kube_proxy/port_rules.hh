#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/base/ipv4_address.hh"
#include "sim/eks/kube_proxy/service_port.hh"

namespace ekspath {

/// The lines that one service port puts into kube-proxy's iptables-restore input, in its own order of
/// arguments. facts/kube-proxy.md 5
struct PortRules {
  std::string filter;               // rules of KUBE-SERVICES, KUBE-EXTERNAL-SERVICES, KUBE-NODEPORTS, ...
  std::string top;                  // nat rules of KUBE-SERVICES and KUBE-NODEPORTS
  std::string chains;               // nat: ":KUBE-SVC-... - [0:0]" of each chain of its own
  std::string rules;                // nat rules of those
  std::vector<std::string> active;  // their names

  friend bool operator==(const PortRules&, const PortRules&) = default;
};

/// What of a node its rules depend on.
struct ProxyNode {
  std::string name;  // the Node object's
  Ipv4Address address;
};

/// How a whole sync is written.
struct RuleStyle {
  bool counts_packets = true;  // nfacct counters: Kubernetes 1.31
  bool large_cluster = false;  // more than 1,000 endpoints: endpoint rules without comments

  friend bool operator==(const RuleStyle&, const RuleStyle&) = default;
};

/// A port's endpoints with what is derived of each, once: in the order of chains, which is that of their
/// texts.
struct PortEndpoints {
  std::vector<ServiceEndpoint> endpoints;
  std::vector<std::string> texts;   // "10.0.1.10:80"
  std::vector<std::string> chains;  // "KUBE-SEP-..."
};
[[nodiscard]] PortEndpoints in_chain_order(const ServicePortName& name,
                                           std::vector<ServiceEndpoint> endpoints);

/// kubernetes pkg/proxy/iptables/proxier.go syncProxyRules(): the body of its loop over service ports, with
/// no local detector and without masqueradeAll, as EKS configures it.
[[nodiscard]] PortRules port_rules(const ServicePort& port, const PortEndpoints& endpoints,
                                   const ProxyNode& node, RuleStyle style);

/// Whether port_rules() is the same on every node.
[[nodiscard]] bool same_on_all_nodes(const ServicePort& port);

/// "0.3333333333": the odds of the first of `remaining` endpoints. computeProbability()
[[nodiscard]] std::string endpoint_probability(std::size_t remaining);

}  // namespace ekspath
