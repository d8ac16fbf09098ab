#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/aws/flow_table.hh"
#include "sim/aws/fragment_ports.hh"
#include "sim/aws/ids.hh"
#include "sim/engine/link.hh"
#include "sim/engine/random.hh"
#include "sim/packet/fate.hh"
#include "sim/packet/packet.hh"
#include "sim/packet/place.hh"

namespace ekspath {

class Fabric;

enum class Connectivity : std::uint8_t { public_, private_ };

struct NatGatewaySpec {
  std::string name;
  SubnetId subnet;
  Connectivity connectivity = Connectivity::public_;
  std::optional<Ipv4Address> public_address;   // absent: drawn; without meaning for a private one
  std::optional<Ipv4Address> private_address;  // absent: drawn
};

/// The counters that CloudWatch has of a NAT gateway.
struct NatGatewayMetrics {
  std::uint64_t active_connections = 0;
  std::uint64_t error_port_allocation = 0;
  std::uint64_t idle_timeouts = 0;
  std::uint64_t packets_dropped = 0;
};

/// Many private addresses behind one: source and port are replaced, answers find their way back, nothing else
/// enters. It stands behind an ENI of its own as an instance would. VPC guide: NAT gateways, scenarios,
/// troubleshooting
class NatGateway final : public Receiver<PacketRef> {
 public:
  static constexpr std::uint16_t first_port = 1024;
  static constexpr std::uint16_t last_port = 65535;
  static constexpr std::uint32_t connections_per_destination = 55'000;
  static constexpr Nanoseconds idle_timeout{350'000'000'000};

  NatGateway(Fabric& fabric, NatGatewayId id, NatGatewaySpec spec, EniId eni, PlaceId place,
             std::uint64_t seed);

  /// A frame that the fabric brings to the gateway's ENI.
  void receive(PacketRef frame) override;

  [[nodiscard]] NatGatewayId gateway_id() const { return id_; }
  [[nodiscard]] const std::string& name() const { return spec_.name; }
  [[nodiscard]] const std::string& resource_id() const { return resource_id_; }
  [[nodiscard]] SubnetId subnet() const { return spec_.subnet; }
  [[nodiscard]] Connectivity connectivity() const { return spec_.connectivity; }
  [[nodiscard]] EniId eni() const { return eni_; }
  [[nodiscard]] PlaceId place() const { return place_; }
  [[nodiscard]] const NatGatewayMetrics& metrics() const { return metrics_; }

 private:
  struct Translation {
    Tuple inside;  // as the instance sends it
    Nanoseconds last_used;
  };

  void outbound(PacketRef packet);
  void inbound(PacketRef packet);
  void outbound_error(PacketRef packet);
  void inbound_error(PacketRef packet);
  void reset_sender(const Packet& packet);
  void drop(const Packet& packet, DropReason reason, std::string_view rule);
  void translated(const Packet& packet, const Tuple& before);
  [[nodiscard]] bool ttl_lives(const Packet& packet);
  [[nodiscard]] const Tuple* live_outside(const Tuple& inside);
  [[nodiscard]] std::optional<Tuple> open(const Tuple& inside);
  void forget(const Tuple& outside);
  void sweep();

  Fabric* fabric_;
  NatGatewayId id_;
  EniId eni_;
  PlaceId place_;
  Ipv4Address address_;
  FlowTable<Tuple> outside_of_;            // inside tuple -> outside tuple
  FlowTable<Translation> translations_;    // outside tuple -> inside
  FlowTable<std::uint32_t> destinations_;  // (destination, port, protocol) -> how many connections
  Nanoseconds nothing_idle_before_;        // no sweep finds anything before this time
  std::size_t sweep_at_ = 1024;            // connections: a sweep pays for as many openings as it left
  FragmentPorts fragments_;
  Random ports_;
  NatGatewayMetrics metrics_;
  std::string resource_id_;
  NatGatewaySpec spec_;
};

}  // namespace ekspath
