#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/apps/program.hh"
#include "sim/eks/api/api_server.hh"
#include "sim/eks/controllers/control_delays.hh"
#include "sim/eks/controllers/event_recorder.hh"
#include "sim/eks/image_catalog.hh"
#include "sim/engine/engine.hh"
#include "sim/linux/netns.hh"

namespace ekspath {

/// What the AMI and kubelet program on a node before any pod runs: `iptables -P FORWARD ACCEPT` of the
/// kubelet unit, the canary and hint chains, KUBE-FIREWALL. kubernetes pkg/kubelet/kubelet_network_linux.go;
/// facts/kube-proxy.md 2 and 4.
void start_kubelet_network(Netns& host);

/// What a kubelet needs of its node: sandboxes with their network, and what the cluster's own agents do.
class KubeletHost {
 public:
  /// A pod's sandbox by containerd and the CNI plugin.
  struct Sandbox {
    Netns* netns = nullptr;
    Ipv4Address address;
    std::string error;  // empty: it stands. Else the text of FailedCreatePodSandBox
  };
  virtual Sandbox make_sandbox(const ApiObject& pod, std::uint32_t attempt) = 0;
  virtual void remove_sandbox(std::string_view pod_namespace, std::string_view pod_name) = 0;
  virtual ProgramEnvironment environment(const ApiObject& pod) = 0;
  /// A container of the cluster's own (aws-node, kube-proxy, coredns) has started, or stops.
  virtual std::unique_ptr<Program> agent_started(const ApiObject& pod, const ContainerSpec& container,
                                                 Netns& netns) = 0;
  virtual void agent_stopped(const ApiObject& pod, const ContainerSpec& container) = 0;
  /// Something that a user should know once: an image that nobody modelled.
  virtual void note(const std::string& text) = 0;

 protected:
  ~KubeletHost() = default;
};

/// kubelet on one node: brings its pods up and down, a step at a time, and reports. pkg/kubelet
///
/// Readiness probes of HTTP and TCP look at whether somebody listens on their port, and send no packet;
/// exec and gRPC probes succeed. Liveness and startup probes are not modelled.
class Kubelet final : public Entity {
 public:
  Kubelet(Engine& engine, ApiServer& api, KubeletHost& host, const ControlDelays& delays, SharedText node,
          Ipv4Address address);
  ~Kubelet();

  /// A pod of this node was written.
  void pod_changed(ObjectChange change, const ApiObject& pod);
  /// What a container has written: `kubectl logs`. None: it does not run.
  [[nodiscard]] const Program* program(const std::string& pod_namespace, const std::string& pod_name,
                                       const std::string& container) const;
  /// A pod that it has not heard of runs already, in a sandbox that stands: the scenario placed it.
  void adopt(const ApiObject& pod, Netns& netns);
  /// The events of its pods so far happened long ago.
  void forget_events() { events_.forget(); }
  /// Holds with `other` what both know alike.
  void join(const Kubelet& other) { images_.join(other.images_); }

  void fire(const Event& event) override;

 private:
  using PodName = std::pair<SharedText, SharedText>;
  enum class Step : std::uint8_t {
    look,
    sandbox,
    pulled,
    start,
    ready,
    running,
    restart,
    stop,
    killed,
    gone,
  };
  struct RunningContainer {
    std::unique_ptr<Program> program;
    Shared<ContainerWork> work;
    Nanoseconds started;
    int restarts = 0;
    bool began = false;
    bool ended = false;
  };
  /// A pod at work. One step is pending at a time; `token` tells whose event counts.
  struct Work {
    std::uint32_t id = 0;
    std::uint32_t token = 0;
    PodName name;
    Uid uid;
    std::uint32_t attempt = 0;    // of the sandbox
    std::uint32_t container = 0;  // that is being started: init containers first
    Nanoseconds pulling_since;
    Netns* netns = nullptr;
    Step step = Step::look;
    bool has_sandbox = false;
    bool restarting = false;  // only `container` is started
    bool stopping = false;
    std::int64_t grace_seconds = 0;  // with stopping
    Nanoseconds crash_delay = Nanoseconds(10'000'000'000);
    std::unique_ptr<PodSpec> last_spec;        // of an object that is gone while its pod still stops
    std::vector<RunningContainer> containers;  // init containers first

    [[nodiscard]] static std::uint32_t id_of(const std::unique_ptr<Work>& work) { return work->id; }
  };

  /// The latest of that name, or null. A node has a hundred pods: an index would cost more than it saves.
  [[nodiscard]] const Work* find(std::string_view pod_namespace, std::string_view pod_name) const;
  Work& begin(const ApiObject& pod);
  void after(Work& work, Nanoseconds delay, Step step);
  void look(Work& work);
  void make_sandbox(Work& work);
  void begin_container(Work& work);
  void pulled(Work& work);
  void start_container(Work& work);
  void check_ready(Work& work);
  void watch_endings(Work& work);
  void container_ended(Work& work, std::size_t container, int status);
  void restart(Work& work);
  void stop(Work& work);
  void kill(Work& work);
  void finish(Work& work);
  [[nodiscard]] bool is_probe_answered(const Work& work, const ContainerSpec& container) const;
  [[nodiscard]] const PodSpec& spec_of(const Work& work) const;
  [[nodiscard]] ContainerStatus& status_of(const Work& work, PodStatus& status, std::size_t index) const;
  [[nodiscard]] const ContainerSpec& container_of(const Work& work, std::size_t index) const;
  [[nodiscard]] const ApiObject* object_of(const Work& work) const;
  void report(const Work& work, const std::function<void(PodStatus&)>& change);
  void record(const Work& work, EventRecorder::Type type, std::string_view reason, std::string text,
              const ContainerSpec* container = nullptr);

  ApiServer* api_;
  KubeletHost* host_;
  const ControlDelays* delays_;
  EventRecorder events_;
  SharedText node_;
  Ipv4Address address_;
  Shared<std::set<std::string>> images_;      // by their full names
  std::vector<std::unique_ptr<Work>> works_;  // by id
  std::uint32_t next_id_ = 0;
  std::uint32_t next_token_ = 0;
};

}  // namespace ekspath
