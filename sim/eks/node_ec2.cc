#include "sim/eks/node_ec2.hh"

#include <fmt/format.h>

#include "sim/base/assert.hh"

namespace ekspath {
namespace {

/// aws-sdk-go-v2 came with v1.19.4 (go.mod)
constexpr CniVersion first_with_sdk_v2{1, 19, 4};

}  // namespace

NodeEc2::NodeEc2(Fabric& fabric, Netns& host, CniVersion version)
    : fabric_(&fabric), host_(&host), version_(version), request_ids_(host.random("ec2 request ids")) {}

Ec2Result<EniId> NodeEc2::create_eni(const NewEni& wish) {
  EniSpec spec;
  const std::string name = fmt::format("{}/eni{}", host_->name(), wish.device);
  do {
    const std::uint32_t times = ++enis_of_device_[wish.device];
    spec.name = times == 1 ? name : fmt::format("{}-{}", name, times);
  } while (fabric_->find_eni(spec.name));
  spec.subnet = wish.subnet;
  spec.security_groups = wish.security_groups;
  spec.description = wish.description;
  const auto created = fabric_->create_eni(spec);
  if (!created) return error("CreateNetworkInterface", created.error(), false);
  const auto assigned = wish.prefixes ? assign_prefixes(created.value(), wish.count)
                                      : assign_addresses(created.value(), wish.count);
  if (const auto* refused = std::get_if<Ec2Error>(&assigned)) {
    delete_eni(created.value());
    return *refused;
  }
  return created.value();
}

Ec2Result<std::vector<Prefix>> NodeEc2::assign_addresses(EniId eni, std::uint32_t count) {
  std::vector<Prefix> assigned;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto address = fabric_->assign_address(eni);
    if (!address) {
      unassign(eni, assigned);
      return error("AssignPrivateIpAddresses", address.error(), false);
    }
    assigned.emplace_back(address.value(), 32);
  }
  return assigned;
}

Ec2Result<std::vector<Prefix>> NodeEc2::assign_prefixes(EniId eni, std::uint32_t count) {
  std::vector<Prefix> assigned;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto prefix = fabric_->assign_prefix(eni);
    if (!prefix) {
      unassign(eni, assigned);
      return error("AssignPrivateIpAddresses", prefix.error(), true);
    }
    assigned.push_back(prefix.value());
  }
  return assigned;
}

void NodeEc2::unassign(EniId eni, const std::vector<Prefix>& cidrs) {
  for (const Prefix& cidr : cidrs) {
    const Outcome refused = cidr.length() == 32 ? fabric_->unassign_address(eni, cidr.network())
                                                : fabric_->unassign_prefix(eni, cidr);
    ASSERT(!refused);
  }
}

void NodeEc2::delete_eni(EniId eni) { ASSERT(!fabric_->delete_eni(eni)); }

Ec2Error NodeEc2::error(std::string_view operation, const FabricError& refusal, bool prefixes) {
  Ec2Error error;
  std::string message;
  switch (refusal.refusal) {
    case FabricRefusal::addresses_exhausted:
      // observed: amazon-vpc-cni-k8s pull requests 1773 and 1585
      error.code = prefixes ? "InsufficientCidrBlocks" : "InsufficientFreeAddressesInSubnet";
      message = fmt::format("The specified subnet does not have enough free {} to satisfy the request.",
                            prefixes ? "cidr blocks" : "addresses");
      break;
    case FabricRefusal::too_many_addresses:
      error.code = "PrivateIpAddressLimitExceeded";
      message = "Number of private addresses will exceed limit.";
      break;
    default:
      error.code = "InvalidParameterValue";
      message = refusal.found;
  }
  const std::uint64_t a = request_ids_.next();
  const std::uint64_t b = request_ids_.next();
  const std::string request = fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32, a >> 16 & 0xffff,
                                          a & 0xfff, 0x8000 | (b >> 50), b & 0xffff'ffff'ffffULL);
  error.text = version_ >= first_with_sdk_v2
                   ? fmt::format(
                         "operation error EC2: {}, https response error StatusCode: 400, RequestID: {}, api "
                         "error {}: {}",
                         operation, request, error.code, message)
                   : fmt::format("{}: {}\n\tstatus code: 400, request id: {}", error.code, message, request);
  return error;
}

}  // namespace ekspath
