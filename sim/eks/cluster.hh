#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/eks/api/api_server.hh"
#include "sim/eks/api/store.hh"
#include "sim/eks/kube_proxy/service_proxies.hh"
#include "sim/eks/node.hh"
#include "sim/engine/engine.hh"

namespace ekspath {

/// The control plane's view of one EKS cluster: its nodes and pods, and the agents' settings. It programs the
/// nodes and moves no packet. DaemonSets and pods placed by hand; the objects of the API server come with the
/// Kubernetes issue.
class Cluster final : public Entity {
 public:
  struct Versions {
    KubeProxy::Version kubernetes;
    CniVersion cni;
  };

  /// `seed`: of the scenario; the objects' names and uids hang on it.
  Cluster(Engine& engine, std::uint64_t seed, std::string name, Prefix service_cidr, Versions versions,
          CniEnvironment environment);

  /// What the API server keeps; begins with the namespaces that every cluster has.
  [[nodiscard]] ObjectStore& objects() { return objects_; }
  [[nodiscard]] const ObjectStore& objects() const { return objects_; }
  /// What clients talk to.
  [[nodiscard]] ApiServer& api() { return api_; }

  /// The node boots: kubelet's and kube-proxy's rules, then aws-node's start. All at once: a world begins
  /// with nodes Ready.
  void join(Node node, const std::vector<Prefix>& vpc_cidrs, const LinkSpec& veth);
  /// Wires a pod as the CNI does, with an address of its node's pool when it has none; a hostNetwork pod only
  /// gets its name. What comes back is the plugin's error; empty: it stands.
  [[nodiscard]] std::string place(Pod pod);

  /// How long EC2 takes; before the first node joins.
  void change_delays(const Ec2Delays& delays) { delays_ = delays; }
  /// All that is there when the world begins is placed: the pools become as warm as they are to be,
  /// and services have their rules.
  void settle();

  /// `kubectl set env daemonset aws-node -n kube-system NAME=VALUE` (empty value and `remove`: NAME-). Starts
  /// a rollout when anything changed; false when nothing did.
  bool set_environment(const CniEnvironment& changes, const std::vector<std::string>& removals);
  [[nodiscard]] const CniEnvironment& environment() const { return environment_; }

  /// A rolling update of aws-node, one node at a time (maxUnavailable 10 %, at least one).
  struct Rollout {
    std::uint32_t updated = 0;  // nodes whose new aws-node is ready
    bool running = false;
  };
  [[nodiscard]] const Rollout& rollout() const { return rollout_; }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const Versions& versions() const { return versions_; }
  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }
  [[nodiscard]] const std::vector<Pod>& pods() const { return pods_; }
  [[nodiscard]] const Pod* pod(std::string_view pod_namespace, std::string_view name) const;
  [[nodiscard]] const Node* node(std::string_view name) const;

  void fire(const Event& event) override;

 private:
  enum EventKind : std::uint32_t { old_agent_stopped, new_agent_started, new_agent_ready };

  void after(Nanoseconds delay, EventKind kind);

  ObjectStore objects_;
  ServiceProxies proxies_;
  ApiServer api_;
  std::string name_;
  Versions versions_;
  CniEnvironment environment_;
  Ec2Delays delays_;
  std::vector<Node> nodes_;
  std::vector<Pod> pods_;
  Rollout rollout_;
  std::uint32_t generation_ = 0;
};

}  // namespace ekspath
