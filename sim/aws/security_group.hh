#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/aws/ids.hh"
#include "sim/aws/traffic_filter.hh"
#include "sim/base/prefix.hh"

namespace ekspath {

/// Who the far side of a rule is: addresses, or the private addresses of the ENIs of a group.
using SecurityGroupPeer = std::variant<Prefix, SecurityGroupId>;

struct SecurityGroupRule {
  TrafficDirection direction = TrafficDirection::ingress;
  TrafficFilter traffic;
  SecurityGroupPeer peer;
  std::string description;

  /// The same rule, whatever its description: EC2 knows a rule by that.
  [[nodiscard]] bool same_as(const SecurityGroupRule& other) const {
    return direction == other.direction && traffic == other.traffic && peer == other.peer;
  }
  [[nodiscard]] bool from_anywhere() const {
    const Prefix* prefix = std::get_if<Prefix>(&peer);
    return prefix != nullptr && prefix->length() == 0;
  }
};

/// A named list of what is allowed; the union of an ENI's groups decides, no order. Never denies.
/// VPC guide: security groups
struct SecurityGroup {
  std::string name;
  std::string description;
  std::string resource_id;  // "sg-0..."
  VpcId vpc;
  std::vector<SecurityGroupRule> rules;
  /// Beside each rule, what a decision says of it: "sg open-to-operator ingress icmp from 172.20.0.0/16".
  std::vector<std::string> rule_texts;
};

}  // namespace ekspath
