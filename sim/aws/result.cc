#include "sim/aws/result.hh"

namespace ekspath {

std::string_view to_string(FabricRefusal refusal) {
  switch (refusal) {
    case FabricRefusal::duplicate_name:
      return "the name is already in use";
    case FabricRefusal::cidr_size:
      return "the CIDR block's size is invalid";
    case FabricRefusal::cidr_overlap:
      return "the CIDR block overlaps another";
    case FabricRefusal::outside_vpc:
      return "the CIDR block lies outside the VPC";
    case FabricRefusal::outside_subnet:
      return "the address lies outside the subnet";
    case FabricRefusal::address_reserved:
      return "the address is reserved";
    case FabricRefusal::address_taken:
      return "the address is already assigned";
    case FabricRefusal::addresses_exhausted:
      return "the subnet has no free address left";
    case FabricRefusal::mac_taken:
      return "the MAC address is already in use";
    case FabricRefusal::other_vpc:
      return "it belongs to another VPC";
    case FabricRefusal::no_internet_gateway:
      return "the VPC has no internet gateway";
    case FabricRefusal::peering_overlap:
      return "the CIDR blocks of the peered VPCs overlap";
    case FabricRefusal::peering_exists:
      return "the two VPCs are already peered";
    case FabricRefusal::route_exists:
      return "the table already has a route to this destination";
    case FabricRefusal::route_unknown:
      return "the table has no route to this destination";
    case FabricRefusal::route_local:
      return "the local route cannot be changed";
    case FabricRefusal::route_too_specific:
      return "the route is more specific than local, which is legal only for a subnet";
    case FabricRefusal::rule_exists:
      return "the rule already exists";
    case FabricRefusal::rule_unknown:
      return "there is no such rule";
    case FabricRefusal::rule_number:
      return "the rule's number is invalid";
    case FabricRefusal::rule_ports:
      return "the rule's ports are invalid";
    case FabricRefusal::not_owned:
      return "the address does not belong to this network interface";
    case FabricRefusal::primary_address:
      return "the primary private address cannot be unassigned";
    case FabricRefusal::public_address_taken:
      return "the public address is already in use";
    case FabricRefusal::already_attached:
      return "the network interface is already attached";
    case FabricRefusal::mtu_too_small:
      return "the MTU is smaller than every link carries";
    case FabricRefusal::rtt_too_small:
      return "the round trip is shorter than the network attachments allow";
    case FabricRefusal::too_many_addresses:
      return "too many addresses";
  }
  return "?";
}

}  // namespace ekspath
