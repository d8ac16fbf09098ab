#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/apps/program.hh"
#include "sim/aws/fabric.hh"
#include "sim/aws/vpc_resolver.hh"
#include "sim/base/diagnostics.hh"
#include "sim/eks/cluster.hh"
#include "sim/engine/engine.hh"
#include "sim/lab/frame_hub.hh"
#include "sim/lab/scenario.hh"
#include "sim/linux/netfilter/rule_store.hh"
#include "sim/linux/netns.hh"

namespace ekspath {

enum class HostKind : std::uint8_t { pod, node, instance, internet };

/// Something with a shell: what `kubectl exec` and `ssh` name, and a capture's first half.
struct Host {
  std::string name;  // "pod1", "node1", "operator", "dns.google"
  HostKind kind = HostKind::pod;
  Netns* netns = nullptr;  // a hostNetwork pod's is its node's
  std::string host_name;   // what `hostname` prints
  Ipv4Address address;
  Ipv4Address public_address;  // unspecified: none
  std::string node;            // of a pod
  std::string resolv_conf;     // the text of /etc/resolv.conf
  std::string hosts_file;      // the text of /etc/hosts
};

/// What was built of a scenario, and the owner of it all.
class World {
 public:
  World(std::uint64_t seed, std::int64_t epoch_ns);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  [[nodiscard]] Host* host(std::string_view name);
  [[nodiscard]] const Host* host(std::string_view name) const;
  /// The shell of a pod; null when its node has made none.
  [[nodiscard]] Host* pod_host(std::string_view name_space, std::string_view name);
  /// Sorted by name.
  [[nodiscard]] const std::vector<std::unique_ptr<Host>>& hosts() const { return hosts_; }
  Host& add_host(Host host);
  Netns& add_netns(std::string name);
  [[nodiscard]] const std::deque<std::unique_ptr<Netns>>& namespaces() const { return namespaces_; }

  /// Every decision of every namespace and of the fabric.
  void observe(Observer& observer);
  /// Every frame at `interface`; call before the run or between events.
  void watch(Interface& interface, Tap& tap);
  void unwatch(Interface& interface, Tap& tap);
  /// Told of each interface that is born from now on; empty: nobody is.
  std::function<void(Interface&)> on_interface;
  [[nodiscard]] std::vector<Interface*> interfaces_of(const Host& host) const;

  [[nodiscard]] ProgramEnvironment environment_of(const Host& host);

 private:
  /// Hands the news of the kernel on.
  class Births final : public InterfaceBirths {
   public:
    explicit Births(World& world) : world_(&world) {}
    void born(Interface& interface) override {
      if (world_->on_interface) world_->on_interface(interface);
    }

   private:
    World* world_;
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
  std::deque<std::unique_ptr<Netns>> namespaces_;
  std::vector<std::unique_ptr<Host>> hosts_;

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
