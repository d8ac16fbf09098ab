#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/prefix.hh"
#include "sim/base/shared_text.hh"
#include "sim/eks/cni_settings.hh"
#include "sim/linux/netns.hh"

namespace ekspath {

/// A secondary ENI as the agent sees it on its host.
struct CniEni {
  std::uint32_t device = 0;  // 0: the primary
  std::uint32_t network_card = 0;
  std::string interface;  // "ens6"
  Ipv4Address primary_address;
  Prefix subnet;
};

/// What the plugin is given for a pod.
struct CniPod {
  SharedText pod_namespace;
  SharedText name;
  Ipv4Address address;
  std::uint32_t device = 0;  // of the ENI that owns the address
};

/// amazon-vpc-cni-k8s on one node: ipamd's programming of the host, and the plugin's wiring of pods. It moves
/// no packet: all it does is `ip` operations, sysctls and iptables commands, in the order of the real agent
/// (facts/vpc-cni.md 1 to 4).
class VpcCni {
 public:
  /// `host` outlives this. `vpc_cidrs` as IMDS lists them for the primary MAC; `veth`: what a pod's wire is
  /// like.
  VpcCni(Netns& host, CniVersion version, std::vector<Prefix> vpc_cidrs, const LinkSpec& veth);

  /// One start of aws-node: the init container's sysctls, then ipamd's nodeInit: host network, the ENIs, the
  /// pods' rules. The first call installs; later ones are restarts with a new environment.
  /// cmd/aws-vpc-cni-init, pkg/ipamd nodeInit()
  void start(const CniEnvironment& environment, const std::vector<CniEni>& enis);
  /// A secondary ENI came up: its table, its rule. pkg/networkutils setupENINetwork()
  void set_up_eni(const CniEni& eni);
  /// A secondary ENI was freed, its interface is gone: what names it no longer. From v1.20 on its rule of
  /// priority 32765 goes too. pkg/ipamd tryFreeENI()
  void tear_down_eni(std::uint32_t device);
  /// ADD of the plugin: veth, routes, neighbour, rules. cmd/routed-eni-cni-plugin/driver SetupPodNetwork()
  void add_pod(const CniPod& pod, Netns& pod_netns);
  /// DEL of the plugin. driver TeardownPodNetwork()
  void delete_pod(const CniPod& pod);

  [[nodiscard]] const CniSettings& settings() const { return settings_; }
  [[nodiscard]] const std::vector<Prefix>& vpc_cidrs() const { return vpc_cidrs_; }
  /// prefix + first 11 hex digits of SHA-1("namespace.name"). pkg/networkutils/names.go
  [[nodiscard]] static std::string host_veth_name(std::string_view prefix, std::string_view pod_namespace,
                                                  std::string_view name);
  /// Device 0 of card 0 is main; device d is d + 1; card k: 10000 + 100 k + d. helper.go
  /// CalculateRouteTableId()
  [[nodiscard]] static std::uint32_t route_table_of(std::uint32_t device, std::uint32_t network_card);

 private:
  struct RuleWish {
    bool should_exist = true;
    bool insert_first = false;
    std::string table;
    std::string chain;
    std::string rule;
  };

  void set_up_host_network();
  void set_up_external_service_rules();
  [[nodiscard]] std::vector<RuleWish> snat_rules();
  [[nodiscard]] std::vector<RuleWish> connmark_rules();
  void apply(const std::vector<RuleWish>& wishes);
  [[nodiscard]] MacAddress unused_mac();
  [[nodiscard]] std::vector<RuleWish> stale_rules(std::string_view chain_prefix,
                                                  const std::vector<RuleWish>& wishes);
  void add_from_pod_rules(const CniPod& pod);
  void delete_from_pod_rules(Ipv4Address address);
  [[nodiscard]] bool chained() const;
  [[nodiscard]] bool has_connmark() const;

  Netns* host_;
  CniVersion version_;
  std::vector<Prefix> vpc_cidrs_;
  CniSettings settings_;
  LinkSpec veth_;
  std::vector<CniEni> enis_;
  std::vector<CniPod> pods_;
  Random mac_draws_;
};

}  // namespace ekspath
