#include "sim/aws/subnet_addresses.hh"

#include <fmt/format.h>

#include "sim/base/assert.hh"

namespace ekspath {
namespace {

constexpr std::uint32_t reserved_in_front = 4;
constexpr std::uint32_t block_size = 16;

}  // namespace

SubnetAddresses::SubnetAddresses(Prefix cidr)
    : cidr_(cidr), taken_((cidr.size() + 63) / 64), available_(static_cast<std::uint32_t>(cidr.size())) {
  mark(0, reserved_in_front, true);
  mark(static_cast<std::uint32_t>(cidr.size()) - 1, 1, true);
}

bool SubnetAddresses::is_reserved(Ipv4Address address) const {
  return cidr_.contains(address) && (index(address) < reserved_in_front || address == cidr_.broadcast());
}

bool SubnetAddresses::is_free(Ipv4Address address) const {
  return cidr_.contains(address) && !is_taken(index(address));
}

std::optional<Ipv4Address> SubnetAddresses::take_any(Random& luck) {
  if (available_ == kept_.size()) return std::nullopt;
  const auto size = static_cast<std::uint32_t>(cidr_.size());
  auto i = static_cast<std::uint32_t>(luck.uniform(size));
  while (is_taken(i) || kept_.contains(i)) i = (i + 1) % size;
  mark(i, 1, true);
  return cidr_.network().plus(i);
}

std::optional<Prefix> SubnetAddresses::take_any_block(Random& luck) {
  const auto blocks = static_cast<std::uint32_t>(cidr_.size() / block_size);
  const auto start = static_cast<std::uint32_t>(luck.uniform(blocks));
  for (std::uint32_t n = 0; n < blocks; ++n) {
    const std::uint32_t first = (start + n) % blocks * block_size;
    const auto kept = kept_.lower_bound(first);
    if (!is_block_free(first) || (kept != kept_.end() && *kept < first + block_size)) continue;
    mark(first, block_size, true);
    return Prefix(cidr_.network().plus(first), 28);
  }
  return std::nullopt;
}

Outcome SubnetAddresses::keep(Ipv4Address address) {
  if (auto refused = refuse(address)) return refused;
  kept_.insert(index(address));
  return std::nullopt;
}

Outcome SubnetAddresses::take(Ipv4Address address) {
  if (auto refused = refuse(address)) return refused;
  kept_.erase(index(address));
  mark(index(address), 1, true);
  return std::nullopt;
}

Outcome SubnetAddresses::refuse(Ipv4Address address) const {
  const std::string where = fmt::format("address {} in subnet {}", address, cidr_);
  const std::string range = fmt::format("an address of {} to {}", cidr_.network().plus(reserved_in_front),
                                        Ipv4Address(cidr_.broadcast().bits() - 1));
  if (!cidr_.contains(address)) return FabricError{FabricRefusal::outside_subnet, where, range};
  if (is_reserved(address)) return FabricError{FabricRefusal::address_reserved, where, range};
  if (is_taken(index(address))) return FabricError{FabricRefusal::address_taken, where, "a free address"};
  return std::nullopt;
}

Outcome SubnetAddresses::take(Prefix block) {
  const std::string where = fmt::format("prefix {} in subnet {}", block, cidr_);
  if (block.length() != 28 || !cidr_.contains(block)) {
    return FabricError{FabricRefusal::outside_subnet, where, fmt::format("a /28 of {}", cidr_)};
  }
  if (is_reserved(block.network()) || is_reserved(block.broadcast())) {
    return FabricError{FabricRefusal::address_reserved, where, "a /28 without reserved addresses"};
  }
  if (!is_block_free(index(block.network()))) {
    return FabricError{FabricRefusal::address_taken, where, "a /28 whose addresses are all free"};
  }
  kept_.erase(kept_.lower_bound(index(block.network())), kept_.upper_bound(index(block.broadcast())));
  mark(index(block.network()), block_size, true);
  return std::nullopt;
}

void SubnetAddresses::give_back(Ipv4Address address) {
  ASSERT(cidr_.contains(address) && !is_reserved(address) && is_taken(index(address)));
  mark(index(address), 1, false);
}

void SubnetAddresses::give_back(Prefix block) {
  ASSERT(cidr_.contains(block));
  mark(index(block.network()), block_size, false);
}

bool SubnetAddresses::is_block_free(std::uint32_t first) const {
  return (taken_[first / 64] >> (first % 64) & 0xffffU) == 0;
}

void SubnetAddresses::mark(std::uint32_t first, std::uint32_t count, bool taken) {
  for (std::uint32_t i = first; i < first + count; ++i) {
    DEBUG_ASSERT(is_taken(i) != taken);
    taken_[i / 64] ^= std::uint64_t{1} << (i % 64);
  }
  available_ = taken ? available_ - count : available_ + count;
}

}  // namespace ekspath
