#pragma once

#include <string>

#include "sim/aws/ids.hh"
#include "sim/packet/place.hh"

namespace ekspath {

struct PeeringSpec {
  std::string name;
  VpcId requester;
  VpcId accepter;
  bool active = true;
};

/// Two VPCs that route to each other's private addresses, and to nothing behind them. Peering guide
struct Peering {
  std::string name;
  std::string resource_id;  // "pcx-0..."
  VpcId requester;
  VpcId accepter;
  bool active = true;
  PlaceId place;  // "peering/NAME"

  [[nodiscard]] bool joins(VpcId vpc) const { return vpc == requester || vpc == accepter; }
  [[nodiscard]] VpcId other(VpcId vpc) const { return vpc == requester ? accepter : requester; }
};

}  // namespace ekspath
