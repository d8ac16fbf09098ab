#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <string>

#include "sim/aws/address_hash.hh"
#include "sim/base/ipv4_address.hh"
#include "sim/packet/place.hh"

namespace ekspath {

/// One public address for one private one, without state: all protocols, ports untouched. Everything else is
/// dropped. EC2 guide: instance addressing; EKS guide: external SNAT
class InternetGateway {
 public:
  /// Unspecified (0.0.0.0) where there is no mapping.
  [[nodiscard]] Ipv4Address public_of(Ipv4Address private_address) const {
    return find(to_public_, private_address);
  }
  [[nodiscard]] Ipv4Address private_of(Ipv4Address public_address) const {
    return find(to_private_, public_address);
  }

  void map(Ipv4Address private_address, Ipv4Address public_address) {
    to_public_.insert_or_assign(private_address.bits(), public_address);
    to_private_.insert_or_assign(public_address.bits(), private_address);
  }
  void unmap(Ipv4Address private_address) {
    to_private_.erase(public_of(private_address).bits());
    to_public_.erase(private_address.bits());
  }

  std::string resource_id;  // "igw-0..."
  PlaceId place;            // "igw/VPC"

 private:
  using Map = boost::unordered_flat_map<std::uint32_t, Ipv4Address, AddressHash>;
  [[nodiscard]] static Ipv4Address find(const Map& map, Ipv4Address key) {
    const auto found = map.find(key.bits());
    return found == map.end() ? Ipv4Address() : found->second;
  }

  Map to_public_;
  Map to_private_;
};

}  // namespace ekspath
