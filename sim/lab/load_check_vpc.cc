#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/lab/load_check.hh"

namespace ekspath {
namespace {

/// VPC guide: VPC CIDR blocks, subnet sizing. "between a /16 netmask and /28 netmask".
constexpr unsigned shortest = 16;
constexpr unsigned longest = 28;

void check_size(const Located<Prefix>& cidr, std::string_view what, Diagnostics& diagnostics) {
  if (cidr->length() >= shortest && cidr->length() <= longest) return;
  diagnostics.report({cidr.where,
                      fmt::format("the /{} of {}", cidr->length(), what),
                      fmt::format("a network from /{} to /{}", shortest, longest),
                      {}});
}

/// What of two CIDRs is reported when they overlap: the later one, with the place of the earlier.
void report_overlap(const Located<Prefix>& cidr, std::string_view what, const Located<Prefix>& earlier,
                    std::string_view other, Diagnostics& diagnostics) {
  diagnostics.report({cidr.where,
                      fmt::format("{} of {} overlaps {} of {}", *cidr, what, *earlier, other),
                      fmt::format("a network apart from that of line {}", earlier.where.line),
                      {}});
}

class VpcCheck {
 public:
  VpcCheck(const Scenario& scenario, const VpcEntry& vpc, Diagnostics& diagnostics)
      : scenario_(scenario),
        vpc_(vpc),
        diagnostics_(diagnostics),
        named_(fmt::format("of VPC '{}'", *vpc.name)) {}

  void check() {
    check_cidrs();
    report_duplicates(names_of(vpc_.route_tables), "route table " + named_ + ":", diagnostics_);
    report_duplicates(names_of(vpc_.security_groups), "security group " + named_ + ":", diagnostics_);
    report_duplicates(names_of(vpc_.network_acls), "network ACL " + named_ + ":", diagnostics_);
    for (std::size_t i = 0; i < vpc_.subnets.size(); ++i) check_subnet(i);
    for (const auto& nat : vpc_.nat_gateways) check_nat_gateway(nat);
    for (const auto& table : vpc_.route_tables) check_route_table(table);
    for (const auto& group : vpc_.security_groups) check_group(group);
    for (const auto& acl : vpc_.network_acls) check_acl(acl);
  }

 private:
  void report(const Location& where, std::string found, std::string expected) {
    diagnostics_.report({where, std::move(found), std::move(expected), {}});
  }

  void check_cidrs() {
    if (vpc_.cidrs.empty() && was_read(vpc_.name))
      report(vpc_.name.where, fmt::format("VPC '{}' without a network", *vpc_.name),
             "at least one CIDR in 'cidrs'");
    const std::string what = fmt::format("VPC '{}'", *vpc_.name);
    for (std::size_t i = 0; i < vpc_.cidrs.size(); ++i) {
      const auto& cidr = vpc_.cidrs[i];
      if (!was_read(cidr)) continue;
      check_size(cidr, what, diagnostics_);
      const Ipv4Address first = cidr->network();
      if (first.is_loopback() || first.is_link_local() || first.is_zeronet() || first.bits() >> 28U >= 0xe) {
        report(cidr.where, fmt::format("{} for {}", *cidr, what), "addresses that hosts may have");
      }
      for (std::size_t k = 0; k < i; ++k) {
        if (was_read(vpc_.cidrs[k]) && cidr->overlaps(*vpc_.cidrs[k]))
          report_overlap(cidr, what, vpc_.cidrs[k], what, diagnostics_);
      }
    }
  }

  void check_subnet(std::size_t index) {
    const SubnetEntry& subnet = vpc_.subnets[index];
    const std::string what = fmt::format("subnet '{}'", *subnet.name);
    if (was_read(subnet.cidr)) {
      check_size(subnet.cidr, what, diagnostics_);
      const bool inside = std::ranges::any_of(
          vpc_.cidrs, [&](const auto& cidr) { return !was_read(cidr) || cidr->contains(*subnet.cidr); });
      if (!inside && !vpc_.cidrs.empty()) {
        std::vector<std::string> cidrs;
        for (const auto& cidr : vpc_.cidrs) cidrs.push_back(fmt::format("{}", *cidr));
        report(subnet.cidr.where,
               fmt::format("{} of {} is outside of VPC '{}'", *subnet.cidr, what, *vpc_.name),
               fmt::format("a part of {}", fmt::join(cidrs, " or ")));
      }
      for (std::size_t k = 0; k < index; ++k) {
        const SubnetEntry& other = vpc_.subnets[k];
        if (!was_read(other.cidr) || !subnet.cidr->overlaps(*other.cidr)) continue;
        report_overlap(subnet.cidr, what, other.cidr, fmt::format("subnet '{}'", *other.name), diagnostics_);
      }
    }
    if (subnet.is_public && !vpc_.internet_gateway) {
      report(subnet.name.where, fmt::format("the public {} in a VPC without an internet gateway", what),
             fmt::format("internetGateway: true in VPC '{}'", *vpc_.name));
    }
    if (subnet.is_public && subnet.nat_gateway) {
      report(subnet.nat_gateway->where, fmt::format("natGateway of the public {}", what),
             "one default route: public: true, or natGateway");
    }
    if (subnet.route_table && subnet.nat_gateway) {
      report(subnet.nat_gateway->where, fmt::format("natGateway of {} beside routeTable", what),
             "the route in that table: {to: 0.0.0.0/0, via: nat/NAME}");
    }
    if (subnet.nat_gateway)
      expect_known(*subnet.nat_gateway, "NAT gateway", "of " + what, plain_names_of(vpc_.nat_gateways));
    if (subnet.route_table)
      expect_known(*subnet.route_table, "route table", "of " + what, plain_names_of(vpc_.route_tables));
    if (subnet.network_acl)
      expect_known(*subnet.network_acl, "network ACL", "of " + what, plain_names_of(vpc_.network_acls));
  }

  void expect_known(const LocatedName& name, std::string_view kind, std::string_view whose,
                    const std::vector<std::string>& known) {
    if (was_read(name) && std::ranges::find(known, *name) == known.end())
      report_unknown(name, kind, whose, known, diagnostics_);
  }

  void check_nat_gateway(const NatGatewayEntry& nat) {
    const std::string what = fmt::format("of NAT gateway '{}'", *nat.name);
    expect_known(nat.subnet, "subnet", what, plain_names_of(vpc_.subnets));
    if (nat.is_private && nat.public_ip) {
      report(nat.public_ip->where, fmt::format("publicIp {}, which is private", what),
             "none with connectivity: private");
    }
    // EC2 API CreateNatGateway: a public one fails with Gateway.NotAttached where the VPC has no internet
    // gateway.
    if (!nat.is_private && !vpc_.internet_gateway) {
      report(nat.name.where,
             fmt::format("the public NAT gateway '{}' in a VPC without an internet gateway", *nat.name),
             fmt::format("internetGateway: true in VPC '{}', or connectivity: private", *vpc_.name));
    }
  }

  void check_route_table(const RouteTableEntry& table) {
    std::set<Prefix> seen;
    for (const auto& route : table.routes) {
      if (!was_read(route.to)) continue;
      if (!seen.insert(*route.to).second) {
        report(route.to.where,
               fmt::format("a second route to {} in route table '{}'", *route.to, *table.name),
               "each destination once");
      }
      check_route(route);
    }
  }

  /// VPC guide: route tables. A route within the VPC's own networks is legal for exactly a subnet's CIDR
  /// only, and not to every target; `local` is there of itself.
  void check_route(const VpcRouteEntry& route) {
    const bool is_vpc_cidr =
        std::ranges::any_of(vpc_.cidrs, [&](const auto& cidr) { return *cidr == *route.to; });
    const bool is_inside = std::ranges::any_of(
        vpc_.cidrs, [&](const auto& cidr) { return was_read(cidr) && cidr->contains(*route.to); });
    const bool is_subnet =
        std::ranges::any_of(vpc_.subnets, [&](const auto& subnet) { return *subnet.cidr == *route.to; });
    if (route.via == RouteVia::local ? !is_vpc_cidr : is_vpc_cidr) {
      report(route.to.where, fmt::format("the route to {}", *route.to),
             "via: local for exactly the VPC's own networks");
    } else if (is_inside && route.via != RouteVia::local &&
               !(is_subnet && route.via == RouteVia::nat_gateway)) {
      report(route.to.where, fmt::format("the route to {}, which lies in the VPC", *route.to),
             "exactly a subnet's network, via nat/NAME");
    }
    if (route.via == RouteVia::internet_gateway && !vpc_.internet_gateway) {
      report(route.target.where,
             fmt::format("a route via internetGateway, which VPC '{}' has not", *vpc_.name),
             "internetGateway: true");
    }
    if (route.via == RouteVia::nat_gateway)
      expect_known(route.target, "NAT gateway", named_, plain_names_of(vpc_.nat_gateways));
    if (route.via == RouteVia::peering) {
      std::vector<std::string> own;
      for (const auto& peering : scenario_.peerings) {
        if (*peering.left == *vpc_.name || *peering.right == *vpc_.name) own.push_back(*peering.name);
      }
      expect_known(route.target, "peering", named_, own);
    }
  }

  /// Groups of the VPC itself and of those that are peered with it: Peering guide, "reference peer security
  /// groups".
  [[nodiscard]] std::vector<std::string> visible_groups() const {
    std::vector<std::string> groups{"default"};
    const auto add = [&](const VpcEntry* vpc) {
      if (vpc == nullptr) return;
      for (const auto& group : vpc->security_groups) groups.push_back(*group.name);
    };
    add(&vpc_);
    for (const auto& peering : scenario_.peerings) {
      if (*peering.left == *vpc_.name) add(scenario_.vpc(*peering.right));
      if (*peering.right == *vpc_.name) add(scenario_.vpc(*peering.left));
    }
    return groups;
  }

  void check_group(const SecurityGroupEntry& group) {
    const auto known = visible_groups();
    for (const auto* rules : {&group.ingress, &group.egress}) {
      for (const auto& rule : *rules) {
        if (rule.group)
          expect_known(*rule.group, "security group", fmt::format("in security group '{}'", *group.name),
                       known);
      }
    }
  }

  void check_acl(const NetworkAclEntry& acl) {
    for (const auto* rules : {&acl.ingress, &acl.egress}) {
      std::set<std::uint16_t> seen;
      for (const auto& rule : *rules) {
        if (!was_read(rule.number) || seen.insert(*rule.number).second) continue;
        report(rule.number.where,
               fmt::format("a second rule {} in network ACL '{}'", *rule.number, *acl.name),
               "each number once a direction");
      }
    }
  }

  const Scenario& scenario_;
  const VpcEntry& vpc_;
  Diagnostics& diagnostics_;
  std::string named_;
};

void check_peering(const Scenario& scenario, const PeeringEntry& peering, Diagnostics& diagnostics) {
  const auto vpc_names = plain_names_of(scenario.vpcs);
  const std::string what = fmt::format("of peering '{}'", *peering.name);
  for (const auto* side : {&peering.left, &peering.right}) {
    if (was_read(*side) && scenario.vpc(**side) == nullptr)
      report_unknown(*side, "VPC", what, vpc_names, diagnostics);
  }
  const VpcEntry* left = scenario.vpc(*peering.left);
  const VpcEntry* right = scenario.vpc(*peering.right);
  if (left == nullptr || right == nullptr) return;
  if (left == right) {
    diagnostics.report({peering.right.where,
                        fmt::format("peering '{}' of VPC '{}' with itself", *peering.name, *left->name),
                        "two VPCs",
                        {}});
    return;
  }
  // Peering guide: "You cannot create a VPC peering connection between VPCs that have matching or overlapping
  // IPv4 CIDRs".
  for (const auto& one : left->cidrs) {
    for (const auto& other : right->cidrs) {
      if (!was_read(one) || !was_read(other) || !one->overlaps(*other)) continue;
      diagnostics.report({peering.name.where,
                          fmt::format("peering '{}' of overlapping VPCs: {} of '{}' and {} of '{}'",
                                      *peering.name, *one, *left->name, *other, *right->name),
                          "VPCs whose networks are apart",
                          {}});
    }
  }
}

void check_peerings(const Scenario& scenario, Diagnostics& diagnostics) {
  std::set<std::pair<std::string, std::string>> pairs;
  for (const auto& peering : scenario.peerings) {
    check_peering(scenario, peering, diagnostics);
    if (!was_read(peering.left) || !was_read(peering.right)) continue;
    auto pair = std::minmax(*peering.left, *peering.right);
    if (pairs.insert({pair.first, pair.second}).second) continue;
    diagnostics.report({peering.name.where,
                        fmt::format("a second peering between '{}' and '{}'", pair.first, pair.second),
                        "one a pair",
                        {}});
  }
}

}  // namespace

void check_vpcs(const Scenario& scenario, Diagnostics& diagnostics) {
  std::vector<LocatedName> subnets;
  std::vector<LocatedName> nats;
  for (const auto& vpc : scenario.vpcs) {
    for (const auto& name : names_of(vpc.subnets)) subnets.push_back(name);
    for (const auto& name : names_of(vpc.nat_gateways)) nats.push_back(name);
  }
  report_duplicates(names_of(scenario.vpcs), "VPC", diagnostics);
  report_duplicates(subnets, "subnet", diagnostics);
  report_duplicates(nats, "NAT gateway", diagnostics);
  report_duplicates(names_of(scenario.peerings), "peering", diagnostics);
  for (const auto& vpc : scenario.vpcs) VpcCheck(scenario, vpc, diagnostics).check();
  check_peerings(scenario, diagnostics);
}

}  // namespace ekspath
