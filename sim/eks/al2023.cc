#include "sim/eks/al2023.hh"

#include "sim/base/assert.hh"

namespace ekspath {
namespace {

/// 512 + 100 * card + device. amazon-eks-ami nodeadm/cmd/nodeadm-internal/udev
constexpr std::uint32_t primary_metric = 512;

void add_dhcp_route(Netns& host, const Interface& primary, const DhcpLease& lease, const Prefix& to,
                    bool via_router) {
  const Ipv4Address router = lease.subnet.network().plus(1);
  const Route route{.prefix = to,
                    .scope = via_router ? RouteScope::global : RouteScope::link,
                    .protocol = RouteProtocol::dhcp,
                    .out_interface = primary.index,
                    .metric = primary_metric,
                    .gateway = via_router ? router : Ipv4Address(),
                    .preferred_source = lease.address};
  ASSERT(host.routing.add_route(route_table::main, route) == 0);
}

}  // namespace

std::string nitro_interface_name(std::uint32_t device) { return fmt::format("ens{}", 5 + device); }

void set_al2023_sysctls(Netns& netns) {
  static const Sysctls al2023 = [] {
    Sysctls values;
    // /etc/sysctl.d/00-defaults.conf of AL2023 (facts/aws-fabric.md 1, TTL)
    values.ip_default_ttl = 127;
    // systemd's 50-default.conf: net.ipv4.conf.*.rp_filter = 2, but not `all` (facts/vpc-cni.md 1)
    values.defaults.rp_filter = 2;
    return values;
  }();
  netns.sysctls.become(al2023);
  for (Interface* interface : netns.interfaces()) interface->conf.rp_filter = 2;
}

void boot_al2023(Netns& host, Interface& primary, const DhcpLease& lease) {
  set_al2023_sysctls(host);
  host.set_up(primary, true);
  const auto length = static_cast<std::uint8_t>(lease.subnet.length());
  ASSERT(host.add_address(primary, {.address = lease.address, .prefix_length = length}, false) == 0);
  // networkd gives the kernel's connected route the lease's metric.
  ASSERT(host.routing.add_route(route_table::main, Route{.prefix = lease.subnet,
                                                         .scope = RouteScope::link,
                                                         .protocol = RouteProtocol::kernel,
                                                         .out_interface = primary.index,
                                                         .metric = primary_metric,
                                                         .preferred_source = lease.address}) == 0);
  const Ipv4Address router = lease.subnet.network().plus(1);
  add_dhcp_route(host, primary, lease, Prefix(router, 32), false);
  add_dhcp_route(host, primary, lease, Prefix(), true);
  // A resolver inside the subnet is on link; networkd writes no route of its own for it.
  if (!lease.subnet.contains(lease.resolver)) {
    add_dhcp_route(host, primary, lease, Prefix(lease.resolver, 32), true);
  } else if (lease.resolver != router) {
    add_dhcp_route(host, primary, lease, Prefix(lease.resolver, 32), false);
  }
}

}  // namespace ekspath
