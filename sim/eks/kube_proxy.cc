#include "sim/eks/kube_proxy.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <vector>

#include "sim/base/assert.hh"
#include "sim/eks/kube_proxy/chain_names.hh"
#include "sim/eks/kube_proxy/udp_cleanup.hh"
#include "sim/linux/netfilter/ipset.hh"
#include "sim/linux/netfilter/iptables_text.hh"
#include "sim/linux/netfilter/rule_store.hh"
#include "sim/linux/netfilter/table.hh"

namespace ekspath {
namespace {

struct JumpChain {
  std::string_view table;
  std::string_view target;
  std::string_view source;
  std::string_view comment;
  std::string_view matches;
};

constexpr std::string_view new_only = "-m conntrack --ctstate NEW ";

// pkg/proxy/iptables/proxier.go iptablesJumpChains. Each jump is put in front, so the last of a chain here
// stands first;
// then iptablesKubeletJumpChains, which kubelet made before.
constexpr std::array<JumpChain, 14> jump_chains{{
    {"filter", "KUBE-EXTERNAL-SERVICES", "INPUT", "kubernetes externally-visible service portals", new_only},
    {"filter", "KUBE-EXTERNAL-SERVICES", "FORWARD", "kubernetes externally-visible service portals",
     new_only},
    {"filter", "KUBE-NODEPORTS", "INPUT", "kubernetes health check service ports", ""},
    {"filter", "KUBE-SERVICES", "FORWARD", "kubernetes service portals", new_only},
    {"filter", "KUBE-SERVICES", "OUTPUT", "kubernetes service portals", new_only},
    {"filter", "KUBE-FORWARD", "FORWARD", "kubernetes forwarding rules", ""},
    {"filter", "KUBE-PROXY-FIREWALL", "INPUT", "kubernetes load balancer firewall", new_only},
    {"filter", "KUBE-PROXY-FIREWALL", "OUTPUT", "kubernetes load balancer firewall", new_only},
    {"filter", "KUBE-PROXY-FIREWALL", "FORWARD", "kubernetes load balancer firewall", new_only},
    {"nat", "KUBE-SERVICES", "OUTPUT", "kubernetes service portals", ""},
    {"nat", "KUBE-SERVICES", "PREROUTING", "kubernetes service portals", ""},
    {"nat", "KUBE-POSTROUTING", "POSTROUTING", "kubernetes postrouting rules", ""},
    {"filter", "KUBE-FIREWALL", "INPUT", "", ""},
    {"filter", "KUBE-FIREWALL", "OUTPUT", "", ""},
}};

constexpr std::array<std::string_view, 3> canary_tables{"mangle", "nat", "filter"};
constexpr std::string_view canary = "KUBE-PROXY-CANARY";

// largeClusterEndpointsThreshold, and the proxy's syncPeriod
constexpr std::size_t large_cluster_threshold = 1000;
constexpr Nanoseconds sync_period(30'000'000'000);

/// Kubernetes 1.31 brought the nfacct rules (CHANGELOG-1.31).
bool counts_packets(KubeProxy::Version version) { return version.major > 1 || version.minor >= 31; }

void expect_success(const CommandResult& result, std::string_view what) {
  if (result.status != 0) fmt::print(stderr, "{}: {}", what, result.err);
  ASSERT(result.status == 0);
}

}  // namespace

void KubeProxy::start() {
  // cmd/kube-proxy/app/server_linux.go with the values of kube-proxy-config (facts 9, 12); t3.medium has two
  // cores.
  ASSERT(write_sysctl(*host_, "net.ipv4.conf.all.route_localnet", "1") == 0);
  ASSERT(write_sysctl(*host_, "net.netfilter.nf_conntrack_max", "131072") == 0);
  ASSERT(write_sysctl(*host_, "net.netfilter.nf_conntrack_tcp_timeout_established", "86400") == 0);
  ASSERT(write_sysctl(*host_, "net.netfilter.nf_conntrack_tcp_timeout_close_wait", "3600") == 0);
  tcp_is_liberal_ = read_sysctl(*host_, "net.netfilter.nf_conntrack_tcp_be_liberal").value_or("0") != "0";
  ensure_canaries();
  // nfacct.Ensure(): the counters that 1.31 reports as metrics (PRs #125015, #122812).
  if (counts_packets(version_)) {
    for (const std::string_view account : {"ct_state_invalid_dropped_pkts", "localhost_nps_accepted_pkts"}) {
      const std::array<std::string_view, 2> words{"add", account};
      expect_success(nfacct(*host_, words), account);
    }
  }
  ASSERT(sync());
}

void KubeProxy::ensure_canaries() {
  for (const std::string_view table : canary_tables) {
    // EnsureChain: that it exists already is success.
    (void)iptables(*host_, fmt::format("-t {} -N {}", table, canary));
  }
}

bool KubeProxy::canary_gone(CanaryTable tables) const {
  const auto gone = [&](std::string_view table) {
    return iptables(*host_, fmt::format("-t {} -S {}", table, canary)).status != 0;
  };
  return tables == CanaryTable::first ? gone(canary_tables.front())
                                      : std::ranges::all_of(canary_tables, gone);
}

bool KubeProxy::ensure_chains_and_jumps() {
  for (const JumpChain& jump : jump_chains) {
    (void)iptables(*host_, fmt::format("-t {} -N {}", jump.table, jump.target));
    const std::string comment =
        jump.comment.empty() ? "" : fmt::format("-m comment --comment \"{}\" ", jump.comment);
    const std::string rule = fmt::format("{}{}-j {}", jump.matches, comment, jump.target);
    if (iptables(*host_, fmt::format("-t {} -C {} {}", jump.table, jump.source, rule)).status == 0) continue;
    if (iptables(*host_, fmt::format("-t {} -I {} {}", jump.table, jump.source, rule)).status != 0)
      return false;
  }
  return true;
}

void KubeProxy::note_change(const ServiceName& service, const ServiceTable::UdpState& before) {
  changed_.try_emplace(service, before);
}

bool KubeProxy::sync() {
  const bool partial = !needs_full_sync_;
  // Twenty commands that a partial sync saves itself.
  const bool stands = partial || ensure_chains_and_jumps();
  const bool cleans = cleans_now({.large_cluster = services_->endpoint_count() > large_cluster_threshold});
  const std::string text = restore_input(partial ? Extent::partial : Extent::full);
  constexpr std::array<std::string_view, 2> options{"--noflush", "--counters"};
  if (!stands || iptables_restore(*host_, text, options).status != 0) {
    // The changes are spent: only a full sync can make up for them.
    needs_full_sync_ = true;
    ++statistics_.failed;
    return false;
  }
  if (cleans) cleaned_ = host_->now();
  ++(partial ? statistics_.partial : statistics_.full);
  needs_full_sync_ = false;
  health_.sync(*services_, node_);
  if (host_->conntrack != nullptr) clean_stale_udp(*host_->conntrack, changed_, *services_);
  changed_.clear();
  return true;
}

std::string KubeProxy::restore_input(Extent extent) const {
  RuleStyle style;
  style.counts_packets = counts_packets(version_);
  style.large_cluster = services_->endpoint_count() > large_cluster_threshold;
  std::string filter_chains =
      ":KUBE-SERVICES - [0:0]\n:KUBE-EXTERNAL-SERVICES - [0:0]\n:KUBE-FORWARD - [0:0]\n"
      ":KUBE-NODEPORTS - [0:0]\n:KUBE-PROXY-FIREWALL - [0:0]\n:KUBE-FIREWALL - [0:0]\n";
  std::string filter_rules =
      "-A KUBE-FIREWALL -m comment --comment \"block incoming localnet connections\" -d 127.0.0.0/8 ! -s "
      "127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP\n";
  std::string nat_chains =
      ":KUBE-SERVICES - [0:0]\n:KUBE-NODEPORTS - [0:0]\n:KUBE-POSTROUTING - [0:0]\n"
      ":KUBE-MARK-MASQ - [0:0]\n";
  std::string nat_rules =
      "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN\n"
      "-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000\n"
      "-A KUBE-POSTROUTING -m comment --comment \"kubernetes service traffic requiring SNAT\" -j MASQUERADE "
      "--random-fully\n"
      "-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000\n";
  for (const auto& [name, entry] : services_->entries()) {
    const PortRules& rules = services_->rules(entry, node_, style);
    filter_rules += rules.filter;
    nat_rules += rules.top;
    if (extent == Extent::partial && !changed_.contains(name.service)) continue;
    nat_chains += rules.chains;
    nat_rules += rules.rules;
  }
  if (cleans_now(style)) delete_stale_chains(nat_chains, nat_rules, style);
  nat_rules +=
      "-A KUBE-SERVICES -m comment --comment \"kubernetes service nodeports; NOTE: this must be the last "
      "rule "
      "in this chain\" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS\n";
  if (!tcp_is_liberal_) {
    filter_rules += "-A KUBE-FORWARD -m conntrack --ctstate INVALID ";
    if (style.counts_packets) filter_rules += "-m nfacct --nfacct-name ct_state_invalid_dropped_pkts ";
    filter_rules += "-j DROP\n";
  }
  filter_rules +=
      "-A KUBE-FORWARD -m comment --comment \"kubernetes forwarding rules\" -m mark --mark 0x4000/0x4000 -j "
      "ACCEPT\n"
      "-A KUBE-FORWARD -m comment --comment \"kubernetes forwarding conntrack rule\" -m conntrack --ctstate "
      "RELATED,ESTABLISHED -j ACCEPT\n";
  return fmt::format("*filter\n{}{}COMMIT\n*nat\n{}{}COMMIT\n", filter_chains, filter_rules, nat_chains,
                     nat_rules);
}

/// A stale chain does no harm, and to list all chains of a large cluster takes a real node seconds.
bool KubeProxy::cleans_now(const RuleStyle& style) const {
  return !style.large_cluster || statistics_.full == 0 || host_->now() - cleaned_ > sync_period;
}

/// To declare a chain empties it; then it may go.
void KubeProxy::delete_stale_chains(std::string& chains, std::string& rules, const RuleStyle& style) const {
  const TableState* nat = host_->netfilter != nullptr ? host_->netfilter->table(TableName::nat) : nullptr;
  if (nat == nullptr) return;
  std::set<std::string_view> existing;
  nat->chains.for_each([&](const ChainBlock& chain) {
    const std::string_view name = nat->store->chain_name(chain.name());
    if (is_service_chain_name(name)) existing.insert(name);
  });
  for (const auto& [name, entry] : services_->entries()) {
    if (existing.empty()) return;
    for (const std::string& active : services_->rules(entry, node_, style).active) existing.erase(active);
  }
  for (const std::string_view stale : existing) {
    chains += fmt::format(":{} - [0:0]\n", stale);
    rules += fmt::format("-X {}\n", stale);
  }
}

}  // namespace ekspath
