#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sim/base/ipv4_address.hh"
#include "sim/base/nanoseconds.hh"
#include "sim/eks/api/literal.hh"
#include "sim/eks/api/object_meta.hh"
#include "sim/eks/api/quantity.hh"
#include "sim/eks/api/shared.hh"

namespace ekspath {

/// A port number or a port's name; a number or a percentage ("25%").
using NumberOrText = std::variant<std::int32_t, std::string>;

struct ContainerPortSpec {
  std::string name;
  std::uint16_t container_port = 0;
  std::uint16_t host_port = 0;
  std::string protocol = "TCP";

  friend bool operator==(const ContainerPortSpec&, const ContainerPortSpec&) = default;
};

struct EnvironmentVariable {
  std::string name;
  std::string value;  // empty with valueFrom, which is kept in the document alone

  friend bool operator==(const EnvironmentVariable&, const EnvironmentVariable&) = default;
};

struct ProbeSpec {
  enum class Handler : std::uint8_t { http_get, tcp_socket, exec, grpc };
  Handler handler = Handler::tcp_socket;
  std::string path;
  NumberOrText port = 0;
  std::vector<std::string> command;
  std::int64_t initial_delay_seconds = 0;
  std::int64_t period_seconds = 10;
  std::int64_t timeout_seconds = 1;
  std::int64_t success_threshold = 1;
  std::int64_t failure_threshold = 3;

  friend bool operator==(const ProbeSpec&, const ProbeSpec&) = default;
};

/// All of a container but its name.
struct ContainerShape {
  std::string image;
  std::string image_pull_policy;
  std::vector<std::string> command;
  std::vector<std::string> arguments;
  std::vector<ContainerPortSpec> ports;
  std::vector<EnvironmentVariable> environment;
  ResourceList requests;
  ResourceList limits;
  std::optional<ProbeSpec> readiness;

  friend bool operator==(const ContainerShape&, const ContainerShape&) = default;
};

/// `container.name`, `container->image`.
struct ContainerSpec {
  SharedText name;
  Shared<ContainerShape> shape;

  [[nodiscard]] const ContainerShape* operator->() const { return &*shape; }
  friend bool operator==(const ContainerSpec&, const ContainerSpec&) = default;
};

struct TolerationSpec {
  std::string key;  // empty with Exists: every taint
  bool exists = false;
  std::string value;
  std::string effect;  // empty: all effects
  std::optional<std::int64_t> seconds;

  friend bool operator==(const TolerationSpec&, const TolerationSpec&) = default;
};

struct TaintSpec {
  std::string key;
  std::string value;
  std::string effect;
};

enum class DnsPolicy : std::uint8_t { cluster_first, cluster_first_with_host_net, default_, none };

struct DnsConfigSpec {
  std::vector<Ipv4Address> nameservers;
  std::vector<std::string> searches;
  std::vector<std::pair<std::string, std::string>> options;

  friend bool operator==(const DnsConfigSpec&, const DnsConfigSpec&) = default;
};

/// What the pods of a workload have alike, but for their containers.
struct PodShape {
  std::string scheduler_name = "default-scheduler";
  std::string service_account;
  std::string hostname;
  std::string subdomain;
  std::string restart_policy = "Always";
  std::string priority_class;
  std::int64_t priority = 0;
  bool host_network = false;
  DnsPolicy dns_policy = DnsPolicy::cluster_first;
  DnsConfigSpec dns_config;
  std::int64_t termination_grace_seconds = 30;
  Labels node_selector;
  std::vector<TolerationSpec> tolerations;

  friend bool operator==(const PodShape&, const PodShape&) = default;
};

/// What the scheduler, kubelet and CNI act on; the rest of a spec is in the document alone. `spec.node_name`,
/// `spec->host_network`: what pods of one shape say alike is held once for all of them.
struct PodSpec {
  SharedText node_name;    // empty: not scheduled
  SharedText pinned_node;  // of a DaemonSet's pod: required node affinity to the field metadata.name
  Shared<std::vector<ContainerSpec>> init_containers;
  std::vector<ContainerSpec> containers;
  Shared<PodShape> shape;

  [[nodiscard]] const PodShape* operator->() const { return &*shape; }

  /// The containers' port of that name, or null.
  [[nodiscard]] const ContainerPortSpec* port(std::string_view name, std::string_view protocol) const {
    for (const ContainerSpec& container : containers) {
      for (const ContainerPortSpec& one : container->ports) {
        if (one.name == name && one.protocol == protocol) return &one;
      }
    }
    return nullptr;
  }
  /// Holds with `other` what both say alike.
  void join(const PodSpec& other);
};

struct ObjectCondition {
  Literal type;    // "Ready"
  Literal status;  // "True", "False", "Unknown"
  Literal reason;
  Shared<std::string> message;
  Nanoseconds changed;

  friend bool operator==(const ObjectCondition&, const ObjectCondition&) = default;
};

/// How a container ended.
struct ContainerEnding {
  int exit_code = 0;
  int restart_count = 0;  // of the container that ended
  Literal reason;         // "Completed", "Error"
  Nanoseconds started_at;
  Nanoseconds finished_at;

  friend bool operator==(const ContainerEnding&, const ContainerEnding&) = default;
};

/// Of the container of the same place in the spec: pods of one shape say the same here, but for its name.
struct ContainerStatus {
  enum class State : std::uint8_t { waiting, running, terminated };
  State state = State::waiting;
  bool ready = false;
  bool started = false;
  bool has_id = false;  // it was made once: its ids are known
  int restart_count = 0;
  int exit_code = 0;
  Literal reason = "ContainerCreating";  // of waiting and terminated
  Nanoseconds started_at;
  Nanoseconds finished_at;
  Shared<std::string> message;
  Shared<ContainerShape> shape;  // that it was made from
  // lastState: of the container before the one that `state` is about.
  Shared<std::optional<ContainerEnding>> last_ending;

  /// Of a container that has ended.
  [[nodiscard]] ContainerEnding ending() const {
    return {exit_code, restart_count, reason, started_at, finished_at};
  }

  friend bool operator==(const ContainerStatus&, const ContainerStatus&) = default;
};

struct PodStatus {
  Literal phase = "Pending";
  Literal qos_class;
  Ipv4Address pod_ip;                             // unspecified: none yet
  Ipv4Address host_ip;                            // unspecified: not on a node yet
  Nanoseconds start_time = Nanoseconds::never();  // never: no kubelet has seen it yet
  Shared<std::vector<ObjectCondition>> conditions;
  // Either empty or as many as the spec has.
  Shared<std::vector<ContainerStatus>> init_containers;
  Shared<std::vector<ContainerStatus>> containers;

  [[nodiscard]] bool condition_true(std::string_view type) const {
    for (const ObjectCondition& condition : *conditions) {
      if (condition.type == type) return condition.status == "True";
    }
    return false;
  }
  [[nodiscard]] bool ready() const { return condition_true("Ready"); }
  /// Holds with `other` what both say alike.
  void join(const PodStatus& other);
};

}  // namespace ekspath
