#include <algorithm>

#include "sim/eks/ipamd.hh"
#include "sim/eks/ipamd_callers.hh"
#include "sim/eks/max_pods.hh"

/// What ipamd's rules say of the pool as it is. pkg/ipamd/ipamd.go isDatastorePoolTooLow(),
/// isDatastorePoolTooHigh(), datastoreTargetState(), shouldRemoveExtraENIs(); facts/vpc-cni.md 5
namespace ekspath {
namespace {

constexpr std::uint32_t addresses_per_prefix = 16;

std::uint32_t over(std::uint32_t a, std::uint32_t b) { return a > b ? a - b : 0; }
std::uint32_t prefixes_for(std::uint32_t addresses) {
  return (addresses + addresses_per_prefix - 1) / addresses_per_prefix;
}

}  // namespace

std::uint32_t Ipamd::most_enis() const {
  const std::uint32_t limit = site_.type.max_enis;
  return settings_.max_enis ? std::min(*settings_.max_enis, limit) : limit;
}

/// GetIPv4Limit(): all but the primary address, or as many prefixes.
std::uint32_t Ipamd::addresses_per_eni() const {
  const std::uint32_t slots = site_.type.addresses_per_eni - 1U;
  return pool_.uses_prefixes() ? slots * addresses_per_prefix : slots;
}

Ipamd::TargetState Ipamd::target_state(const IpamdPool::Stats& stats) const {
  if (!settings_.has_address_targets()) return {};
  const std::uint32_t warm = settings_.warm_addresses;
  const std::uint32_t minimum = settings_.minimum_addresses;
  TargetState state;
  state.defined = true;
  state.shortage = std::max(over(warm, stats.available()), over(minimum, stats.total));
  if (!pool_.uses_prefixes()) {
    state.surplus = std::min(over(stats.available(), warm), over(stats.total, minimum));
    return state;
  }
  state.shortage = prefixes_for(state.shortage);
  state.surplus = std::min({pool_.free_prefixes(), over(stats.prefixes, prefixes_for(stats.assigned + warm)),
                            over(stats.prefixes, prefixes_for(minimum))});
  return state;
}

bool Ipamd::is_too_low(const IpamdPool::Stats& stats) {
  if (stats.total >= site_.max_pods) return false;
  if (const TargetState state = target_state(stats); state.defined) return state.shortage > 0;
  const std::uint32_t target = pool_.uses_prefixes() ? settings_.warm_prefixes : settings_.warm_enis;
  const std::uint32_t each = pool_.uses_prefixes() ? addresses_per_prefix : addresses_per_eni();
  const std::uint32_t available = stats.available();
  const bool too_low = available < each * target || (target == 0 && available == 0);
  if (!too_low) return false;
  log_.debug(now(), ipamd_caller::too_low,
             "IP pool is too low{}: available ({}) < ENI target ({}) * addrsPerENI ({})",
             log_.names_network_cards() ? " for Network Card 0" : "", available, target, each);
  log_pool(ipamd_caller::too_low_stats);
  return true;
}

bool Ipamd::is_too_high(const IpamdPool::Stats& stats) {
  if (const TargetState state = target_state(stats); state.defined) return state.surplus > 0;
  if (!pool_.uses_prefixes()) return false;
  const std::uint32_t free = pool_.free_prefixes();
  if (free <= settings_.warm_prefixes) return false;
  log_.debug(now(), ipamd_caller::too_high,
             "Prefix pool is high so might be able to deallocate - free prefixes: {}, warm prefix "
             "target: {}{}",
             free, settings_.warm_prefixes, log_.names_network_cards() ? " from NetworkCard 0" : "");
  return true;
}

bool Ipamd::has_surplus_enis() {
  if (settings_.has_address_targets()) return true;
  const std::uint32_t available = stats().available();
  const std::uint32_t target = 1 + (pool_.uses_prefixes() ? settings_.warm_prefixes : settings_.warm_enis);
  if (available >= target * addresses_per_eni()) {
    log_.debug(now(), ipamd_caller::surplus_enis,
               "It might be possible to remove extra ENIs because available ({}) >= (ENI/Prefix "
               "target + 1 ({}) + 1) * addrsPerENI ({})",
               available, target, addresses_per_eni());
    return true;
  }
  return pool_.uses_prefixes() && pool_.has_idle_eni();
}

/// getPrefixesNeeded(): at least one.
std::uint32_t Ipamd::prefixes_needed() {
  const TargetState state = target_state(stats());
  const std::uint32_t free = pool_.free_prefixes();
  const std::uint32_t shortage = over(settings_.warm_prefixes, free);
  log_.debug(now(), ipamd_caller::prefix_target,
             "Prefix target is {}, short of {} prefixes, free {} prefixes", settings_.warm_prefixes, shortage,
             free);
  const std::uint32_t needed = std::max(1U, state.defined ? state.shortage : shortage);
  log_.debug(now(), ipamd_caller::prefixes_needed, "ToAllocate: {}{}", needed,
             log_.names_network_cards() ? ", Network Card 0" : "");
  return needed;
}

bool Ipamd::has_room_for_eni() const { return pool_.enis().size() < most_enis(); }

/// logPoolStats()
void Ipamd::log_pool(const LogCaller& caller) {
  const IpamdPool::Stats seen = stats();
  log_.debug(now(), caller,
             "{} pool stats{}: Total IPs/Prefixes = {}/{}, AssignedIPs/CooldownIPs: {}/{}, "
             "c.maxIPsPerENI = {}",
             pool_.uses_prefixes() ? "Prefix" : "IP", log_.names_network_cards() ? " 0" : "", seen.total,
             seen.prefixes, seen.assigned, seen.cooldown, addresses_per_eni());
}

}  // namespace ekspath
