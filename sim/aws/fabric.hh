#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/aws/address_hash.hh"
#include "sim/aws/eni.hh"
#include "sim/aws/ids.hh"
#include "sim/aws/internet.hh"
#include "sim/aws/local_services.hh"
#include "sim/aws/nat_gateway.hh"
#include "sim/aws/network_acl.hh"
#include "sim/aws/path.hh"
#include "sim/aws/peering.hh"
#include "sim/aws/result.hh"
#include "sim/aws/router_reply.hh"
#include "sim/aws/security_group.hh"
#include "sim/aws/subnet.hh"
#include "sim/aws/vpc.hh"
#include "sim/aws/vpc_route_table.hh"
#include "sim/engine/engine.hh"
#include "sim/packet/fate.hh"
#include "sim/packet/headers.hh"
#include "sim/packet/rewrite.hh"

namespace ekspath {

/// What the fabric stands on.
struct FabricGround {
  Engine& engine;
  PacketPool& pool;
  PlaceNames& places;
  std::uint64_t seed = 0;
};

/// The VPC fabric of one region and the internet around it. Takes a frame from an ENI and finds the ENI,
/// gateway or host that it must reach, or the reason why not. The order of its decisions is
/// facts/aws-fabric.md section 0.
///
/// Everything is built by the calls below, in any order that has its parts first; each may be called while
/// the world runs. A refused call changes nothing. Names of VPCs, subnets, NAT gateways, peerings and ENIs
/// are unique in the fabric, those of route tables, groups and ACLs in their VPC.
class Fabric {
 public:
  explicit Fabric(const FabricGround& ground);
  Fabric(const Fabric&) = delete;
  Fabric& operator=(const Fabric&) = delete;

  // --- networks
  /// With its main route table "main", its security group "default" and its network ACL "default".
  [[nodiscard]] Result<VpcId> add_vpc(const VpcSpec& spec);
  [[nodiscard]] Result<SubnetId> add_subnet(const SubnetSpec& spec);

  // --- route tables
  [[nodiscard]] Result<VpcRouteTableId> add_route_table(VpcId vpc, std::string_view name);
  [[nodiscard]] Outcome associate(SubnetId subnet, VpcRouteTableId table);
  /// The subnet follows the VPC's main table again.
  void disassociate(SubnetId subnet);
  /// Moves all subnets without an explicit association.
  [[nodiscard]] Outcome change_main_route_table(VpcId vpc, VpcRouteTableId table);
  [[nodiscard]] Outcome add_route(VpcRouteTableId table, Prefix destination, VpcRouteTarget target);
  [[nodiscard]] Outcome replace_route(VpcRouteTableId table, Prefix destination, VpcRouteTarget target);
  [[nodiscard]] Outcome remove_route(VpcRouteTableId table, Prefix destination);

  // --- gateways
  [[nodiscard]] Result<NatGatewayId> add_nat_gateway(const NatGatewaySpec& spec);
  [[nodiscard]] Result<PeeringId> add_peering(const PeeringSpec& spec);
  /// Routes to the other side's CIDRs in every table of both sides; a destination that a table already routes
  /// is left.
  void add_peering_routes(PeeringId peering);
  void change_peering_state(PeeringId peering, bool active);

  // --- security groups and network ACLs
  /// Without inbound rules, with all outbound allowed.
  [[nodiscard]] Result<SecurityGroupId> add_security_group(VpcId vpc, std::string_view name,
                                                           std::string_view description);
  /// "eks-cluster-sg-CLUSTER-NUMBER": all from itself, all outbound. EKS guide: sec-group-reqs
  [[nodiscard]] Result<SecurityGroupId> add_cluster_security_group(VpcId vpc, std::string_view cluster);
  [[nodiscard]] Outcome add_rule(SecurityGroupId group, const SecurityGroupRule& rule);
  [[nodiscard]] Outcome remove_rule(SecurityGroupId group, const SecurityGroupRule& rule);
  /// All rules of one direction: a scenario's list replaces the default.
  void remove_rules(SecurityGroupId group, TrafficDirection direction);
  /// Denies all until it has rules.
  [[nodiscard]] Result<NetworkAclId> add_network_acl(VpcId vpc, std::string_view name);
  [[nodiscard]] Outcome add_rule(NetworkAclId acl, const NetworkAclRule& rule);
  [[nodiscard]] Outcome remove_rule(NetworkAclId acl, TrafficDirection direction, std::uint16_t number);
  [[nodiscard]] Outcome associate(SubnetId subnet, NetworkAclId acl);

  // --- network interfaces
  [[nodiscard]] Result<EniId> create_eni(const EniSpec& spec);
  /// Gives its addresses, its MAC and its name back. It must be detached; routes to it lead nowhere from now
  /// on.
  [[nodiscard]] Outcome delete_eni(EniId eni);
  /// Keeps draws away from an address that will be pinned later: to an ENI, or to a pod.
  [[nodiscard]] Outcome keep_address(SubnetId subnet, Ipv4Address address);
  /// A secondary private address: pinned, or drawn.
  [[nodiscard]] Result<Ipv4Address> assign_address(EniId eni, std::optional<Ipv4Address> pin = {});
  [[nodiscard]] Outcome unassign_address(EniId eni, Ipv4Address address);
  /// A delegated /28.
  [[nodiscard]] Result<Prefix> assign_prefix(EniId eni, std::optional<Prefix> pin = {});
  [[nodiscard]] Outcome unassign_prefix(EniId eni, Prefix prefix);
  /// A public address for one of the ENI's private ones: pinned, or drawn from the region's ranges.
  [[nodiscard]] Result<Ipv4Address> associate_public_address(EniId eni, Ipv4Address private_address,
                                                             std::optional<Ipv4Address> pin = {});
  [[nodiscard]] Outcome disassociate_public_address(EniId eni, Ipv4Address private_address);
  [[nodiscard]] Outcome change_security_groups(EniId eni, std::vector<SecurityGroupId> groups);
  void change_source_dest_check(EniId eni, bool on);

  /// Joins an ENI and a host's interface. The host sends into a Link with host_link() whose far end is
  /// eni(id).
  [[nodiscard]] Outcome attach(EniId eni, const EniAttachment& attachment);
  /// What is still on its way to the host is dropped when it arrives.
  void detach(EniId eni);
  /// The host's side of an attachment; add a rate where the instance type has one.
  [[nodiscard]] static LinkSpec host_link() { return {attachment_delay, 0, 1000, 0}; }

  // --- the internet
  [[nodiscard]] Result<InternetHostId> add_internet_host(const InternetHostSpec& spec);
  /// As attach() of an ENI; the host sends to Internet::gateway_mac.
  [[nodiscard]] Outcome attach(InternetHostId host, PlaceId place, Receiver<PacketRef>& receiver);

  // --- settings
  [[nodiscard]] Outcome change_path(PathKind kind, const PathSettings& settings);
  [[nodiscard]] const Paths& paths() const { return paths_; }
  void change_tracking_timeouts(const TrackingTimeouts& timeouts) { timeouts_ = timeouts; }
  /// Whether ICMP errors about a tracked flow pass an ENI's groups. AWS asks for a rule of its own (EC2
  /// guide: MTU): off.
  void admit_related_errors(bool on) { admit_related_errors_ = on; }
  void serve_locally(LocalServices* services) { services_ = services; }
  void observe(Observer* observer) { observer_ = observer; }

  // --- what there is
  [[nodiscard]] const std::vector<Vpc>& vpcs() const { return vpcs_; }
  [[nodiscard]] const std::vector<Subnet>& subnets() const { return subnets_; }
  [[nodiscard]] const std::vector<VpcRouteTable>& route_tables() const { return route_tables_; }
  [[nodiscard]] const std::vector<SecurityGroup>& security_groups() const { return security_groups_; }
  [[nodiscard]] const std::vector<NetworkAcl>& network_acls() const { return network_acls_; }
  [[nodiscard]] const std::vector<Peering>& peerings() const { return peerings_; }
  [[nodiscard]] const std::deque<NatGateway>& nat_gateways() const { return nat_gateways_; }
  [[nodiscard]] const std::deque<Eni>& enis() const { return enis_; }
  [[nodiscard]] const Internet& internet() const { return internet_; }
  [[nodiscard]] const Vpc& vpc(VpcId id) const { return vpcs_[id.value()]; }
  [[nodiscard]] const Subnet& subnet(SubnetId id) const { return subnets_[id.value()]; }
  [[nodiscard]] const VpcRouteTable& route_table(VpcRouteTableId id) const {
    return route_tables_[id.value()];
  }
  [[nodiscard]] const SecurityGroup& security_group(SecurityGroupId id) const {
    return security_groups_[id.value()];
  }
  [[nodiscard]] const NetworkAcl& network_acl(NetworkAclId id) const { return network_acls_[id.value()]; }
  [[nodiscard]] const Peering& peering(PeeringId id) const { return peerings_[id.value()]; }
  [[nodiscard]] const NatGateway& nat_gateway(NatGatewayId id) const { return nat_gateways_[id.value()]; }
  [[nodiscard]] const std::string& zone_name(ZoneId id) const { return zones_[id.value()]; }
  /// Also the Receiver at which a host's link ends.
  [[nodiscard]] Eni& eni(EniId id) { return enis_[id.value()]; }
  [[nodiscard]] const Eni& eni(EniId id) const { return enis_[id.value()]; }
  [[nodiscard]] InternetHost& internet_host(InternetHostId id) { return internet_.hosts_[id.value()]; }
  [[nodiscard]] const InternetHost& internet_host(InternetHostId id) const {
    return internet_.hosts_[id.value()];
  }

  [[nodiscard]] std::optional<VpcId> find_vpc(std::string_view name) const;
  [[nodiscard]] std::optional<SubnetId> find_subnet(std::string_view name) const;
  [[nodiscard]] std::optional<VpcRouteTableId> find_route_table(VpcId vpc, std::string_view name) const;
  [[nodiscard]] std::optional<SecurityGroupId> find_security_group(VpcId vpc, std::string_view name) const;
  [[nodiscard]] std::optional<NetworkAclId> find_network_acl(VpcId vpc, std::string_view name) const;
  [[nodiscard]] std::optional<NatGatewayId> find_nat_gateway(std::string_view name) const;
  [[nodiscard]] std::optional<PeeringId> find_peering(std::string_view name) const;
  [[nodiscard]] std::optional<EniId> find_eni(std::string_view name) const;
  /// AvailableIpAddressCount.
  [[nodiscard]] std::uint32_t available_addresses(SubnetId subnet) const;
  /// Unspecified where the private address has no public one.
  [[nodiscard]] Ipv4Address public_address_of(VpcId vpc, Ipv4Address private_address) const;
  /// Its subnet's table has a route to the internet gateway.
  [[nodiscard]] bool is_public(SubnetId subnet) const;
  /// "igw", "nat/nat-a", "peering/x", "eni/node1/eni0", "local", "blackhole".
  [[nodiscard]] std::string target_name(VpcRouteTarget target) const;

  // --- for services on the hypervisor
  /// Brings `packet`, which begins with its IPv4 header, to the ENI's host past its groups.
  void answer(Eni& to, PacketRef packet);

 private:
  friend class Eni;
  friend class InternetHost;
  friend class NatGateway;

  /// What travels together: whose frame it is, and how its packet is judged.
  struct Crossing {
    Eni& from;
    MacAddress destination_mac;
    Tuple tuple;
  };
  /// What a path costs.
  struct Leg {
    Nanoseconds rtt;
    std::uint16_t mtu = 0;
    std::uint32_t loss_per_million = 0;
  };
  /// A group's answer.
  struct GroupVerdict {
    bool allow = false;
    bool anywhere = false;  // by a rule for any address
    std::string_view rule;
  };

  // The walk, in the order of facts section 0 (fabric.cc).
  void leave(Eni& from, PacketRef frame);
  void answer_arp(Eni& from, PacketRef frame);
  void originate(Eni& from, PacketRef packet);
  void check_source(Crossing& crossing, PacketRef packet);
  void services(Crossing& crossing, PacketRef packet);
  void groups_out(Crossing& crossing, PacketRef packet);
  void router(Crossing& crossing, PacketRef packet);
  void local_service(Crossing& crossing, PacketRef packet, LocalService service);
  void layer2(Crossing& crossing, PacketRef packet);
  void own_subnet(Crossing& crossing, PacketRef packet);
  void acl_out(Crossing& crossing, PacketRef packet);
  void route(Crossing& crossing, PacketRef packet);
  void to_peer(Crossing& crossing, PacketRef packet, PeeringId peering);
  void to_nat_gateway(Crossing& crossing, PacketRef packet, NatGatewayId gateway);
  void to_eni(Crossing& crossing, PacketRef packet, Eni& to, const Leg& leg);
  void to_internet_gateway(Crossing& crossing, PacketRef packet);
  void through_internet_gateway(Crossing& crossing, PacketRef packet);
  void to_internet_host(Crossing& crossing, PacketRef packet, Ipv4Address private_source);
  void acl_in(Eni& from, PacketRef packet, Eni& to, const Leg& leg);
  void arrive(Eni& to, PacketRef frame);
  // The same from the internet's side.
  void leave(InternetHost& from, PacketRef frame);
  void answer_arp(InternetHost& from, PacketRef frame);
  void cross_internet(InternetHost& from, PacketRef packet);
  template <class Sender>
  void enter_vpc(Sender& from, Vpc& there, PacketRef packet, const Leg& path);
  void arrive(InternetHost& to, PacketRef frame);
  void tell(InternetHost& to, const Packet& about, const RouterError& error, Nanoseconds rtt);

  [[nodiscard]] GroupVerdict judge(const Eni& eni, TrafficDirection direction, const Tuple& tuple) const;
  [[nodiscard]] bool admit(Eni& eni, TrafficDirection direction, const Tuple& tuple, const Packet& packet);
  [[nodiscard]] bool is_untracked(const Eni& eni, TrafficDirection direction, const Tuple& tuple,
                                  const GroupVerdict& verdict) const;
  [[nodiscard]] bool peer_matches(const SecurityGroupRule& rule, const Eni& eni, Ipv4Address far) const;
  [[nodiscard]] Leg leg(const Eni& from, const Eni& to) const;
  /// Hands each piece of the packet that fits on; a DF packet that does not is dropped and its sender told.
  template <class Next>
  void fit(Crossing& crossing, PacketRef packet, std::uint16_t mtu, Next next);
  template <class Sender, class Destination>
  void transmit(Sender& from, Destination& to, PacketRef frame, Nanoseconds extra,
                std::uint32_t loss_per_million);
  void tell(Eni& to, const Packet& about, const RouterError& error, Nanoseconds rtt);
  [[nodiscard]] bool may_send_error(Nanoseconds& next_error) const;
  void translate(Packet& packet, Side side, const InternetGateway& gateway);

  [[nodiscard]] Decision decision(PlaceId where, Stage stage, Verdict verdict, const Packet& packet) const;
  void passed(PlaceId where, Stage stage, const Packet& packet, std::string_view rule) const {
    if (observer_ != nullptr) [[unlikely]]
      tell_passed(where, stage, packet, rule);
  }
  [[gnu::cold]] void tell_passed(PlaceId where, Stage stage, const Packet& packet,
                                 std::string_view rule) const;
  [[gnu::cold]] void drop(PlaceId where, Stage stage, const Packet& packet, DropReason reason,
                          std::string_view rule = {}) const;

  // Building (fabric_build.cc).
  [[nodiscard]] ZoneId intern_zone(std::string_view zone);
  [[nodiscard]] MacAddress draw_mac(std::string_view owner, ZoneId zone) const;
  [[nodiscard]] Result<Ipv4Address> take_public_address(std::string_view owner,
                                                        std::optional<Ipv4Address> pin);
  [[nodiscard]] Outcome check_route(const VpcRouteTable& table, Prefix destination,
                                    VpcRouteTarget target) const;
  void refresh_route_tables(VpcId vpc);
  [[nodiscard]] std::string rule_text(const SecurityGroup& group, const SecurityGroupRule& rule) const;

  Engine& engine_;
  PacketPool& pool_;
  PlaceNames& places_;
  std::uint64_t seed_;
  Observer* observer_ = nullptr;
  LocalServices* services_ = nullptr;
  bool admit_related_errors_ = false;
  Paths paths_;
  TrackingTimeouts timeouts_;
  PlaceId internet_place_;

  std::vector<Vpc> vpcs_;
  std::vector<Subnet> subnets_;
  std::vector<VpcRouteTable> route_tables_;
  std::vector<SecurityGroup> security_groups_;
  std::vector<NetworkAcl> network_acls_;
  std::vector<Peering> peerings_;
  std::deque<NatGateway> nat_gateways_;
  std::deque<Eni> enis_;
  std::vector<std::string> zones_;
  Internet internet_;
  boost::unordered_flat_map<std::uint32_t, VpcId, AddressHash> public_addresses_;  // of the whole region
  boost::unordered_flat_map<std::uint64_t, EniId, AddressHash> enis_by_mac_;
  std::map<std::string, EniId, std::less<>> enis_by_name_;
  std::map<std::string, SubnetId, std::less<>> subnets_by_name_;
};

}  // namespace ekspath
