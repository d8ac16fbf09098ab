#pragma once

#include <map>
#include <string>
#include <utility>

#include "sim/eks/kube_proxy/health_check.hh"
#include "sim/eks/kube_proxy/service_table.hh"
#include "sim/linux/netns.hh"

namespace ekspath {

/// kube-proxy in iptables mode on one node, as EKS configures it (facts/kube-proxy.md): chains and jumps by
/// iptables commands, each sync one `iptables-restore --noflush --counters` of filter and nat. When it syncs
/// is ServiceProxies' to say.
class KubeProxy {
 public:
  struct Version {
    int major = 1;
    int minor = 31;
  };

  /// `services` is read at each sync, and outlives this.
  KubeProxy(Netns& host, Version version, ProxyNode node, const ServiceTable& services)
      : host_(&host), version_(version), node_(std::move(node)), services_(&services), health_(host) {}

  /// Start of the process: sysctls, canaries, top-level chains with their jumps, a first full sync.
  void start();

  /// The service or its endpoints are about to be what the table says now; `before` is what they were.
  void note_change(const ServiceName& service, const ServiceTable::UdpState& before);
  [[nodiscard]] bool changed() const { return !changed_.empty(); }

  /// syncProxyRules(): writes the chains of the services that changed, and the top-level ones whole. False:
  /// iptables-restore refused; the next sync is a full one.
  bool sync();
  void force_full_sync() { needs_full_sync_ = true; }

  /// Somebody deleted the chain that stands for all of ours. pkg/util/iptables/iptables.go Monitor()
  enum class CanaryTable : std::uint8_t { first, all };
  [[nodiscard]] bool canary_gone(CanaryTable tables) const;
  void ensure_canaries();

  [[nodiscard]] const ProxyNode& node() const { return node_; }
  /// How many syncs of each kind there were, and what the last one wrote: for tests and reports.
  struct Statistics {
    std::uint32_t full = 0, partial = 0, failed = 0;
  };
  [[nodiscard]] const Statistics& statistics() const { return statistics_; }
  /// The input of iptables-restore that a sync at this instant would write.
  enum class Extent : std::uint8_t { partial, full };
  [[nodiscard]] std::string restore_input(Extent extent) const;

 private:
  [[nodiscard]] bool ensure_chains_and_jumps();
  [[nodiscard]] bool cleans_now(const RuleStyle& style) const;
  void delete_stale_chains(std::string& chains, std::string& rules, const RuleStyle& style) const;

  Netns* host_;
  Version version_;
  ProxyNode node_;
  const ServiceTable* services_;
  ServiceHealth health_;
  std::map<ServiceName, ServiceTable::UdpState> changed_;  // since the last sync, with what they were then
  bool tcp_is_liberal_ = false;
  bool needs_full_sync_ = true;
  Nanoseconds cleaned_;  // when stale chains were last looked for
  Statistics statistics_;
};

}  // namespace ekspath
