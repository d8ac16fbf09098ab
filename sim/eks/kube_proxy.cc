#include "sim/eks/kube_proxy.hh"

#include <array>
#include <string_view>
#include <vector>

#include "sim/base/assert.hh"
#include "sim/linux/netfilter/ipset.hh"
#include "sim/linux/netfilter/iptables_text.hh"

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
// stands first.
constexpr std::array<JumpChain, 12> jump_chains{{
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
}};

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
  for (const std::string_view table : {"mangle", "nat", "filter"}) {
    expect_success(iptables(*host_, fmt::format("-t {} -N KUBE-PROXY-CANARY", table)), "canary");
  }
  // nfacct.Ensure(): the counters that 1.31 reports as metrics (PRs #125015, #122812).
  if (counts_packets(version_)) {
    for (const std::string_view account : {"ct_state_invalid_dropped_pkts", "localhost_nps_accepted_pkts"}) {
      const std::array<std::string_view, 2> words{"add", account};
      expect_success(nfacct(*host_, words), account);
    }
  }
  ensure_chains_and_jumps();
  sync();
}

void KubeProxy::ensure_chains_and_jumps() {
  for (const JumpChain& jump : jump_chains) {
    // EnsureChain: that it exists already is success.
    (void)iptables(*host_, fmt::format("-t {} -N {}", jump.table, jump.target));
    const std::string rule =
        fmt::format("{}-m comment --comment \"{}\" -j {}", jump.matches, jump.comment, jump.target);
    if (iptables(*host_, fmt::format("-t {} -C {} {}", jump.table, jump.source, rule)).status == 0) continue;
    expect_success(iptables(*host_, fmt::format("-t {} -I {} {}", jump.table, jump.source, rule)), rule);
  }
}

/// syncProxyRules()
void KubeProxy::sync() {
  std::string text =
      "*filter\n"
      ":KUBE-SERVICES - [0:0]\n:KUBE-EXTERNAL-SERVICES - [0:0]\n:KUBE-FORWARD - [0:0]\n:KUBE-NODEPORTS - "
      "[0:0]\n"
      ":KUBE-PROXY-FIREWALL - [0:0]\n:KUBE-FIREWALL - [0:0]\n"
      "-A KUBE-FIREWALL -m comment --comment \"block incoming localnet connections\" -d 127.0.0.0/8 ! -s "
      "127.0.0.0/8 "
      "-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP\n";
  text += "-A KUBE-FORWARD -m conntrack --ctstate INVALID ";
  if (counts_packets(version_)) text += "-m nfacct --nfacct-name ct_state_invalid_dropped_pkts ";
  text += "-j DROP\n";
  text +=
      "-A KUBE-FORWARD -m comment --comment \"kubernetes forwarding rules\" -m mark --mark 0x4000/0x4000 -j "
      "ACCEPT\n"
      "-A KUBE-FORWARD -m comment --comment \"kubernetes forwarding conntrack rule\" -m conntrack --ctstate "
      "RELATED,ESTABLISHED -j ACCEPT\n"
      "COMMIT\n"
      "*nat\n"
      ":KUBE-SERVICES - [0:0]\n:KUBE-NODEPORTS - [0:0]\n:KUBE-POSTROUTING - [0:0]\n:KUBE-MARK-MASQ - [0:0]\n"
      "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN\n"
      "-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000\n"
      "-A KUBE-POSTROUTING -m comment --comment \"kubernetes service traffic requiring SNAT\" -j MASQUERADE "
      "--random-fully\n"
      "-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000\n"
      "-A KUBE-SERVICES -m comment --comment \"kubernetes service nodeports; NOTE: this must be the last "
      "rule in this "
      "chain\" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS\n"
      "COMMIT\n";
  constexpr std::array<std::string_view, 2> options{"--noflush", "--counters"};
  expect_success(iptables_restore(*host_, text, options), "iptables-restore");
}

}  // namespace ekspath
