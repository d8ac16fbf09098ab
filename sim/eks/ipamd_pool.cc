#include "sim/eks/ipamd_pool.hh"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/assert.hh"

namespace ekspath {
namespace {

using namespace literals;

/// data_store.go minENILifeTime
constexpr Nanoseconds least_eni_age = 60_s;
constexpr std::uint32_t addresses_per_prefix = 16;

bool is_taken(const IpamdPool::Lease& lease) { return lease.owner.has_value(); }

std::uint32_t whole_prefixes(std::uint32_t addresses) {
  return (addresses + addresses_per_prefix - 1) / addresses_per_prefix * addresses_per_prefix;
}

}  // namespace

std::span<const IpamdPool::Lease> IpamdPool::PooledEni::leases_of(const Cidr& cidr) const {
  const auto first = std::ranges::lower_bound(leases, cidr.prefix.network(), {}, &Lease::address);
  const auto end = std::ranges::upper_bound(leases, cidr.prefix.broadcast(), {}, &Lease::address);
  return {first, end};
}

std::uint32_t IpamdPool::PooledEni::assigned(const Cidr& cidr) const {
  return static_cast<std::uint32_t>(std::ranges::count_if(leases_of(cidr), is_taken));
}

std::uint32_t IpamdPool::PooledEni::assigned() const {
  return static_cast<std::uint32_t>(std::ranges::count_if(leases, is_taken));
}

bool IpamdPool::add_eni(EniId eni, std::string resource_id, std::uint32_t device, Nanoseconds now) {
  if (find_eni(eni) != nullptr) return false;
  const auto at = std::ranges::upper_bound(enis_, device, {}, &PooledEni::device);
  enis_.insert(at, PooledEni{eni, std::move(resource_id), device, now, {}, {}});
  return true;
}

void IpamdPool::remove_eni(EniId eni) {
  std::erase_if(enis_, [&](const PooledEni& known) { return known.eni == eni; });
}

bool IpamdPool::add_cidr(EniId eni, Prefix cidr) {
  PooledEni* owner = find_eni(eni);
  ASSERT(owner != nullptr);
  if (std::ranges::find(owner->cidrs, cidr, &Cidr::prefix) != owner->cidrs.end()) return false;
  owner->cidrs.push_back({cidr});
  return true;
}

void IpamdPool::remove_cidr(EniId eni, Prefix cidr) {
  PooledEni* owner = find_eni(eni);
  ASSERT(owner != nullptr);
  ASSERT(owner->assigned({cidr}) == 0);
  std::erase_if(owner->leases, [&](const Lease& lease) { return cidr.contains(lease.address); });
  std::erase_if(owner->cidrs, [&](const Cidr& known) { return known.prefix == cidr; });
}

/// AssignPodIPv4Address()
std::optional<IpamdPool::Assignment> IpamdPool::assign(const Owner& owner, Nanoseconds now) {
  if (auto known = find(owner.container_id)) {
    known->is_duplicate = true;
    return known;
  }
  for (PooledEni& eni : enis_) {
    for (const Cidr& cidr : eni.cidrs) {
      if (!counts(cidr)) continue;
      const auto address = unused_address(eni, cidr, now);
      if (!address) continue;
      Lease& lease = lease_of(eni, *address);
      lease.owner = owner;
      lease.assigned = now;
      return assignment(eni, *address);
    }
  }
  return std::nullopt;
}

IpamdPool::Assignment IpamdPool::adopt(const Owner& owner, EniId id, Ipv4Address address, Nanoseconds now) {
  PooledEni* eni = find_eni(id);
  ASSERT(eni != nullptr);
  auto cidr =
      std::ranges::find_if(eni->cidrs, [&](const Cidr& known) { return known.prefix.contains(address); });
  if (cidr == eni->cidrs.end()) {
    eni->cidrs.push_back({Prefix(address, 32)});
    cidr = std::prev(eni->cidrs.end());
  }
  Lease& lease = lease_of(*eni, address);
  ASSERT(!lease.owner);
  lease.owner = owner;
  lease.assigned = now;
  return assignment(*eni, address);
}

std::optional<IpamdPool::Assignment> IpamdPool::unassign(const SandboxId& container_id, Nanoseconds now) {
  for (PooledEni& eni : enis_) {
    for (Lease& lease : eni.leases) {
      if (!lease.owner || lease.owner->container_id != container_id) continue;
      lease.owner.reset();
      lease.unassigned = now;
      return assignment(eni, lease.address);
    }
  }
  return std::nullopt;
}

std::optional<IpamdPool::Assignment> IpamdPool::find(const SandboxId& container_id) const {
  for (const PooledEni& eni : enis_) {
    for (const Lease& lease : eni.leases) {
      if (lease.owner && lease.owner->container_id == container_id) return assignment(eni, lease.address);
    }
  }
  return std::nullopt;
}

/// One that was used before and has cooled down, else the lowest that never was. The real one forgets all
/// that have cooled down while it looks; so do we. getUnusedIP()
std::optional<Ipv4Address> IpamdPool::unused_address(PooledEni& eni, const Cidr& cidr,
                                                     Nanoseconds now) const {
  std::optional<Ipv4Address> cooled;
  std::erase_if(eni.leases, [&](const Lease& lease) {
    if (!cidr.prefix.contains(lease.address) || lease.owner || is_cooling(lease, now)) return false;
    if (!cooled) cooled = lease.address;
    return true;
  });
  if (cooled) return cooled;
  for (std::uint32_t i = 0; i < cidr.size(); ++i) {
    const Ipv4Address address = cidr.prefix.network().plus(i);
    if (!std::ranges::binary_search(eni.leases, address, {}, &Lease::address)) return address;
  }
  return std::nullopt;
}

IpamdPool::Lease& IpamdPool::lease_of(PooledEni& eni, Ipv4Address address) {
  // An address for each pod of the node: an eighth of slack, not as much again.
  std::vector<Lease>& leases = eni.leases;
  if (leases.size() == leases.capacity()) leases.reserve(leases.size() + leases.size() / 8 + 1);
  const auto at = std::ranges::lower_bound(leases, address, {}, &Lease::address);
  if (at != leases.end() && at->address == address) return *at;
  Lease lease;
  lease.address = address;
  return *leases.insert(at, std::move(lease));
}

IpamdPool::Assignment IpamdPool::assignment(const PooledEni& eni, Ipv4Address address) {
  const auto cidr =
      std::ranges::find_if(eni.cidrs, [&](const Cidr& known) { return known.prefix.contains(address); });
  ASSERT(cidr != eni.cidrs.end());
  return {address, eni.device, eni.eni, cidr->prefix, eni.resource_id, false};
}

/// GetIPStats()
IpamdPool::Stats IpamdPool::stats(Nanoseconds now) const {
  Stats stats;
  for (const PooledEni& eni : enis_) {
    for (const Cidr& cidr : eni.cidrs) {
      if (cidr.is_prefix()) ++stats.prefixes;
      if (!counts(cidr)) continue;
      stats.total += cidr.size();
      for (const Lease& lease : eni.leases_of(cidr)) {
        if (lease.owner) ++stats.assigned;
        if (is_cooling(lease, now)) ++stats.cooldown;
      }
    }
  }
  return stats;
}

std::uint32_t IpamdPool::total() const {
  std::uint32_t count = 0;
  for (const PooledEni& eni : enis_) {
    for (const Cidr& cidr : eni.cidrs) count += cidr.size();
  }
  return count;
}

std::uint32_t IpamdPool::assigned() const {
  std::uint32_t count = 0;
  for (const PooledEni& eni : enis_) count += eni.assigned();
  return count;
}

std::uint32_t IpamdPool::free_prefixes() const {
  std::uint32_t count = 0;
  for (const PooledEni& eni : enis_) {
    for (const Cidr& cidr : eni.cidrs) count += cidr.is_prefix() && eni.assigned(cidr) == 0 ? 1 : 0;
  }
  return count;
}

/// FindFreeableCidrs(): whatever no pod has, addresses in cooldown too.
std::vector<Prefix> IpamdPool::freeable(EniId id) const {
  std::vector<Prefix> cidrs;
  const PooledEni* owner = eni(id);
  ASSERT(owner != nullptr);
  for (const Cidr& cidr : owner->cidrs) {
    if (owner->assigned(cidr) == 0) cidrs.push_back(cidr.prefix);
  }
  return cidrs;
}

std::string IpamdPool::why_kept(const PooledEni& eni, const Targets& targets, Nanoseconds now) const {
  if (eni.is_primary()) return "it is primary";
  if (now - eni.created < least_eni_age) return "it is too young";
  if (std::ranges::any_of(eni.leases, [&](const Lease& lease) { return is_cooling(lease, now); }))
    return "has IPs in cooling";
  if (eni.assigned() != 0) return "it has pods assigned";
  // What the other ENIs have.
  std::uint32_t warm = 0;
  std::uint32_t all = 0;
  std::uint32_t prefixes = 0;
  for (const PooledEni& other : enis_) {
    if (other.eni == eni.eni) continue;
    for (const Cidr& cidr : other.cidrs) {
      if (other.assigned(cidr) == 0) ++prefixes;
      if (!counts(cidr)) continue;
      all += cidr.size();
      warm += cidr.size() - other.assigned(cidr);
    }
  }
  const auto needed = [&](std::uint32_t target) { return uses_prefixes_ ? whole_prefixes(target) : target; };
  if (targets.warm_addresses != 0 && warm < needed(targets.warm_addresses))
    return fmt::format("it is required for WARM_IP_TARGET: {}", targets.warm_addresses);
  if (targets.minimum_addresses != 0 && all < needed(targets.minimum_addresses))
    return fmt::format("it is required for MINIMUM_IP_TARGET: {}", targets.minimum_addresses);
  if (uses_prefixes_ && targets.warm_prefixes != 0 && prefixes < targets.warm_prefixes)
    return fmt::format("it is required for WARM_PREFIX_TARGET: {}", targets.warm_prefixes);
  return {};
}

bool IpamdPool::has_idle_eni() const {
  return std::ranges::any_of(enis_,
                             [](const PooledEni& eni) { return !eni.is_primary() && eni.assigned() == 0; });
}

const IpamdPool::PooledEni* IpamdPool::eni(EniId id) const {
  const auto found = std::ranges::find(enis_, id, &PooledEni::eni);
  return found == enis_.end() ? nullptr : &*found;
}

IpamdPool::PooledEni* IpamdPool::find_eni(EniId id) {
  const auto found = std::ranges::find(enis_, id, &PooledEni::eni);
  return found == enis_.end() ? nullptr : &*found;
}

}  // namespace ekspath
