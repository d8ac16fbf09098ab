#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "sim/aws/fabric.hh"
#include "sim/eks/cni_settings.hh"
#include "sim/linux/netns.hh"

namespace ekspath {

/// Why EC2 refuses a call, as its API says it.
struct Ec2Error {
  std::string code;  // "InsufficientFreeAddressesInSubnet"
  std::string text;  // as the SDK of the agent's release prints it, with code and request id
  /// The subnet has no room. ipamd.go containsInsufficientCIDRsOrSubnetIPs()
  [[nodiscard]] bool is_shortage() const {
    return code == "InsufficientFreeAddressesInSubnet" || code == "InsufficientCidrBlocks";
  }
};

template <class T>
using Ec2Result = std::variant<T, Ec2Error>;

/// The calls of the EC2 API that an agent makes about its own instance. Each is done at once and as a whole,
/// or refused and nothing is changed; how long one takes is the caller's matter.
class NodeEc2 {
 public:
  /// `host` and `fabric` outlive this. `version`: whose SDK words the errors.
  NodeEc2(Fabric& fabric, Netns& host, CniVersion version);

  struct NewEni {
    SubnetId subnet;
    std::vector<SecurityGroupId> security_groups;
    std::uint32_t count = 0;  // of secondary addresses, or of prefixes
    bool prefixes = false;
    std::uint32_t device = 0;  // where it will be attached: its name in the scenario
    std::string description;
  };
  /// CreateNetworkInterface
  [[nodiscard]] Ec2Result<EniId> create_eni(const NewEni& wish);
  /// AssignPrivateIpAddresses: SecondaryPrivateIpAddressCount
  [[nodiscard]] Ec2Result<std::vector<Prefix>> assign_addresses(EniId eni, std::uint32_t count);
  /// AssignPrivateIpAddresses: Ipv4PrefixCount
  [[nodiscard]] Ec2Result<std::vector<Prefix>> assign_prefixes(EniId eni, std::uint32_t count);
  /// UnassignPrivateIpAddresses, of addresses (/32) and prefixes alike
  void unassign(EniId eni, const std::vector<Prefix>& cidrs);
  void delete_eni(EniId eni);

  [[nodiscard]] Fabric& fabric() { return *fabric_; }
  [[nodiscard]] const Fabric& fabric() const { return *fabric_; }
  [[nodiscard]] Netns& host() { return *host_; }

 private:
  [[nodiscard]] Ec2Error error(std::string_view operation, const FabricError& refusal, bool prefixes);

  Fabric* fabric_;
  Netns* host_;
  CniVersion version_;
  Random request_ids_;
  std::map<std::uint32_t, std::uint32_t> enis_of_device_;  // how many there were: names are not used twice
};

}  // namespace ekspath
