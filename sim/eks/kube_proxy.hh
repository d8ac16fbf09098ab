#pragma once

#include <string>

#include "sim/linux/netns.hh"

namespace ekspath {

/// kube-proxy in iptables mode on one node, as EKS configures it (facts/kube-proxy.md): chains and jumps by
/// iptables commands, each sync one `iptables-restore --noflush --counters` of filter and nat.
class KubeProxy {
 public:
  struct Version {
    int major = 1;
    int minor = 31;
  };

  KubeProxy(Netns& host, Version version) : host_(&host), version_(version) {}

  /// Start of the process: sysctls, canaries, top-level chains with their jumps, a first full sync.
  void start();

 private:
  void ensure_chains_and_jumps();
  void sync();

  Netns* host_;
  Version version_;
};

}  // namespace ekspath
