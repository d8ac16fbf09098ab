#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/eks/cni_plugin.hh"
#include "sim/eks/ipamd.hh"
#include "sim/eks/kube_proxy.hh"
#include "sim/eks/node_files.hh"
#include "sim/eks/vpc_cni.hh"
#include "sim/linux/netns.hh"

namespace ekspath {

/// An EC2 instance that joined the cluster: names for a namespace and the ENIs that belong together, and its
/// agents.
struct Node {
  SharedText name;             // as the scenario calls it: "node1"
  SharedText kubernetes_name;  // "ip-192-168-1-251.ap-northeast-2.compute.internal"
  std::string zone;            // "ap-northeast-2a"
  std::string instance_type;
  std::string group;                // node group
  Shared<std::string> resolv_conf;  // the text of its /etc/resolv.conf
  Shared<std::string> hosts_file;   // of its /etc/hosts
  Ipv4Address public_address;       // unspecified: none
  Netns* netns = nullptr;
  Ipv4Address address;
  SharedText instance_id;  // "i-0..."
  const InstanceType* type = nullptr;
  std::uint32_t max_pods = 0;  // capacity.pods
  Fabric* fabric = nullptr;
  std::vector<std::pair<EniId, std::uint32_t>> enis;  // as it boots, with device numbers; the primary first
  std::optional<EniConfig> eni_config;                // of custom networking
  bool is_furnished = false;                          // see IpamdSite
  std::unique_ptr<NodeFiles> files;
  std::unique_ptr<VpcCni> cni;
  std::unique_ptr<Ipamd> ipamd;
  std::unique_ptr<CniPlugin> plugin;
  std::unique_ptr<KubeProxy> proxy;
};

/// A pod: a namespace on a node. With hostNetwork it is the node's own.
struct Pod {
  SharedText name;
  SharedText pod_namespace = "default";
  Netns* netns = nullptr;
  std::uint32_t node = 0;  // index in Cluster::nodes()
  Ipv4Address address;
  std::uint32_t device = 0;  // of the ENI that carries the address
  bool host_network = false;
  /// What its sandbox's ids are drawn with, when somebody asks for them. Meaningless with hostNetwork.
  Uid uid;  // of its object; none: placed by the scenario, its sandbox draws one
  std::uint32_t attempt = 0;
};

}  // namespace ekspath
