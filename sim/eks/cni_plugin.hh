#pragma once

#include <string>

#include "sim/eks/agent_log.hh"
#include "sim/eks/ipamd.hh"
#include "sim/eks/pod_sandbox.hh"
#include "sim/eks/vpc_cni.hh"

namespace ekspath {

/// The binary /opt/cni/bin/aws-cni, as containerd calls it on one node: asks ipamd for an address and wires
/// the pod with it. Writes /var/log/aws-routed-eni/plugin.log. cmd/routed-eni-cni-plugin/cni.go
class CniPlugin {
 public:
  /// All of them outlive this.
  CniPlugin(Ipamd& ipamd, VpcCni& cni, NodeFiles& files);

  /// ADD. On success the pod's namespace has its eth0.
  struct Added {
    Ipv4Address address;
    std::uint32_t device = 0;
    std::string error;  // empty: done. Else for sandbox_failure_text()
    [[nodiscard]] bool ok() const { return error.empty(); }
  };
  [[nodiscard]] Added add(const PodSandbox& sandbox, Netns& pod_netns);
  /// ADD of a pod whose address the scenario pins; the fabric gave it to the ENI of `device` before.
  void add_pinned(const PodSandbox& sandbox, Netns& pod_netns, Ipv4Address address, std::uint32_t device);
  /// DEL. An unknown sandbox is no error. While ipamd is away the pod's rules go and its address stays taken.
  void del(const PodSandbox& sandbox);

 private:
  void wire(const PodSandbox& sandbox, Netns& pod_netns, const IpamdPool::Assignment& assignment);
  void log_request(const LogCaller& caller, std::string_view command, const PodSandbox& sandbox);
  [[nodiscard]] Nanoseconds now() const { return ipamd_->now(); }

  Ipamd* ipamd_;
  VpcCni* cni_;
  AgentLog log_;
};

}  // namespace ekspath
