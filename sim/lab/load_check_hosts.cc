#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "sim/aws/instance_type.hh"
#include "sim/base/near_miss.hh"
#include "sim/lab/load_check.hh"

namespace ekspath {
namespace {

/// Which addresses are spoken for, and by whom. Of each VPC its own: two that are not peered may use the same
/// ones.
class Addresses {
 public:
  Addresses(const Scenario& scenario, Diagnostics& diagnostics)
      : scenario_(scenario), diagnostics_(diagnostics) {}

  /// A private address that must lie in a subnet.
  void claim(const Located<Ipv4Address>& address, std::string_view subnet_name, const std::string& owner) {
    const auto [subnet, vpc] = scenario_.subnet(subnet_name);
    if (subnet == nullptr || !was_read(subnet->cidr)) return;
    const Prefix cidr = *subnet->cidr;
    if (!cidr.contains(*address)) {
      report(address, fmt::format("{} of {} is outside of its subnet '{}'", *address, owner, subnet_name),
             fmt::format("an address in {}", cidr));
      return;
    }
    // VPC guide: subnet sizing. "The first four IP addresses and the last IP address in each subnet CIDR
    // block".
    const std::uint32_t offset = address->bits() - cidr.network().bits();
    if (offset < 4 || *address == cidr.broadcast()) {
      report(address, fmt::format("{} of {} is reserved by AWS in subnet '{}'", *address, owner, subnet_name),
             fmt::format("{} to {}", cidr.network().plus(4), Ipv4Address(cidr.broadcast().bits() - 1)));
      return;
    }
    take(address, *vpc->name, owner);
  }

  void claim_public(const Located<Ipv4Address>& address, const std::string& owner) {
    for (const auto& vpc : scenario_.vpcs) {
      for (const auto& cidr : vpc.cidrs) {
        if (!was_read(cidr) || !cidr->contains(*address)) continue;
        report(address, fmt::format("the public {} of {} lies in VPC '{}'", *address, owner, *vpc.name),
               fmt::format("an address outside of {}", *cidr));
        return;
      }
    }
    take(address, "", owner);
  }

 private:
  void report(const Located<Ipv4Address>& address, std::string found, std::string expected) {
    diagnostics_.report({address.where, std::move(found), std::move(expected), {}});
  }

  void take(const Located<Ipv4Address>& address, const std::string& vpc, const std::string& owner) {
    const auto [taken, fresh] = taken_.emplace(std::pair(vpc, *address), std::pair(owner, address.where));
    if (fresh) return;
    report(address, fmt::format("{} of {} is taken by {}", *address, owner, taken->second.first),
           fmt::format("an address other than that of line {}", taken->second.second.line));
  }

  const Scenario& scenario_;
  Diagnostics& diagnostics_;
  std::map<std::pair<std::string, Ipv4Address>, std::pair<std::string, Location>> taken_;
};

/// Null, and reported, when EC2 has no such type.
const InstanceType* check_type(const LocatedName& type, const std::string& owner, Diagnostics& diagnostics) {
  if (!was_read(type)) return nullptr;
  const InstanceType* found = find_instance_type(*type);
  if (found != nullptr && found->hypervisor == Hypervisor::xen) {
    diagnostics.report(
        {type.where,
         fmt::format(
             "instance type '{}' of {} is not modelled: it runs on Xen, where interfaces are not ens5, ens6",
             *type, owner),
         "a type of the Nitro system, such as t3.medium",
         {}});
  }
  if (found != nullptr) return found;
  std::vector<std::string_view> names;
  for (const auto& known : instance_types()) names.push_back(known.name);
  const std::string near = near_miss(*type, names);
  diagnostics.report({type.where, fmt::format("unknown instance type '{}' of {}", *type, owner),
                      "an EC2 instance type, such as t3.medium",
                      near.empty() ? "" : fmt::format("did you mean '{}'?", near)});
  return nullptr;
}

std::vector<std::string> subnet_names(const Scenario& scenario) {
  std::vector<std::string> names;
  for (const auto& vpc : scenario.vpcs) {
    for (const auto& subnet : vpc.subnets) names.push_back(*subnet.name);
  }
  return names;
}

void check_groups(const std::vector<LocatedName>& groups, const VpcEntry& vpc, const std::string& owner,
                  Diagnostics& diagnostics) {
  std::vector<std::string> known{"default"};
  for (const auto& group : vpc.security_groups) known.push_back(*group.name);
  for (const auto& group : groups) {
    if (was_read(group) && std::ranges::find(known, *group) == known.end())
      report_unknown(group, "security group", "of " + owner, known, diagnostics);
  }
}

void check_ports(const std::vector<Listen>& listens, const std::string& owner, Diagnostics& diagnostics) {
  std::set<std::pair<bool, std::uint16_t>> seen;
  for (const auto& listen : listens) {
    const bool is_udp = *listen.serves == ServerKind::udp_echo || *listen.serves == ServerKind::udp_sink;
    if (!was_read(listen.port) || seen.insert({is_udp, *listen.port}).second) continue;
    diagnostics.report(
        {listen.port.where,
         fmt::format("a second program on {} port {} of {}", is_udp ? "udp" : "tcp", *listen.port, owner),
         "each port once",
         {}});
  }
}

void check_instance(const Scenario& scenario, const InstanceEntry& instance, Addresses& addresses,
                    Diagnostics& diagnostics) {
  const std::string owner = fmt::format("instance '{}'", *instance.name);
  (void)check_type(instance.type, owner, diagnostics);
  check_ports(instance.listens, owner, diagnostics);
  const auto [subnet, vpc] = scenario.subnet(*instance.subnet);
  if (subnet == nullptr) {
    if (was_read(instance.subnet))
      report_unknown(instance.subnet, "subnet", "of " + owner, subnet_names(scenario), diagnostics);
    return;
  }
  check_groups(instance.security_groups, *vpc, owner, diagnostics);
  if (instance.private_ip) addresses.claim(*instance.private_ip, *instance.subnet, owner);
  if (!instance.public_ip) return;
  addresses.claim_public(*instance.public_ip, owner);
  if (!vpc->internet_gateway) {
    diagnostics.report({instance.public_ip->where,
                        fmt::format("publicIp of {} in a VPC without an internet gateway", owner),
                        fmt::format("internetGateway: true in VPC '{}'", *vpc->name),
                        {}});
  }
}

class ClusterCheck {
 public:
  ClusterCheck(const Scenario& scenario, Addresses& addresses, Diagnostics& diagnostics)
      : scenario_(scenario), cluster_(*scenario.cluster), addresses_(addresses), diagnostics_(diagnostics) {}

  void check() {
    report_duplicates(names_of(cluster_.node_groups), "node group", diagnostics_);
    const VpcEntry* vpc = scenario_.vpc(*cluster_.vpc);
    if (vpc != nullptr) {
      check_groups(cluster_.node_security_groups, *vpc, "the nodes", diagnostics_);
      check_service_cidr(*vpc);
    }
    for (const auto& group : cluster_.node_groups) check_group(group);
    check_eni_configs(vpc);
    for (const auto& node : cluster_.nodes) check_node(node);
    for (const auto& pod : cluster_.pods) check_pod(pod);
    check_node_ports();
  }

 private:
  void report(const Location& where, std::string found, std::string expected) {
    diagnostics_.report({where, std::move(found), std::move(expected), {}});
  }

  /// EKS guide, create cluster: within 10/8, 172.16/12 or 192.168/16, /24 to /12, apart from the VPC.
  void check_service_cidr(const VpcEntry& vpc) {
    const auto& cidr = cluster_.service_cidr;
    static constexpr std::array<Prefix, 3> allowed{Prefix(Ipv4Address(10, 0, 0, 0), 8),
                                                   Prefix(Ipv4Address(172, 16, 0, 0), 12),
                                                   Prefix(Ipv4Address(192, 168, 0, 0), 16)};
    const bool inside = std::ranges::any_of(allowed, [&](Prefix range) { return range.contains(*cidr); });
    if (!inside || cidr->length() < 12 || cidr->length() > 24) {
      report(cidr.where, fmt::format("serviceCidr {}", *cidr),
             "a network from /12 to /24 within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16");
    }
    for (const auto& own : vpc.cidrs) {
      if (!was_read(own) || !own->overlaps(*cidr)) continue;
      report(cidr.where, fmt::format("serviceCidr {} overlaps {} of VPC '{}'", *cidr, *own, *vpc.name),
             "a network apart from the VPC's");
    }
  }

  void check_group(const NodeGroupEntry& group) {
    const std::string owner = fmt::format("node group '{}'", *group.name);
    const InstanceType* type = check_type(group.type, owner, diagnostics_);
    if (type != nullptr) types_[*group.name] = type;
    const auto names = subnet_names(scenario_);
    for (const auto& name : group.subnets) {
      if (!was_read(name)) continue;
      const auto [subnet, vpc] = scenario_.subnet(*name);
      if (subnet == nullptr) {
        report_unknown(name, "subnet", "of " + owner, names, diagnostics_);
      } else if (*vpc->name != *cluster_.vpc && scenario_.vpc(*cluster_.vpc) != nullptr) {
        report(name.where, fmt::format("subnet '{}' of {} is in VPC '{}'", *name, owner, *vpc->name),
               fmt::format("a subnet of the cluster's VPC '{}'", *cluster_.vpc));
      }
    }
  }

  /// Subnets and groups that exist; with custom networking one for each node, in the node's zone.
  void check_eni_configs(const VpcEntry* vpc) {
    const auto& configs = cluster_.cni.eni_configs;
    report_duplicates(names_of(configs), "ENIConfig", diagnostics_);
    for (const auto& config : configs) {
      const std::string owner = fmt::format("ENIConfig '{}'", *config.name);
      const auto [subnet, home] = scenario_.subnet(*config.subnet);
      if (subnet == nullptr) {
        if (was_read(config.subnet))
          report_unknown(config.subnet, "subnet", "of " + owner, subnet_names(scenario_), diagnostics_);
      } else if (vpc != nullptr && home != vpc) {
        report(config.subnet.where,
               fmt::format("subnet '{}' of {} is in VPC '{}'", *config.subnet, owner, *home->name),
               fmt::format("a subnet of the cluster's VPC '{}'", *cluster_.vpc));
      }
      if (vpc != nullptr) check_groups(config.security_groups, *vpc, owner, diagnostics_);
    }
    if (!uses_custom_networking(cluster_.cni)) return;
    for (const auto& node : cluster_.nodes) {
      const EniConfigEntry* config = eni_config_of(scenario_, node);
      const auto [own, own_vpc] = scenario_.subnet(node.subnet);
      if (config == nullptr) {
        report(node.where, fmt::format("custom networking without an ENIConfig for {}", node.name),
               fmt::format("cni.eniConfigs with one named '{}'", eni_config_name(scenario_, node)));
      } else if (const auto [subnet, vpc_of] = scenario_.subnet(*config->subnet);
                 subnet != nullptr && own != nullptr && *subnet->az != *own->az) {
        report(config->subnet.where,
               fmt::format("subnet '{}' of ENIConfig '{}' is in zone {}, {} in zone {}", *config->subnet,
                           *config->name, *subnet->az, node.name, *own->az),
               "a subnet in the node's zone: an ENI does not leave it");
      }
    }
  }

  void check_node(const NodeEntry& node) {
    if (node.private_ip) addresses_.claim(*node.private_ip, node.subnet, node.name);
    if (node.public_ip) addresses_.claim_public(*node.public_ip, node.name);
    const auto type = types_.find(node.group);
    std::set<std::uint8_t> devices;
    for (const auto& eni : node.enis) {
      if (eni.private_ip)
        addresses_.claim(*eni.private_ip, node.subnet, fmt::format("{}'s ENI {}", node.name, *eni.device));
      if (!devices.insert(*eni.device).second) {
        report(eni.device.where, fmt::format("a second ENI with device {} of {}", *eni.device, node.name),
               "each device number once");
      }
      if (type == types_.end() || *eni.device < type->second->max_enis) continue;
      report(eni.device.where,
             fmt::format("ENI {} of {}: a {} has {} ENIs", *eni.device, node.name, node.type,
                         type->second->max_enis),
             fmt::format("a device number from 0 to {}", type->second->max_enis - 1));
    }
  }

  void check_pod(const PodEntry& pod) {
    const std::string owner = fmt::format("pod '{}'", *pod.name);
    check_ports(pod.listens, owner, diagnostics_);
    const NodeEntry* node = scenario_.node(*pod.node);
    if (node == nullptr) {
      if (!was_read(pod.node)) return;
      std::vector<std::string> known;
      for (const auto& one : cluster_.nodes) known.push_back(one.name);
      report_unknown(pod.node, "node", "of " + owner, known, diagnostics_);
      return;
    }
    if (pod.host_network) return;
    if (pod.ip) addresses_.claim(*pod.ip, node->subnet, owner);
    const auto type = types_.find(node->group);
    if (type == types_.end()) return;
    // facts/vpc-cni.md 5: the ENI's own primary address is no pod's.
    const unsigned room = type->second->addresses_per_eni - 1U;
    const unsigned used = ++used_[{node->name, *pod.device}];
    if (used != room + 1) return;
    report(pod.name.where,
           fmt::format("{} is one more than ENI {} of {} has addresses for: a {} has {} for pods on each ENI",
                       owner, *pod.device, node->name, node->type, room),
           fmt::format("at most {} pods with device {} on {}", room, *pod.device, node->name));
  }

  /// hostNetwork pods share their node's ports.
  void check_node_ports() {
    std::map<std::string, std::vector<Listen>> by_node;
    for (const auto& pod : cluster_.pods) {
      if (!pod.host_network) continue;
      auto& listens = by_node[*pod.node];
      listens.insert(listens.end(), pod.listens.begin(), pod.listens.end());
    }
    for (const auto& [node, listens] : by_node) check_ports(listens, node, diagnostics_);
  }

  const Scenario& scenario_;
  const ClusterEntry& cluster_;
  Addresses& addresses_;
  Diagnostics& diagnostics_;
  std::map<std::string, const InstanceType*> types_;  // by node group
  std::map<std::pair<std::string, std::uint8_t>, unsigned> used_;
};

/// More hosts than a subnet has addresses: 2^n less the five that AWS keeps.
void check_room(const Scenario& scenario, Diagnostics& diagnostics) {
  std::map<std::string, std::uint64_t> wanted;
  for (const auto& instance : scenario.instances) ++wanted[*instance.subnet];
  for (const auto& vpc : scenario.vpcs) {
    for (const auto& nat : vpc.nat_gateways) ++wanted[*nat.subnet];
  }
  if (scenario.cluster) {
    for (const auto& node : scenario.cluster->nodes) wanted[node.subnet] += 1 + node.enis.size();
    for (const auto& pod : scenario.cluster->pods) {
      const NodeEntry* node = scenario.node(*pod.node);
      if (node != nullptr && !pod.host_network) ++wanted[node->subnet];
    }
  }
  for (const auto& [name, count] : wanted) {
    const auto [subnet, vpc] = scenario.subnet(name);
    if (subnet == nullptr || !was_read(subnet->cidr) || subnet->cidr->size() < 16) continue;
    const std::uint64_t room = subnet->cidr->size() - 5;
    if (count <= room) continue;
    diagnostics.report(
        {subnet->cidr.where,
         fmt::format("{} addresses are wanted of subnet '{}', which has {}", count, name, room),
         "a larger subnet, or fewer hosts",
         {}});
  }
}

std::vector<LocatedName> host_names(const Scenario& scenario) {
  std::vector<LocatedName> names = names_of(scenario.instances);
  for (const auto& name : names_of(scenario.internet_hosts)) names.push_back(name);
  if (scenario.cluster) {
    for (const auto& node : scenario.cluster->nodes) names.push_back({node.name, node.where});
    for (const auto& name : names_of(scenario.cluster->pods)) names.push_back(name);
  }
  return names;
}

/// Nodes are spread over the public subnets of the VPC, as eksctl does without privateNetworking; else over
/// all.
std::vector<LocatedName> default_subnets(const VpcEntry& vpc) {
  std::vector<LocatedName> all;
  std::vector<LocatedName> open;
  for (const auto& subnet : vpc.subnets) {
    all.push_back(subnet.name);
    if (subnet.is_public) open.push_back(subnet.name);
  }
  return open.empty() ? all : open;
}

/// A pod on device d of a node says that the ENI is there.
void imply_enis(ClusterEntry& cluster) {
  std::map<std::string_view, NodeEntry*> nodes;
  for (auto& node : cluster.nodes) nodes.emplace(node.name, &node);
  for (const auto& pod : cluster.pods) {
    const auto found = nodes.find(*pod.node);
    if (found == nodes.end() || pod.host_network || *pod.device == 0) continue;
    auto& enis = found->second->enis;
    const bool known =
        std::ranges::any_of(enis, [&](const EniEntry& eni) { return *eni.device == *pod.device; });
    if (!known) enis.push_back({pod.device, {}});
  }
  for (auto& node : cluster.nodes) {
    std::ranges::stable_sort(node.enis, {}, [](const EniEntry& eni) { return *eni.device; });
  }
}

}  // namespace

void plan_cluster(Scenario& scenario, Diagnostics& diagnostics) {
  if (!scenario.cluster) return;
  ClusterEntry& cluster = *scenario.cluster;
  const VpcEntry* vpc = scenario.vpc(*cluster.vpc);
  if (vpc == nullptr && was_read(cluster.vpc))
    report_unknown(cluster.vpc, "VPC", "of the cluster", plain_names_of(scenario.vpcs), diagnostics);
  if (!was_read(cluster.service_cidr)) {
    // facts/kube-proxy.md 12: awslabs/amazon-eks-ami templates/al2/runtime/bootstrap.sh
    const bool ten = vpc != nullptr && std::ranges::any_of(vpc->cidrs, [](const auto& cidr) {
                       return cidr->network().bits() >> 24U == 10;
                     });
    cluster.service_cidr = {
        ten ? Prefix(Ipv4Address(172, 20, 0, 0), 16) : Prefix(Ipv4Address(10, 100, 0, 0), 16),
        cluster.name.where};
  }
  std::uint32_t number = 0;
  for (auto& group : cluster.node_groups) {
    if (group.subnets.empty() && vpc != nullptr) group.subnets = default_subnets(*vpc);
    if (group.subnets.empty()) continue;
    for (std::uint32_t i = 0; i < *group.count; ++i) {
      NodeEntry node;
      node.name = fmt::format("node{}", ++number);
      node.where = group.name.where;
      node.group = *group.name;
      node.type = *group.type;
      node.subnet = *group.subnets[i % group.subnets.size()];
      node.sysctls = group.sysctls;
      node.max_pods = group.max_pods;
      if (i < group.nodes.size()) {
        node.where = group.nodes[i].where;
        node.private_ip = group.nodes[i].private_ip;
        node.public_ip = group.nodes[i].public_ip;
        node.enis = group.nodes[i].enis;
      }
      cluster.nodes.push_back(std::move(node));
    }
  }
  imply_enis(cluster);
}

void check_hosts(const Scenario& scenario, Diagnostics& diagnostics) {
  report_duplicates(host_names(scenario), "host (node, pod, instance or internet host)", diagnostics);
  Addresses addresses(scenario, diagnostics);
  for (const auto& vpc : scenario.vpcs) {
    for (const auto& nat : vpc.nat_gateways) {
      const std::string owner = fmt::format("NAT gateway '{}'", *nat.name);
      if (nat.private_ip) addresses.claim(*nat.private_ip, *nat.subnet, owner);
      if (nat.public_ip) addresses.claim_public(*nat.public_ip, owner);
    }
  }
  for (const auto& instance : scenario.instances) check_instance(scenario, instance, addresses, diagnostics);
  for (const auto& host : scenario.internet_hosts) {
    const std::string owner = fmt::format("internet host '{}'", *host.name);
    check_ports(host.listens, owner, diagnostics);
    if (was_read(host.ip)) addresses.claim_public(host.ip, owner);
  }
  if (scenario.cluster) ClusterCheck(scenario, addresses, diagnostics).check();
  check_room(scenario, diagnostics);
}

}  // namespace ekspath
