#pragma once

#include "sim/base/id.hh"

namespace ekspath {

using VpcId = Id<struct VpcTag>;
using SubnetId = Id<struct SubnetTag>;
using ZoneId = Id<struct ZoneTag>;
using EniId = Id<struct EniTag>;
using VpcRouteTableId = Id<struct VpcRouteTableTag>;
using SecurityGroupId = Id<struct SecurityGroupTag>;
using NetworkAclId = Id<struct NetworkAclTag>;
using NatGatewayId = Id<struct NatGatewayTag>;
using PeeringId = Id<struct PeeringTag>;
using InternetHostId = Id<struct InternetHostTag>;

}  // namespace ekspath
