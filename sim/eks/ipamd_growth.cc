#include <fmt/ranges.h>

#include <algorithm>

#include "sim/base/assert.hh"
#include "sim/eks/al2023.hh"
#include "sim/eks/eni_device.hh"
#include "sim/eks/ipamd.hh"
#include "sim/eks/ipamd_callers.hh"

/// More addresses: on an ENI that has room, else on a new one. pkg/ipamd/ipamd.go increaseDatastorePool(),
/// tryAssignIPs(), tryAssignPrefixes(), tryAllocateENI(); pkg/awsutils AllocENI()
namespace ekspath {
namespace {

using namespace literals;

/// insufficientCidrErrorCooldown
constexpr Nanoseconds shortage_pause = 120_s;
/// Which releases look for other subnets, and therefore for other ENIs, when one has no room: README
constexpr CniVersion first_with_subnet_discovery{1, 18, 0};
constexpr std::string_view shortage_advice =
    "Unable to attach IPs/Prefixes for the ENI, subnet doesn't seem to have enough IPs/Prefixes. Consider "
    "using new subnet or carve a reserved range using create-subnet-cidr-reservation";

/// waitForENIAndIPsAttached() asks at 0, and then after 100 ms, doubled each time, ten seconds at most.
/// Its jitter is left out.
Nanoseconds next_look(Nanoseconds listed_after) {
  Nanoseconds at;
  for (Nanoseconds pause = 100_ms; at < listed_after; pause = std::min(pause * 2, 10_s)) at += pause;
  return at;
}

}  // namespace

void Ipamd::grow() {
  log_.debug(now(), ipamd_caller::increase, "{}",
             log_.names_network_cards() ? "Starting to increase pool size for network card 0"
                                        : "Starting to increase pool size");
  if (unschedulable_ && !settings_.manages_unschedulable) {
    log_.debug(now(), ipamd_caller::increase,
               "AWS CNI is on a non schedulable node, will not try to attach any new IPs or ENIs right now");
    return finish_growth();
  }
  if (last_shortage_ && now() - *last_shortage_ <= shortage_pause) {
    log_.debug(now(), ipamd_caller::increase,
               "Recently we had InsufficientCidr error hence will wait for {} before retrying",
               go_duration(shortage_pause));
    return finish_growth();
  }
  work_.candidates.clear();
  const bool prefixes = pool_.uses_prefixes();
  const std::uint32_t slots = site_.type.addresses_per_eni - 1U;
  if (prefixes) work_.over = prefixes_needed();
  for (const IpamdPool::PooledEni& known : pool_.enis()) {
    const LogCaller& caller =
        prefixes ? ipamd_caller::allocatable_enis_prefixes : ipamd_caller::allocatable_enis;
    if (settings_.custom_networking && known.is_primary()) {
      log_.debug(now(), caller,
                 "Skip needs IP check for trunk ENI of primary ENI when Custom Networking is enabled");
    } else if (room_of(known) > 0) {
      log_.debug(now(), caller,
                 "Found ENI {} that has less than the maximum number of IP/Prefixes addresses "
                 "allocated: cur={}, max={}",
                 known.resource_id, known.cidrs.size(), slots);
      work_.candidates.push_back(known.eni);
    }
  }
  try_next_eni();
}

std::uint32_t Ipamd::room_of(const IpamdPool::PooledEni& known) const {
  const std::size_t slots = site_.type.addresses_per_eni - 1U;
  return known.cidrs.size() < slots ? static_cast<std::uint32_t>(slots - known.cidrs.size()) : 0;
}

void Ipamd::try_next_eni() {
  if (work_.candidates.empty()) return allocate_eni();
  const IpamdPool::PooledEni& known = *pool_.eni(work_.candidates.front());
  const bool prefixes = pool_.uses_prefixes();
  if (!work_.single) {
    std::uint32_t wanted = prefixes ? work_.over : room_of(known);
    if (const TargetState state = target_state(stats()); state.defined && !prefixes) wanted = state.shortage;
    work_.wanted = std::min(room_of(known), wanted);
  }
  const LogCaller& caller =
      prefixes ? (work_.single ? ipamd_caller::allocate_one_prefix : ipamd_caller::allocate_all_prefixes)
               : (work_.single ? ipamd_caller::allocate_one : ipamd_caller::allocate_all);
  log_.info(now(), caller, "Trying to allocate {} IP addresses on ENI {}", work_.wanted, known.resource_id);
  log_.debug(now(), caller, "PD enabled - {}", prefixes);
  after(site_.delays.assign, addresses_assigned);
}

void Ipamd::on_addresses_assigned() {
  const EniId eni = work_.candidates.front();
  const bool prefixes = pool_.uses_prefixes();
  const auto answer =
      prefixes ? ec2_.assign_prefixes(eni, work_.wanted) : ec2_.assign_addresses(eni, work_.wanted);
  if (const auto* refused = std::get_if<Ec2Error>(&answer)) return on_assign_refused(*refused);
  const auto& cidrs = *std::get_if<std::vector<Prefix>>(&answer);
  log_.info(now(), prefixes ? ipamd_caller::allocate_all_prefixes : ipamd_caller::allocate_all,
            "Allocated {} private IP {}", cidrs.size(), prefixes ? "prefixes" : "addresses");
  add_cidrs(eni, cidrs);
  last_pool_action_ = now();
  log_pool(ipamd_caller::action_stats);
  finish_growth();
}

void Ipamd::on_assign_refused(const Ec2Error& error) {
  const EniId eni = work_.candidates.front();
  const std::string& name = pool_.eni(eni)->resource_id;
  const bool prefixes = pool_.uses_prefixes();
  const LogCaller& caller = prefixes ? ipamd_caller::assign_prefixes : ipamd_caller::assign_addresses;
  log_.error(now(), prefixes ? ipamd_caller::allocate_all_prefixes : ipamd_caller::allocate_all,
             "Failed to allocate a private IP/Prefix addresses on ENI {}: {}", name, error.text);
  if (!work_.single) {
    log_.warn(now(), caller, "failed to allocate all available {} on ENI {}, err: {}",
              prefixes ? "IPv4 Prefixes" : "IP addresses", name, error.text);
    work_.single = true;
    work_.wanted = 1;
    return try_next_eni();
  }
  work_.single = false;
  const bool looks_further = settings_.subnet_discovery && site_.version >= first_with_subnet_discovery;
  if (looks_further && error.is_shortage()) {
    work_.candidates.erase(work_.candidates.begin());
    return try_next_eni();
  }
  if (error.is_shortage()) {
    log_.error(now(), ipamd_caller::increase, "{}", shortage_advice);
    last_shortage_ = now();
  } else {
    log_.error(now(), ipamd_caller::increase, "failed to allocate one {} on ENI {}, err : {}",
               prefixes ? "IPv4 prefix" : "IP addresses", name, error.text);
  }
  finish_growth();
}

void Ipamd::allocate_eni() {
  // Those that the scenario furnished keep the ENIs that it gave them.
  if (furnished_) return finish_growth();
  if (!has_room_for_eni()) {
    log_.debug(now(), ipamd_caller::increase,
               "Skipping ENI allocation as the max ENI limit is already reached");
    return finish_growth();
  }
  if (settings_.custom_networking && !site_.eni_config) {
    log_.error(now(), ipamd_caller::allocate_eni, "Failed to get pod ENI config");
    log_.debug(now(), ipamd_caller::increase,
               "Error trying to allocate ENI: eniconfig: eniconfig is not available");
    return finish_growth();
  }
  const std::uint32_t slots = site_.type.addresses_per_eni - 1U;
  const TargetState state = target_state(stats());
  work_.wanted = slots;
  if (pool_.uses_prefixes()) {
    work_.wanted = std::min(prefixes_needed(), slots);
  } else if (state.defined) {
    work_.wanted = std::min(state.shortage, slots);
  }
  log_.info(now(), ipamd_caller::create_eni, "Trying to allocate {} IP addresses on new ENI", work_.wanted);
  log_.debug(now(), ipamd_caller::create_eni, "PD enabled - {}", pool_.uses_prefixes());
  after(site_.delays.create_eni, eni_created);
}

std::uint32_t Ipamd::lowest_free_device() const {
  std::uint32_t device = 0;
  while (std::ranges::find(site_.enis, device, &std::pair<EniId, std::uint32_t>::second) != site_.enis.end())
    ++device;
  return device;
}

void Ipamd::on_eni_created() {
  const bool custom = settings_.custom_networking;
  NodeEc2::NewEni wish;
  wish.subnet = custom ? site_.eni_config->subnet : eni(primary()).subnet();
  wish.security_groups = eni(primary()).security_groups();
  if (custom) {
    log_.info(now(), ipamd_caller::custom_config, "Using a custom network config for the new ENI");
    if (!site_.eni_config->security_groups.empty()) wish.security_groups = site_.eni_config->security_groups;
  }
  wish.count = work_.wanted;
  wish.prefixes = pool_.uses_prefixes();
  wish.device = work_.device = lowest_free_device();
  wish.description = fmt::format("aws-K8S-{}", site_.instance_id);
  std::vector<std::string> groups;
  for (const SecurityGroupId group : wish.security_groups)
    groups.push_back(site_.fabric.security_group(group).resource_id);
  std::ranges::sort(groups);
  const std::string& subnet = site_.fabric.subnet(wish.subnet).resource_id;
  log_.info(now(), ipamd_caller::create_eni, "Creating ENI with security groups: [{}] in subnet: {}",
            fmt::format("{}", fmt::join(groups, " ")), subnet);
  const auto answer = ec2_.create_eni(wish);
  const LogCaller& caller = custom ? ipamd_caller::try_create_custom : ipamd_caller::try_create;
  if (const auto* refused = std::get_if<Ec2Error>(&answer)) {
    const std::string why =
        "AllocENI: failed to create ENI: failed to create network interface: " + refused->text;
    log_.error(now(), caller, "Failed to CreateNetworkInterface {} for subnet {}", refused->text, subnet);
    log_.error(now(), ipamd_caller::allocate_eni,
               "Failed to increase pool size due to not able to allocate ENI {}", why);
    log_.warn(now(), ipamd_caller::allocate_eni, "Failed to allocate {} IP addresses on an ENI: {}",
              work_.wanted, why);
    if (refused->is_shortage()) {
      log_.error(now(), ipamd_caller::allocate_eni, "{}", shortage_advice);
      last_shortage_ = now();
    }
    log_.debug(now(), ipamd_caller::increase, "Error trying to allocate ENI: {}", why);
    return finish_growth();
  }
  work_.eni = *std::get_if<EniId>(&answer);
  log_.info(now(), caller, "Created a new ENI: {}", eni(work_.eni).resource_id());
  after(site_.delays.attach_eni, eni_attached);
}

void Ipamd::on_eni_attached() {
  ASSERT(!plug_in(site_.fabric, work_.eni, site_.host, work_.device));
  work_.is_plugged = true;
  const auto at =
      std::ranges::upper_bound(site_.enis, work_.device, {}, &std::pair<EniId, std::uint32_t>::second);
  site_.enis.insert(at, {work_.eni, work_.device});
  log_.info(now(), ipamd_caller::alloc_eni_call,
            "Successfully created and attached a new ENI {} to instance{}", eni(work_.eni).resource_id(),
            log_.names_network_cards() ? " on network card 0" : "");
  after(next_look(site_.delays.metadata), eni_listed);
}

void Ipamd::on_eni_listed() {
  set_up(work_.eni, work_.device);
  work_.eni = {};
  last_pool_action_ = now();
  log_pool(ipamd_caller::action_stats);
  finish_growth();
}

/// setupENI()
void Ipamd::set_up(EniId id, std::uint32_t device) {
  const Eni& added = eni(id);
  const std::string& name = added.resource_id();
  pool_.add_eni(id, name, device, now());
  log_.debug(now(), ipamd_caller::store_eni, "DataStore add an ENI {}", name);
  const Prefix subnet = site_.fabric.subnet(added.subnet()).cidr;
  log_.info(now(), ipamd_caller::setup_network,
            "Setting up network for an ENI with IP address {}, MAC address {}, CIDR {}{} route "
            "table {}{}",
            added.primary_address(), added.mac(), subnet, log_.names_network_cards() ? "," : " and",
            VpcCni::route_table_of(device, 0), log_.names_network_cards() ? " and Network Card 0" : "");
  site_.cni.set_up_eni({device, 0, nitro_interface_name(device), added.primary_address(), subnet});
  log_.info(now(), ipamd_caller::setup_eni, "Found ENIs having {} secondary IPs and {} Prefixes",
            added.addresses().size(), added.prefixes().size());
  std::vector<Prefix> cidrs;
  for (std::size_t i = 1; i < added.addresses().size(); ++i) cidrs.emplace_back(added.addresses()[i], 32);
  cidrs.insert(cidrs.end(), added.prefixes().begin(), added.prefixes().end());
  add_cidrs(id, cidrs);
}

void Ipamd::add_cidrs(EniId id, const std::vector<Prefix>& cidrs) {
  const std::string& name = pool_.eni(id)->resource_id;
  for (const Prefix& cidr : cidrs) {
    const LogCaller& caller = cidr.length() == 32 ? ipamd_caller::add_cidr : ipamd_caller::add_prefix;
    log_.info(now(), caller, "Adding {} to DS for {}", cidr, name);
    if (pool_.add_cidr(id, cidr)) {
      log_.info(now(), caller, "Added ENI({})'s IP/Prefix {} to datastore", name, cidr);
      changed_ = true;
    } else {
      log_.info(now(), caller, "IP already in DS");
    }
  }
  log_pool(ipamd_caller::added_stats);
}

}  // namespace ekspath
