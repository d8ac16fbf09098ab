#include <fmt/ranges.h>

#include <algorithm>

#include "sim/base/assert.hh"
#include "sim/eks/eni_device.hh"
#include "sim/eks/ipamd.hh"
#include "sim/eks/ipamd_callers.hh"

/// Fewer addresses: those beyond the targets go back to EC2, idle ENIs are freed. pkg/ipamd/ipamd.go
/// decreaseDatastorePool(), tryUnassignCidrsFromAll(), tryFreeENI(); pkg/awsutils freeENI()
namespace ekspath {
namespace {

using namespace literals;

/// decreaseIPPoolInterval
constexpr Nanoseconds shrink_interval = 30_s;
/// "It does take awhile for EC2 to detach ENI from instance" freeENI()
constexpr Nanoseconds pause_after_detach = 2_s;

}  // namespace

void Ipamd::shrink() {
  const bool cards = log_.names_network_cards();
  if (!cards) log_.debug(now(), ipamd_caller::decrease, "Starting to decrease pool size");
  if (last_shrink_ && now() - *last_shrink_ <= shrink_interval) {
    log_.debug(now(), cards ? ipamd_caller::too_high : ipamd_caller::decrease,
               "Skipping decrease Datastore pool because time since last {} <= {}",
               go_duration(now() - *last_shrink_), go_duration(shrink_interval));
    return finish_growth();
  }
  log_.debug(
      now(), ipamd_caller::decrease, "{}",
      cards ? "Starting to decrease pool size for network card 0" : "Starting to decrease Datastore pool");
  const TargetState state = target_state(stats());
  const std::uint32_t free = pool_.free_prefixes();
  work_.over =
      state.defined ? state.surplus : (free > settings_.warm_prefixes ? free - settings_.warm_prefixes : 0);
  work_.next_eni = 0;
  unassign_next();
}

/// ENI by ENI, as many as it has unused.
void Ipamd::unassign_next() {
  for (; work_.over > 0 && work_.next_eni < pool_.enis().size(); ++work_.next_eni) {
    const IpamdPool::PooledEni& known = pool_.enis()[work_.next_eni];
    std::vector<Prefix> cidrs = pool_.freeable(known.eni);
    if (cidrs.size() > work_.over) cidrs.resize(work_.over);
    if (cidrs.empty()) continue;
    for (const Prefix& cidr : cidrs) {
      pool_.remove_cidr(known.eni, cidr);
      log_.info(now(), ipamd_caller::delete_cidr, "Deleted ENI({})'s IP/Prefix {} from datastore",
                known.resource_id, cidr);
    }
    work_.over -= static_cast<std::uint32_t>(cidrs.size());
    work_.eni = {};
    work_.cidrs = std::move(cidrs);
    return after(site_.delays.assign, cidrs_unassigned);
  }
  last_shrink_ = last_pool_action_ = now();
  log_.debug(now(), ipamd_caller::decrease, "Successfully decreased IP pool");
  log_pool(ipamd_caller::decreased_stats);
  finish_growth();
}

void Ipamd::on_cidrs_unassigned() {
  const IpamdPool::PooledEni& known = pool_.enis()[work_.next_eni];
  const bool prefixes = work_.cidrs.front().length() != 32;
  std::vector<std::string> names;
  for (const Prefix& cidr : work_.cidrs)
    names.push_back(prefixes ? fmt::format("{}", cidr) : fmt::format("{}", cidr.network()));
  log_.info(now(), prefixes ? ipamd_caller::deallocate_prefixes : ipamd_caller::deallocate,
            "Trying to unassign the following {} [{}] from ENI {}", prefixes ? "Prefixes" : "IPs",
            fmt::format("{}", fmt::join(names, " ")), known.resource_id);
  ec2_.unassign(known.eni, work_.cidrs);
  log_.debug(now(), prefixes ? ipamd_caller::deallocate_prefixes : ipamd_caller::deallocate,
             "Successfully freed {} [{}] from ENI {}", prefixes ? "Prefixes" : "IPs",
             fmt::format("{}", fmt::join(names, " ")), known.resource_id);
  work_.cidrs.clear();
  changed_ = true;
  ++work_.next_eni;
  unassign_next();
}

/// tryUnassignIPFromENI(), tryUnassignPrefixFromENI(): what is left from before prefix delegation was
/// switched, and no pod has.
void Ipamd::drop_other_kind(EniId id) {
  std::vector<Prefix> cidrs = pool_.freeable(id);
  std::erase_if(cidrs, [&](const Prefix& cidr) { return (cidr.length() != 32) == pool_.uses_prefixes(); });
  for (const Prefix& cidr : cidrs) pool_.remove_cidr(id, cidr);
  ec2_.unassign(id, cidrs);
}

/// RemoveUnusedENIFromStore(), FreeENI()
void Ipamd::free_eni() {
  if (unschedulable_ && !settings_.manages_unschedulable) {
    log_.debug(now(), ipamd_caller::free_eni, "AWS CNI is on a non schedulable node, not detaching any ENIs");
    return finish_pass();
  }
  const IpamdPool::Targets targets{settings_.warm_addresses, settings_.minimum_addresses,
                                   settings_.warm_prefixes};
  for (const IpamdPool::PooledEni& known : pool_.enis()) {
    const std::string why = pool_.why_kept(known, targets, now());
    if (!why.empty()) {
      log_.debug(now(), ipamd_caller::deletable_eni, "ENI {} cannot be deleted because {}", known.resource_id,
                 why);
      continue;
    }
    const std::string name = known.resource_id;
    log_.debug(now(), ipamd_caller::deletable_eni, "getDeletableENI: found a deletable ENI {}", name);
    work_.eni = known.eni;
    work_.device = known.device;
    work_.is_plugged = true;
    const std::size_t addresses = known.cidrs.size();
    pool_.remove_eni(work_.eni);
    log_.info(now(), ipamd_caller::remove_eni,
              "RemoveUnusedENIFromStore {}: IP/Prefix address pool stats: free {} addresses, "
              "total: {}, assigned: {}, total prefixes: {}",
              name, addresses, pool_.total(), pool_.assigned(), stats().prefixes);
    log_.debug(now(), ipamd_caller::free_eni, "Start freeing ENI {}{}", name,
               log_.names_network_cards() ? " from network card 0" : "");
    log_.info(now(), ipamd_caller::free_eni_call, "Trying to free ENI: {}", name);
    return after(site_.delays.detach_eni, eni_detached);
  }
  finish_pass();
}

void Ipamd::on_eni_detached() {
  unplug(site_.fabric, work_.eni, site_.host, work_.device);
  work_.is_plugged = false;
  std::erase_if(site_.enis, [&](const auto& known) { return known.first == work_.eni; });
  log_.info(now(), ipamd_caller::free_eni_call, "Successfully detached ENI: {}",
            eni(work_.eni).resource_id());
  after(pause_after_detach + site_.delays.delete_eni, eni_deleted);
}

void Ipamd::on_eni_deleted() {
  const std::string name = eni(work_.eni).resource_id();
  ec2_.delete_eni(work_.eni);
  log_.info(now(), ipamd_caller::delete_eni, "Successfully deleted ENI: {}", name);
  log_.info(now(), ipamd_caller::free_eni_call, "Successfully freed ENI: {}", name);
  site_.cni.tear_down_eni(work_.device);
  work_.eni = {};
  finish_pass();
}

}  // namespace ekspath
