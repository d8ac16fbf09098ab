#include <fmt/format.h>

#include <algorithm>

#include "sim/aws/fabric.hh"
#include "sim/aws/resource_id.hh"

namespace ekspath {
namespace {

constexpr unsigned largest_network = 16, smallest_network = 28;  // VPC guide: subnet sizing

/// Public ranges of AWS in Seoul: drawn addresses look like those of a lab there.
constexpr Prefix public_ranges[] = {
    Prefix(Ipv4Address(3, 34, 0, 0), 15),   Prefix(Ipv4Address(13, 124, 0, 0), 15),
    Prefix(Ipv4Address(13, 209, 0, 0), 16), Prefix(Ipv4Address(43, 200, 0, 0), 14),
    Prefix(Ipv4Address(52, 78, 0, 0), 15),  Prefix(Ipv4Address(54, 180, 0, 0), 15)};

Outcome check_size(Prefix cidr, std::string_view of) {
  if (cidr.length() >= largest_network && cidr.length() <= smallest_network) return std::nullopt;
  return FabricError{FabricRefusal::cidr_size, fmt::format("CIDR {} of {}", cidr, of),
                     "a network of /16 to /28"};
}

FabricError duplicate(std::string_view kind, std::string_view name) {
  return {FabricRefusal::duplicate_name, fmt::format("{} {} twice", kind, name), "a name of its own"};
}

FabricError of_another_vpc(std::string_view kind, std::string_view name) {
  return {FabricRefusal::other_vpc, fmt::format("{} {} of another VPC", kind, name), "one of the same VPC"};
}

FabricError over_the_limit(const Eni& eni) {
  return {FabricRefusal::too_many_addresses,
          fmt::format("one more than {} addresses on {}", eni.addresses().size() + eni.prefixes().size(),
                      eni.name()),
          "as many as the instance type has"};
}

template <class Id, class List, class Is>
std::optional<Id> find_first(const List& list, Is is) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (is(list[i])) return Id(static_cast<std::uint32_t>(i));
  }
  return std::nullopt;
}

template <class Id, class List>
Id next_id(const List& list) {
  return Id(static_cast<std::uint32_t>(list.size()));
}

}  // namespace

Fabric::Fabric(const FabricGround& ground)
    : engine_(ground.engine),
      pool_(ground.pool),
      places_(ground.places),
      seed_(ground.seed),
      internet_place_(ground.places.add("internet")),
      internet_(ground.seed) {}

// --- networks

Result<VpcId> Fabric::add_vpc(const VpcSpec& spec) {
  if (find_vpc(spec.name)) return duplicate("VPC", spec.name);
  ASSERT(!spec.cidrs.empty());
  for (std::size_t i = 0; i < spec.cidrs.size(); ++i) {
    if (auto error = check_size(spec.cidrs[i], "VPC " + spec.name)) return *error;
    for (std::size_t j = 0; j < i; ++j) {
      if (!spec.cidrs[i].overlaps(spec.cidrs[j])) continue;
      return FabricError{
          FabricRefusal::cidr_overlap,
          fmt::format("CIDR {} of VPC {} overlaps its {}", spec.cidrs[i], spec.name, spec.cidrs[j]), ""};
    }
  }
  const auto id = next_id<VpcId>(vpcs_);
  Vpc vpc{};
  vpc.name = spec.name;
  vpc.resource_id = resource_id(seed_, "vpc", spec.name);
  vpc.cidrs = spec.cidrs;
  vpc.has_internet_gateway = spec.internet_gateway;
  if (spec.internet_gateway) {
    vpc.internet_gateway.resource_id = resource_id(seed_, "igw", spec.name);
    vpc.internet_gateway.place = places_.add("igw/" + spec.name);
  }
  vpcs_.push_back(std::move(vpc));
  const auto table = add_route_table(id, "main");
  const auto group = add_security_group(id, "default", "default VPC security group");
  const auto acl = add_network_acl(id, "default");
  vpcs_.back().main_route_table = table.value();
  vpcs_.back().default_security_group = group.value();
  vpcs_.back().default_network_acl = acl.value();
  // VPC guide: the default group admits its own members, the default ACL everything.
  ASSERT(
      !add_rule(group.value(), {TrafficDirection::ingress, TrafficFilter::everything(), group.value(), ""}));
  for (const auto direction : {TrafficDirection::ingress, TrafficDirection::egress}) {
    ASSERT(
        !add_rule(acl.value(), NetworkAclRule{direction, 100, true, TrafficFilter::everything(), Prefix()}));
  }
  return id;
}

Result<SubnetId> Fabric::add_subnet(const SubnetSpec& spec) {
  if (find_subnet(spec.name)) return duplicate("subnet", spec.name);
  const Vpc& owner = vpc(spec.vpc);
  if (auto error = check_size(spec.cidr, "subnet " + spec.name)) return *error;
  if (std::none_of(owner.cidrs.begin(), owner.cidrs.end(),
                   [&](Prefix cidr) { return cidr.contains(spec.cidr); })) {
    return FabricError{FabricRefusal::outside_vpc, fmt::format("CIDR {} of subnet {}", spec.cidr, spec.name),
                       fmt::format("a part of {} of VPC {}", fmt::join(owner.cidrs, ", "), owner.name)};
  }
  for (const Subnet& other : subnets_) {
    if (other.vpc != spec.vpc || !other.cidr.overlaps(spec.cidr)) continue;
    return FabricError{FabricRefusal::cidr_overlap,
                       fmt::format("CIDR {} of subnet {} overlaps {} of subnet {}", spec.cidr, spec.name,
                                   other.cidr, other.name),
                       ""};
  }
  if (spec.route_table && route_table(spec.route_table).vpc() != spec.vpc) {
    return of_another_vpc("route table", route_table(spec.route_table).name());
  }
  if (spec.network_acl && network_acl(spec.network_acl).vpc() != spec.vpc) {
    return of_another_vpc("network ACL", network_acl(spec.network_acl).name());
  }
  const auto id = next_id<SubnetId>(subnets_);
  const ZoneId zone = intern_zone(spec.zone);
  subnets_.push_back(Subnet{spec.name, resource_id(seed_, "subnet", spec.name), spec.vpc, spec.cidr, zone,
                            spec.public_on_launch, spec.route_table,
                            spec.route_table ? spec.route_table : owner.main_route_table,
                            spec.network_acl ? spec.network_acl : owner.default_network_acl,
                            draw_mac("gateway of " + spec.name, zone), SubnetAddresses(spec.cidr)});
  subnets_by_name_.emplace(spec.name, id);
  return id;
}

// --- route tables

Result<VpcRouteTableId> Fabric::add_route_table(VpcId vpc_id, std::string_view name) {
  if (find_route_table(vpc_id, name)) return duplicate("route table", name);
  const Vpc& owner = vpc(vpc_id);
  VpcRouteTable table(std::string(name), resource_id(seed_, "rtb", fmt::format("{}/{}", owner.name, name)),
                      vpc_id);
  for (const Prefix cidr : owner.cidrs) table.insert(cidr, {VpcRouteKind::local, 0}, "local");
  route_tables_.push_back(std::move(table));
  return VpcRouteTableId(static_cast<std::uint32_t>(route_tables_.size() - 1));
}

Outcome Fabric::associate(SubnetId subnet_id, VpcRouteTableId table) {
  if (route_table(table).vpc() != subnet(subnet_id).vpc)
    return of_another_vpc("route table", route_table(table).name());
  subnets_[subnet_id.value()].explicit_route_table = table;
  refresh_route_tables(subnet(subnet_id).vpc);
  return std::nullopt;
}

void Fabric::disassociate(SubnetId subnet_id) {
  subnets_[subnet_id.value()].explicit_route_table = VpcRouteTableId::none();
  refresh_route_tables(subnet(subnet_id).vpc);
}

Outcome Fabric::change_main_route_table(VpcId vpc_id, VpcRouteTableId table) {
  if (route_table(table).vpc() != vpc_id) return of_another_vpc("route table", route_table(table).name());
  vpcs_[vpc_id.value()].main_route_table = table;
  refresh_route_tables(vpc_id);
  return std::nullopt;
}

Outcome Fabric::add_route(VpcRouteTableId id, Prefix destination, VpcRouteTarget target) {
  VpcRouteTable& table = route_tables_[id.value()];
  if (const VpcRoute* there = table.find(destination)) {
    const bool local = there->target.kind == VpcRouteKind::local;
    return FabricError{local ? FabricRefusal::route_local : FabricRefusal::route_exists,
                       fmt::format("a second route to {} in route table {}", destination, table.name()), ""};
  }
  if (auto error = check_route(table, destination, target)) return error;
  table.insert(destination, target, target_name(target));
  return std::nullopt;
}

Outcome Fabric::replace_route(VpcRouteTableId id, Prefix destination, VpcRouteTarget target) {
  VpcRouteTable& table = route_tables_[id.value()];
  const VpcRoute* there = table.find(destination);
  const std::string found = fmt::format("route to {} in route table {}", destination, table.name());
  if (there == nullptr) return FabricError{FabricRefusal::route_unknown, found, ""};
  if (there->target.kind == VpcRouteKind::local) return FabricError{FabricRefusal::route_local, found, ""};
  if (auto error = check_route(table, destination, target)) return error;
  table.insert(destination, target, target_name(target));
  return std::nullopt;
}

Outcome Fabric::remove_route(VpcRouteTableId id, Prefix destination) {
  VpcRouteTable& table = route_tables_[id.value()];
  const VpcRoute* there = table.find(destination);
  const std::string found = fmt::format("route to {} in route table {}", destination, table.name());
  if (there == nullptr) return FabricError{FabricRefusal::route_unknown, found, ""};
  if (there->target.kind == VpcRouteKind::local) return FabricError{FabricRefusal::route_local, found, ""};
  table.erase(destination);
  return std::nullopt;
}

/// VPC guide: route tables. A route within the VPC may only be exactly a subnet, to a NAT gateway or an ENI.
Outcome Fabric::check_route(const VpcRouteTable& table, Prefix destination, VpcRouteTarget target) const {
  const Vpc& owner = vpc(table.vpc());
  const std::string found =
      fmt::format("route {} -> {} in route table {}", destination, target_name(target), table.name());
  switch (target.kind) {
    case VpcRouteKind::local:
      return FabricError{FabricRefusal::route_local, found, "the local routes are there already"};
    case VpcRouteKind::internet_gateway:
      if (owner.has_internet_gateway) break;
      return FabricError{FabricRefusal::no_internet_gateway, found,
                         fmt::format("an internet gateway on VPC {}", owner.name)};
    case VpcRouteKind::nat_gateway:
      if (subnet(nat_gateway(NatGatewayId(target.id)).subnet()).vpc == table.vpc()) break;
      return of_another_vpc("NAT gateway", nat_gateway(NatGatewayId(target.id)).name());
    case VpcRouteKind::peering:
      if (peering(PeeringId(target.id)).joins(table.vpc())) break;
      return of_another_vpc("peering", peering(PeeringId(target.id)).name);
    case VpcRouteKind::eni:
      if (eni(EniId(target.id)).vpc() == table.vpc()) break;
      return of_another_vpc("network interface", eni(EniId(target.id)).name());
    case VpcRouteKind::blackhole:
      break;
  }
  const bool within = std::any_of(owner.cidrs.begin(), owner.cidrs.end(), [&](Prefix cidr) {
    return cidr != destination && cidr.contains(destination);
  });
  if (!within) return std::nullopt;
  const bool is_subnet = std::any_of(subnets_.begin(), subnets_.end(), [&](const Subnet& subnet) {
    return subnet.vpc == table.vpc() && subnet.cidr == destination;
  });
  const bool middlebox = target.kind == VpcRouteKind::nat_gateway || target.kind == VpcRouteKind::eni;
  if (is_subnet && middlebox) return std::nullopt;
  return FabricError{
      FabricRefusal::route_too_specific, found,
      "within the VPC, only a route for exactly a subnet to a NAT gateway or a network interface"};
}

void Fabric::refresh_route_tables(VpcId vpc_id) {
  for (Subnet& subnet : subnets_) {
    if (subnet.vpc != vpc_id) continue;
    subnet.route_table =
        subnet.explicit_route_table ? subnet.explicit_route_table : vpc(vpc_id).main_route_table;
  }
}

// --- gateways

Result<NatGatewayId> Fabric::add_nat_gateway(const NatGatewaySpec& spec) {
  if (find_nat_gateway(spec.name)) return duplicate("NAT gateway", spec.name);
  const Vpc& owner = vpc(subnet(spec.subnet).vpc);
  const bool is_public = spec.connectivity == Connectivity::public_;
  if (is_public && !owner.has_internet_gateway) {
    return FabricError{FabricRefusal::no_internet_gateway,
                       fmt::format("public NAT gateway {} in VPC {}", spec.name, owner.name),
                       "an internet gateway on the VPC, or a private NAT gateway"};
  }
  const auto id = next_id<NatGatewayId>(nat_gateways_);
  EniSpec eni_spec;
  eni_spec.name = "nat/" + spec.name;
  eni_spec.subnet = spec.subnet;
  eni_spec.address = spec.private_address;
  eni_spec.source_dest_check = false;
  eni_spec.type = EniType::nat_gateway;
  eni_spec.description = "Interface for NAT Gateway " + resource_id(seed_, "nat", spec.name);
  if (is_public && spec.public_address && public_addresses_.contains(spec.public_address->bits())) {
    return FabricError{FabricRefusal::public_address_taken,
                       fmt::format("public address {}", *spec.public_address), ""};
  }
  const auto eni_id = create_eni(eni_spec);
  if (!eni_id) return eni_id.error();
  if (is_public) {
    const auto mapped =
        associate_public_address(eni_id.value(), eni(eni_id.value()).primary_address(), spec.public_address);
    if (!mapped) return mapped.error();
  }
  const PlaceId place = places_.add("nat/" + spec.name);
  NatGateway& gateway = nat_gateways_.emplace_back(*this, id, spec, eni_id.value(), place, seed_);
  ASSERT(!attach(eni_id.value(), {place, &gateway, 0}));
  eni(eni_id.value()).uplink_ = Nanoseconds();  // it sends from where its ENI is
  return id;
}

Result<PeeringId> Fabric::add_peering(const PeeringSpec& spec) {
  if (find_peering(spec.name)) return duplicate("peering", spec.name);
  for (const Prefix a : vpc(spec.requester).cidrs) {
    for (const Prefix b : vpc(spec.accepter).cidrs) {
      if (!a.overlaps(b)) continue;
      return FabricError{FabricRefusal::peering_overlap,
                         fmt::format("peering {} of VPC {} ({}) and VPC {} ({})", spec.name,
                                     vpc(spec.requester).name, a, vpc(spec.accepter).name, b),
                         "VPCs whose CIDRs do not overlap"};
    }
  }
  for (const Peering& other : peerings_) {
    if (!other.joins(spec.requester) || !other.joins(spec.accepter)) continue;
    return FabricError{FabricRefusal::peering_exists,
                       fmt::format("peering {} of the VPCs that {} joins", spec.name, other.name),
                       "one peering for a pair of VPCs"};
  }
  const auto id = next_id<PeeringId>(peerings_);
  peerings_.push_back(Peering{spec.name, resource_id(seed_, "pcx", spec.name), spec.requester, spec.accepter,
                              spec.active, places_.add("peering/" + spec.name)});
  vpcs_[spec.requester.value()].peerings.push_back(id);
  vpcs_[spec.accepter.value()].peerings.push_back(id);
  return id;
}

void Fabric::add_peering_routes(PeeringId id) {
  const Peering& joined = peering(id);
  for (VpcRouteTable& table : route_tables_) {
    if (!joined.joins(table.vpc())) continue;
    for (const Prefix cidr : vpc(joined.other(table.vpc())).cidrs) {
      if (table.find(cidr) == nullptr)
        table.insert(cidr, VpcRouteTarget::to(id), target_name(VpcRouteTarget::to(id)));
    }
  }
}

void Fabric::change_peering_state(PeeringId id, bool active) { peerings_[id.value()].active = active; }

// --- security groups and network ACLs

Result<SecurityGroupId> Fabric::add_security_group(VpcId vpc_id, std::string_view name,
                                                   std::string_view description) {
  if (find_security_group(vpc_id, name)) return duplicate("security group", name);
  const auto id = next_id<SecurityGroupId>(security_groups_);
  SecurityGroup group;
  group.name = name;
  group.description = description;
  group.resource_id = resource_id(seed_, "sg", fmt::format("{}/{}", vpc(vpc_id).name, name));
  group.vpc = vpc_id;
  security_groups_.push_back(std::move(group));
  ASSERT(!add_rule(id, {TrafficDirection::egress, TrafficFilter::everything(), Prefix(), ""}));
  return id;
}

Result<SecurityGroupId> Fabric::add_cluster_security_group(VpcId vpc_id, std::string_view cluster) {
  Random number(seed_, cluster, "cluster security group");
  const auto id = add_security_group(
      vpc_id, fmt::format("eks-cluster-sg-{}-{}", cluster, number.between(100'000'000, 2'147'483'647)),
      "EKS created security group applied to ENI that is attached to EKS Control Plane "
      "master nodes, as well as any managed workloads.");
  if (id)
    ASSERT(!add_rule(id.value(), {TrafficDirection::ingress, TrafficFilter::everything(), id.value(), ""}));
  return id;
}

Outcome Fabric::add_rule(SecurityGroupId id, const SecurityGroupRule& rule) {
  SecurityGroup& group = security_groups_[id.value()];
  if (!rule.traffic.is_sound()) {
    return FabricError{FabricRefusal::rule_ports,
                       fmt::format("ports {}-{} in a rule of security group {}", rule.traffic.low_port,
                                   rule.traffic.high_port, group.name),
                       "the lower port first, and ports of tcp or udp only"};
  }
  if (const auto* reference = std::get_if<SecurityGroupId>(&rule.peer)) {
    const SecurityGroup& named = security_group(*reference);
    const bool peered = std::any_of(peerings_.begin(), peerings_.end(), [&](const Peering& peering) {
      return peering.joins(group.vpc) && peering.joins(named.vpc);
    });
    if (named.vpc != group.vpc && !peered) return of_another_vpc("security group", named.name);
  }
  for (const SecurityGroupRule& there : group.rules) {
    if (there.same_as(rule)) return FabricError{FabricRefusal::rule_exists, rule_text(group, rule), ""};
  }
  group.rule_texts.push_back(rule_text(group, rule));
  group.rules.push_back(rule);
  return std::nullopt;
}

Outcome Fabric::remove_rule(SecurityGroupId id, const SecurityGroupRule& rule) {
  SecurityGroup& group = security_groups_[id.value()];
  const auto at = std::find_if(group.rules.begin(), group.rules.end(),
                               [&](const SecurityGroupRule& there) { return there.same_as(rule); });
  if (at == group.rules.end()) return FabricError{FabricRefusal::rule_unknown, rule_text(group, rule), ""};
  group.rule_texts.erase(group.rule_texts.begin() + (at - group.rules.begin()));
  group.rules.erase(at);
  return std::nullopt;
}

void Fabric::remove_rules(SecurityGroupId id, TrafficDirection direction) {
  SecurityGroup& group = security_groups_[id.value()];
  for (std::size_t i = group.rules.size(); i-- > 0;) {
    if (group.rules[i].direction != direction) continue;
    group.rules.erase(group.rules.begin() + static_cast<std::ptrdiff_t>(i));
    group.rule_texts.erase(group.rule_texts.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

std::string Fabric::rule_text(const SecurityGroup& group, const SecurityGroupRule& rule) const {
  const auto* prefix = std::get_if<Prefix>(&rule.peer);
  const std::string peer = prefix != nullptr
                               ? fmt::format("{}", *prefix)
                               : "sg/" + security_group(std::get<SecurityGroupId>(rule.peer)).name;
  return fmt::format("sg {} {} {} {} {}", group.name, to_string(rule.direction), to_string(rule.traffic),
                     rule.direction == TrafficDirection::ingress ? "from" : "to", peer);
}

Result<NetworkAclId> Fabric::add_network_acl(VpcId vpc_id, std::string_view name) {
  if (find_network_acl(vpc_id, name)) return duplicate("network ACL", name);
  const auto id = next_id<NetworkAclId>(network_acls_);
  network_acls_.emplace_back(std::string(name),
                             resource_id(seed_, "acl", fmt::format("{}/{}", vpc(vpc_id).name, name)), vpc_id);
  return id;
}

Outcome Fabric::add_rule(NetworkAclId acl, const NetworkAclRule& rule) {
  return network_acls_[acl.value()].add(rule);
}

Outcome Fabric::remove_rule(NetworkAclId acl, TrafficDirection direction, std::uint16_t number) {
  return network_acls_[acl.value()].remove(direction, number);
}

Outcome Fabric::associate(SubnetId subnet_id, NetworkAclId acl) {
  if (network_acl(acl).vpc() != subnet(subnet_id).vpc)
    return of_another_vpc("network ACL", network_acl(acl).name());
  subnets_[subnet_id.value()].network_acl = acl;
  return std::nullopt;
}

// --- network interfaces

Result<EniId> Fabric::create_eni(const EniSpec& spec) {
  if (find_eni(spec.name)) return duplicate("network interface", spec.name);
  Subnet& home = subnets_[spec.subnet.value()];
  for (const SecurityGroupId group : spec.security_groups) {
    if (security_group(group).vpc != home.vpc)
      return of_another_vpc("security group", security_group(group).name);
  }
  if (spec.mac && enis_by_mac_.contains(mac_bits(*spec.mac))) {
    return FabricError{FabricRefusal::mac_taken, fmt::format("MAC {} of {}", *spec.mac, spec.name), ""};
  }
  Ipv4Address address;
  if (spec.address) {
    if (auto error = home.addresses.take(*spec.address)) return *error;
    address = *spec.address;
  } else {
    Random luck(seed_, spec.name, "private address");
    const auto drawn = home.addresses.take_any(luck);
    if (!drawn)
      return FabricError{FabricRefusal::addresses_exhausted,
                         fmt::format("an address for {} in subnet {}", spec.name, home.name), ""};
    address = *drawn;
  }
  EniSpec complete = spec;
  const bool judged = spec.type == EniType::interface;
  if (judged && complete.security_groups.empty())
    complete.security_groups = {vpc(home.vpc).default_security_group};
  complete.mac = spec.mac ? *spec.mac : draw_mac(spec.name, home.zone);
  const auto id = next_id<EniId>(enis_);
  Eni& eni = enis_.emplace_back(*this, id, std::move(complete), home.zone, home.vpc, seed_);
  eni.addresses_.push_back(address);
  vpcs_[home.vpc.value()].mapping.assign(address, id);
  enis_by_mac_.emplace(mac_bits(eni.mac()), id);
  enis_by_name_.emplace(spec.name, id);
  return id;
}

Outcome Fabric::delete_eni(EniId id) {
  Eni& gone = eni(id);
  if (gone.is_attached())
    return FabricError{FabricRefusal::already_attached, gone.name(), "a detached network interface"};
  ASSERT(!gone.is_deleted());
  Vpc& home = vpcs_[gone.vpc().value()];
  SubnetAddresses& addresses = subnets_[gone.subnet().value()].addresses;
  for (const Ipv4Address address : gone.addresses_) {
    if (!public_address_of(gone.vpc(), address).is_unspecified())
      ASSERT(!disassociate_public_address(id, address));
    home.mapping.unassign(address);
    addresses.give_back(address);
  }
  for (const Prefix prefix : gone.prefixes_) {
    home.mapping.unassign(prefix);
    addresses.give_back(prefix);
  }
  gone.addresses_.clear();
  gone.prefixes_.clear();
  enis_by_mac_.erase(mac_bits(gone.mac()));
  enis_by_name_.erase(gone.name());
  return std::nullopt;
}

Outcome Fabric::keep_address(SubnetId id, Ipv4Address address) {
  return subnets_[id.value()].addresses.keep(address);
}

Result<Ipv4Address> Fabric::assign_address(EniId id, std::optional<Ipv4Address> pin) {
  Eni& to = eni(id);
  Subnet& home = subnets_[to.subnet().value()];
  if (to.is_full()) return over_the_limit(to);
  if (pin) {
    if (auto error = home.addresses.take(*pin)) return *error;
  } else {
    Random luck(seed_, to.name(), fmt::format("secondary address {}", to.draws_++));
    pin = home.addresses.take_any(luck);
    if (!pin)
      return FabricError{FabricRefusal::addresses_exhausted,
                         fmt::format("an address for {} in subnet {}", to.name(), home.name), ""};
  }
  to.addresses_.push_back(*pin);
  vpcs_[to.vpc().value()].mapping.assign(*pin, id);
  return *pin;
}

Outcome Fabric::unassign_address(EniId id, Ipv4Address address) {
  Eni& from = eni(id);
  const auto at = std::find(from.addresses_.begin(), from.addresses_.end(), address);
  const std::string found = fmt::format("address {} of {}", address, from.name());
  if (at == from.addresses_.end()) return FabricError{FabricRefusal::not_owned, found, ""};
  if (at == from.addresses_.begin()) return FabricError{FabricRefusal::primary_address, found, ""};
  if (!public_address_of(from.vpc(), address).is_unspecified()) {
    if (auto error = disassociate_public_address(id, address)) return error;
  }
  from.addresses_.erase(at);
  vpcs_[from.vpc().value()].mapping.unassign(address);
  subnets_[from.subnet().value()].addresses.give_back(address);
  return std::nullopt;
}

Result<Prefix> Fabric::assign_prefix(EniId id, std::optional<Prefix> pin) {
  Eni& to = eni(id);
  Subnet& home = subnets_[to.subnet().value()];
  if (to.is_full()) return over_the_limit(to);
  if (pin) {
    if (auto error = home.addresses.take(*pin)) return *error;
  } else {
    Random luck(seed_, to.name(), fmt::format("delegated prefix {}", to.draws_++));
    pin = home.addresses.take_any_block(luck);
    if (!pin)
      return FabricError{FabricRefusal::addresses_exhausted,
                         fmt::format("a /28 for {} in subnet {}", to.name(), home.name), ""};
  }
  to.prefixes_.push_back(*pin);
  vpcs_[to.vpc().value()].mapping.assign(*pin, id);
  return *pin;
}

Outcome Fabric::unassign_prefix(EniId id, Prefix prefix) {
  Eni& from = eni(id);
  const auto at = std::find(from.prefixes_.begin(), from.prefixes_.end(), prefix);
  if (at == from.prefixes_.end())
    return FabricError{FabricRefusal::not_owned, fmt::format("prefix {} of {}", prefix, from.name()), ""};
  from.prefixes_.erase(at);
  vpcs_[from.vpc().value()].mapping.unassign(prefix);
  subnets_[from.subnet().value()].addresses.give_back(prefix);
  return std::nullopt;
}

Result<Ipv4Address> Fabric::associate_public_address(EniId id, Ipv4Address private_address,
                                                     std::optional<Ipv4Address> pin) {
  const Eni& owner = eni(id);
  Vpc& home = vpcs_[owner.vpc().value()];
  const std::string found = fmt::format("a public address for {} of {}", private_address, owner.name());
  // Not those of a delegated prefix: EC2 maps single addresses.
  const auto& own = owner.addresses();
  if (std::find(own.begin(), own.end(), private_address) == own.end()) {
    return FabricError{FabricRefusal::not_owned, found, ""};
  }
  if (!home.has_internet_gateway) {
    return FabricError{FabricRefusal::no_internet_gateway, found,
                       fmt::format("an internet gateway on VPC {}", home.name)};
  }
  if (!home.internet_gateway.public_of(private_address).is_unspecified()) {
    return FabricError{FabricRefusal::public_address_taken, found, "a private address without a public one"};
  }
  const auto address = take_public_address(owner.name(), pin);
  if (!address) return address;
  public_addresses_.emplace(address.value().bits(), owner.vpc());
  home.internet_gateway.map(private_address, address.value());
  return address;
}

Outcome Fabric::disassociate_public_address(EniId id, Ipv4Address private_address) {
  const Eni& owner = eni(id);
  Vpc& home = vpcs_[owner.vpc().value()];
  const Ipv4Address address = home.internet_gateway.public_of(private_address);
  if (home.mapping.owner(private_address) != id || address.is_unspecified()) {
    return FabricError{FabricRefusal::not_owned,
                       fmt::format("a public address for {} of {}", private_address, owner.name()), ""};
  }
  home.internet_gateway.unmap(private_address);
  public_addresses_.erase(address.bits());
  return std::nullopt;
}

Outcome Fabric::change_security_groups(EniId id, std::vector<SecurityGroupId> groups) {
  Eni& of = eni(id);
  for (const SecurityGroupId group : groups) {
    if (security_group(group).vpc != of.vpc())
      return of_another_vpc("security group", security_group(group).name);
  }
  if (groups.empty() && of.type() == EniType::interface) groups = {vpc(of.vpc()).default_security_group};
  of.spec_.security_groups = std::move(groups);
  return std::nullopt;
}

void Fabric::change_source_dest_check(EniId id, bool on) { eni(id).spec_.source_dest_check = on; }

Outcome Fabric::attach(EniId id, const EniAttachment& attachment) {
  Eni& to = eni(id);
  if (to.is_attached()) return FabricError{FabricRefusal::already_attached, to.name(), ""};
  ASSERT(attachment.host != nullptr);
  const LinkSpec spec{attachment_delay, attachment.rate_bps, 1000, 0};
  if (to.downlink_) {
    to.downlink_->change(spec);
  } else {
    to.downlink_.emplace(engine_, spec, to.arrival_);
  }
  to.place_ = attachment.place;
  to.host_ = attachment.host;
  return std::nullopt;
}

void Fabric::detach(EniId id) { eni(id).host_ = nullptr; }

// --- the internet

Result<InternetHostId> Fabric::add_internet_host(const InternetHostSpec& spec) {
  for (const InternetHost& other : internet_.hosts()) {
    if (other.name() == spec.name) return duplicate("internet host", spec.name);
  }
  ASSERT(!spec.addresses.empty());
  for (const Ipv4Address address : spec.addresses) {
    if (!internet_.by_address_.contains(address.bits()) && !public_addresses_.contains(address.bits()))
      continue;
    return FabricError{FabricRefusal::public_address_taken,
                       fmt::format("address {} of internet host {}", address, spec.name), ""};
  }
  if (spec.rtt && *spec.rtt < least_rtt) {
    return FabricError{FabricRefusal::rtt_too_small,
                       fmt::format("rtt {} of internet host {}", *spec.rtt, spec.name),
                       fmt::format("at least {}", least_rtt)};
  }
  const auto id = next_id<InternetHostId>(internet_.hosts_);
  internet_.hosts_.emplace_back(*this, id, spec, seed_);
  for (const Ipv4Address address : spec.addresses) internet_.by_address_.emplace(address.bits(), id);
  return id;
}

Outcome Fabric::attach(InternetHostId id, PlaceId place, Receiver<PacketRef>& receiver) {
  InternetHost& to = internet_host(id);
  if (to.is_attached()) return FabricError{FabricRefusal::already_attached, to.name(), ""};
  to.place_ = place;
  to.host_ = &receiver;
  to.downlink_.emplace(engine_, host_link(), to.arrival_);
  return std::nullopt;
}

// --- settings

Outcome Fabric::change_path(PathKind kind, const PathSettings& settings) {
  if (settings.mtu < Paths::least_mtu) {
    return FabricError{FabricRefusal::mtu_too_small,
                       fmt::format("mtu {} of {}", settings.mtu, to_string(kind)),
                       fmt::format("at least {}", Paths::least_mtu)};
  }
  if (settings.rtt < Paths::least(kind)) {
    return FabricError{FabricRefusal::rtt_too_small,
                       fmt::format("rtt {} of {}", settings.rtt, to_string(kind)),
                       fmt::format("at least {}", Paths::least(kind))};
  }
  paths_.change(kind, settings);
  return std::nullopt;
}

// --- what there is

std::optional<VpcId> Fabric::find_vpc(std::string_view name) const {
  return find_first<VpcId>(vpcs_, [&](const Vpc& vpc) { return vpc.name == name; });
}
std::optional<SubnetId> Fabric::find_subnet(std::string_view name) const {
  const auto found = subnets_by_name_.find(name);
  return found == subnets_by_name_.end() ? std::nullopt : std::optional(found->second);
}
std::optional<VpcRouteTableId> Fabric::find_route_table(VpcId vpc_id, std::string_view name) const {
  return find_first<VpcRouteTableId>(route_tables_, [&](const VpcRouteTable& table) {
    return table.vpc() == vpc_id && table.name() == name;
  });
}
std::optional<SecurityGroupId> Fabric::find_security_group(VpcId vpc_id, std::string_view name) const {
  return find_first<SecurityGroupId>(security_groups_, [&](const SecurityGroup& group) {
    return group.vpc == vpc_id && group.name == name;
  });
}
std::optional<NetworkAclId> Fabric::find_network_acl(VpcId vpc_id, std::string_view name) const {
  return find_first<NetworkAclId>(
      network_acls_, [&](const NetworkAcl& acl) { return acl.vpc() == vpc_id && acl.name() == name; });
}
std::optional<NatGatewayId> Fabric::find_nat_gateway(std::string_view name) const {
  return find_first<NatGatewayId>(nat_gateways_,
                                  [&](const NatGateway& gateway) { return gateway.name() == name; });
}
std::optional<PeeringId> Fabric::find_peering(std::string_view name) const {
  return find_first<PeeringId>(peerings_, [&](const Peering& peering) { return peering.name == name; });
}
std::optional<EniId> Fabric::find_eni(std::string_view name) const {
  const auto found = enis_by_name_.find(name);
  return found == enis_by_name_.end() ? std::nullopt : std::optional(found->second);
}

std::uint32_t Fabric::available_addresses(SubnetId id) const { return subnet(id).addresses.available(); }

Ipv4Address Fabric::public_address_of(VpcId id, Ipv4Address private_address) const {
  return vpc(id).internet_gateway.public_of(private_address);
}

bool Fabric::is_public(SubnetId id) const {
  const auto& routes = route_table(subnet(id).route_table).routes();
  return std::any_of(routes.begin(), routes.end(), [](const VpcRoute& route) {
    return route.target.kind == VpcRouteKind::internet_gateway;
  });
}

std::string Fabric::target_name(VpcRouteTarget target) const {
  switch (target.kind) {
    case VpcRouteKind::local:
      return "local";
    case VpcRouteKind::internet_gateway:
      return "igw";
    case VpcRouteKind::nat_gateway:
      return "nat/" + nat_gateway(NatGatewayId(target.id)).name();
    case VpcRouteKind::peering:
      return "peering/" + peering(PeeringId(target.id)).name;
    case VpcRouteKind::eni:
      return "eni/" + eni(EniId(target.id)).name();
    case VpcRouteKind::blackhole:
      return "blackhole";
  }
  return "?";
}

// --- what the seed gives

ZoneId Fabric::intern_zone(std::string_view zone) {
  const auto found = std::find(zones_.begin(), zones_.end(), zone);
  if (found != zones_.end()) return ZoneId(static_cast<std::uint32_t>(found - zones_.begin()));
  zones_.emplace_back(zone);
  return ZoneId(static_cast<std::uint32_t>(zones_.size() - 1));
}

/// Locally administered; the first octet follows the zone (02, 06, 0a, 0e for a, b, c, d), the rest looks
/// random. observed: facts section 1
MacAddress Fabric::draw_mac(std::string_view owner, ZoneId zone) const {
  const std::string& name = zone_name(zone);
  const unsigned letter = name.empty() ? 0 : static_cast<unsigned char>(name.back());
  const auto first =
      static_cast<std::uint8_t>(0x02 | ((letter + 3) % 4 << 2));  // 'a' is 97: 97 + 3 is a multiple of 4
  Random luck(seed_, owner, "mac");
  MacAddress mac;
  do {
    const std::uint64_t bits = luck.next();
    for (std::size_t i = 1; i < mac.bytes.size(); ++i)
      mac.bytes[i] = static_cast<std::uint8_t>(bits >> (8 * i));
    mac.bytes[0] = first;
  } while (enis_by_mac_.contains(mac_bits(mac)));
  return mac;
}

Result<Ipv4Address> Fabric::take_public_address(std::string_view owner, std::optional<Ipv4Address> pin) {
  const auto is_taken = [&](Ipv4Address address) {
    return public_addresses_.contains(address.bits()) || internet_.by_address_.contains(address.bits());
  };
  if (pin) {
    if (!is_taken(*pin)) return *pin;
    return FabricError{FabricRefusal::public_address_taken,
                       fmt::format("public address {} of {}", *pin, owner), ""};
  }
  Random luck(seed_, owner, "public address");
  for (;;) {
    const Prefix range = public_ranges[luck.uniform(std::size(public_ranges))];
    const Ipv4Address address =
        range.network().plus(static_cast<std::uint32_t>(luck.between(1, range.size() - 2)));
    if (!is_taken(address)) return address;
  }
}

}  // namespace ekspath
