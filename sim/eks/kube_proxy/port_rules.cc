#include "sim/eks/kube_proxy/port_rules.hh"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>

#include "sim/eks/kube_proxy/chain_names.hh"
#include "sim/eks/kube_proxy/endpoint_choice.hh"

namespace ekspath {
namespace {

/// Writes the rules of one port.
class PortRulesWriter {
 public:
  PortRulesWriter(const ServicePort& port, const PortEndpoints& endpoints, const ProxyNode& node,
                  RuleStyle style)
      : port_(port),
        endpoints_(endpoints),
        node_(node),
        style_(style),
        choice_(choose_endpoints(port, endpoints.endpoints, node.name)),
        name_(port.name.text()),
        protocol_(to_string(port.name.protocol)) {
    const std::string hash = service_chain_hash(port.name);
    cluster_chain_ = "KUBE-SVC-" + hash;
    local_chain_ = "KUBE-SVL-" + hash;
    external_chain_ = "KUBE-EXT-" + hash;
    firewall_chain_ = "KUBE-FW-" + hash;
    internal_is_local_ = port.internal_policy == TrafficPolicy::local;
    external_is_local_ = port.external_policy == TrafficPolicy::local;
    has_internal_ = choice_.any && !(internal_is_local_ && choice_.local.empty());
    has_external_ = choice_.any && !(external_is_local_ && choice_.local.empty());
    uses_firewall_ = choice_.any && !port.load_balancer_ips.empty() && !port.source_ranges.empty();
  }

  PortRules write() {
    capture_cluster_ip();
    capture_external_ips();
    capture_load_balancer();
    capture_node_port();
    if (port_.health_check_node_port != 0) {
      line(rules_.filter,
           "-A KUBE-NODEPORTS -m comment --comment \"{} health check node port\" -m tcp -p tcp --dport {} -j "
           "ACCEPT",
           name_, port_.health_check_node_port);
    }
    // Even without an endpoint of this node: what comes from the node itself goes to all.
    if (choice_.any && port_.externally_accessible()) write_external_chain();
    if (uses_firewall_) write_firewall_chain();
    if (!choice_.cluster.empty()) write_endpoint_jumps(cluster_chain_, choice_.cluster);
    if (!choice_.local.empty()) write_endpoint_jumps(local_chain_, choice_.local);
    for (const ServiceEndpoint* endpoint : choice_.reachable) write_endpoint_chain(*endpoint);
    return std::move(rules_);
  }

 private:
  template <class... Arguments>
  static void line(std::string& out, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Arguments>(arguments)...);
    out += '\n';
  }

  void capture_cluster_ip() {
    if (has_internal_) {
      line(rules_.top,
           "-A KUBE-SERVICES -m comment --comment \"{} cluster IP\" -m {} -p {} -d {} --dport {} -j {}",
           name_, protocol_, protocol_, port_.cluster_ip, port_.port,
           internal_is_local_ ? local_chain_ : cluster_chain_);
      return;
    }
    line(rules_.filter, "-A KUBE-SERVICES -m comment --comment {} -m {} -p {} -d {} --dport {} -j {}",
         refusal_comment(), protocol_, protocol_, port_.cluster_ip, port_.port, refusal_target());
  }

  void capture_external_ips() {
    for (const Ipv4Address address : port_.external_ips) {
      if (choice_.any) capture_address("external IP", address, external_chain_);
      if (!has_external_) refuse_external(address);
    }
  }

  void capture_load_balancer() {
    for (const Ipv4Address address : port_.load_balancer_ips) {
      if (choice_.any) {
        capture_address("loadbalancer IP", address, uses_firewall_ ? firewall_chain_ : external_chain_);
      }
      if (uses_firewall_) {
        line(rules_.filter,
             "-A KUBE-PROXY-FIREWALL -m comment --comment \"{} traffic not accepted by {}\" -m {} -p {} -d "
             "{} --dport {} -j DROP",
             name_, firewall_chain_, protocol_, protocol_, address, port_.port);
      }
    }
    if (has_external_) return;
    for (const Ipv4Address address : port_.load_balancer_ips) refuse_external(address);
  }

  void capture_node_port() {
    if (port_.node_port == 0) return;
    if (choice_.any) {
      if (style_.counts_packets) {
        line(rules_.top,
             "-A KUBE-NODEPORTS -m comment --comment {} -m {} -p {} -d 127.0.0.0/8 --dport {} -m nfacct "
             "--nfacct-name "
             "localhost_nps_accepted_pkts -j {}",
             name_, protocol_, protocol_, port_.node_port, external_chain_);
      }
      line(rules_.top, "-A KUBE-NODEPORTS -m comment --comment {} -m {} -p {} --dport {} -j {}", name_,
           protocol_, protocol_, port_.node_port, external_chain_);
    }
    if (has_external_) return;
    line(rules_.filter,
         "-A KUBE-EXTERNAL-SERVICES -m comment --comment {} -m addrtype --dst-type LOCAL -m {} -p {} --dport "
         "{} -j {}",
         refusal_comment(), protocol_, protocol_, port_.node_port, refusal_target());
  }

  void capture_address(std::string_view what, Ipv4Address address, std::string_view chain) {
    line(rules_.top, "-A KUBE-SERVICES -m comment --comment \"{} {}\" -m {} -p {} -d {} --dport {} -j {}",
         name_, what, protocol_, protocol_, address, port_.port, chain);
  }

  void refuse_external(Ipv4Address address) {
    line(rules_.filter,
         "-A KUBE-EXTERNAL-SERVICES -m comment --comment {} -m {} -p {} -d {} --dport {} -j {}",
         refusal_comment(), protocol_, protocol_, address, port_.port, refusal_target());
  }

  /// Nowhere an endpoint: refused. None on this node, where the policy asks for one: dropped, so that a
  /// client tries again elsewhere.
  [[nodiscard]] std::string refusal_comment() const {
    return fmt::format("\"{} has no {}endpoints\"", name_, choice_.any ? "local " : "");
  }
  [[nodiscard]] std::string_view refusal_target() const { return choice_.any ? "DROP" : "REJECT"; }

  void open_chain(const std::string& chain) {
    line(rules_.chains, ":{} - [0:0]", chain);
    rules_.active.push_back(chain);
  }

  void write_external_chain() {
    open_chain(external_chain_);
    if (!external_is_local_) {
      line(rules_.rules,
           "-A {} -m comment --comment \"masquerade traffic for {} external destinations\" -j KUBE-MARK-MASQ",
           external_chain_, name_);
    } else {
      line(rules_.rules,
           "-A {} -m comment --comment \"masquerade LOCAL traffic for {} external destinations\" -m addrtype "
           "--src-type LOCAL -j "
           "KUBE-MARK-MASQ",
           external_chain_, name_);
      line(rules_.rules,
           "-A {} -m comment --comment \"route LOCAL traffic for {} external destinations\" -m addrtype "
           "--src-type LOCAL -j {}",
           external_chain_, name_, cluster_chain_);
    }
    if (has_external_) {
      line(rules_.rules, "-A {} -j {}", external_chain_, external_is_local_ ? local_chain_ : cluster_chain_);
    }
  }

  void write_firewall_chain() {
    open_chain(firewall_chain_);
    const auto admit = [&](const auto& source) {
      line(rules_.rules, "-A {} -m comment --comment \"{} loadbalancer IP\" -s {} -j {}", firewall_chain_,
           name_, source, external_chain_);
    };
    bool admits_node = false;
    for (const Prefix range : port_.source_ranges) {
      admit(range);
      admits_node = admits_node || range.contains(node_.address);
    }
    // A load balancer's address may be the node's own, and then the source of what the node sends to it.
    if (admits_node) std::ranges::for_each(port_.load_balancer_ips, admit);
    line(rules_.rules,
         "-A {} -m comment --comment \"other traffic to {} will be dropped by KUBE-PROXY-FIREWALL\"",
         firewall_chain_, name_);
  }

  /// writeServiceToEndpointRules()
  void write_endpoint_jumps(const std::string& chain, const std::vector<const ServiceEndpoint*>& offered) {
    open_chain(chain);
    if (port_.affinity_seconds) {
      for (const ServiceEndpoint* endpoint : offered) {
        const std::size_t at = index_of(*endpoint);
        line(rules_.rules, "-A {}{} -m recent --name {} --rcheck --seconds {} --reap -j {}", chain,
             jump_comment(at), endpoints_.chains[at], *port_.affinity_seconds, endpoints_.chains[at]);
      }
    }
    for (std::size_t i = 0; i < offered.size(); ++i) {
      const std::size_t at = index_of(*offered[i]);
      const std::size_t remaining = offered.size() - i;
      const std::string odds = remaining == 1 ? ""
                                              : fmt::format(" -m statistic --mode random --probability {}",
                                                            endpoint_probability(remaining));
      line(rules_.rules, "-A {}{}{} -j {}", chain, jump_comment(at), odds, endpoints_.chains[at]);
    }
  }

  void write_endpoint_chain(const ServiceEndpoint& endpoint) {
    const std::size_t at = index_of(endpoint);
    const std::string& chain = endpoints_.chains[at];
    open_chain(chain);
    const std::string comment = style_.large_cluster ? "" : " -m comment --comment " + name_;
    line(rules_.rules, "-A {}{} -s {} -j KUBE-MARK-MASQ", chain, comment, endpoint.address);
    const std::string remember =
        port_.affinity_seconds ? fmt::format(" -m recent --name {} --set", chain) : "";
    line(rules_.rules, "-A {}{}{} -m {} -p {} -j DNAT --to-destination {}", chain, comment, remember,
         protocol_, protocol_, endpoints_.texts[at]);
  }

  [[nodiscard]] std::size_t index_of(const ServiceEndpoint& endpoint) const {
    return static_cast<std::size_t>(&endpoint - endpoints_.endpoints.data());
  }
  [[nodiscard]] std::string jump_comment(std::size_t at) const {
    return style_.large_cluster
               ? ""
               : fmt::format(" -m comment --comment \"{} -> {}\"", name_, endpoints_.texts[at]);
  }

  const ServicePort& port_;
  const PortEndpoints& endpoints_;
  const ProxyNode& node_;
  RuleStyle style_;
  EndpointChoice choice_;
  std::string name_;
  std::string_view protocol_;
  std::string cluster_chain_, local_chain_, external_chain_, firewall_chain_;
  bool internal_is_local_ = false, external_is_local_ = false;
  bool has_internal_ = false, has_external_ = false, uses_firewall_ = false;
  PortRules rules_;
};

}  // namespace

PortEndpoints in_chain_order(const ServicePortName& name, std::vector<ServiceEndpoint> endpoints) {
  PortEndpoints result;
  std::vector<std::string> texts;
  for (const ServiceEndpoint& endpoint : endpoints) texts.push_back(endpoint.text());
  std::vector<std::size_t> order(endpoints.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t at) -> const std::string& { return texts[at]; });
  for (const std::size_t at : order) {
    // Slices may overlap for a moment: the first wins. pkg/proxy/endpointslicecache.go addEndpoints()
    if (!result.texts.empty() && result.texts.back() == texts[at]) continue;
    result.chains.push_back(endpoint_chain_name(name, texts[at]));
    result.texts.push_back(std::move(texts[at]));
    result.endpoints.push_back(std::move(endpoints[at]));
  }
  return result;
}

PortRules port_rules(const ServicePort& port, const PortEndpoints& endpoints, const ProxyNode& node,
                     RuleStyle style) {
  return PortRulesWriter(port, endpoints, node, style).write();
}

bool same_on_all_nodes(const ServicePort& port) {
  return !port.uses_local_endpoints() && port.source_ranges.empty();
}

std::string endpoint_probability(std::size_t remaining) {
  return fmt::format("{:.10f}", 1.0 / static_cast<double>(remaining));
}

}  // namespace ekspath
