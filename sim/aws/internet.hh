#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "sim/aws/address_hash.hh"
#include "sim/aws/fragment_ports.hh"
#include "sim/aws/ids.hh"
#include "sim/base/ipv4_address.hh"
#include "sim/base/mac_address.hh"
#include "sim/base/nanoseconds.hh"
#include "sim/engine/link.hh"
#include "sim/packet/packet.hh"
#include "sim/packet/place.hh"

namespace ekspath {

class Fabric;

struct InternetHostSpec {
  std::string name;  // "dns.google"
  std::vector<Ipv4Address> addresses;
  std::optional<Nanoseconds> rtt;  // to an instance; absent: Paths' PathKind::internet
  std::uint8_t hops = 0;           // routers between the internet gateway and the host
};

/// A host of the internet. Its gateway is 169.254.1.1, whose MAC it knows for good; ARP for it is answered
/// all the same.
class InternetHost final : public Entity, public Receiver<PacketRef> {
 public:
  InternetHost(Fabric& fabric, InternetHostId id, InternetHostSpec spec, std::uint64_t seed);

  /// A frame of the host's.
  void receive(PacketRef frame) override;
  void fire(const Event&) override {}

  [[nodiscard]] InternetHostId host_id() const { return host_id_; }
  [[nodiscard]] const std::string& name() const { return spec_.name; }
  [[nodiscard]] const std::vector<Ipv4Address>& addresses() const { return spec_.addresses; }
  [[nodiscard]] const MacAddress& mac() const { return mac_; }
  [[nodiscard]] const std::optional<Nanoseconds>& rtt() const { return spec_.rtt; }
  [[nodiscard]] std::uint8_t hops() const { return spec_.hops; }
  [[nodiscard]] PlaceId place() const { return place_; }
  [[nodiscard]] bool is_attached() const { return host_ != nullptr; }

 private:
  friend class Fabric;

  class Arrival final : public Receiver<PacketRef> {
   public:
    explicit Arrival(InternetHost& host) : host_(&host) {}
    void receive(PacketRef frame) override;

   private:
    InternetHost* host_;
  };

  [[nodiscard]] std::uint64_t next_trace() { return (std::uint64_t{id().value()} << 32) | ++traces_; }

  Fabric* fabric_;
  InternetHostId host_id_;
  PlaceId place_;
  std::uint32_t traces_ = 0;
  MacAddress mac_;
  Receiver<PacketRef>* host_ = nullptr;
  Arrival arrival_;
  std::optional<Link<PacketRef>> downlink_;
  FragmentPorts inward_fragments_;
  Nanoseconds uplink_;  // what a frame of the host's took to come here
  Random loss_;
  Nanoseconds next_error_;
  InternetHostSpec spec_;
};

/// What lies beyond the internet gateways: hosts by address, and the addresses of the routers on the way.
class Internet {
 public:
  static constexpr Ipv4Address gateway{169, 254, 1, 1};
  /// Of 169.254.1.1, as every host of the internet sees it.
  static constexpr MacAddress gateway_mac{{0x02, 0x01, 0xa9, 0xfe, 0x01, 0x01}};

  explicit Internet(std::uint64_t seed) : seed_(seed) {}

  [[nodiscard]] InternetHost* find(Ipv4Address address) {
    const auto found = by_address_.find(address.bits());
    return found == by_address_.end() ? nullptr : &hosts_[found->second.value()];
  }
  [[nodiscard]] std::deque<InternetHost>& hosts() { return hosts_; }
  [[nodiscard]] const std::deque<InternetHost>& hosts() const { return hosts_; }

  /// The router that is `hop` steps beyond a VPC, 1 being the edge behind its internet gateway. Shapes as
  /// traceroute shows them from Seoul: 244.5.x.x, then 240.x, 242.x, then backbone addresses (facts section
  /// 1).
  [[nodiscard]] Ipv4Address router(VpcId vpc, unsigned hop) const;

 private:
  friend class Fabric;
  std::uint64_t seed_;
  std::deque<InternetHost> hosts_;
  boost::unordered_flat_map<std::uint32_t, InternetHostId, AddressHash> by_address_;
};

}  // namespace ekspath
