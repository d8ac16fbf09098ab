#pragma once

#include <cstdint>
#include <string>

#include "sim/base/prefix.hh"
#include "sim/linux/netns.hh"

namespace ekspath {

/// What the DHCP server of a VPC tells an instance about its primary ENI.
struct DhcpLease {
  Ipv4Address address;
  Prefix subnet;
  Ipv4Address resolver;  // the VPC's base + 2
};

/// The device number's name on a Nitro instance: ens5, ens6, ... (facts/vpc-cni.md 2)
[[nodiscard]] std::string nitro_interface_name(std::uint32_t device);

/// An Amazon Linux 2023 instance has booted: its sysctls, and what systemd-networkd makes of the lease on the
/// primary ENI (facts/aws-fabric.md 1: the four routes in the order that `ip route` prints, TTL 127).
void boot_al2023(Netns& host, Interface& primary, const DhcpLease& lease);
/// The sysctls alone: containers of such a host start with the same ones (observed: #t1).
void set_al2023_sysctls(Netns& netns);

}  // namespace ekspath
