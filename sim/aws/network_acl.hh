#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/aws/ids.hh"
#include "sim/aws/result.hh"
#include "sim/aws/traffic_filter.hh"
#include "sim/base/prefix.hh"

namespace ekspath {

struct NetworkAclRule {
  TrafficDirection direction = TrafficDirection::ingress;
  std::uint16_t number = 0;  // 1 to 32766, the lowest that matches decides
  bool allow = false;
  TrafficFilter traffic;
  Prefix peer;  // source of ingress, destination of egress
};

/// A subnet's stateless list, asked only where a packet enters or leaves the subnet. VPC guide: network ACLs
class NetworkAcl {
 public:
  NetworkAcl(std::string name, std::string resource_id, VpcId vpc);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& resource_id() const { return resource_id_; }
  [[nodiscard]] VpcId vpc() const { return vpc_; }
  /// By number.
  [[nodiscard]] const std::vector<NetworkAclRule>& rules(TrafficDirection direction) const {
    return list(direction).rules;
  }

  [[nodiscard]] Outcome add(const NetworkAclRule& rule);
  [[nodiscard]] Outcome remove(TrafficDirection direction, std::uint16_t number);

  struct Verdict {
    bool allow = false;
    std::string_view rule;  // "acl strict ingress 100 allow", "acl strict ingress * deny"
  };
  [[nodiscard]] Verdict judge(TrafficDirection direction, const Tuple& tuple) const;

 private:
  struct List {
    std::vector<NetworkAclRule> rules;
    std::vector<std::string> texts;
    std::string otherwise;
  };
  [[nodiscard]] const List& list(TrafficDirection direction) const {
    return direction == TrafficDirection::ingress ? ingress_ : egress_;
  }
  [[nodiscard]] List& list(TrafficDirection direction) {
    return direction == TrafficDirection::ingress ? ingress_ : egress_;
  }

  std::string name_;
  std::string resource_id_;
  VpcId vpc_;
  List ingress_;
  List egress_;
};

}  // namespace ekspath
