#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "sim/aws/instance_type.hh"
#include "sim/aws/resource_id.hh"
#include "sim/base/assert.hh"
#include "sim/base/near_miss.hh"
#include "sim/eks/al2023.hh"
#include "sim/eks/coredns/coredns.hh"
#include "sim/eks/coredns/kube_dns.hh"
#include "sim/eks/eni_device.hh"
#include "sim/eks/max_pods.hh"
#include "sim/eks/pod_files.hh"
#include "sim/lab/check_manifest.hh"
#include "sim/lab/world.hh"

namespace ekspath {
namespace {

using namespace literals;

/// One end of a veth to the other: a softirq on the same host (docs/limitations.md: latencies).
constexpr Nanoseconds veth_delay = 2_us;

class Builder {
 public:
  Builder(const Scenario& scenario, Diagnostics& diagnostics)
      : scenario_(scenario),
        diagnostics_(diagnostics),
        world_(std::make_unique<World>(scenario.seed, scenario.start.count())) {}

  std::unique_ptr<World> build() {
    world_->vpc_resolver =
        std::make_unique<VpcResolver>(world_->fabric, world_->engine(), world_->pool(), scenario_.region);
    world_->fabric.serve_locally(world_->vpc_resolver.get());
    world_->files = scenario_.step_files;
    internet_names_ = internet_names();
    set_links();
    world_->fabric.admit_related_errors(scenario_.fabric.admits_related_errors);
    collect_pins();
    for (const VpcEntry& vpc : scenario_.vpcs) add_vpc(vpc);
    for (const PeeringEntry& peering : scenario_.peerings) add_peering(peering);
    // Routes and groups name gateways, peerings and groups of any VPC: all of those stand now.
    for (const VpcEntry& vpc : scenario_.vpcs) fill_vpc(vpc);
    if (!diagnostics_.ok()) return nullptr;
    for (const auto* instance : by_name(scenario_.instances)) add_instance(*instance);
    for (const auto* host : by_name(scenario_.internet_hosts)) add_internet_host(*host);
    if (scenario_.cluster) add_cluster(*scenario_.cluster);
    if (diagnostics_.ok()) apply_manifests();
    set_interface_links();
    return diagnostics_.ok() ? std::move(world_) : nullptr;
  }

 private:
  template <class Entry>
  static std::vector<const Entry*> by_name(const std::vector<Entry>& entries) {
    std::vector<const Entry*> sorted;
    for (const Entry& entry : entries) sorted.push_back(&entry);
    std::ranges::sort(sorted, {}, [](const Entry* entry) { return entry->name.value; });
    return sorted;
  }

  void report(const Location& where, const FabricError& error) {
    diagnostics_.report({where, error.found, error.expected, ""});
  }
  bool done(const Location& where, const Outcome& outcome) {
    if (outcome) report(where, *outcome);
    return !outcome;
  }
  /// The value, or `otherwise` after a report: the builder goes on, so that one run shows all mistakes.
  template <class T>
  T taken(const Location& where, const Result<T>& result, T otherwise = {}) {
    if (result) return result.value();
    report(where, result.error());
    return otherwise;
  }

  // ---- links

  void set_links() {
    for (const LinkSetting& link : scenario_.links) {
      const auto kind = parse_path_kind(*link.name);
      if (!kind) continue;
      PathSettings settings = world_->fabric.paths()[*kind];
      if (link.delay) settings.rtt = *link.delay * 2;
      if (link.mtu) settings.mtu = static_cast<std::uint16_t>(*link.mtu);
      if (link.loss_per_million) settings.loss_per_million = *link.loss_per_million;
      if (link.rate_bps) {
        diagnostics_.report({link.name.where, fmt::format("'bandwidth' of the kind of path '{}'", *link.name),
                             "bandwidth of an interface, such as node1/ens5: paths share no wire", ""});
      }
      done(link.name.where, world_->fabric.change_path(*kind, settings));
    }
    veth_.delay = veth_delay;
    for (const LinkSetting& link : scenario_.links) {
      if (*link.name == "veth") apply(link, veth_);
    }
  }

  static void apply(const LinkSetting& link, LinkSpec& spec) {
    if (link.delay) spec.delay = *link.delay;
    if (link.rate_bps) spec.rate_bps = *link.rate_bps;
    if (link.loss_per_million) spec.loss_per_million = *link.loss_per_million;
  }

  /// `links: {node1/ens5: {...}}`: what leaves by that interface.
  void set_interface_links() {
    for (const LinkSetting& link : scenario_.links) {
      if (parse_path_kind(*link.name) || *link.name == "veth") continue;
      const std::size_t slash = link.name->find('/');
      const Host* host = world_->host(link.name->substr(0, slash));
      Interface* interface = host == nullptr || slash == std::string::npos
                                 ? nullptr
                                 : host->netns->find_interface(link.name->substr(slash + 1));
      if (interface == nullptr || interface->link == nullptr) {
        diagnostics_.report(
            {link.name.where, fmt::format("unknown link '{}'", *link.name),
             "a kind of path (same-az, cross-az, peering, nat-gateway, igw, internet, gateway, arp), veth, "
             "or HOST/INTERFACE",
             ""});
        continue;
      }
      LinkSpec spec = interface->link->spec();
      apply(link, spec);
      interface->link->change(spec);
      if (link.mtu) interface->mtu = *link.mtu;
    }
  }

  // ---- networks

  void add_vpc(const VpcEntry& entry) {
    VpcSpec spec{*entry.name, {}, entry.internet_gateway};
    for (const auto& cidr : entry.cidrs) spec.cidrs.push_back(*cidr);
    const auto vpc = world_->fabric.add_vpc(spec);
    if (!vpc) return report(entry.name.where, vpc.error());
    for (const NetworkAclEntry& acl : entry.network_acls) {
      (void)taken(acl.name.where, world_->fabric.add_network_acl(vpc.value(), *acl.name));
    }
    for (const RouteTableEntry& table : entry.route_tables) {
      (void)taken(table.name.where, world_->fabric.add_route_table(vpc.value(), *table.name));
    }
    for (const SecurityGroupEntry& group : entry.security_groups) {
      if (*group.name == "default") continue;
      (void)taken(group.name.where, world_->fabric.add_security_group(vpc.value(), *group.name, *group.name));
    }
    for (const SubnetEntry& subnet : entry.subnets) add_subnet(vpc.value(), subnet);
    for (const NatGatewayEntry& gateway : entry.nat_gateways) add_nat_gateway(gateway);
  }

  void add_subnet(VpcId vpc, const SubnetEntry& entry) {
    SubnetSpec spec;
    spec.name = *entry.name;
    spec.vpc = vpc;
    spec.cidr = *entry.cidr;
    spec.zone = scenario_.region + *entry.az;
    spec.public_on_launch = entry.is_public;
    if (entry.route_table)
      spec.route_table = world_->fabric.find_route_table(vpc, **entry.route_table).value();
    if (entry.network_acl)
      spec.network_acl = world_->fabric.find_network_acl(vpc, **entry.network_acl).value();
    const auto subnet = world_->fabric.add_subnet(spec);
    if (!subnet) return report(entry.name.where, subnet.error());
    const auto [first, last] = pins_.equal_range(*entry.name);
    for (auto pin = first; pin != last; ++pin) {
      done(pin->second.where, world_->fabric.keep_address(subnet.value(), *pin->second));
    }
  }

  /// What hosts born later pin: no address drawn before may take it.
  void collect_pins() {
    const auto pin = [this](std::string_view subnet, const std::optional<Located<Ipv4Address>>& address) {
      if (address) pins_.emplace(subnet, *address);
    };
    for (const VpcEntry& vpc : scenario_.vpcs) {
      for (const NatGatewayEntry& gateway : vpc.nat_gateways) pin(*gateway.subnet, gateway.private_ip);
    }
    for (const InstanceEntry& instance : scenario_.instances) pin(*instance.subnet, instance.private_ip);
    if (!scenario_.cluster) return;
    for (const NodeEntry& node : scenario_.cluster->nodes) {
      pin(node.subnet, node.private_ip);
      for (const EniEntry& eni : node.enis) pin(node.subnet, eni.private_ip);
    }
    for (const PodEntry& pod : scenario_.cluster->pods) {
      if (pod.ip) pin(scenario_.node(*pod.node)->subnet, pod.ip);
    }
  }

  void add_nat_gateway(const NatGatewayEntry& entry) {
    const auto subnet = world_->fabric.find_subnet(*entry.subnet);
    if (!subnet) return;  // refused above, and reported
    NatGatewaySpec spec{
        *entry.name, *subnet, entry.is_private ? Connectivity::private_ : Connectivity::public_, {}, {}};
    if (entry.public_ip) spec.public_address = **entry.public_ip;
    if (entry.private_ip) spec.private_address = **entry.private_ip;
    (void)taken(entry.name.where, world_->fabric.add_nat_gateway(spec));
  }

  void add_peering(const PeeringEntry& entry) {
    const auto left = world_->fabric.find_vpc(*entry.left);
    const auto right = world_->fabric.find_vpc(*entry.right);
    if (!left || !right) return;
    (void)taken(entry.name.where, world_->fabric.add_peering({*entry.name, *left, *right, true}));
  }

  void fill_vpc(const VpcEntry& entry) {
    const auto vpc = world_->fabric.find_vpc(*entry.name);
    if (!vpc) return;
    for (const RouteTableEntry& table : entry.route_tables) add_routes(*vpc, table);
    for (const SubnetEntry& subnet : entry.subnets) add_default_route(*vpc, subnet);
    for (const SecurityGroupEntry& group : entry.security_groups) fill_security_group(*vpc, group);
    for (const NetworkAclEntry& acl : entry.network_acls) fill_network_acl(*vpc, acl);
    // Last: a destination that a table already routes is left as it is.
    for (const PeeringEntry& peering : scenario_.peerings) {
      const auto id = world_->fabric.find_peering(*peering.name);
      if (id && peering.routes && *peering.left == *entry.name) peerings_to_route_.push_back(*id);
    }
    if (&entry == &scenario_.vpcs.back()) {
      for (const PeeringId id : peerings_to_route_) world_->fabric.add_peering_routes(id);
    }
  }

  void add_routes(VpcId vpc, const RouteTableEntry& entry) {
    const auto table = world_->fabric.find_route_table(vpc, *entry.name);
    if (!table) return;
    for (const VpcRouteEntry& route : entry.routes) {
      VpcRouteTarget target;
      switch (route.via) {
        case RouteVia::local:
          continue;  // every table has it
        case RouteVia::internet_gateway:
          target = VpcRouteTarget::internet_gateway();
          break;
        case RouteVia::nat_gateway:
          target = VpcRouteTarget::to(world_->fabric.find_nat_gateway(*route.target).value());
          break;
        case RouteVia::peering:
          target = VpcRouteTarget::to(world_->fabric.find_peering(*route.target).value());
          break;
        case RouteVia::blackhole:
          target = VpcRouteTarget::blackhole();
          break;
      }
      done(route.to.where, world_->fabric.add_route(*table, *route.to, target));
    }
  }

  /// A subnet that names no table gets one of its kind: `public` and one for each NAT gateway; the others
  /// follow `main`.
  void add_default_route(VpcId vpc, const SubnetEntry& entry) {
    if (entry.route_table || (!entry.is_public && !entry.nat_gateway)) return;
    const auto subnet = world_->fabric.find_subnet(*entry.name);
    if (!subnet) return;
    const std::string name = entry.nat_gateway ? "private-" + **entry.nat_gateway : std::string("public");
    auto table = world_->fabric.find_route_table(vpc, name);
    if (!table) {
      table = taken(entry.name.where, world_->fabric.add_route_table(vpc, name));
      const VpcRouteTarget target =
          entry.nat_gateway ? VpcRouteTarget::to(world_->fabric.find_nat_gateway(**entry.nat_gateway).value())
                            : VpcRouteTarget::internet_gateway();
      done(entry.name.where, world_->fabric.add_route(*table, Prefix(), target));
    }
    done(entry.name.where, world_->fabric.associate(*subnet, *table));
  }

  static TrafficFilter filter_of(const TrafficSelector& selector) {
    TrafficFilter filter;
    if (selector.protocol) filter.protocol = *selector.protocol;
    filter.low_port = selector.first_port;
    filter.high_port = selector.last_port;
    return filter;
  }

  void fill_security_group(VpcId vpc, const SecurityGroupEntry& entry) {
    const auto group = world_->fabric.find_security_group(vpc, *entry.name);
    if (!group) return;
    world_->fabric.remove_rules(*group, TrafficDirection::ingress);
    world_->fabric.remove_rules(*group, TrafficDirection::egress);
    add_group_rules(vpc, *group, entry.ingress, TrafficDirection::ingress);
    add_group_rules(vpc, *group, entry.egress, TrafficDirection::egress);
  }

  void add_group_rules(VpcId vpc, SecurityGroupId group, const std::vector<SecurityGroupRuleEntry>& rules,
                       TrafficDirection direction) {
    for (const SecurityGroupRuleEntry& entry : rules) {
      SecurityGroupRule rule{direction, filter_of(entry.selects), Prefix(), ""};
      if (entry.cidr) rule.peer = **entry.cidr;
      if (entry.group) {
        const auto peer = find_group(vpc, **entry.group);
        if (!peer) {
          diagnostics_.report(
              {entry.group->where, fmt::format("unknown security group '{}'", **entry.group), "", ""});
          continue;
        }
        rule.peer = *peer;
      }
      done(entry.where, world_->fabric.add_rule(group, rule));
    }
  }

  /// A group of this VPC, or of one that is peered with it.
  std::optional<SecurityGroupId> find_group(VpcId vpc, std::string_view name) const {
    if (const auto own = world_->fabric.find_security_group(vpc, name)) return own;
    for (const PeeringId id : world_->fabric.vpc(vpc).peerings) {
      if (const auto far = world_->fabric.find_security_group(world_->fabric.peering(id).other(vpc), name))
        return far;
    }
    return std::nullopt;
  }

  void fill_network_acl(VpcId vpc, const NetworkAclEntry& entry) {
    const auto acl = world_->fabric.find_network_acl(vpc, *entry.name);
    if (!acl) return;
    const auto add = [&](const std::vector<NetworkAclRuleEntry>& rules, TrafficDirection direction) {
      for (const NetworkAclRuleEntry& rule : rules) {
        done(rule.number.where, world_->fabric.add_rule(*acl, {direction, *rule.number, rule.allow,
                                                               filter_of(rule.selects), rule.cidr}));
      }
    };
    add(entry.ingress, TrafficDirection::ingress);
    add(entry.egress, TrafficDirection::egress);
  }

  // ---- hosts

  struct HostPlace {
    SubnetId subnet;
    VpcId vpc;
    bool is_public = false;
  };

  HostPlace place_of(const std::string& subnet_name) const {
    const SubnetId subnet = world_->fabric.find_subnet(subnet_name).value();
    return {subnet, world_->fabric.subnet(subnet).vpc, scenario_.subnet(subnet_name).first->is_public};
  }

  /// An ENI with its interface in `netns`, joined both ways.
  std::optional<EniId> add_eni(Netns& netns, std::uint32_t device, const HostPlace& place,
                               const Location& where, const std::optional<Located<Ipv4Address>>& pin,
                               const std::vector<SecurityGroupId>& groups, std::string description) {
    EniSpec spec;
    spec.name = fmt::format("{}/eni{}", netns.name(), device);
    spec.subnet = place.subnet;
    if (pin) spec.address = **pin;
    spec.security_groups = groups;
    spec.description = std::move(description);
    const auto eni = world_->fabric.create_eni(spec);
    if (!eni) {
      report(pin ? pin->where : where, eni.error());
      return std::nullopt;
    }
    done(where, plug_in(world_->fabric, eni.value(), netns, device));
    return eni.value();
  }

  Ipv4Address add_public_address(EniId eni, const HostPlace& place, const Location& where,
                                 const std::optional<Located<Ipv4Address>>& pin) {
    const Ipv4Address address = world_->fabric.eni(eni).primary_address();
    if (const Ipv4Address known = world_->fabric.public_address_of(place.vpc, address);
        !known.is_unspecified()) {
      if (!pin) return known;
      done(where, world_->fabric.disassociate_public_address(eni, address));
    } else if (!pin && !place.is_public) {
      return {};
    }
    return taken(pin ? pin->where : where, world_->fabric.associate_public_address(
                                               eni, address, pin ? std::optional(**pin) : std::nullopt));
  }

  DhcpLease lease_of(const HostPlace& place, Ipv4Address address) const {
    return {address, world_->fabric.subnet(place.subnet).cidr, world_->fabric.vpc(place.vpc).resolver()};
  }

  std::string private_domain() const {
    return scenario_.region == "us-east-1" ? "ec2.internal" : scenario_.region + ".compute.internal";
  }

  std::string private_dns_name(Ipv4Address address) const {
    std::string dashed = fmt::format("{}", address);
    std::ranges::replace(dashed, '.', '-');
    return fmt::format("ip-{}.{}", dashed, private_domain());
  }

  /// As DHCP of the VPC tells an instance, and systemd-resolved writes it.
  std::string instance_resolv_conf(VpcId vpc) const {
    return fmt::format("nameserver {}\nsearch {}\n", world_->fabric.vpc(vpc).resolver(), private_domain());
  }

  /// AL2023's /etc/hosts.
  static HostsFile hosts_file(Shared<std::string> more) {
    static const Shared<std::string> common(
        "127.0.0.1   localhost localhost.localdomain localhost4 localhost4.localdomain4\n"
        "::1         localhost6 localhost6.localdomain6\n");
    return {common, {}, {}, std::move(more)};
  }

  /// The scenario's internet hosts: for those themselves, which have no name server to ask.
  std::string internet_names() const {
    std::string text;
    for (const auto* host : by_name(scenario_.internet_hosts))
      text += fmt::format("{} {}\n", *host->ip, *host->name);
    return text;
  }

  void set_sysctls(Netns& netns, const std::vector<Setting>& settings) {
    for (const Setting& setting : settings) {
      const int error = write_sysctl(netns, *setting.name, *setting.value);
      if (error == ENOENT) {
        diagnostics_.report({setting.name.where,
                             fmt::format("unknown sysctl '{}' on {}", *setting.name, netns.name()), "",
                             near_miss_text(near_miss(*setting.name, sysctl_names(netns)))});
      } else if (error != 0) {
        diagnostics_.report({setting.value.where, fmt::format("'{}' for {}", *setting.value, *setting.name),
                             "a value that the kernel takes", ""});
      }
    }
  }

  static std::string near_miss_text(const std::string& candidate) {
    return candidate.empty() ? std::string() : fmt::format("did you mean '{}'?", candidate);
  }

  void start_servers(const Host& host, const std::vector<Listen>& listens) {
    for (const Listen& listen : listens) {
      world_->servers.push_back(
          start_server(*host.netns, *listen.serves, *listen.port, world_->environment_of(host)));
      world_->logs.emplace(host.name, world_->servers.back().get());
    }
  }

  void add_instance(const InstanceEntry& entry) {
    const HostPlace place = place_of(*entry.subnet);
    std::vector<SecurityGroupId> groups;
    for (const LocatedName& name : entry.security_groups) {
      const auto group = world_->fabric.find_security_group(place.vpc, *name);
      if (group) groups.push_back(*group);
    }
    Netns& netns = world_->add_netns(*entry.name);
    const auto eni =
        add_eni(netns, 0, place, entry.name.where, entry.private_ip, groups, "Primary network interface");
    if (!eni) return;
    const Ipv4Address address = world_->fabric.eni(*eni).primary_address();
    boot_al2023(netns, *netns.find_interface(nitro_interface_name(0)), lease_of(place, address));
    set_sysctls(netns, entry.sysctls);
    const Host& host =
        world_->add_host({*entry.name, HostKind::instance, &netns, private_dns_name(address), address,
                          add_public_address(*eni, place, entry.name.where, entry.public_ip), "",
                          instance_resolv_conf(place.vpc), hosts_file({})});
    start_servers(host, entry.listens);
  }

  void add_internet_host(const InternetHostEntry& entry) {
    InternetHostSpec spec{*entry.name, {*entry.ip}, entry.rtt, entry.hops};
    const auto id = world_->fabric.add_internet_host(spec);
    if (!id) return report(entry.name.where, id.error());
    Netns& netns = world_->add_netns(*entry.name);
    InternetHost& door = world_->fabric.internet_host(id.value());
    Interface& interface = netns.add_interface("eth0", InterfaceKind::ena, door.mac(), 1500);
    interface.connect(Fabric::host_link(), door);
    done(entry.name.where, world_->fabric.attach(id.value(), interface.place, interface));
    netns.set_up(interface, true);
    ASSERT(netns.add_address(interface, {.address = *entry.ip}) == 0);
    ASSERT(netns.routing.add_route(route_table::main, {.prefix = Prefix(Internet::gateway, 32),
                                                       .scope = RouteScope::link,
                                                       .out_interface = interface.index}) == 0);
    ASSERT(netns.routing.add_route(
               route_table::main,
               {.prefix = Prefix(), .out_interface = interface.index, .gateway = Internet::gateway}) == 0);
    ASSERT(netns.neighbours.add(
               {Internet::gateway, interface.index, Internet::gateway_mac, NeighbourState::permanent}) == 0);
    const Host& host = world_->add_host({*entry.name,
                                         HostKind::internet,
                                         &netns,
                                         *entry.name,
                                         *entry.ip,
                                         *entry.ip,
                                         "",
                                         {},
                                         hosts_file(internet_names_)});
    start_servers(host, entry.listens);
  }

  // ---- the cluster

  void add_cluster(const ClusterEntry& entry) {
    const VpcId vpc = world_->fabric.find_vpc(*entry.vpc).value();
    const SecurityGroupId cluster_group =
        taken(entry.name.where, world_->fabric.add_cluster_security_group(vpc, *entry.name));
    node_groups_.push_back(cluster_group);
    for (const LocatedName& name : entry.node_security_groups) {
      if (*name == "default") continue;
      if (const auto group = world_->fabric.find_security_group(vpc, *name)) node_groups_.push_back(*group);
    }
    Cluster::Versions versions;
    versions.cni = CniVersion::parse(*entry.cni.version).value();
    const std::size_t dot = entry.version->find('.');
    versions.kubernetes = {std::stoi(entry.version->substr(0, dot)),
                           std::stoi(entry.version->substr(dot + 1))};
    CniEnvironment environment;
    for (const Setting& setting : entry.cni.env) environment[*setting.name] = *setting.value;
    Cluster::Settings settings;
    settings.service_cidr = *entry.service_cidr;
    settings.delays = entry.delays;
    settings.private_domain = private_domain();
    settings.hosts = world_.get();
    world_->cluster = std::make_unique<Cluster>(world_->engine(), scenario_.seed, *entry.name, versions,
                                                std::move(environment), std::move(settings));
    world_->cluster->start_dns = [this_world = world_.get()](const ApiObject& pod, Netns& netns,
                                                             const ProgramEnvironment& around) {
      ObjectStore& objects = this_world->cluster->objects();
      return start_coredns(objects,
                           {&netns, pod.as<PodStatus>().pod_ip, installed_corefile(objects), around});
    };
    for (const PodEntry& pod : entry.pods) {
      if (!pod.host_network) nodes_with_pods_.insert(*pod.node);
      has_name_server_ = has_name_server_ || pod.runs_coredns;
    }
    for (const NodeEntry& node : entry.nodes) add_node(vpc, node);
    if (!diagnostics_.ok()) return;
    for (const auto* pod : by_name(entry.pods)) add_pod(*pod);
    start_name_servers();
    world_->cluster->place_control_plane(control_plane_addresses(entry, cluster_group));
    world_->cluster->settle();
  }

  /// EKS keeps an ENI of its own in two of the subnets: the endpoints of the service default/kubernetes.
  std::vector<Ipv4Address> control_plane_addresses(const ClusterEntry& entry, SecurityGroupId group) {
    std::vector<std::string> subnets;
    for (const NodeEntry& node : entry.nodes) {
      if (subnets.size() < 2 && std::ranges::find(subnets, node.subnet) == subnets.end())
        subnets.push_back(node.subnet);
    }
    if (subnets.size() == 1) subnets.push_back(subnets.front());
    std::vector<Ipv4Address> addresses;
    for (const std::string& subnet : subnets) {
      EniSpec spec;
      spec.name = fmt::format("{}/control-plane{}", *entry.name, addresses.size());
      spec.subnet = world_->fabric.find_subnet(subnet).value();
      spec.security_groups = {group};
      spec.description = fmt::format("Amazon EKS {}", *entry.name);
      // A subnet that is full has no room for one: then the service has one endpoint less.
      const auto eni = world_->fabric.create_eni(spec);
      if (eni) addresses.push_back(world_->fabric.eni(eni.value()).primary_address());
    }
    return addresses;
  }

  /// As by `kubectl apply -f`, before the first step.
  void apply_manifests() {
    for (const ManifestFile& file : scenario_.manifests) {
      for (const ManifestDocument& document : read_manifest(file.text, *file.path, diagnostics_)) {
        if (!world_->cluster) {
          diagnostics_.report({file.path.where, "manifests in a scenario without a cluster", "", ""});
          return;
        }
        const ApiServer::Applied applied = world_->cluster->api().apply(document.document, "default");
        if (applied.outcome) continue;
        diagnostics_.report({document.tree.where, applied.outcome.error->text(), "", ""});
      }
    }
  }

  void add_node(VpcId vpc, const NodeEntry& entry) {
    const HostPlace place = place_of(entry.subnet);
    Netns& netns = world_->add_netns(entry.name);
    const auto primary = add_eni(netns, 0, place, entry.where, entry.private_ip, node_groups_, "");
    if (!primary) return;
    Node node;
    node.name = entry.name;
    node.netns = &netns;
    node.instance_type = entry.type;
    node.zone = world_->fabric.zone_name(world_->fabric.subnet(place.subnet).zone);
    node.address = world_->fabric.eni(*primary).primary_address();
    node.kubernetes_name = private_dns_name(node.address);
    node.fabric = &world_->fabric;
    node.type = find_instance_type(entry.type);
    ASSERT(node.type != nullptr);
    node.max_pods = entry.max_pods.value_or(max_pods(*node.type, {}));
    node.eni_config = eni_config_for(vpc, entry);
    node.instance_id = resource_id(scenario_.seed, "i", entry.name);
    node.enis.emplace_back(*primary, 0U);
    node.is_furnished = !entry.enis.empty() || has_pods_by_hand(entry.name);
    boot_al2023(netns, *netns.find_interface(nitro_interface_name(0)), lease_of(place, node.address));
    // kubelet's and containerd's needs: /etc/sysctl.d of the EKS AMI (facts/vpc-cni.md 1)
    ASSERT(write_sysctl(netns, "net.ipv4.ip_forward", "1") == 0);

    for (const EniEntry& eni : entry.enis) {
      const auto secondary = add_eni(netns, *eni.device, place, eni.device.where, eni.private_ip,
                                     node_groups_, fmt::format("aws-K8S-{}", node.instance_id));
      if (secondary) node.enis.emplace_back(*secondary, std::uint32_t{*eni.device});
    }
    const Ipv4Address public_address = add_public_address(*primary, place, entry.where, entry.public_ip);
    static const Shared<std::string> hosts(hosts_file({}).text());
    const Host& host =
        world_->add_host({node.name, HostKind::node, &netns, node.kubernetes_name, node.address,
                          public_address, node.name, instance_resolv_conf(place.vpc), hosts_file({})});
    node.group = entry.group;
    node.resolv_conf = host.resolv_conf;
    node.hosts_file = hosts;
    node.public_address = public_address;
    world_->cluster->join(std::move(node), world_->fabric.vpc(vpc).cidrs, veth_);
    set_sysctls(netns, entry.sysctls);
  }

  std::optional<EniConfig> eni_config_for(VpcId vpc, const NodeEntry& node) const {
    const EniConfigEntry* entry = eni_config_of(scenario_, node);
    if (entry == nullptr) return std::nullopt;
    EniConfig config;
    config.name = *entry->name;
    config.subnet = world_->fabric.find_subnet(*entry->subnet).value();
    for (const LocatedName& name : entry->security_groups) {
      if (const auto group = world_->fabric.find_security_group(vpc, *name))
        config.security_groups.push_back(*group);
    }
    return config;
  }

  bool has_pods_by_hand(std::string_view node) const { return nodes_with_pods_.contains(node); }

  /// A secondary address of the ENI that carries the pod.
  bool take_address(const Node& node, const PodEntry& entry, Pod& pod) {
    const EniId eni = world_->fabric.find_eni(fmt::format("{}/eni{}", node.name, pod.device)).value();
    const auto address =
        world_->fabric.assign_address(eni, entry.ip ? std::optional(**entry.ip) : std::nullopt);
    if (!address) {
      report(entry.ip ? entry.ip->where : entry.name.where, address.error());
      return false;
    }
    pod.address = address.value();
    return true;
  }

  void add_pod(const PodEntry& entry) {
    const Node* node = world_->cluster->node(*entry.node);
    ASSERT(node != nullptr);
    Pod pod;
    pod.name = *entry.name;
    pod.pod_namespace = entry.name_space;
    pod.node = static_cast<std::uint32_t>(node - world_->cluster->nodes().data());
    pod.host_network = entry.host_network;
    pod.device = *entry.device;
    if (entry.host_network) {
      pod.netns = node->netns;
      pod.address = node->address;
    } else {
      // A pool of prefixes has no address of its own for a pod that names none.
      const bool is_pooled = !entry.ip && pod.device == 0 && node->ipamd->uses_prefixes();
      if (!is_pooled && !take_address(*node, entry, pod)) return;
      pod.netns = &world_->add_netns(pod.name);
      set_al2023_sysctls(*pod.netns);
    }
    // A hostNetwork pod's host name is its node's.
    const SharedText host_name = entry.host_network ? node->kubernetes_name : pod.name;
    Host& host = world_->add_host({pod.name,
                                   HostKind::pod,
                                   pod.netns,
                                   host_name,
                                   pod.address,
                                   Ipv4Address(),
                                   node->name,
                                   pod_resolv_conf_of(entry, *node),
                                   {},
                                   pod.pod_namespace,
                                   pod.name});
    const std::string error = world_->cluster->place(std::move(pod));
    if (!error.empty()) {
      diagnostics_.report({entry.name.where, error, fmt::format("room in the pool of {}", *entry.node), ""});
      return;
    }
    const Pod& placed = world_->cluster->pods().back();
    host.address = placed.address;
    host.pod_namespace = placed.pod_namespace;
    host.hosts_file = pod_hosts_file_of(entry, host_name, host.address);
    if (entry.runs_coredns) name_servers_.push_back({host.name, node->kubernetes_name, host.address});
    set_sysctls(*host.netns, entry.sysctls);
    start_servers(host, entry.listens);
  }

  PodNaming naming_of(const PodEntry& entry, const Node& node) const {
    const Host& host = *world_->host(node.name);
    return {entry.name_space, *host.resolv_conf, *node.hosts_file,
            kube_dns_address(*scenario_.cluster->service_cidr)};
  }

  /// CoreDNS asks as its node does: dnsPolicy Default.
  static PodShape shape_of(const PodEntry& entry) {
    PodShape shape;
    shape.host_network = entry.host_network;
    if (entry.runs_coredns) shape.dns_policy = DnsPolicy::default_;
    return shape;
  }

  std::string pod_resolv_conf_of(const PodEntry& entry, const Node& node) const {
    return pod_resolv_conf(shape_of(entry), naming_of(entry, node));
  }

  /// In a cluster without CoreDNS pods the internet's names stand here, so that lessons about the path need
  /// no name server.
  HostsFile pod_hosts_file_of(const PodEntry& entry, const SharedText& host_name, Ipv4Address address) const {
    HostsFile file = pod_hosts_file(shape_of(entry), naming_of(entry, *world_->cluster->node(*entry.node)),
                                    host_name, address);
    if (!entry.host_network && !has_name_server_) file.more = internet_names_;
    return file;
  }

  void start_name_servers() {
    if (name_servers_.empty()) return;
    ObjectStore& objects = world_->cluster->objects();
    add_kube_dns(objects, kube_dns_address(*scenario_.cluster->service_cidr), name_servers_);
    for (const PlacedCoreDns& server : name_servers_) {
      const Host& host = *world_->host(server.name);
      world_->servers.push_back(start_coredns(
          objects, {host.netns, server.address, installed_corefile(objects), world_->environment_of(host)}));
    }
  }

  const Scenario& scenario_;
  Diagnostics& diagnostics_;
  std::unique_ptr<World> world_;
  std::set<std::string_view> nodes_with_pods_;  // placed by hand
  Shared<std::string> internet_names_;          // of the hosts files that have them
  bool has_name_server_ = false;                // among those
  std::vector<PlacedCoreDns> name_servers_;
  LinkSpec veth_;
  std::multimap<std::string, Located<Ipv4Address>, std::less<>> pins_;  // by subnet
  std::vector<PeeringId> peerings_to_route_;
  std::vector<SecurityGroupId> node_groups_;
};

}  // namespace

std::unique_ptr<World> build_world(const Scenario& scenario, Diagnostics& diagnostics) {
  return Builder(scenario, diagnostics).build();
}

}  // namespace ekspath
