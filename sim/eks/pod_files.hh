#pragma once

#include <string>
#include <string_view>

#include "sim/base/ipv4_address.hh"
#include "sim/eks/api/pod_spec.hh"

namespace ekspath {

/// /etc/hosts of a machine or a pod. Thousands differ in one line: what they have alike is held once.
struct HostsFile {
  Shared<std::string> common;
  Ipv4Address address;
  SharedText names;          // of the address; empty: no line of its own
  Shared<std::string> more;  // what the scenario adds

  [[nodiscard]] std::string text() const;
};

/// What kubelet decides about a pod's names with.
struct PodNaming {
  std::string_view name_space;
  std::string_view node_resolv_conf;  // of the node, as systemd-resolved wrote it
  std::string_view node_hosts;        // the node's /etc/hosts
  Ipv4Address cluster_dns;            // the kube-dns service's
};

/// /etc/resolv.conf of a pod by its dnsPolicy and dnsConfig, in the order in which containerd writes it:
/// search, nameserver, options. kubernetes 1.31 pkg/kubelet/network/dns/dns.go GetPodDNS(); containerd
/// pkg/cri/server/sandbox_run_linux.go parseDNSOptions(); facts/kube-proxy.md 12
[[nodiscard]] std::string pod_resolv_conf(const PodShape& spec, const PodNaming& naming);

/// /etc/hosts of a pod. pkg/kubelet/kubelet_pods.go managedHostsFileContent(), nodeHostsFileContent().
/// hostAliases are not modelled.
[[nodiscard]] HostsFile pod_hosts_file(const PodShape& spec, const PodNaming& naming,
                                       const SharedText& host_name, Ipv4Address address);

}  // namespace ekspath
