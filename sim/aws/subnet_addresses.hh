#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/aws/result.hh"
#include "sim/base/prefix.hh"
#include "sim/engine/random.hh"

namespace ekspath {

/// Which addresses of a subnet are free, one bit each. Five are reserved: network, router, DNS, future use,
/// last. VPC guide: subnet sizing
class SubnetAddresses {
 public:
  explicit SubnetAddresses(Prefix cidr);

  /// What describe-subnets calls AvailableIpAddressCount.
  [[nodiscard]] std::uint32_t available() const { return available_; }
  [[nodiscard]] bool is_reserved(Ipv4Address address) const;
  [[nodiscard]] bool is_free(Ipv4Address address) const;

  /// A free address: the draw's, or the next free one above it.
  [[nodiscard]] std::optional<Ipv4Address> take_any(Random& luck);
  /// A wholly free aligned /28, in the same manner.
  [[nodiscard]] std::optional<Prefix> take_any_block(Random& luck);
  /// A free address that will be pinned later: draws leave it alone, only take() gets it.
  [[nodiscard]] Outcome keep(Ipv4Address address);
  /// A pinned one.
  [[nodiscard]] Outcome take(Ipv4Address address);
  [[nodiscard]] Outcome take(Prefix block);
  void give_back(Ipv4Address address);
  void give_back(Prefix block);

 private:
  [[nodiscard]] std::uint32_t index(Ipv4Address address) const {
    return address.bits() - cidr_.network().bits();
  }
  [[nodiscard]] bool is_taken(std::uint32_t i) const { return (taken_[i / 64] >> (i % 64) & 1U) != 0; }
  [[nodiscard]] Outcome refuse(Ipv4Address address) const;
  [[nodiscard]] bool is_block_free(std::uint32_t first) const;
  void mark(std::uint32_t first, std::uint32_t count, bool taken);

  Prefix cidr_;
  std::vector<std::uint64_t> taken_;
  std::uint32_t available_;
  std::set<std::uint32_t> kept_;  // free, but not for draws
};

}  // namespace ekspath
