#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/apps/program.hh"
#include "sim/base/diagnostics.hh"
#include "sim/base/ipv4_address.hh"
#include "sim/base/nanoseconds.hh"
#include "sim/base/prefix.hh"
#include "sim/eks/controllers/control_delays.hh"
#include "sim/eks/ec2_delays.hh"
#include "sim/packet/fate.hh"

/// A scenario file as values. What the loader (load_scenario.hh) hands out has passed every check that needs
/// no world: names are unique and known, addresses lie where they must, limits of instance types hold.
/// docs/scenario.md is the user's view of the same. An Entry is what the file says of a thing; the Specs of
/// the same names are what aws/ builds from.
namespace ekspath {

/// A value and the place in the user's file that it came from; a default carries the place of what lacks it.
template <class T>
struct Located {
  T value{};
  Location where;

  [[nodiscard]] const T& operator*() const { return value; }
  [[nodiscard]] const T* operator->() const { return &value; }
};

using LocatedName = Located<std::string>;

/// A program of apps/ that answers on a port of a host or pod.
struct Listen {
  Located<std::uint16_t> port;
  Located<ServerKind> serves;
};

/// "net.ipv4.conf.ens6.rp_filter" -> "1".
struct Setting {
  LocatedName name;
  Located<std::string> value;
};

struct Metadata {
  LocatedName name;  // [a-z0-9-]+, names the output folder
  std::string title;
  std::vector<std::string> teaches;
};

// ---- VPCs
// ----------------------------------------------------------------------------------------------------------

struct SubnetEntry {
  LocatedName name;
  Located<Prefix> cidr;
  LocatedName az;          // one letter: "a" of region ap-northeast-2 is ap-northeast-2a
  bool is_public = false;  // default route to the internet gateway, public addresses on launch
  std::optional<LocatedName> nat_gateway;  // default route to that NAT gateway
  std::optional<LocatedName> route_table;  // instead of the table that the two above make
  std::optional<LocatedName> network_acl;  // absent: the VPC's default one, which lets all pass
};

struct NatGatewayEntry {
  LocatedName name;
  LocatedName subnet;
  bool is_private = false;                         // `connectivity: private`
  std::optional<Located<Ipv4Address>> public_ip;   // generated when absent, none for a private one
  std::optional<Located<Ipv4Address>> private_ip;  // generated when absent
};

enum class RouteVia : std::uint8_t { local, internet_gateway, nat_gateway, peering, blackhole };

struct VpcRouteEntry {
  Located<Prefix> to;
  RouteVia via = RouteVia::local;
  LocatedName target;  // of nat_gateway and peering; else empty
};

struct RouteTableEntry {
  LocatedName name;
  std::vector<VpcRouteEntry> routes;  // the local routes of the VPC's CIDRs are always there, and not listed
};

/// Protocol and ports as security groups and network ACLs select them.
struct TrafficSelector {
  std::optional<std::uint8_t> protocol;  // an IANA number; absent: all
  std::uint16_t first_port = 0;
  std::uint16_t last_port = 65535;  // 0-65535 wherever the protocol has no ports
};

struct SecurityGroupRuleEntry {
  Location where;
  TrafficSelector selects;
  std::optional<Located<Prefix>> cidr;  // exactly one of the two: addresses, or
  std::optional<LocatedName> group;     // ENIs that carry this group (of this VPC, or of a peered one)
};

struct SecurityGroupEntry {
  LocatedName name;
  std::vector<SecurityGroupRuleEntry> ingress;
  std::vector<SecurityGroupRuleEntry> egress;  // all to 0.0.0.0/0 unless the file says otherwise
};

struct NetworkAclRuleEntry {
  Located<std::uint16_t> number;  // 1-32766, lowest match wins
  bool allow = false;
  TrafficSelector selects;
  Prefix cidr;
};

struct NetworkAclEntry {
  LocatedName name;
  std::vector<NetworkAclRuleEntry> ingress;  // in order of their numbers; behind the last: deny
  std::vector<NetworkAclRuleEntry> egress;
};

struct VpcEntry {
  LocatedName name;
  std::vector<Located<Prefix>> cidrs;  // first is the primary
  bool internet_gateway = false;
  std::vector<SubnetEntry> subnets;
  std::vector<NatGatewayEntry> nat_gateways;
  std::vector<RouteTableEntry> route_tables;
  std::vector<SecurityGroupEntry> security_groups;  // `default` exists besides, unless it is among these
  std::vector<NetworkAclEntry> network_acls;
};

struct PeeringEntry {
  LocatedName name;
  LocatedName left, right;  // VPCs
  bool routes = true;       // in every route table of both sides
};

struct InstanceEntry {
  LocatedName name;
  LocatedName subnet;
  LocatedName type;
  std::optional<Located<Ipv4Address>> private_ip;  // generated when absent
  std::optional<Located<Ipv4Address>> public_ip;   // absent: generated in a public subnet, none elsewhere
  std::vector<LocatedName> security_groups;        // of the subnet's VPC; `default` when the file names none
  std::vector<Setting> sysctls;
  std::vector<Listen> listens;
};

struct InternetHostEntry {
  LocatedName name;  // a DNS name
  Located<Ipv4Address> ip;
  std::optional<Nanoseconds> rtt;  // absent: that of link kind `internet`
  std::uint8_t hops = 0;           // routers between the internet gateway and the host: TTL
  std::vector<Listen> listens;
};

// ---- the cluster
// ---------------------------------------------------------------------------------------------------

/// An ENIConfig object, with the scenario's names for the subnet and the groups.
struct EniConfigEntry {
  LocatedName name;
  LocatedName subnet;
  std::vector<LocatedName> security_groups;
};

struct CniEntry {
  Located<std::string> version;  // "1.19"
  std::vector<Setting> env;      // the real names of aws-node's variables, in order of name
  std::vector<EniConfigEntry> eni_configs;
  Ec2Delays delays;
};

struct EniEntry {
  Located<std::uint8_t> device;  // 1 and above: the secondary ones
  std::optional<Located<Ipv4Address>> private_ip;
};

/// A pin of one node, as the file has it.
struct NodePin {
  Location where;
  std::optional<Located<Ipv4Address>> private_ip;
  std::optional<Located<Ipv4Address>> public_ip;
  std::vector<EniEntry> enis;
};

struct NodeGroupEntry {
  LocatedName name;
  LocatedName type;
  Located<std::uint32_t> count;
  std::vector<LocatedName> subnets;       // node i of the group stands in subnets[i % size]
  std::optional<std::uint32_t> max_pods;  // absent: what the type's addresses allow
  std::vector<Setting> sysctls;
  std::vector<NodePin> nodes;
};

struct PodEntry {
  LocatedName name;
  std::string name_space = "default";
  LocatedName node;
  std::optional<Located<Ipv4Address>> ip;  // generated when absent; none with hostNetwork
  Located<std::uint8_t> device;            // the ENI that carries the address: 0 is the primary
  bool host_network = false;
  bool runs_coredns = false;  // `runs: coredns`: an endpoint of kube-system/kube-dns
  std::vector<Setting> sysctls;
  std::vector<Listen> listens;
};

/// A node after the groups are counted out: what a builder builds. node1, node2, ... over the groups in file
/// order.
struct NodeEntry {
  std::string name;
  Location where;     // the pin, or the group
  std::string group;  // node group
  std::string type;
  std::string subnet;
  std::optional<Located<Ipv4Address>> private_ip;
  std::optional<Located<Ipv4Address>> public_ip;
  std::vector<EniEntry> enis;  // secondary ones, by device: pinned, or implied by a pod's `device`
  std::optional<std::uint32_t> max_pods;
  std::vector<Setting> sysctls;
};

struct ClusterEntry {
  ControlDelays delays;  // of the control plane and the kubelets
  LocatedName name;
  Located<std::string> version;  // "1.31"
  LocatedName vpc;
  Located<Prefix> service_cidr;  // by the rule of EKS when the file is silent: facts kube-proxy.md 12
  CniEntry cni;
  std::vector<LocatedName>
      node_security_groups;  // empty: the cluster security group alone; `default` names that one
  std::vector<NodeGroupEntry> node_groups;
  std::vector<NodeEntry> nodes;
  std::vector<PodEntry> pods;
};

/// Kubernetes YAML by file, relative to the scenario; read, not yet understood.
struct ManifestFile {
  LocatedName path;
  std::string text;
};

// ---- links, captures, steps, expectations
// ---------------------------------------------------------------------------

/// Delay, rate, loss and MTU of a kind of path (`cross-az`, `internet`, ...) or of one named thing.
struct LinkSetting {
  LocatedName name;
  std::optional<Nanoseconds> delay;  // one way: given as `delay`, or half of `rtt`
  std::optional<std::uint64_t> rate_bps;
  std::optional<std::uint32_t> loss_per_million;
  std::optional<std::uint32_t> mtu;
};

/// Where packets are seen: "node1/ens5", "pod1/eth0", "node1/any". The interface may hold a ${reference}.
struct CaptureAt {
  std::string host;
  std::string interface;
  Location where;
};

struct CaptureEntry {
  CaptureAt at;
  std::optional<Located<std::string>> filter;  // a tcpdump expression, with ${references}
};

struct Step {
  Location where;
  std::string name;               // empty when the file gives none
  std::optional<Nanoseconds> at;  // absent: when the step before (if not in the background) has ended
  Located<std::string> run;       // with ${references}
  bool background = false;
  std::optional<Located<std::string>> input;  // `stdin`
};

/// How many packets passed a capture point, under a filter.
struct CaptureExpectation {
  CaptureAt at;
  std::optional<Located<std::string>> filter;
  std::uint64_t packets = 0;
};

/// What a step printed, and its exit status. Each part that is present must hold; all may have ${references}.
struct StepExpectation {
  LocatedName step;
  std::optional<Located<std::string>> contains;
  std::optional<Located<std::string>> matches;  // ECMAScript regular expression, found anywhere in the text
  std::optional<Located<std::string>> equals;   // but for white space at the end
  std::optional<int> exit;
};

/// How many packets died at a place of a reason: "node1/ens6", "pod1", "igw/myeks-vpc", "nat/nat-a",
/// "peering/p".
struct DropExpectation {
  Located<std::string> at;
  DropReason reason = DropReason::none;
  std::uint64_t packets = 0;
};

struct Expectation {
  Location where;
  std::optional<CaptureExpectation> capture;  // exactly one of the three
  std::optional<StepExpectation> step;
  std::optional<DropExpectation> drop;
};

/// What the fabric does where AWS leaves room.
struct FabricEntry {
  /// Whether security groups let ICMP errors about a tracked flow in. AWS asks for a rule of its own.
  bool admits_related_errors = false;
};

struct VariantEntry {
  LocatedName name;
  std::string title;
  bool replaces_expectations = false;  // whether it has an `expect` of its own
};

/// The whole file, with one variant (or none) and every --set applied.
struct Scenario {
  std::string path;     // of the file, as the user gave it
  std::string variant;  // empty: the base
  Metadata metadata;
  std::uint64_t seed = 1;
  Nanoseconds start;  // wall clock of time zero, since 1970-01-01T00:00:00Z
  std::string region = "ap-northeast-2";
  std::vector<VpcEntry> vpcs;
  std::vector<PeeringEntry> peerings;
  std::vector<InstanceEntry> instances;
  std::vector<InternetHostEntry> internet_hosts;
  std::optional<ClusterEntry> cluster;
  std::vector<ManifestFile> manifests;
  std::vector<LinkSetting> links;
  FabricEntry fabric;
  bool captures_all = true;
  std::vector<CaptureEntry> captures;  // when not all
  std::vector<Step> steps;
  /// Texts of the files that steps read, by the names that the steps have for them.
  std::map<std::string, std::string, std::less<>> step_files;
  std::vector<Expectation> expectations;
  std::vector<VariantEntry> variants;  // all that the file has

  [[nodiscard]] const VpcEntry* vpc(std::string_view name) const;
  /// The subnet of that name and the VPC that it is of; names of subnets are unique in a file.
  [[nodiscard]] std::pair<const SubnetEntry*, const VpcEntry*> subnet(std::string_view name) const;
  [[nodiscard]] const InstanceEntry* instance(std::string_view name) const;
  [[nodiscard]] const InternetHostEntry* internet_host(std::string_view name) const;
  [[nodiscard]] const NodeEntry* node(std::string_view name) const;
  [[nodiscard]] const PodEntry* pod(std::string_view name) const;
  /// Of instances, internet hosts, nodes and pods: what commands, captures and filters may name.
  [[nodiscard]] std::vector<std::string> host_names() const;
};

/// Whether aws-node is told to take the pods' ENIs from ENIConfig objects.
[[nodiscard]] bool uses_custom_networking(const CniEntry& cni);
/// The name of the ENIConfig that a node asks for: its zone where ENI_CONFIG_LABEL_DEF names a zone label,
/// else "default". pkg/eniconfig GetNodeSpecificENIConfigName()
[[nodiscard]] std::string eni_config_name(const Scenario& scenario, const NodeEntry& node);
/// That object; null: there is none.
[[nodiscard]] const EniConfigEntry* eni_config_of(const Scenario& scenario, const NodeEntry& node);

}  // namespace ekspath
