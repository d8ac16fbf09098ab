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
  std::string provider_id;  // "aws:///ap-northeast-2a/i-0123456789abcdef0"
  bool unschedulable = false;
  std::vector<TaintSpec> taints;
};

struct NodeStatus {
  struct Address {
    std::string type;  // "InternalIP", "ExternalIP", "InternalDNS", "Hostname", "ExternalDNS"
    std::string address;
  };
  struct Info {
    std::string architecture = "amd64";
    std::string container_runtime;
    std::string kernel;
    std::string kubelet;
    std::string os_image;
  };
  ResourceList capacity;
  ResourceList allocatable;
  std::vector<Address> addresses;
  std::vector<ObjectCondition> conditions;
  Info info;
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
