#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>

#include "sim/aws/address_hash.hh"
#include "sim/aws/ids.hh"
#include "sim/base/ipv4_address.hh"
#include "sim/base/prefix.hh"

namespace ekspath {

/// Which ENI owns a private address of one VPC: the mapping service. Single addresses and delegated /28
/// blocks.
class AddressMapping {
 public:
  static constexpr unsigned delegated_length = 28;

  /// None where nobody owns it.
  [[nodiscard]] EniId owner(Ipv4Address address) const {
    if (const auto found = addresses_.find(address.bits()); found != addresses_.end()) return found->second;
    if (blocks_.empty()) return EniId::none();
    const auto block = blocks_.find(address.bits() & Prefix::mask_of(delegated_length));
    return block == blocks_.end() ? EniId::none() : block->second;
  }

  void assign(Ipv4Address address, EniId eni) { addresses_.insert_or_assign(address.bits(), eni); }
  void unassign(Ipv4Address address) { addresses_.erase(address.bits()); }
  void assign(Prefix block, EniId eni) { blocks_.insert_or_assign(block.network().bits(), eni); }
  void unassign(Prefix block) { blocks_.erase(block.network().bits()); }

 private:
  boost::unordered_flat_map<std::uint32_t, EniId, AddressHash> addresses_;
  boost::unordered_flat_map<std::uint32_t, EniId, AddressHash> blocks_;
};

}  // namespace ekspath
