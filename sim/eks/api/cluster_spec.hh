#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/eks/api/pod_spec.hh"
#include "sim/eks/api/service_spec.hh"

namespace ekspath {

struct NodeSpec {
  SharedText provider_id;  // "aws:///ap-northeast-2a/i-0123456789abcdef0"
  bool unschedulable = false;
  std::vector<TaintSpec> taints;
};

struct NodeStatus {
  struct Address {
    Literal type;  // "InternalIP", "ExternalIP", "InternalDNS", "Hostname", "ExternalDNS"
    SharedText address;
  };
  struct Info {
    std::string architecture = "amd64";
    std::string container_runtime;
    std::string kernel;
    std::string kubelet;
    std::string os_image;

    friend bool operator==(const Info&, const Info&) = default;
  };
  Shared<ResourceList> capacity;
  Shared<ResourceList> allocatable;
  std::vector<Address> addresses;
  Shared<std::vector<ObjectCondition>> conditions;
  Shared<Info> info;

  /// Holds with `other` what both say alike.
  void join(const NodeStatus& other) {
    capacity.join(other.capacity);
    allocatable.join(other.allocatable);
    conditions.join(other.conditions);
    info.join(other.info);
  }
};

struct ConfigMapContent {
  std::map<std::string, std::string, std::less<>> data;
};

struct NamespaceStatus {
  std::string phase = "Active";
};

/// An event as `kubectl get events` and `describe` show it (core/v1): repeats are counted, not added.
struct EventContent {
  ObjectReference about;
  std::string type = "Normal";  // or "Warning"
  std::string reason;
  std::string message;
  std::string component;  // "kubelet", "default-scheduler"
  std::string host;       // the node of a kubelet
  Nanoseconds first;
  Nanoseconds last;
  std::int32_t count = 1;
};

/// ENIConfig of the VPC CNI's custom networking.
struct EniConfigContent {
  std::string subnet;
  std::vector<std::string> security_groups;
};

}  // namespace ekspath
