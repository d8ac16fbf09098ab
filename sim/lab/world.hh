#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/apps/program.hh"
#include "sim/aws/fabric.hh"
#include "sim/aws/vpc_resolver.hh"
#include "sim/base/diagnostics.hh"
#include "sim/eks/cluster.hh"
#include "sim/eks/pod_hosts.hh"
#include "sim/engine/engine.hh"
#include "sim/lab/frame_hub.hh"
#include "sim/lab/scenario.hh"
#include "sim/linux/netfilter/rule_store.hh"
#include "sim/linux/netns.hh"

namespace ekspath {

enum class HostKind : std::uint8_t { pod, node, instance, internet };

/// Something with a shell: what `kubectl exec` and `ssh` name, and a capture's first half.
struct Host {
  SharedText name;  // "pod1", "node1", "operator", "dns.google"
  HostKind kind = HostKind::pod;
  Netns* netns = nullptr;  // a hostNetwork pod's is its node's
  SharedText host_name;    // what `hostname` prints
  Ipv4Address address;
  Ipv4Address public_address;       // unspecified: none
  SharedText node;                  // of a pod
  Shared<std::string> resolv_conf;  // the text of /etc/resolv.conf; the world holds equal ones once
  HostsFile hosts_file;
  SharedText pod_namespace = {};  // of a pod
  SharedText pod_name = {};       // of a pod: its host's name, unless that was taken

  /// A hostNetwork pod: its interfaces and its address are its node's.
  [[nodiscard]] bool shares_namespace() const { return kind == HostKind::pod && netns->name() != name; }
};

/// What was built of a scenario, and the owner of it all.
class World final : public PodHosts {
 public:
  World(std::uint64_t seed, std::int64_t epoch_ns);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  [[nodiscard]] Host* host(std::string_view name);
  [[nodiscard]] const Host* host(std::string_view name) const;
  /// Sorted by name.
  struct HostOrder {
    using is_transparent = void;
    static std::string_view name(const std::unique_ptr<Host>& host) { return host->name; }
    static std::string_view name(std::string_view name) { return name; }
    bool operator()(const auto& a, const auto& b) const { return name(a) < name(b); }
  };
  using Hosts = std::set<std::unique_ptr<Host>, HostOrder>;
  [[nodiscard]] const Hosts& hosts() const { return hosts_; }
  Host& add_host(Host host);
  /// The host of a pod by its Kubernetes name; null: it has none.
  [[nodiscard]] Host* pod_host(std::string_view pod_namespace, std::string_view pod);
  /// Nobody finds it any more; what runs in its shell goes on in a namespace without interfaces.
  void retire(const Host& host);
  Netns& add_netns(std::string name);
  [[nodiscard]] const std::deque<std::unique_ptr<Netns>>& namespaces() const { return namespaces_; }

  /// Every decision of every namespace and of the fabric.
  void observe(Observer& observer);
  /// Every frame at `interface`; call before the run or between events.
  void watch(Interface& interface, Tap& tap);
  void unwatch(PlaceId interface, Tap& tap);
  /// Told of each interface that is born from now on: a pod's, a node's veth, an ENI.
  using InterfaceListener = std::function<void(Interface&)>;
  void listen_for_interfaces(InterfaceListener listener) { listeners_.push_back(std::move(listener)); }
  [[nodiscard]] std::vector<Interface*> interfaces_of(const Host& host) const;

  [[nodiscard]] ProgramEnvironment environment_of(const Host& host);

  // PodHosts
  Netns& open(const Place& place) override;
  void give_address(std::string_view pod_namespace, std::string_view pod_name, Ipv4Address address,
                    HostsFile hosts_file) override;
  ProgramEnvironment environment(std::string_view pod_namespace, std::string_view pod_name) override;
  void close(std::string_view pod_namespace, std::string_view pod_name) override;

 private:
  /// Hands the news of the kernel on.
  class Births final : public InterfaceBirths {
   public:
    explicit Births(World& world) : world_(&world) {}
    void born(Interface& interface) override {
      for (const InterfaceListener& listener : world_->listeners_) listener(interface);
    }

   private:
    World* world_;
  };

  struct PodNameOrder {
    using is_transparent = void;
    using Name = std::pair<std::string_view, std::string_view>;
    static Name name(const Host* host) { return {host->pod_namespace, host->pod_name}; }
    static Name name(const Name& name) { return name; }
    bool operator()(const auto& a, const auto& b) const { return name(a) < name(b); }
  };

  // The pool is the last to die: frames in flight and queued packets go back to it.
  PacketPool pool_;
  PlaceNames places_;
  RuleStore rules_;
  Engine engine_;
  ObserverHub observers_;
  FrameHub frames_;
  Births births_{*this};
  Kernel kernel_;

 public:
  Fabric fabric;
  std::unique_ptr<VpcResolver> vpc_resolver;
  std::unique_ptr<Cluster> cluster;  // null: a scenario without one
  CompileFilter compile_filter;      // for tcpdump as a step, and expectations; brought by tools/
  /// Texts of the files that steps name with -f, by their names: a run reads no file.
  std::map<std::string, std::string, std::less<>> files;

  [[nodiscard]] Engine& engine() { return engine_; }
  [[nodiscard]] Nanoseconds now() const { return engine_.now(); }
  /// The wall clock of time zero, since 1970.
  [[nodiscard]] Nanoseconds epoch() const { return Nanoseconds(kernel_.epoch_ns); }
  [[nodiscard]] PlaceNames& places() { return places_; }
  [[nodiscard]] const PlaceNames& places() const { return places_; }
  [[nodiscard]] const Kernel& kernel() const { return kernel_; }
  [[nodiscard]] PacketPool& pool() { return pool_; }

 private:
  /// The world holds equal files once.
  void share(Shared<std::string>& file);

  std::deque<std::unique_ptr<Netns>> namespaces_;
  Hosts hosts_;
  std::map<std::string, Shared<std::string>, std::less<>> files_of_hosts_;  // by their text
  std::set<Host*, PodNameOrder> renamed_pods_;                              // whose name another host had
  std::vector<std::unique_ptr<Host>> retired_;
  std::vector<InterfaceListener> listeners_;
  bool observed_ = false;

 public:
  /// Servers of `listens`. They end before their namespaces.
  std::vector<std::unique_ptr<Program>> servers;
  /// What runs on a host since it began, by the host's name: what `kubectl logs` reads.
  std::multimap<std::string, const Program*, std::less<>> logs;
};

/// Builds everything that the scenario names. What only shows now (addresses that the fabric refuses, sysctls
/// that no kernel has, references to nothing) goes to `diagnostics`, and null comes back.
[[nodiscard]] std::unique_ptr<World> build_world(const Scenario& scenario, Diagnostics& diagnostics);

}  // namespace ekspath
