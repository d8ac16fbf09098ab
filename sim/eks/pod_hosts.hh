#pragma once

#include <string>

#include "sim/apps/program.hh"
#include "sim/base/ipv4_address.hh"
#include "sim/eks/pod_files.hh"
#include "sim/linux/netns.hh"

namespace ekspath {

/// Who owns the namespaces of pods and knows them by name: the world. The kubelet asks it for each pod.
class PodHosts {
 public:
  struct Place {
    SharedText pod_namespace;
    SharedText pod_name;
    SharedText node;       // as the scenario calls it: "node1"
    SharedText host_name;  // what `hostname` prints in it
    std::string resolv_conf;
    Netns* host_netns = nullptr;  // of a hostNetwork pod: its node's
  };
  /// A new namespace, or the node's own for a hostNetwork pod, under the pod's name.
  virtual Netns& open(const Place& place) = 0;
  /// The pod has its address, and its /etc/hosts therefore.
  virtual void give_address(std::string_view pod_namespace, std::string_view pod_name, Ipv4Address address,
                            HostsFile hosts_file) = 0;
  /// What its programs find around them.
  virtual ProgramEnvironment environment(std::string_view pod_namespace, std::string_view pod_name) = 0;
  /// The pod is gone; its namespace stays as long as the world, without interfaces.
  virtual void close(std::string_view pod_namespace, std::string_view pod_name) = 0;

 protected:
  ~PodHosts() = default;
};

}  // namespace ekspath
