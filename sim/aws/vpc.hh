#pragma once

#include <string>
#include <vector>

#include "sim/aws/address_mapping.hh"
#include "sim/aws/ids.hh"
#include "sim/aws/internet_gateway.hh"
#include "sim/base/prefix.hh"
#include "sim/packet/place.hh"

namespace ekspath {

struct VpcSpec {
  std::string name;
  std::vector<Prefix> cidrs;  // at least one; the first is the primary
  bool internet_gateway = false;
};

/// A private network: its CIDRs, its defaults, who owns which address, and its internet gateway.
struct Vpc {
  std::string name;
  std::string resource_id;  // "vpc-0..."
  std::vector<Prefix> cidrs;
  VpcRouteTableId main_route_table;
  SecurityGroupId default_security_group;
  NetworkAclId default_network_acl;
  std::vector<PeeringId> peerings;
  AddressMapping mapping;
  bool has_internet_gateway = false;
  InternetGateway internet_gateway;  // without meaning where there is none

  [[nodiscard]] bool contains(Ipv4Address address) const {
    for (const Prefix cidr : cidrs) {
      if (cidr.contains(address)) return true;
    }
    return false;
  }
  /// The resolver's address: base of the primary CIDR + 2. VPC guide: DNS
  [[nodiscard]] Ipv4Address resolver() const { return cidrs.front().network().plus(2); }
};

}  // namespace ekspath
