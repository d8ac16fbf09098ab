#pragma once

#include <optional>
#include <string>

#include "sim/aws/ids.hh"
#include "sim/aws/subnet_addresses.hh"
#include "sim/base/mac_address.hh"
#include "sim/base/prefix.hh"

namespace ekspath {

struct SubnetSpec {
  std::string name;
  VpcId vpc;
  Prefix cidr;
  std::string zone;                  // "a", or "ap-northeast-2a": only its last letter shapes MAC addresses
  bool public_on_launch = false;     // a primary ENI gets a public address
  VpcRouteTableId route_table = {};  // none: the main one
  NetworkAclId network_acl = {};     // none: the VPC's default
};

/// A range of a VPC in one zone, behind its implicit router at .1.
struct Subnet {
  std::string name;
  std::string resource_id;  // "subnet-0..."
  VpcId vpc;
  Prefix cidr;
  ZoneId zone;
  bool public_on_launch = false;
  VpcRouteTableId explicit_route_table;  // none: whichever is the VPC's main one
  VpcRouteTableId route_table;           // the one that counts
  NetworkAclId network_acl;
  MacAddress gateway_mac;
  SubnetAddresses addresses;

  [[nodiscard]] Ipv4Address router() const { return cidr.network().plus(1); }
};

}  // namespace ekspath
