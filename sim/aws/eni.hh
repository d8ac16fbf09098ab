#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/aws/fragment_ports.hh"
#include "sim/aws/ids.hh"
#include "sim/aws/security_group_tracking.hh"
#include "sim/base/mac_address.hh"
#include "sim/base/prefix.hh"
#include "sim/engine/link.hh"
#include "sim/packet/packet.hh"
#include "sim/packet/place.hh"

namespace ekspath {

class Fabric;

/// What an ENI belongs to, as describe-network-interfaces tells it.
enum class EniType : std::uint8_t { interface, nat_gateway, network_load_balancer };

struct EniSpec {
  std::string name;  // unique and stable: "node1/eni0"; the seed's draws hang on it
  SubnetId subnet;
  std::optional<Ipv4Address> address;            // the primary private address; absent: drawn
  std::vector<SecurityGroupId> security_groups;  // empty: the VPC's default group
  std::optional<MacAddress> mac;                 // absent: drawn
  bool source_dest_check = true;
  std::uint32_t address_limit = 0;    // addresses and prefixes together, of the instance type; 0: none
  EniType type = EniType::interface;  // NAT gateways have no groups, and no check
  std::string description;
};

/// What stands behind an ENI.
struct EniAttachment {
  PlaceId place;              // of the host's interface: "node1/ens5"; decisions and drops are recorded there
  Receiver<PacketRef>* host;  // takes the frames for the host
  std::uint64_t rate_bps = 0;  // towards the host; 0: frames take no time
};

/// The door between a host and the fabric. The host's link ends here; frames for the host leave by the ENI's
/// own link and pass its security groups where they arrive, so that an ENI's state is touched by its own side
/// only.
class Eni final : public Entity, public Receiver<PacketRef> {
 public:
  Eni(Fabric& fabric, EniId id, EniSpec spec, ZoneId zone, VpcId vpc, std::uint64_t seed);

  /// A frame of the host's: the walk of the fabric begins.
  void receive(PacketRef frame) override;
  void expect(const PacketRef& frame, unsigned stage) const override;
  void fire(const Event&) override {}

  [[nodiscard]] EniId eni_id() const { return eni_id_; }
  [[nodiscard]] const std::string& name() const { return spec_.name; }
  [[nodiscard]] const std::string& description() const { return spec_.description; }
  [[nodiscard]] EniType type() const { return spec_.type; }
  [[nodiscard]] const std::string& resource_id() const { return resource_id_; }
  [[nodiscard]] VpcId vpc() const { return vpc_; }
  [[nodiscard]] SubnetId subnet() const { return spec_.subnet; }
  [[nodiscard]] ZoneId zone() const { return zone_; }
  [[nodiscard]] const MacAddress& mac() const { return mac_; }
  [[nodiscard]] PlaceId place() const { return place_; }
  [[nodiscard]] bool is_attached() const { return host_ != nullptr; }
  /// Its id stays, what it owned is others' now.
  [[nodiscard]] bool is_deleted() const { return addresses_.empty(); }
  [[nodiscard]] bool source_dest_check() const { return spec_.source_dest_check; }
  /// The primary one first.
  [[nodiscard]] const std::vector<Ipv4Address>& addresses() const { return addresses_; }
  [[nodiscard]] Ipv4Address primary_address() const { return addresses_.front(); }
  [[nodiscard]] const std::vector<Prefix>& prefixes() const { return prefixes_; }
  /// The instance type allows no further address or prefix.
  [[nodiscard]] bool is_full() const {
    return spec_.address_limit != 0 && addresses_.size() + prefixes_.size() >= spec_.address_limit;
  }
  /// Empty: no group judges it (NAT gateways).
  [[nodiscard]] const std::vector<SecurityGroupId>& security_groups() const { return spec_.security_groups; }
  [[nodiscard]] bool has(SecurityGroupId group) const {
    for (const SecurityGroupId own : spec_.security_groups) {
      if (own == group) return true;
    }
    return false;
  }
  /// Of a packet that is born here: (this entity, its counter), as a namespace counts its own.
  [[nodiscard]] std::uint64_t next_trace() { return (std::uint64_t{id().value()} << 32) | ++traces_; }
  [[nodiscard]] const SecurityGroupTracking& tracking() const { return tracking_; }

 private:
  friend class Fabric;
  friend class NatGateway;

  /// The far end of the ENI's own link.
  class Arrival final : public Receiver<PacketRef> {
   public:
    explicit Arrival(Eni& eni) : eni_(&eni) {}
    void receive(PacketRef frame) override;
    void expect(const PacketRef& frame, unsigned stage) const override;

   private:
    Eni* eni_;
  };

  Fabric* fabric_;
  EniId eni_id_;
  VpcId vpc_;
  ZoneId zone_;
  PlaceId place_;
  std::uint32_t traces_ = 0;
  MacAddress mac_;
  Nanoseconds uplink_;  // what a frame of the host's took to come here
  Receiver<PacketRef>* host_ = nullptr;
  Arrival arrival_;
  std::optional<Link<PacketRef>> downlink_;  // born with the first attachment
  SecurityGroupTracking tracking_;
  FragmentPorts outbound_fragments_;  // as the host sends them
  FragmentPorts inward_fragments_;    // as they reach another subnet's ACL, addresses translated
  FragmentPorts inbound_fragments_;   // as they reach this ENI
  Random loss_;
  Nanoseconds next_error_;   // see Fabric::may_send_error()
  std::uint32_t draws_ = 0;  // addresses and prefixes drawn so far
  std::vector<Ipv4Address> addresses_;
  std::vector<Prefix> prefixes_;
  std::string resource_id_;
  EniSpec spec_;
};

}  // namespace ekspath
