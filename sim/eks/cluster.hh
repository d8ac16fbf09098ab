#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/eks/api/api_server.hh"
#include "sim/eks/api/store.hh"
#include "sim/eks/controllers/control_delays.hh"
#include "sim/eks/controllers/daemon_set_controller.hh"
#include "sim/eks/controllers/deployment_controller.hh"
#include "sim/eks/controllers/endpoints_controller.hh"
#include "sim/eks/controllers/garbage_collector.hh"
#include "sim/eks/controllers/pod_scheduler.hh"
#include "sim/eks/controllers/replica_set_controller.hh"
#include "sim/eks/kube_proxy/service_proxies.hh"
#include "sim/eks/kubelet.hh"
#include "sim/eks/node.hh"
#include "sim/eks/pod_hosts.hh"
#include "sim/engine/engine.hh"

namespace ekspath {

/// One EKS cluster: its API server and controllers, its nodes with their agents, its pods. It programs the
/// nodes and moves no packet.
class Cluster final : private KubeletHost, private ObjectWatcher {
 public:
  struct Versions {
    KubeProxy::Version kubernetes;
    CniVersion cni;
  };
  struct Settings {
    Prefix service_cidr = Prefix(Ipv4Address(10, 100, 0, 0), 16);
    ControlDelays delays;
    std::string private_domain = "ap-northeast-2.compute.internal";
    PodHosts* hosts = nullptr;  // null: no pod can be started in the run
  };

  /// `seed`: of the scenario; the objects' names and uids hang on it.
  Cluster(Engine& engine, std::uint64_t seed, std::string name, Versions versions,
          CniEnvironment environment);
  Cluster(Engine& engine, std::uint64_t seed, std::string name, Versions versions, CniEnvironment environment,
          Settings settings);

  [[nodiscard]] ApiServer& api() { return api_; }
  [[nodiscard]] const ApiServer& api() const { return api_; }
  /// What the API server keeps.
  [[nodiscard]] ObjectStore& objects() { return objects_; }
  [[nodiscard]] const ObjectStore& objects() const { return objects_; }

  /// The node boots: kubelet's and kube-proxy's rules, then aws-node's start. All at once: a world begins
  /// with nodes Ready.
  void join(Node node, const std::vector<Prefix>& vpc_cidrs, const LinkSpec& veth);
  /// A pod that runs when the world begins: wired as the CNI does, with an address of its node's pool when it
  /// has none (a hostNetwork pod only gets its name), and an object like any other. What comes back is the
  /// plugin's error; empty: it stands.
  [[nodiscard]] std::string place(Pod pod);

  /// The addresses of EKS's own ENIs: endpoints of the service default/kubernetes. Before settle().
  void place_control_plane(std::vector<Ipv4Address> addresses) { control_plane_ = std::move(addresses); }
  [[nodiscard]] const std::vector<Ipv4Address>& control_plane() const { return control_plane_; }

  /// How long EC2 takes; before the first node joins.
  void change_delays(const Ec2Delays& delays) { ec2_delays_ = delays; }
  /// All that is there when the world begins is placed: the cluster's own workloads come up, and the pools
  /// become as warm as they are to be, and services have their rules, in no time.
  void settle();

  /// `kubectl set env daemonset aws-node -n kube-system NAME=VALUE` (empty value and `remove`: NAME-).
  /// Changes the DaemonSet, whose controller rolls it out; false when nothing changed.
  bool set_environment(const CniEnvironment& changes, const std::vector<std::string>& removals);
  [[nodiscard]] const CniEnvironment& environment() const { return environment_; }

  /// How far the rolling update of aws-node is, of the DaemonSet's status.
  struct Rollout {
    std::uint32_t updated = 0;  // nodes with a new pod
    bool running = false;
  };
  [[nodiscard]] Rollout rollout() const;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const Versions& versions() const { return versions_; }
  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }
  /// Those that have a sandbox.
  [[nodiscard]] const std::vector<Pod>& pods() const { return pods_; }
  [[nodiscard]] const Pod* pod(std::string_view pod_namespace, std::string_view name) const;
  /// By the scenario's name or the Kubernetes one.
  [[nodiscard]] const Node* node(std::string_view name) const;
  /// What a container has written; null: it does not run, or writes nothing. `kubectl logs`
  [[nodiscard]] const Program* program(std::string_view pod_namespace, std::string_view pod,
                                       const std::string& container) const;

  /// Told once of each thing that a user should know: an image that nobody modelled.
  std::function<void(const std::string&)> on_note;
  /// Starts CoreDNS in a pod of the Deployment kube-system/coredns; empty: it answers nobody.
  std::function<std::unique_ptr<Program>(const ApiObject& pod, Netns& netns, const ProgramEnvironment&)>
      start_dns;

 private:
  // KubeletHost
  Sandbox make_sandbox(const ApiObject& pod, std::uint32_t attempt) override;
  void remove_sandbox(std::string_view pod_namespace, std::string_view pod_name) override;
  ProgramEnvironment environment(const ApiObject& pod) override;
  std::unique_ptr<Program> agent_started(const ApiObject& pod, const ContainerSpec& container,
                                         Netns& netns) override;
  void agent_stopped(const ApiObject& pod, const ContainerSpec& container) override;
  void note(const std::string& text) override;
  // ObjectWatcher
  void object_changed(ObjectChange change, const ApiObject& object) override;

  /// ADD of the plugin for a pod's sandbox: its address, or the plugin's error.
  [[nodiscard]] CniPlugin::Added wire(const Node& node, const PodSandbox& sandbox, Netns& netns);
  [[nodiscard]] PodSandbox sandbox_of(const Pod& pod) const;

  Engine* engine_;
  std::uint64_t seed_;
  std::string name_;
  Versions versions_;
  CniEnvironment environment_;
  Settings settings_;
  ControlDelays delays_;  // as they count now: none while the cluster settles
  Ec2Delays ec2_delays_;
  ObjectStore objects_;
  ServiceProxies proxies_;
  ApiServer api_;
  std::vector<Node> nodes_;
  std::map<SharedText, std::uint32_t, std::less<>> node_index_;    // by Kubernetes name
  std::map<SharedText, std::uint32_t, std::less<>> node_by_name_;  // by the scenario's
  std::vector<Pod> pods_;
  std::vector<Ipv4Address> control_plane_;
  std::set<std::string> noted_;
  bool settling_ = false;
  bool placing_ = false;  // of a new pod the kubelet hears by adopt()
  DeploymentController deployments_;
  ReplicaSetController replica_sets_;
  DaemonSetController daemon_sets_;
  PodScheduler scheduler_;
  EndpointsController endpoints_;
  EndpointSliceController endpoint_slices_;
  GarbageCollector garbage_;
  std::vector<std::unique_ptr<Kubelet>> kubelets_;  // by node; last: their programs live in the namespaces
};

}  // namespace ekspath
