#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/aws/fabric.hh"
#include "sim/aws/local_services.hh"
#include "sim/packet/dns_message.hh"

namespace ekspath {

/// AmazonProvidedDNS: answers DNS on the hypervisor at the VPC's base + 2 and at 169.254.169.253, whatever
/// groups and ACLs say. facts/aws-fabric.md 1; VPC guide: DNS attributes. It knows
///   - ip-A-B-C-D.REGION.compute.internal of each private address that an ENI of the asker's VPC owns, both
///     ways;
///   - ec2-A-B-C-D.REGION.compute.amazonaws.com of each public address: its private one inside the VPC;
///   - the names of the scenario's internet hosts, both ways, which stand for the whole public tree: any
///   other
///     name there does not exist.
/// Every VPC has enableDnsSupport and enableDnsHostnames on. Not modelled: TCP, private hosted zones,
/// Resolver rules and endpoints, names of peered VPCs' private addresses, TTLs counting down in its cache.
class VpcResolver final : public LocalServices {
 public:
  VpcResolver(Fabric& fabric, Engine& engine, PacketPool& pool, std::string_view region);

  [[nodiscard]] std::optional<Refusal> ask(LocalService service, Eni& from, const Packet& packet) override;

 private:
  /// Packets of one ENI in the second at hand.
  struct Allowance {
    std::int64_t second = -1;
    std::uint32_t used = 0;
  };

  [[nodiscard]] bool within_allowance(const Eni& from);
  [[nodiscard]] DnsMessage resolve(const DnsMessage& query, VpcId vpc) const;
  void answer(DnsMessage& reply, const DnsQuestion& question, VpcId vpc) const;
  /// What the name is; absent: there is no such name.
  [[nodiscard]] std::optional<std::vector<DnsRecord>> records_of(const DnsName& name, VpcId vpc) const;
  [[nodiscard]] std::optional<Ipv4Address> address_of(const DnsName& name, VpcId vpc) const;
  [[nodiscard]] std::optional<DnsName> name_of(Ipv4Address address, VpcId vpc) const;
  [[nodiscard]] DnsRecord soa_for(const DnsName& name) const;
  [[nodiscard]] DnsName dashed(std::string_view prefix, Ipv4Address address, const DnsName& domain) const;

  Fabric& fabric_;
  Engine& engine_;
  PacketPool& pool_;
  DnsName private_domain_;
  DnsName public_domain_;
  std::vector<Allowance> allowances_;  // by ENI
};

}  // namespace ekspath
