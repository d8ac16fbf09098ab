#include "sim/aws/fabric.hh"

#include <fmt/format.h>

#include <algorithm>

#include "sim/packet/build.hh"
#include "sim/packet/cut.hh"
#include "sim/packet/parse.hh"

namespace ekspath {
namespace {

/// Set in PacketMeta::mark between a service of the hypervisor and the host: the security groups do not see
/// the frame.
constexpr std::uint32_t from_hypervisor = 1;

constexpr Nanoseconds error_interval{10'000'000};  // 100 errors a second to one host ...
constexpr std::int64_t error_burst = 50;           // ... and so many at once: ours, AWS publishes no figure

constexpr bool is_icmp(const Tuple& tuple) {
  return tuple.protocol == static_cast<std::uint8_t>(IpProtocol::icmp);
}
constexpr bool is_tcp_or_udp(const Tuple& tuple) {
  return tuple.protocol == static_cast<std::uint8_t>(IpProtocol::tcp) ||
         tuple.protocol == static_cast<std::uint8_t>(IpProtocol::udp);
}

std::uint8_t tcp_flags(const Packet& packet) {
  const Ipv4View ip = ipv4(packet);
  const bool readable = ip.protocol() == static_cast<std::uint8_t>(IpProtocol::tcp) &&
                        ip.fragment_offset() == 0 && packet.transport_size() >= TcpView::minimum_size;
  return readable ? tcp_header(packet).flags() : std::uint8_t{0};
}

/// What a flow can begin with: of ICMP, requests only.
bool begins_flow(const Tuple& tuple) { return !is_icmp(tuple) || is_icmp_request(tuple.icmp_type()); }

}  // namespace

// --- from a host into the fabric

void Fabric::leave(Eni& from, PacketRef frame) {
  frame->scrub();
  if (frame->size() < EthernetView::size) return drop(from.place(), Stage::eni, *frame, DropReason::header);
  const EthernetView link = ethernet(*frame);
  if (!from.is_attached()) return drop(from.place(), Stage::eni, *frame, DropReason::not_attached);
  if (link.type() == static_cast<std::uint16_t>(EtherType::arp)) return answer_arp(from, std::move(frame));
  if (link.type() != static_cast<std::uint16_t>(EtherType::ipv4)) {
    return drop(from.place(), Stage::eni, *frame, DropReason::unsupported_ethertype);
  }
  Crossing crossing{from, link.destination(), {}};
  frame->pull(EthernetView::size);
  if (parse_ipv4(*frame) != ParseResult::ok)
    return drop(from.place(), Stage::eni, *frame, DropReason::header);
  crossing.tuple = from.outbound_fragments_.tuple(*frame);
  check_source(crossing, std::move(frame));
}

/// The hypervisor answers from the mapping service; the one that is asked for never sees it. facts section 1
void Fabric::answer_arp(Eni& from, PacketRef frame) {
  const Subnet& home = subnet(from.subnet());
  const ArpView asked{frame->data() + EthernetView::size};
  const bool readable = frame->size() >= EthernetView::size + ArpView::size && asked.is_ethernet_ipv4();
  if (!readable || asked.operation() != ArpView::request || !home.cidr.contains(asked.target())) {
    return drop(from.place(), Stage::eni, *frame, DropReason::arp_ignored,
                "the fabric answers requests for its own subnet");
  }
  MacAddress found = home.gateway_mac;
  if (asked.target() != home.router() && asked.target() != vpc(from.vpc()).resolver()) {
    const EniId owner = vpc(from.vpc()).mapping.owner(asked.target());
    if (!owner || owner == from.eni_id()) {
      return drop(from.place(), Stage::eni, *frame, DropReason::arp_ignored, "no other ENI owns the address");
    }
    found = eni(owner).mac();
  }
  PacketRef reply = build_arp(pool_, asked.sender_mac(),
                              {ArpView::reply, found, asked.target(), asked.sender_mac(), asked.sender()});
  reply->meta.trace = from.next_trace();
  reply->meta.mark = from_hypervisor;
  const PathSettings& path = paths_[PathKind::arp];
  transmit(from, from, std::move(reply), path.rtt - from.uplink_ - attachment_delay, path.loss_per_million);
}

/// A NAT gateway sends: no link, no frame, always to its subnet's router.
void Fabric::originate(Eni& from, PacketRef packet) {
  Crossing crossing{from, subnet(from.subnet()).gateway_mac, from.outbound_fragments_.tuple(*packet)};
  check_source(crossing, std::move(packet));
}

/// EC2 guide: source/destination checking; the addresses of delegated prefixes count as the ENI's own.
void Fabric::check_source(Crossing& crossing, PacketRef packet) {
  Eni& from = crossing.from;
  if (from.source_dest_check() && vpc(from.vpc()).mapping.owner(crossing.tuple.source) != from.eni_id()) {
    return drop(from.place(), Stage::eni, *packet, DropReason::source_dest_check, "source/dest check");
  }
  services(crossing, std::move(packet));
}

/// Neither security groups nor ACLs see what the hypervisor answers. VPC guide: security groups
void Fabric::services(Crossing& crossing, PacketRef packet) {
  const Ipv4Address to = crossing.tuple.destination;
  if (to == subnet(crossing.from.subnet()).router()) return router(crossing, std::move(packet));
  if (to == vpc(crossing.from.vpc()).resolver() || to == link_local_resolver) {
    return local_service(crossing, std::move(packet), LocalService::resolver);
  }
  if (to == metadata_address) return local_service(crossing, std::move(packet), LocalService::metadata);
  if (to == time_sync_address) return local_service(crossing, std::move(packet), LocalService::time_sync);
  groups_out(crossing, std::move(packet));
}

void Fabric::groups_out(Crossing& crossing, PacketRef packet) {
  if (!admit(crossing.from, TrafficDirection::egress, crossing.tuple, *packet)) return;
  const Subnet& home = subnet(crossing.from.subnet());
  if (crossing.destination_mac != home.gateway_mac) return layer2(crossing, std::move(packet));
  if (home.cidr.contains(crossing.tuple.destination)) return own_subnet(crossing, std::move(packet));
  acl_out(crossing, std::move(packet));
}

/// .1 answers pings, with TTL 64, and nothing else. facts section 1
void Fabric::router(Crossing& crossing, PacketRef packet) {
  Eni& from = crossing.from;
  const Ipv4View ip = ipv4(*packet);
  const bool is_echo = is_icmp(crossing.tuple) && !ip.is_fragment() &&
                       packet->transport_size() >= IcmpView::size &&
                       icmp_header(*packet).type() == icmp::echo_request;
  if (!is_echo) {
    return drop(from.place(), Stage::eni, *packet, DropReason::no_socket,
                "the VPC router answers pings only");
  }
  passed(from.place(), Stage::eni, *packet, "the VPC router answers");
  turn_into_echo_reply(*packet);
  packet->meta.trace = from.next_trace();
  answer(from, std::move(packet));
}

void Fabric::local_service(Crossing& crossing, PacketRef packet, LocalService service) {
  Eni& from = crossing.from;
  std::optional<LocalServices::Refusal> refusal;
  if (services_ == nullptr) {
    refusal = LocalServices::Refusal{DropReason::no_socket, unmodelled(service)};
  } else {
    refusal = services_->ask(service, from, *packet);
  }
  if (refusal) return drop(from.place(), Stage::eni, *packet, refusal->reason, refusal->why);
  passed(from.place(), Stage::eni, *packet, to_string(service));
}

void Fabric::answer(Eni& to, PacketRef packet) {
  packet->meta.mark = from_hypervisor;
  push_ethernet(*packet, to.mac(), subnet(to.subnet()).gateway_mac, EtherType::ipv4);
  const PathSettings& path = paths_[PathKind::gateway];
  transmit(to, to, std::move(packet), path.rtt - to.uplink_ - attachment_delay, path.loss_per_million);
}

/// A frame to another ENI's MAC: no route table, no ACL. facts section 1
void Fabric::layer2(Crossing& crossing, PacketRef packet) {
  const auto found = enis_by_mac_.find(mac_bits(crossing.destination_mac));
  if (found == enis_by_mac_.end() || eni(found->second).subnet() != crossing.from.subnet()) {
    const bool group = crossing.destination_mac.is_group();
    return drop(crossing.from.place(), Stage::eni, *packet, DropReason::no_such_address,
                group ? "no broadcast or multicast travels in a VPC"
                      : "no ENI of the subnet has the frame's MAC address");
  }
  Eni& to = eni(found->second);
  to_eni(crossing, std::move(packet), to, leg(crossing.from, to));
}

void Fabric::own_subnet(Crossing& crossing, PacketRef packet) {
  const EniId owner = vpc(crossing.from.vpc()).mapping.owner(crossing.tuple.destination);
  if (!owner) {
    return drop(crossing.from.place(), Stage::vpc_route, *packet, DropReason::no_such_address,
                "destination in the own subnet");
  }
  to_eni(crossing, std::move(packet), eni(owner), leg(crossing.from, eni(owner)));
}

void Fabric::acl_out(Crossing& crossing, PacketRef packet) {
  const Eni& from = crossing.from;
  const NetworkAcl::Verdict verdict =
      network_acl(subnet(from.subnet()).network_acl).judge(TrafficDirection::egress, crossing.tuple);
  if (!verdict.allow)
    return drop(from.place(), Stage::network_acl, *packet, DropReason::network_acl, verdict.rule);
  passed(from.place(), Stage::network_acl, *packet, verdict.rule);
  route(crossing, std::move(packet));
}

/// VPC guide: route tables. A blackhole does not fall back to a shorter prefix; an address of the VPC that
/// nobody owns is dropped though there is a default route. All in silence.
void Fabric::route(Crossing& crossing, PacketRef packet) {
  const Eni& from = crossing.from;
  const VpcRoute* found = route_table(subnet(from.subnet()).route_table).lookup(crossing.tuple.destination);
  if (found == nullptr) {
    return drop(from.place(), Stage::vpc_route, *packet, DropReason::no_vpc_route,
                "no route in the subnet's table");
  }
  passed(from.place(), Stage::vpc_route, *packet, found->text);
  switch (found->target.kind) {
    case VpcRouteKind::local: {
      const EniId owner = vpc(from.vpc()).mapping.owner(crossing.tuple.destination);
      if (!owner)
        return drop(from.place(), Stage::vpc_route, *packet, DropReason::no_such_address, found->text);
      return to_eni(crossing, std::move(packet), eni(owner), leg(from, eni(owner)));
    }
    case VpcRouteKind::internet_gateway:
      return to_internet_gateway(crossing, std::move(packet));
    case VpcRouteKind::nat_gateway:
      return to_nat_gateway(crossing, std::move(packet), NatGatewayId(found->target.id));
    case VpcRouteKind::peering:
      return to_peer(crossing, std::move(packet), PeeringId(found->target.id));
    case VpcRouteKind::eni: {
      Eni& middlebox = eni(EniId(found->target.id));
      if (!middlebox.is_attached()) {
        return drop(from.place(), Stage::vpc_route, *packet, DropReason::blackhole, found->text);
      }
      return to_eni(crossing, std::move(packet), middlebox, leg(from, middlebox));
    }
    case VpcRouteKind::blackhole:
      return drop(from.place(), Stage::vpc_route, *packet, DropReason::blackhole, found->text);
  }
}

/// Peering guide: no transitive peering, no edge to edge routing; the peer's own addresses are all that can
/// be reached.
void Fabric::to_peer(Crossing& crossing, PacketRef packet, PeeringId id) {
  const Peering& joined = peering(id);
  if (!joined.active) {
    return drop(joined.place, Stage::peering, *packet, DropReason::peering_inactive,
                "the peering is not active");
  }
  const Vpc& peer = vpc(joined.other(crossing.from.vpc()));
  if (!peer.contains(crossing.tuple.destination)) {
    return drop(joined.place, Stage::peering, *packet, DropReason::peering_edge,
                "the destination lies beyond the peer VPC");
  }
  const EniId owner = peer.mapping.owner(crossing.tuple.destination);
  if (!owner) {
    return drop(joined.place, Stage::peering, *packet, DropReason::no_such_address,
                "no ENI of the peer VPC owns it");
  }
  passed(joined.place, Stage::peering, *packet, "the peering is active");
  to_eni(crossing, std::move(packet), eni(owner), leg(crossing.from, eni(owner)));
}

void Fabric::to_nat_gateway(Crossing& crossing, PacketRef packet, NatGatewayId id) {
  const NatGateway& gateway = nat_gateway(id);
  if (gateway.subnet() == crossing.from.subnet()) {
    return drop(gateway.place(), Stage::nat_gateway, *packet, DropReason::no_vpc_route,
                "a NAT gateway does not serve its own subnet");
  }
  Eni& to = eni(gateway.eni());
  to_eni(crossing, std::move(packet), to, leg(crossing.from, to));
}

void Fabric::to_eni(Crossing& crossing, PacketRef packet, Eni& to, const Leg& path) {
  fit(crossing, std::move(packet), path.mtu,
      [&](PacketRef part) { acl_in(crossing.from, std::move(part), to, path); });
}

/// The ACL of a subnet sees what enters it from outside only; being stateless, it is asked where the packet
/// sets out.
void Fabric::acl_in(Eni& from, PacketRef packet, Eni& to, const Leg& path) {
  const Subnet& home = subnet(to.subnet());
  const bool same_subnet = from.subnet() == to.subnet();
  if (!same_subnet) {
    const Tuple tuple = from.inward_fragments_.tuple(*packet);
    const NetworkAcl::Verdict verdict = network_acl(home.network_acl).judge(TrafficDirection::ingress, tuple);
    if (!verdict.allow)
      return drop(to.place(), Stage::network_acl, *packet, DropReason::network_acl, verdict.rule);
    passed(to.place(), Stage::network_acl, *packet, verdict.rule);
  }
  push_ethernet(*packet, to.mac(), same_subnet ? from.mac() : home.gateway_mac, EtherType::ipv4);
  transmit(from, to, std::move(packet), path.rtt / 2 - from.uplink_ - attachment_delay,
           path.loss_per_million);
}

/// The far end of an ENI's link: its own side judges.
void Fabric::arrive(Eni& to, PacketRef frame) {
  if (!to.is_attached()) return drop(to.place(), Stage::eni, *frame, DropReason::not_attached);
  if (frame->meta.mark != from_hypervisor) {
    const Tuple tuple = to.inbound_fragments_.tuple(*frame);
    if (to.source_dest_check() && vpc(to.vpc()).mapping.owner(tuple.destination) != to.eni_id()) {
      return drop(to.place(), Stage::eni, *frame, DropReason::source_dest_check, "source/dest check");
    }
    if (!admit(to, TrafficDirection::ingress, tuple, *frame)) return;
  }
  frame->scrub();
  to.host_->receive(std::move(frame));
}

// --- security groups

/// Stateful: what belongs to a live flow passes; what a rule admits begins one, unless the flow is of the
/// untracked kind.
bool Fabric::admit(Eni& eni, TrafficDirection direction, const Tuple& tuple, const Packet& packet) {
  if (eni.security_groups().empty()) return true;
  const bool is_error = is_icmp_error(packet);
  if (!is_error && eni.tracking_.admits(direction, tuple, tcp_flags(packet), engine_.now(), timeouts_)) {
    passed(eni.place(), Stage::security_group, packet, "sg tracked flow");
    return true;
  }
  if (is_error && admit_related_errors_) {
    const auto opposite =
        direction == TrafficDirection::ingress ? TrafficDirection::egress : TrafficDirection::ingress;
    const auto about = quoted_tuple(packet);
    if (about && eni.tracking_.admits(opposite, *about, 0, engine_.now(), timeouts_)) {
      passed(eni.place(), Stage::security_group, packet, "sg error about a tracked flow");
      return true;
    }
  }
  const GroupVerdict verdict = judge(eni, direction, tuple);
  if (!verdict.allow) {
    drop(eni.place(), Stage::security_group, packet, DropReason::security_group,
         direction == TrafficDirection::ingress ? "no ingress rule admits it" : "no egress rule admits it");
    return false;
  }
  passed(eni.place(), Stage::security_group, packet, verdict.rule);
  if (!is_error && begins_flow(tuple) && !is_untracked(eni, direction, tuple, verdict)) {
    eni.tracking_.begin(direction, tuple, engine_.now(), timeouts_);
  }
  return true;
}

Fabric::GroupVerdict Fabric::judge(const Eni& eni, TrafficDirection direction, const Tuple& tuple) const {
  const Ipv4Address far = direction == TrafficDirection::ingress ? tuple.source : tuple.destination;
  for (const SecurityGroupId id : eni.security_groups()) {
    const SecurityGroup& group = security_group(id);
    for (std::size_t i = 0; i < group.rules.size(); ++i) {
      const SecurityGroupRule& rule = group.rules[i];
      if (rule.direction != direction || !rule.traffic.matches(tuple) || !peer_matches(rule, eni, far))
        continue;
      return {true, rule.from_anywhere(), group.rule_texts[i]};
    }
  }
  return {};
}

/// A group as source or destination means the private addresses of its ENIs, in this VPC or an actively
/// peered one.
bool Fabric::peer_matches(const SecurityGroupRule& rule, const Eni& eni, Ipv4Address far) const {
  if (const auto* prefix = std::get_if<Prefix>(&rule.peer)) return prefix->contains(far);
  const auto id = *std::get_if<SecurityGroupId>(&rule.peer);
  const VpcId home = security_group(id).vpc;
  const EniId owner = vpc(home).mapping.owner(far);
  if (!owner || !this->eni(owner).has(id)) return false;
  const auto& joined = vpc(home).peerings;
  return home == eni.vpc() || std::any_of(joined.begin(), joined.end(), [&](PeeringId p) {
           return peering(p).active && peering(p).joins(eni.vpc());
         });
}

/// EC2 guide: untracked connections. TCP or UDP that a rule for any address admits, where the other direction
/// has a rule for any address and all ports; the answers are then admitted by that rule, packet by packet.
/// Through a NAT gateway everything is tracked.
bool Fabric::is_untracked(const Eni& eni, TrafficDirection direction, const Tuple& tuple,
                          const GroupVerdict& verdict) const {
  if (!is_tcp_or_udp(tuple) || !verdict.anywhere) return false;
  if (direction == TrafficDirection::egress) {
    const VpcRoute* out = route_table(subnet(eni.subnet()).route_table).lookup(tuple.destination);
    if (out != nullptr && out->target.kind == VpcRouteKind::nat_gateway) return false;
  }
  const auto opposite =
      direction == TrafficDirection::ingress ? TrafficDirection::egress : TrafficDirection::ingress;
  const auto open_to_all = [&](TrafficDirection way) {
    for (const SecurityGroupId id : eni.security_groups()) {
      for (const SecurityGroupRule& rule : security_group(id).rules) {
        const bool protocol =
            rule.traffic.protocol == TrafficFilter::all || rule.traffic.protocol == tuple.protocol;
        if (rule.direction == way && protocol && rule.traffic.all_ports() && rule.from_anywhere())
          return true;
      }
    }
    return false;
  };
  if (open_to_all(opposite)) return true;
  // Or this is the answer of such a flow.
  return open_to_all(direction) && judge(eni, opposite, tuple.reply()).anywhere;
}

// --- internet gateway, outward

void Fabric::to_internet_gateway(Crossing& crossing, PacketRef packet) {
  const auto mtu = std::min(paths_[PathKind::igw].mtu, paths_[PathKind::internet].mtu);
  fit(crossing, std::move(packet), mtu,
      [&](PacketRef part) { through_internet_gateway(crossing, std::move(part)); });
}

/// One to one by private address; whatever has no public address dies here. The edge takes one from the TTL,
/// once for a packet that turns around to a public address of the region. facts sections 1 and 4
void Fabric::through_internet_gateway(Crossing& crossing, PacketRef packet) {
  const Vpc& home = vpc(crossing.from.vpc());
  const InternetGateway& gateway = home.internet_gateway;
  const Ipv4Address private_source = crossing.tuple.source;
  const Ipv4Address public_source = gateway.public_of(private_source);
  if (public_source.is_unspecified()) {
    return drop(gateway.place, Stage::internet_gateway, *packet, DropReason::no_public_address,
                "no public address is mapped to the source");
  }
  if (ipv4(*packet).ttl() <= 1) {
    drop(gateway.place, Stage::internet_gateway, *packet, DropReason::ttl_expired);
    const RouterError error{icmp::time_exceeded, 0, 0, internet_.router(crossing.from.vpc(), 1)};
    return tell(crossing.from, *packet, error, paths_[PathKind::igw].rtt);
  }
  ipv4(*packet).decrement_ttl();
  translate(*packet, Side::source, gateway);
  const Ipv4Address to = crossing.tuple.destination;
  if (const auto found = public_addresses_.find(to.bits()); found != public_addresses_.end()) {
    Vpc& there = vpcs_[found->second.value()];
    return enter_vpc(crossing.from, there, std::move(packet),
                     {paths_[PathKind::igw].rtt, 0, paths_[PathKind::igw].loss_per_million});
  }
  to_internet_host(crossing, std::move(packet), private_source);
}

/// Through the internet gateway towards an instance: the private address first, then the ACL of its subnet.
template <class Sender>
void Fabric::enter_vpc(Sender& from, Vpc& there, PacketRef packet, const Leg& path) {
  const InternetGateway& gateway = there.internet_gateway;
  const Ipv4Address private_address = gateway.private_of(ipv4(*packet).destination());
  Eni& to = eni(there.mapping.owner(private_address));
  translate(*packet, Side::destination, gateway);
  const Subnet& home = subnet(to.subnet());
  const Tuple tuple = from.inward_fragments_.tuple(*packet);
  const NetworkAcl::Verdict verdict = network_acl(home.network_acl).judge(TrafficDirection::ingress, tuple);
  if (!verdict.allow)
    return drop(to.place(), Stage::network_acl, *packet, DropReason::network_acl, verdict.rule);
  passed(to.place(), Stage::network_acl, *packet, verdict.rule);
  push_ethernet(*packet, to.mac(), home.gateway_mac, EtherType::ipv4);
  transmit(from, to, std::move(packet), path.rtt / 2 - from.uplink_ - attachment_delay,
           path.loss_per_million);
}

void Fabric::to_internet_host(Crossing& crossing, PacketRef packet, Ipv4Address private_source) {
  InternetHost* to = internet_.find(crossing.tuple.destination);
  if (to == nullptr) return drop(internet_place_, Stage::internet, *packet, DropReason::no_internet_host);
  const PathSettings& path = paths_[PathKind::internet];
  const Nanoseconds rtt = to->rtt().value_or(path.rtt);
  Ipv4View ip = ipv4(*packet);
  if (ip.ttl() <= to->hops()) {
    const unsigned hop = ip.ttl();  // this router of those beyond the edge finds a TTL of 1
    drop(internet_place_, Stage::internet, *packet, DropReason::ttl_expired);
    ip.ttl(1);
    // The quote as its sender gets it, back through the gateway.
    rewrite(*packet, Side::source, private_source, std::nullopt);
    const Nanoseconds edge = paths_[PathKind::igw].rtt;
    const Nanoseconds beyond = rtt > edge ? (rtt - edge) * hop / (to->hops() + 1) : Nanoseconds();
    const RouterError error{icmp::time_exceeded, 0, 0, internet_.router(crossing.from.vpc(), 1 + hop)};
    return tell(crossing.from, *packet, error, edge + beyond);
  }
  ip.ttl(static_cast<std::uint8_t>(ip.ttl() - to->hops()));
  passed(internet_place_, Stage::internet, *packet, to->name());
  push_ethernet(*packet, to->mac(), Internet::gateway_mac, EtherType::ipv4);
  transmit(crossing.from, *to, std::move(packet), rtt / 2 - crossing.from.uplink_ - attachment_delay,
           path.loss_per_million);
}

// --- from a host of the internet

void Fabric::leave(InternetHost& from, PacketRef frame) {
  frame->scrub();
  if (frame->size() < EthernetView::size)
    return drop(from.place(), Stage::internet, *frame, DropReason::header);
  const EthernetView link = ethernet(*frame);
  if (link.type() == static_cast<std::uint16_t>(EtherType::arp)) return answer_arp(from, std::move(frame));
  if (link.type() != static_cast<std::uint16_t>(EtherType::ipv4)) {
    return drop(from.place(), Stage::internet, *frame, DropReason::unsupported_ethertype);
  }
  if (link.destination() != Internet::gateway_mac) {
    return drop(from.place(), Stage::internet, *frame, DropReason::not_for_us);
  }
  frame->pull(EthernetView::size);
  if (parse_ipv4(*frame) != ParseResult::ok)
    return drop(from.place(), Stage::internet, *frame, DropReason::header);
  cross_internet(from, std::move(frame));
}

void Fabric::answer_arp(InternetHost& from, PacketRef frame) {
  const ArpView asked{frame->data() + EthernetView::size};
  const bool readable = frame->size() >= EthernetView::size + ArpView::size && asked.is_ethernet_ipv4();
  if (!readable || asked.operation() != ArpView::request || asked.target() != Internet::gateway) {
    return drop(from.place(), Stage::internet, *frame, DropReason::arp_ignored,
                "only the gateway 169.254.1.1 answers");
  }
  PacketRef reply = build_arp(
      pool_, asked.sender_mac(),
      {ArpView::reply, Internet::gateway_mac, Internet::gateway, asked.sender_mac(), asked.sender()});
  reply->meta.trace = from.next_trace();
  transmit(from, from, std::move(reply), paths_[PathKind::arp].rtt - from.uplink_ - attachment_delay, 0);
}

/// The routers between this host and the edge, then the internet gateway of whoever owns the public address.
void Fabric::cross_internet(InternetHost& from, PacketRef packet) {
  Ipv4View ip = ipv4(*packet);
  const auto& own = from.addresses();
  if (std::find(own.begin(), own.end(), ip.source()) == own.end()) {
    return drop(from.place(), Stage::internet, *packet, DropReason::source_dest_check,
                "the source is no address of this internet host");  // BCP 38
  }
  const PathSettings& path = paths_[PathKind::internet];
  const Nanoseconds rtt = from.rtt().value_or(path.rtt);
  InternetHost* neighbour = internet_.find(ip.destination());
  const auto found = public_addresses_.find(ip.destination().bits());
  if (neighbour == nullptr && found == public_addresses_.end()) {
    return drop(internet_place_, Stage::internet, *packet, DropReason::no_internet_host);
  }
  const VpcId there = neighbour != nullptr ? VpcId(0) : found->second;
  const unsigned hops = from.hops() + 1U;  // and the edge
  if (ip.ttl() <= hops) {
    const unsigned hop = ip.ttl();
    drop(internet_place_, Stage::internet, *packet, DropReason::ttl_expired);
    ip.ttl(1);
    return tell(from, *packet, {icmp::time_exceeded, 0, 0, internet_.router(there, hops + 1 - hop)},
                least_rtt + (rtt - least_rtt) * hop / (hops + 1));
  }
  if (packet->network_size() > path.mtu && ip.dont_fragment()) {
    drop(internet_place_, Stage::internet, *packet, DropReason::mtu);
    return tell(from, *packet,
                {icmp::unreachable, icmp::fragmentation_needed, path.mtu, internet_.router(there, hops)},
                least_rtt);
  }
  ip.ttl(static_cast<std::uint8_t>(ip.ttl() - hops));
  const auto next = [&](PacketRef part) {
    if (neighbour == nullptr) {
      return enter_vpc(from, vpcs_[there.value()], std::move(part), {rtt, 0, path.loss_per_million});
    }
    push_ethernet(*part, neighbour->mac(), Internet::gateway_mac, EtherType::ipv4);
    const Nanoseconds both = (rtt + neighbour->rtt().value_or(path.rtt)) / 2;
    transmit(from, *neighbour, std::move(part), both / 2 - from.uplink_ - attachment_delay,
             path.loss_per_million);
  };
  if (packet->network_size() <= path.mtu) return next(std::move(packet));
  PacketQueue parts = cut_into_fragments(pool_, *packet, path.mtu);
  while (!parts.empty()) next(parts.take());
}

void Fabric::arrive(InternetHost& to, PacketRef frame) {
  frame->scrub();
  to.host_->receive(std::move(frame));
}

// --- what many steps need

Fabric::Leg Fabric::leg(const Eni& from, const Eni& to) const {
  const PathSettings& zone = paths_[from.zone() == to.zone() ? PathKind::same_az : PathKind::cross_az];
  Leg path{zone.rtt, zone.mtu, zone.loss_per_million};
  const auto add = [&](const PathSettings& more) {
    path.rtt += more.rtt;
    path.mtu = std::min(path.mtu, more.mtu);
    path.loss_per_million = std::max(path.loss_per_million, more.loss_per_million);
  };
  if (from.type() == EniType::nat_gateway || to.type() == EniType::nat_gateway)
    add(paths_[PathKind::nat_gateway]);
  if (from.vpc() != to.vpc()) add(paths_[PathKind::peering]);
  return path;
}

/// EC2 guide: network MTU; the frag-needed comes from .1 of the sender's subnet (facts section 6).
template <class Next>
void Fabric::fit(Crossing& crossing, PacketRef packet, std::uint16_t mtu, Next next) {
  if (packet->network_size() <= mtu) [[likely]]
    return next(std::move(packet));
  Eni& from = crossing.from;
  if (ipv4(*packet).dont_fragment()) {
    drop(from.place(), Stage::fragment, *packet, DropReason::mtu, "larger than the path's MTU");
    const RouterError error{icmp::unreachable, icmp::fragmentation_needed, mtu,
                            subnet(from.subnet()).router()};
    return tell(from, *packet, error, paths_[PathKind::gateway].rtt);
  }
  passed(from.place(), Stage::fragment, *packet, "larger than the path's MTU");
  PacketQueue parts = cut_into_fragments(pool_, *packet, mtu);
  while (!parts.empty()) next(parts.take());
}

/// The frame enters the destination's link: the one event of this hop.
template <class Sender, class Destination>
void Fabric::transmit(Sender& from, Destination& to, PacketRef frame, Nanoseconds extra,
                      std::uint32_t loss_per_million) {
  if (!to.is_attached()) {
    return drop(from.place(), Stage::link, *frame, DropReason::not_attached,
                "the destination is attached to no host");
  }
  if (loss_per_million != 0 && from.loss_.uniform(1'000'000) < loss_per_million) {
    return drop(to.place(), Stage::link, *frame, DropReason::lost);
  }
  const std::size_t bytes = frame->size();
  switch (to.downlink_->admit(bytes, from.loss_)) {
    case Admission::queue_full:
      return drop(to.place(), Stage::link, *frame, DropReason::queue_full);
    case Admission::lost:
      return drop(to.place(), Stage::link, *frame, DropReason::lost);
    case Admission::sent:
      break;
  }
  to.downlink_->send(from, std::move(frame), bytes, extra);
}

/// An error to the host behind an ENI. Its groups see it (EC2 guide: MTU, an inbound rule is needed).
void Fabric::tell(Eni& to, const Packet& about, const RouterError& error, Nanoseconds rtt) {
  if (!may_be_told(about) || !may_send_error(to.next_error_)) return;
  PacketRef packet = build_router_error(pool_, about, error);
  packet->meta.trace = to.next_trace();
  push_ethernet(*packet, to.mac(), subnet(to.subnet()).gateway_mac, EtherType::ipv4);
  const Nanoseconds extra = rtt - to.uplink_ - attachment_delay;
  transmit(to, to, std::move(packet), extra, 0);
}

void Fabric::tell(InternetHost& to, const Packet& about, const RouterError& error, Nanoseconds rtt) {
  if (!may_be_told(about) || !may_send_error(to.next_error_)) return;
  PacketRef packet = build_router_error(pool_, about, error);
  packet->meta.trace = to.next_trace();
  push_ethernet(*packet, to.mac(), Internet::gateway_mac, EtherType::ipv4);
  transmit(to, to, std::move(packet), rtt - to.uplink_ - attachment_delay, 0);
}

/// A token bucket kept as one time: when the next error would be due at an even pace.
bool Fabric::may_send_error(Nanoseconds& next_error) const {
  const Nanoseconds now = engine_.now();
  const Nanoseconds due = std::max(next_error, now);
  if (due - now > error_interval * (error_burst - 1)) return false;
  next_error = due + error_interval;
  return true;
}

/// The outer address and, in an ICMP error, the one that it quotes from the other side of the gateway.
void Fabric::translate(Packet& packet, Side side, const InternetGateway& gateway) {
  const Tuple before = observer_ != nullptr ? tuple_of(packet) : Tuple();
  const Ipv4View ip = ipv4(packet);
  const bool outward = side == Side::source;
  const Ipv4Address address = outward ? gateway.public_of(ip.source()) : gateway.private_of(ip.destination());
  if (is_icmp_error(packet)) {
    const Tuple quoted = quoted_tuple(packet).value_or(Tuple());
    const Ipv4Address mapped =
        outward ? gateway.public_of(quoted.destination) : gateway.private_of(quoted.source);
    const Side far = outward ? Side::destination : Side::source;
    if (!mapped.is_unspecified()) rewrite_quoted(packet, far, mapped, std::nullopt);
  }
  rewrite(packet, side, address, std::nullopt);
  if (observer_ != nullptr) [[unlikely]] {
    const std::string text = outward ? fmt::format("source {} -> {}", before.source, address)
                                     : fmt::format("destination {} -> {}", before.destination, address);
    Decision made = decision(gateway.place, Stage::internet_gateway, Verdict::translate, packet);
    made.rule = text;
    made.before = before;
    made.after = tuple_of(packet);
    observer_->decided(made);
  }
}

// --- observation

Decision Fabric::decision(PlaceId where, Stage stage, Verdict verdict, const Packet& packet) const {
  Decision made;
  made.time = engine_.now();
  made.trace = packet.meta.trace;
  made.where = where;
  made.stage = stage;
  made.verdict = verdict;
  return made;
}

void Fabric::tell_passed(PlaceId where, Stage stage, const Packet& packet, std::string_view rule) const {
  Decision made = decision(where, stage, Verdict::pass, packet);
  made.rule = rule;
  made.before = made.after = tuple_of(packet);
  observer_->decided(made);
}

void Fabric::drop(PlaceId where, Stage stage, const Packet& packet, DropReason reason,
                  std::string_view rule) const {
  if (observer_ == nullptr) [[likely]]
    return;
  Decision made = decision(where, stage, Verdict::drop, packet);
  made.reason = reason;
  made.rule = rule;
  // What is not IPv4, or was not read yet, has no tuple to speak of.
  const bool readable = reason != DropReason::header && reason != DropReason::unsupported_ethertype &&
                        reason != DropReason::arp_ignored && reason != DropReason::not_attached &&
                        reason != DropReason::not_for_us && stage != Stage::link;
  if (readable) made.before = made.after = tuple_of(packet);
  observer_->decided(made);
}

}  // namespace ekspath
