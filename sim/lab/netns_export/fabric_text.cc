#include <algorithm>
#include <map>

#include "sim/lab/netns_export/netns_text.hh"

/// The VPC fabric in the words of Linux: what it needs to carry packets between hosts as the simulated one
/// does, and no more. README.md of an export says what is not there.
namespace ekspath {
namespace {

constexpr std::uint32_t owners_table = 1;    // of a VPC: which port each private address is behind
constexpr std::uint32_t first_table = 1000;  // its route tables
/// Next hops between namespaces of the fabric: they are never asked for, each has a permanent neighbour.
constexpr Ipv4Address far_end(169, 254, 0, 1);
/// Neither a VPC nor the internet takes anything from the TTL but where facts/aws-fabric.md 1 says so; a
/// namespace that forwards takes one.
constexpr std::string_view give_ttl_back =
    "*mangle\n:PREROUTING ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n-A PREROUTING -j TTL --ttl-inc 1";

/// Writes down one namespace.
class RouterText {
 public:
  explicit RouterText(std::string name) : netns_(std::move(name)) {
    sysctl("net/ipv4/ip_forward", "1");
    for (const char* of : {"all", "default"}) port_sysctls(of);
    ip("link set lo up");
    ip("rule flush");
  }

  template <class... Arguments>
  void ip(fmt::format_string<Arguments...> form, Arguments&&... arguments) {
    ip_ += fmt::format(form, std::forward<Arguments>(arguments)...) + "\n";
  }
  template <class... Arguments>
  void rules(fmt::format_string<Arguments...> form, Arguments&&... arguments) {
    rules_ += fmt::format(form, std::forward<Arguments>(arguments)...) + "\n";
  }
  void sysctl(std::string_view path, std::string_view value) {
    sysctls_ += fmt::format("{} {}\n", path, value);
  }
  /// A port is there, with nothing on it that would answer or filter by itself.
  void port(std::string_view name) {
    port_sysctls(name);
    ip("link set {} up", name);
  }
  [[nodiscard]] const std::string& name() const { return netns_; }
  [[nodiscard]] NetnsText text() const { return {netns_, sysctls_, ip_, rules_, ""}; }

 private:
  void port_sysctls(std::string_view name) {
    for (const char* what : {"rp_filter", "send_redirects", "accept_redirects"}) {
      sysctl(fmt::format("net/ipv4/conf/{}/{}", name, what), "0");
    }
  }

  std::string netns_;
  std::string sysctls_;
  std::string ip_;
  std::string rules_;
};

class FabricWriter {
 public:
  explicit FabricWriter(const World& world) : world_(world), fabric_(world.fabric) {}

  FabricText write() {
    for (const Vpc& vpc : fabric_.vpcs()) routers_.push_back(RouterText("_vpc." + vpc.name));
    for (std::uint32_t id = 0; id < fabric_.vpcs().size(); ++id) write_vpc(VpcId(id));
    for (const Eni& eni : fabric_.enis()) write_eni(eni);
    for (std::uint32_t id = 0; id < fabric_.peerings().size(); ++id) write_peering(PeeringId(id));
    for (const NatGateway& gateway : fabric_.nat_gateways()) write_nat_gateway(gateway);
    write_internet();
    FabricText text;
    text.links = links_;
    for (const RouterText& router : routers_) text.namespaces.push_back(router.text());
    for (const RouterText& router : others_) text.namespaces.push_back(router.text());
    return text;
  }

 private:
  /// Addresses of links between namespaces of the fabric: local, and of no vendor.
  MacAddress draw_mac() {
    const auto number = ++macs_;
    return MacAddress{{0x0a, 0x65, 0x6b, static_cast<std::uint8_t>(number >> 16),
                       static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)}};
  }

  /// A link of the fabric's own; each side has the other as far_end().
  void join(RouterText& a, const std::string& name_a, RouterText& b, const std::string& name_b,
            std::uint32_t mtu) {
    const MacAddress mac_a = draw_mac(), mac_b = draw_mac();
    links_ += link_line({a.name(), name_a, mac_a, mtu, 0}, {b.name(), name_b, mac_b, mtu, 0});
    a.port(name_a);
    a.ip("neigh replace {} lladdr {} dev {} nud permanent", far_end, mac_b, name_a);
    b.port(name_b);
    b.ip("neigh replace {} lladdr {} dev {} nud permanent", far_end, mac_a, name_b);
  }

  [[nodiscard]] static std::string port_of(const Eni& eni) {
    return fmt::format("eni{}", eni.eni_id().value());
  }
  [[nodiscard]] static std::uint32_t table_of(VpcRouteTableId id) { return first_table + id.value(); }
  [[nodiscard]] static std::string peering_port(PeeringId id) { return fmt::format("pcx{}", id.value()); }
  [[nodiscard]] bool has_hosts(VpcId vpc) const {
    return std::ranges::any_of(fabric_.enis(),
                               [&](const Eni& eni) { return eni.vpc() == vpc && joins(eni); });
  }
  [[nodiscard]] bool is_carried(const Peering& peering) const {
    return peering.active && has_hosts(peering.requester) && has_hosts(peering.accepter);
  }
  [[nodiscard]] static bool joins(const Eni& eni) {
    return !eni.is_deleted() && (eni.is_attached() || eni.type() == EniType::nat_gateway);
  }

  /// The router of a VPC: first who owns an address, then the table of the subnet that a packet came from.
  /// What comes by a gateway or a peering finds owners only. The rest is dropped in silence, as AWS does it.
  void write_vpc(VpcId id) {
    const Vpc& vpc = fabric_.vpc(id);
    RouterText& router = routers_[id.value()];
    for (const Subnet& subnet : fabric_.subnets()) {
      if (subnet.vpc == id) router.ip("address add {}/32 dev lo", subnet.router());
    }
    router.ip("rule add pref 100 lookup {}", owners_table);
    router.ip("rule add pref 32000 blackhole");
    if (!has_hosts(id)) return;
    if (vpc.has_internet_gateway) write_internet_gateway(id);
    for (const VpcRouteTable& table : fabric_.route_tables()) {
      if (table.vpc() != id) continue;
      const auto number =
          table_of(VpcRouteTableId(static_cast<std::uint32_t>(&table - fabric_.route_tables().data())));
      for (const VpcRoute& route : table.routes()) {
        late_routes_.push_back({id, fmt::format("route add {} table {}", route_words(route), number)});
      }
    }
    router.rules("{}\nCOMMIT", give_ttl_back);
  }

  [[nodiscard]] std::string route_words(const VpcRoute& route) const {
    const auto by = [&](std::string_view device) {
      return fmt::format("{} via {} dev {} onlink", route.destination, far_end, device);
    };
    const std::string nowhere = fmt::format("blackhole {}", route.destination);
    switch (route.target.kind) {
      case VpcRouteKind::internet_gateway:
        return by("igw");
      case VpcRouteKind::peering:
        return is_carried(fabric_.peering(PeeringId(route.target.id)))
                   ? by(peering_port(PeeringId(route.target.id)))
                   : nowhere;
      case VpcRouteKind::nat_gateway:
        return by_eni(route, fabric_.eni(fabric_.nat_gateway(NatGatewayId(route.target.id)).eni()));
      case VpcRouteKind::eni:
        return by_eni(route, fabric_.eni(EniId(route.target.id)));
      case VpcRouteKind::local:  // what somebody owns was found before
      case VpcRouteKind::blackhole:
        return nowhere;
    }
    return nowhere;
  }

  [[nodiscard]] std::string by_eni(const VpcRoute& route, const Eni& eni) const {
    if (!joins(eni)) return fmt::format("blackhole {}", route.destination);
    return fmt::format("{} via {} dev {} onlink", route.destination, eni.primary_address(), port_of(eni));
  }

  /// The interface behind an ENI: the one with its MAC.
  [[nodiscard]] const Interface* interface_of(const MacAddress& mac) const {
    for (const auto& netns : world_.namespaces()) {
      for (const auto& interface : netns->owned_interfaces()) {
        if (interface->kind == InterfaceKind::ena && interface->mac == mac) return interface.get();
      }
    }
    return nullptr;
  }

  /// A port of the VPC's router: it stands for the subnet's gateway, and answers ARP for the other addresses
  /// of the subnet too. The owner of an address is known for good.
  void write_eni(const Eni& eni) {
    if (!joins(eni)) return;
    RouterText& router = routers_[eni.vpc().value()];
    const Subnet& subnet = fabric_.subnet(eni.subnet());
    const std::string port = port_of(eni);
    LinkEnd host{"", "eth0", eni.mac(), 9001, 0};
    if (eni.type() == EniType::nat_gateway) {
      host.netns = nat_name(eni);
    } else if (const Interface* interface = interface_of(eni.mac())) {
      host = {interface->netns->name(), interface->name, interface->mac, interface->mtu, interface->index};
    } else {
      return;
    }
    links_ += link_line(host, {router.name(), port, subnet.gateway_mac, host.mtu, 0});
    router.port(port);
    router.sysctl(fmt::format("net/ipv4/conf/{}/proxy_arp", port), "1");
    router.sysctl(fmt::format("net/ipv4/neigh/{}/proxy_delay", port), "0");
    for (const Ipv4Address address : eni.addresses()) {
      router.ip("neigh replace {} lladdr {} dev {} nud permanent", address, eni.mac(), port);
      router.ip("route add {} dev {} table {}", address, port, owners_table);
    }
    for (const Prefix prefix : eni.prefixes()) {
      router.ip("route add {} via {} dev {} onlink table {}", prefix, eni.primary_address(), port,
                owners_table);
    }
    router.ip("rule add pref 200 iif {} lookup {}", port, table_of(subnet.route_table));
  }

  [[nodiscard]] std::string nat_name(const Eni& eni) const {
    for (const NatGateway& gateway : fabric_.nat_gateways()) {
      if (gateway.eni() == eni.eni_id()) return "_nat." + gateway.name();
    }
    return {};
  }

  void write_peering(PeeringId id) {
    const Peering& peering = fabric_.peering(id);
    if (!is_carried(peering)) return;
    join(routers_[peering.requester.value()], peering_port(id), routers_[peering.accepter.value()],
         peering_port(id), 8500);
  }

  /// VPC guide: NAT gateways. All of it through one ENI: what comes in leaves again, translated.
  void write_nat_gateway(const NatGateway& gateway) {
    const Eni& eni = fabric_.eni(gateway.eni());
    const Subnet& subnet = fabric_.subnet(eni.subnet());
    RouterText router(nat_name(eni));
    router.port("eth0");
    router.ip("address add {}/32 dev eth0", eni.primary_address());
    router.ip("rule add pref 32766 lookup main");
    router.ip("route add default via {} dev eth0 onlink", subnet.router());
    router.ip("neigh replace {} lladdr {} dev eth0 nud permanent", subnet.router(), subnet.gateway_mac);
    router.sysctl("net/netfilter/nf_conntrack_tcp_timeout_established",
                  fmt::format("{}", NatGateway::idle_timeout.whole_seconds()));
    router.rules("*nat\n:POSTROUTING ACCEPT [0:0]");
    for (const char* protocol : {"tcp", "udp"}) {
      router.rules("-A POSTROUTING -p {} -j SNAT --to-source {}:{}-{} --random-fully", protocol,
                   eni.primary_address(), NatGateway::first_port, NatGateway::last_port);
    }
    router.rules("-A POSTROUTING -j SNAT --to-source {}\nCOMMIT", eni.primary_address());
    // Nothing enters that was not asked for; nothing is answered.
    router.rules(
        "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT DROP [0:0]\n"
        "-A FORWARD -m conntrack --ctstate INVALID -j DROP\nCOMMIT");
    others_.push_back(std::move(router));
  }

  /// One to one, in a namespace of its own between the VPC's router and the internet. Takes one from the TTL.
  void write_internet_gateway(VpcId id) {
    const Vpc& vpc = fabric_.vpc(id);
    RouterText router("_igw." + vpc.name);
    join(routers_[id.value()], "igw", router, "vpc", 1500);
    router.ip("rule add pref 32766 lookup main");
    router.ip("address add {}/32 dev lo", fabric_.internet().router(id, 1));  // where a TTL ends
    for (const Prefix cidr : vpc.cidrs) router.ip("route add {} via {} dev vpc onlink", cidr, far_end);
    router.sysctl("net/netfilter/nf_conntrack_tcp_be_liberal", "1");
    std::string outward, inward, allowed;
    for (const Eni& eni : fabric_.enis()) {
      if (eni.vpc() != id || !joins(eni)) continue;
      for (const Ipv4Address address : eni.addresses()) {
        const Ipv4Address known = fabric_.public_address_of(id, address);
        if (known.is_unspecified()) continue;
        outward += fmt::format("-A POSTROUTING -s {} -o internet -j SNAT --to-source {}\n", address, known);
        inward +=
            fmt::format("-A PREROUTING -d {} -i internet -j DNAT --to-destination {}\n", known, address);
        allowed += fmt::format("-A FORWARD -s {} -i vpc -j ACCEPT\n-A FORWARD -d {} -i internet -j ACCEPT\n",
                               address, address);
        public_routes_.emplace_back(known, id);
      }
    }
    router.rules("*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n{}{}COMMIT", inward, outward);
    // A private address without a public one goes nowhere.
    router.rules("*filter\n:FORWARD DROP [0:0]\n{}COMMIT", allowed);
    gateways_.emplace(id.value(), others_.size());
    others_.push_back(std::move(router));
  }

  void write_internet() {
    for (const auto& [id, line] : late_routes_) routers_[id.value()].ip("{}", line);
    if (gateways_.empty() && fabric_.internet().hosts().empty()) return;
    RouterText router("_internet");
    router.ip("address add {}/32 dev lo", Internet::gateway);
    router.ip("rule add pref 32766 lookup main");
    router.ip("route add blackhole default");
    router.rules("{}", give_ttl_back);
    std::string lost;
    for (const auto& [vpc, gateway] : gateways_) {
      join(router, fmt::format("vpc{}", vpc), others_[gateway], "internet", 1500);
      others_[gateway].ip("route add default via {} dev internet onlink", far_end);
    }
    for (const auto& [address, vpc] : public_routes_) {
      router.ip("route add {} via {} dev vpc{} onlink", address, far_end, vpc.value());
    }
    for (const InternetHost& host : fabric_.internet().hosts()) lost += write_internet_host(router, host);
    router.rules("COMMIT\n*filter\n:FORWARD ACCEPT [0:0]\n{}COMMIT", lost);
    others_.push_back(std::move(router));
  }

  /// What its routers beyond the edge take from the TTL; the rule for packets that end at one of them.
  std::string write_internet_host(RouterText& router, const InternetHost& host) {
    const Interface* interface = interface_of(host.mac());
    if (interface == nullptr) return {};
    const std::string port = fmt::format("host{}", host.host_id().value());
    links_ += link_line(
        {interface->netns->name(), interface->name, interface->mac, interface->mtu, interface->index},
        {router.name(), port, Internet::gateway_mac, interface->mtu, 0});
    router.port(port);
    for (const Ipv4Address address : host.addresses()) {
      router.ip("neigh replace {} lladdr {} dev {} nud permanent", address, host.mac(), port);
      router.ip("route add {} dev {}", address, port);
    }
    if (host.hops() == 0) return {};
    router.rules("-A FORWARD -i {0} -j TTL --ttl-dec {1}\n-A FORWARD -o {0} -j TTL --ttl-dec {1}", port,
                 host.hops());
    return fmt::format(
        "-A FORWARD -i {0} -m ttl --ttl-lt 1 -j DROP\n-A FORWARD -o {0} -m ttl --ttl-lt 1 -j DROP\n", port);
  }

  const World& world_;
  const Fabric& fabric_;
  std::vector<RouterText> routers_;  // by VPC
  std::vector<RouterText> others_;
  std::string links_;
  std::map<std::uint32_t, std::size_t> gateways_;           // VPC -> number in others_
  std::vector<std::pair<VpcId, std::string>> late_routes_;  // need ports that come later
  std::vector<std::pair<Ipv4Address, VpcId>> public_routes_;
  std::uint32_t macs_ = 0;
};

}  // namespace

FabricText fabric_text(const World& world) { return FabricWriter(world).write(); }

}  // namespace ekspath
