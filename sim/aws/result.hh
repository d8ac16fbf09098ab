#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "sim/base/assert.hh"

namespace ekspath {

/// Why the fabric refuses a request, as the EC2 API would. A loader adds the place in the file.
enum class FabricRefusal : std::uint8_t {
  duplicate_name,
  cidr_size,         // VPCs and subnets are /16 to /28
  cidr_overlap,      // two subnets of a VPC, two CIDRs of a VPC
  outside_vpc,       // a subnet outside the CIDRs of its VPC
  outside_subnet,    // an address outside its subnet
  address_reserved,  // network, router, DNS, future use, last
  address_taken,
  addresses_exhausted,  // no free address (or no free /28) is left in the subnet
  mac_taken,
  other_vpc,  // a group, table, ACL, gateway or peering of another VPC
  no_internet_gateway,
  peering_overlap,  // the peering would be in state "failed"
  peering_exists,   // one peering per VPC pair
  route_exists,
  route_unknown,
  route_local,         // the local route can neither be changed nor removed
  route_too_specific,  // more specific than local, and not exactly a subnet to a NAT gateway or an ENI
  rule_exists,
  rule_unknown,
  rule_number,      // network ACL rules are numbered 1 to 32766
  rule_ports,       // a range that is upside down, or ports of a protocol that has none
  not_owned,        // the address is none of the ENI's
  primary_address,  // the primary private address cannot be unassigned
  public_address_taken,
  already_attached,
  rtt_too_small,
  mtu_too_small,
  too_many_addresses,
};
[[nodiscard]] std::string_view to_string(FabricRefusal refusal);

struct FabricError {
  FabricRefusal refusal;
  std::string found;     // "192.168.1.3 in subnet public-a", ready for ScenarioError::found
  std::string expected;  // "an address of 192.168.1.4 to 192.168.1.254"; may be empty
};

/// Nothing: it was done. Otherwise why not.
using Outcome = std::optional<FabricError>;

/// A value, or why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(FabricError error) : state_(std::move(error)) {}

  [[nodiscard]] explicit operator bool() const { return std::holds_alternative<T>(state_); }
  [[nodiscard]] const T& value() const {
    ASSERT(std::holds_alternative<T>(state_));
    return *std::get_if<T>(&state_);
  }
  [[nodiscard]] const FabricError& error() const {
    ASSERT(!std::holds_alternative<T>(state_));
    return *std::get_if<FabricError>(&state_);
  }

 private:
  std::variant<T, FabricError> state_;
};

}  // namespace ekspath
