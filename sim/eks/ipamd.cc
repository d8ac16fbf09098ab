#include "sim/eks/ipamd.hh"

#include <fmt/ranges.h>

#include <algorithm>

#include "sim/base/assert.hh"
#include "sim/eks/al2023.hh"
#include "sim/eks/ipamd_callers.hh"
#include "sim/eks/ipamd_introspection.hh"
#include "sim/eks/max_pods.hh"

namespace ekspath {
namespace {

using namespace literals;

/// Half of ipPoolMonitorInterval.
constexpr Nanoseconds half_interval = 2'500_ms;
/// nodeIPPoolReconcileInterval
constexpr Nanoseconds reconcile_interval = 60_s;
constexpr std::string_view log_path = "/var/log/aws-routed-eni/ipamd.log";

std::string key_of(const PodSandbox& sandbox) { return fmt::format("aws-cni/{}/eth0", sandbox.container_id); }

}  // namespace

Ipamd::Ipamd(Engine& engine, IpamdSite site)
    : Entity(engine),
      site_(std::move(site)),
      ec2_(site_.fabric, site_.host, site_.version),
      log_(site_.files, log_path, site_.version, site_.host.kernel().epoch_ns),
      furnished_(site_.is_furnished) {
  ASSERT(!site_.enis.empty() && site_.enis.front().second == 0);
}

// ---- the process

void Ipamd::start(const CniEnvironment& environment) {
  stop();
  settings_ = IpamdSettings::read(environment);
  // entrypoint: aws-node says it on its standard output and ends.
  if (!settings_.refusal().empty()) return;
  log_.info(now(), ipamd_caller::main_start, "Starting L-IPAMD v{}  ...", to_string(site_.version));
  const bool prefixes = settings_.prefix_delegation && supports_prefixes(site_.type);
  if (settings_.prefix_delegation && !prefixes) {
    log_.warn(now(), ipamd_caller::new_ipamd,
              "Prefix delegation is not supported on non-nitro instance {} hence falling back to "
              "default (secondary IP) mode",
              site_.type.name);
  }
  log_.debug(now(), ipamd_caller::node_init, "Start node init");
  site_.cni.start(environment, attached_enis());
  pool_.use_prefixes(prefixes);
  pool_.change_cooldown(settings_.cooldown);
  read_ec2();
  for (const auto& [eni, device] : site_.enis) drop_other_kind(eni);
  if (!settled_) return listen();
  work_ = {};
  work_.at_start = true;
  if (may_provision() && is_too_low(stats())) return grow();
  finish_pass();
}

void Ipamd::stop() {
  ++process_;
  listening_ = false;
  introspection_.reset();
  abandon_work();
}

/// What main() starts after nodeInit(): the plugin's RPC and, unless it is switched off, the introspection.
/// cmd/aws-k8s-agent/main.go
void Ipamd::listen() {
  listening_ = true;
  if (settings_.introspection) introspection_ = serve_introspection(site_.host, *this);
}

/// What the old process was about: an ENI that is not attached yet leaks, and the clean-up of leaked ENIs
/// takes it; here at once. The rest the new process reads from EC2.
void Ipamd::abandon_work() {
  if (work_.eni && !work_.is_plugged) ec2_.delete_eni(work_.eni);
  work_ = {};
}

/// nodeInit(): every ENI that EC2 names with its addresses, then the state file: who had which. When an
/// address was last given up is not in it.
void Ipamd::read_ec2() {
  const IpamdPool old = pool_;
  pool_ = {};
  pool_.use_prefixes(old.uses_prefixes());
  pool_.change_cooldown(old.cooldown());
  for (const auto& [id, device] : site_.enis) {
    const std::string& name = eni(id).resource_id();
    log_.debug(now(), ipamd_caller::node_init, "Discovered ENI {}, trying to set it up", name);
    pool_.add_eni(id, name, device, now());
    log_.debug(now(), ipamd_caller::store_eni, "DataStore add an ENI {}", name);
    std::vector<Prefix> cidrs;
    for (std::size_t i = 1; i < eni(id).addresses().size(); ++i)
      cidrs.emplace_back(eni(id).addresses()[i], 32);
    const auto& prefixes = eni(id).prefixes();
    cidrs.insert(cidrs.end(), prefixes.begin(), prefixes.end());
    log_.info(now(), ipamd_caller::discovered_eni, "Found ENIs having {} secondary IPs and {} Prefixes",
              eni(id).addresses().size(), prefixes.size());
    add_cidrs(id, cidrs);
    log_.info(now(), ipamd_caller::node_init, "ENI {} set up.", name);
  }
  for (const IpamdPool::PooledEni& known : old.enis()) {
    if (pool_.eni(known.eni) == nullptr) continue;
    for (const IpamdPool::Cidr& cidr : known.cidrs) {
      for (const IpamdPool::Lease& lease : known.leases_of(cidr)) {
        if (lease.owner) (void)pool_.adopt(*lease.owner, known.eni, lease.address, lease.assigned);
      }
    }
  }
}

std::vector<CniEni> Ipamd::attached_enis() const {
  std::vector<CniEni> enis;
  for (const auto& [id, device] : site_.enis) {
    enis.push_back({device, 0, nitro_interface_name(device), eni(id).primary_address(),
                    site_.fabric.subnet(eni(id).subnet()).cidr});
  }
  return enis;
}

// ---- the loop

void Ipamd::settle() {
  if (settled_) return;
  run_passes_at_once();
  settled_ = true;
  log_.debug(now(), ipamd_caller::new_ipamd, "node init completed successfully");
  log_.info(now(), ipamd_caller::manager,
            "IP pool manager - max pods: {}, warm IP target: {}, warm prefix target: {}, warm ENI "
            "target: {}, minimum IP target: {}",
            site_.max_pods, settings_.warm_addresses, settings_.warm_prefixes, settings_.warm_enis,
            settings_.minimum_addresses);
  after(half_interval, pool_pass);
}

void Ipamd::run_passes_at_once() {
  if (!listening_) return;
  settling_ = true;
  do {
    changed_ = false;
    run_pass();
  } while (changed_);
  settling_ = false;
}

bool Ipamd::may_provision() const { return settings_.provisions && (settling_ || !furnished_); }

/// updateIPPoolIfRequired()
void Ipamd::run_pass() {
  work_ = {};
  if (!may_provision()) return finish_pass();
  const IpamdPool::Stats seen = stats();
  const bool too_low = is_too_low(seen);
  log_.debug(
      now(), ipamd_caller::update_pool, "IP stats{} - total IPs: {}, assigned IPs: {}, cooldown IPs: {}",
      log_.names_network_cards() ? " for Network Card 0" : "", seen.total, seen.assigned, seen.cooldown);
  if (too_low) return grow();
  if (is_too_high(seen)) return shrink();
  finish_growth();
}

/// The pool was made larger or smaller, or neither: what is left of the pass is an ENI too many.
void Ipamd::finish_growth() {
  if (work_.at_start || !has_surplus_enis()) return finish_pass();
  free_eni();
}

void Ipamd::finish_pass() {
  const bool at_start = work_.at_start;
  work_ = {};
  if (!at_start) return after(half_interval, reconcile_pass);
  // Only now does a new process serve; its loop begins with a sleep.
  log_.debug(now(), ipamd_caller::new_ipamd, "node init completed successfully");
  listen();
  after(half_interval, pool_pass);
}

/// nodeIPPoolReconcile(): nobody but ipamd changes the ENIs of a node here, so that it finds what it has.
void Ipamd::run_reconcile() {
  if (const Nanoseconds since = now() - last_pool_action_; since > reconcile_interval) {
    log_.debug(now(), ipamd_caller::reconcile, "Reconciling ENI/IP pool info because time since last {} > {}",
               go_duration(since), go_duration(reconcile_interval));
    for (const IpamdPool::PooledEni& known : pool_.enis()) {
      log_.debug(now(), ipamd_caller::reconcile, "Reconcile existing ENI {} IP pool", known.resource_id);
      log_.info(now(), ipamd_caller::reconcile_addresses, "Reconcile and skip primary IP {} on ENI {}",
                eni(known.eni).primary_address(), known.resource_id);
      log_.debug(now(), ipamd_caller::reconcile, "Reconcile existing ENI {} IP prefixes", known.resource_id);
    }
    last_pool_action_ = now();
    log_.debug(now(), ipamd_caller::reconcile, "Successfully Reconciled ENI/IP pool");
    log_pool(ipamd_caller::reconcile_pool_stats);
  }
  after(half_interval, pool_pass);
}

/// What comes next, `delay` from now. While the world is built nothing takes time, and a pass has no next
/// one.
void Ipamd::after(Nanoseconds delay, EventKind kind) {
  if (!settling_) {
    engine().schedule(next_key(now() + delay), id(), kind, process_);
  } else if (kind != pool_pass && kind != reconcile_pass) {
    proceed(kind);
  }
}

void Ipamd::fire(const Event& event) {
  if (event.argument == process_) proceed(static_cast<EventKind>(event.kind));
}

void Ipamd::proceed(EventKind kind) {
  switch (kind) {
    case pool_pass:
      return run_pass();
    case reconcile_pass:
      return run_reconcile();
    case addresses_assigned:
      return on_addresses_assigned();
    case eni_created:
      return on_eni_created();
    case eni_attached:
      return on_eni_attached();
    case eni_listed:
      return on_eni_listed();
    case cidrs_unassigned:
      return on_cidrs_unassigned();
    case eni_detached:
      return on_eni_detached();
    case eni_deleted:
      return on_eni_deleted();
  }
}

// ---- the plugin's calls

Ipamd::Reply Ipamd::assign(const PodSandbox& sandbox) {
  // grpc-go, of a socket that nobody listens on; observed: amazon-vpc-cni-k8s issues
  if (!listening_) {
    return {std::nullopt,
            "add cmd: Error received from AddNetwork gRPC call: rpc error: code = Unavailable desc = "
            "connection error: desc = \"transport: Error while dialing: dial tcp 127.0.0.1:50051: connect: "
            "connection refused\""};
  }
  log_.info(now(), ipamd_caller::add_network, "Received AddNetwork for NS {}, Sandbox {}, ifname eth0",
            sandbox.netns_path, sandbox.container_id);
  log_.debug(now(), ipamd_caller::add_network,
             "AddNetworkRequest: ClientVersion:\"v{}\" K8S_POD_NAME:\"{}\" "
             "K8S_POD_NAMESPACE:\"{}\" K8S_POD_INFRA_CONTAINER_ID:\"{}\" ContainerID:\"{}\" "
             "IfName:\"eth0\" NetworkName:\"aws-cni\" Netns:\"{}\"",
             to_string(site_.version), sandbox.pod_name, sandbox.pod_namespace, sandbox.container_id,
             sandbox.container_id, sandbox.netns_path);
  if (log_.names_network_cards())
    log_.info(now(), ipamd_caller::add_network, "Required MultiNIC access false, interfaces required 1");
  furnished_ = furnished_ && !settled_;
  log_.debug(now(), ipamd_caller::assign_ipv4,
             "AssignPodIPv4Address: IP address pool stats: total {}, assigned {}", pool_.total(),
             pool_.assigned());
  auto assignment = pool_.assign(owner_of(sandbox), now());
  if (!assignment && !settled_) {
    run_passes_at_once();
    assignment = pool_.assign(owner_of(sandbox), now());
  }
  if (!assignment) return no_address();
  log_assignment(*assignment, sandbox);
  return {assignment, {}};
}

Ipamd::Reply Ipamd::no_address() {
  for (const IpamdPool::PooledEni& known : pool_.enis()) {
    log_.debug(now(), ipamd_caller::assign_ipv4,
               "AssignPodIPv4Address: ENI {} does not have available addresses", known.resource_id);
  }
  log_.error(now(), ipamd_caller::assign_ipv4, "DataStore has no available IP/Prefix addresses");
  if (log_.names_network_cards()) {
    constexpr std::string_view why = "AssignPodIPAddress: no available IP/Prefix addresses";
    log_.warn(now(), ipamd_caller::add_network, "Failed to assign IPs from network card 0: {}", why);
    log_.error(now(), ipamd_caller::add_network, "Returning failure response for AddNetwork: {}", why);
    log_.info(now(), ipamd_caller::add_network,
              "Send AddNetworkReply: Success: false IPAddr: [], resp: , err: {}", why);
  } else {
    log_.info(now(), ipamd_caller::add_network,
              "Send AddNetworkReply: IPv4Addr: , IPv6Addr: , DeviceNumber: -1, err: AssignPodIPv4Address: no "
              "available IP/Prefix addresses");
  }
  return {std::nullopt, "add cmd: failed to assign an IP address to container"};
}

void Ipamd::log_assignment(const IpamdPool::Assignment& assignment, const PodSandbox& sandbox) {
  const bool cards = log_.names_network_cards();
  if (assignment.is_duplicate) {
    log_.info(now(), ipamd_caller::assign_ipv4, "AssignPodIPv4Address: duplicate pod assign for sandbox {}",
              key_of(sandbox));
  } else {
    log_.debug(now(), ipamd_caller::unused_address, "Found a free IP not in DB - {}", assignment.address);
    log_.debug(now(), ipamd_caller::free_from_cidr, "Returning Free IP {}", assignment.address);
    log_.debug(now(), ipamd_caller::assign_ipv4, "New IP from CIDR pool- {}", assignment.address);
    log_.info(now(), ipamd_caller::mark_assigned, "assignPodIPAddressUnsafe: Assign IP {} to sandbox {}{}",
              assignment.address, key_of(sandbox),
              cards ? fmt::format(" with metadata {{K8SPodNamespace:{} K8SPodName:{} "
                                  "InterfacesCount:1}}",
                                  sandbox.pod_namespace, sandbox.pod_name)
                    : std::string());
  }
  if (cards) {
    log_.info(now(), ipamd_caller::add_network,
              "Assigned IP from network card: 0 -> IPv4: {}, IPv6: , device number: {}, ", assignment.address,
              assignment.device);
    log_.info(now(), ipamd_caller::add_network, "Address assigned from datastores:  1");
  }
  for (const Prefix& cidr : site_.cni.vpc_cidrs())
    log_.debug(now(), ipamd_caller::add_network, "VPC CIDR {}", cidr);
  for (const std::string& cidr : site_.cni.settings().exclude_snat_cidrs)
    log_.debug(now(), ipamd_caller::add_network, "CIDR SNAT Exclusion {}", cidr);
  if (!cards) {
    log_.info(now(), ipamd_caller::add_network,
              "Send AddNetworkReply: IPv4Addr: {}, IPv6Addr: , DeviceNumber: {}, err: <nil>",
              assignment.address, assignment.device);
    return;
  }
  log_.info(now(), ipamd_caller::add_network,
            "Send AddNetworkReply: Success: true IPAddr: [{}], resp: {}, err: <nil>",
            allocation_text(assignment), reply_text(assignment));
}

/// protobuf's text form leaves zeros out. rpc.proto IPAllocationMetadata (v1.20 on)
std::string Ipamd::allocation_text(const IpamdPool::Assignment& assignment) const {
  std::string text = fmt::format("IPv4Addr:\"{}\"", assignment.address);
  if (assignment.device != 0) text += fmt::format(" DeviceNumber:{}", assignment.device);
  if (log_.names_network_cards())
    text += fmt::format(" RouteTableId:{}", VpcCni::route_table_of(assignment.device, 0));
  return text;
}

std::string Ipamd::reply_text(const IpamdPool::Assignment& assignment) const {
  const std::string address = allocation_text(assignment);
  std::string text = "Success:true ";
  text += log_.names_network_cards() ? fmt::format("IPAllocationMetadata:{{{}}}", address) : address;
  if (site_.cni.settings().external_snat) text += " UseExternalSNAT:true";
  for (const Prefix& cidr : site_.cni.vpc_cidrs()) text += fmt::format(" VPCv4CIDRs:\"{}\"", cidr);
  for (const std::string& cidr : site_.cni.settings().exclude_snat_cidrs)
    text += fmt::format(" VPCv4CIDRs:\"{}\"", cidr);
  return text + " NetworkPolicyMode:\"standard\"";
}

std::string Ipamd::release_text(const IpamdPool::Assignment& assignment) const {
  const std::string address = allocation_text(assignment);
  return "Success:true " +
         (log_.names_network_cards() ? fmt::format("IPAllocationMetadata:{{{}}}", address) : address);
}

IpamdPool::Assignment Ipamd::adopt(const PodSandbox& sandbox, Ipv4Address address, std::uint32_t device) {
  const auto eni = std::ranges::find(site_.enis, device, &std::pair<EniId, std::uint32_t>::second);
  ASSERT(eni != site_.enis.end());
  return pool_.adopt(owner_of(sandbox), eni->first, address, now());
}

std::optional<IpamdPool::Assignment> Ipamd::release(const PodSandbox& sandbox) {
  if (!listening_) return std::nullopt;
  log_.info(now(), ipamd_caller::del_network, "Received DelNetwork for Sandbox {}", sandbox.container_id);
  log_.debug(now(), ipamd_caller::del_network,
             "DelNetworkRequest: ClientVersion:\"v{}\" K8S_POD_NAME:\"{}\" "
             "K8S_POD_NAMESPACE:\"{}\" K8S_POD_INFRA_CONTAINER_ID:\"{}\" Reason:\"PodDeleted\" "
             "ContainerID:\"{}\" IfName:\"eth0\" NetworkName:\"aws-cni\"",
             to_string(site_.version), sandbox.pod_name, sandbox.pod_namespace, sandbox.container_id,
             sandbox.container_id);
  furnished_ = furnished_ && !settled_;
  log_.debug(now(), ipamd_caller::unassign,
             "UnassignPodIPAddress: IP address pool stats: total {}, assigned {}, sandbox {}", pool_.total(),
             pool_.assigned(), key_of(sandbox));
  const auto released = pool_.unassign(sandbox.container_id, now());
  if (!released) {
    log_.debug(now(), ipamd_caller::unassign,
               "UnassignPodIPAddress: Failed to find IPAM entry under full key, trying CRI-migrated version");
    log_.warn(now(), ipamd_caller::unassign,
              "UnassignPodIPAddress: Failed to find sandbox _migrated-from-cri/{}/unknown",
              sandbox.container_id);
    return std::nullopt;
  }
  log_.info(now(), ipamd_caller::mark_unassigned,
            "unassignPodIPAddressUnsafe: Unassign IP {} from sandbox {}", released->address, key_of(sandbox));
  log_.info(now(), ipamd_caller::unassign, "UnassignPodIPAddress: sandbox {}'s ipAddr {}, DeviceNumber {}",
            key_of(sandbox), released->address, released->device);
  // rpc_handler.go DelNetwork(): an address of the kind that is no longer used goes back to EC2 at once.
  if ((released->cidr.length() != 32) != pool_.uses_prefixes()) {
    log_.debug(now(), ipamd_caller::del_network, "{}",
               pool_.uses_prefixes()
                   ? "IP belongs to secondary pool with PD enabled so free IP from EC2"
                   : "IP belongs to prefix pool with PD disabled so try free prefix from EC2");
    drop_other_kind(released->eni);
  }
  log_.info(now(), ipamd_caller::del_network, "{}",
            log_.names_network_cards()
                ? fmt::format("Send DelNetworkReply: IPAddress: [{}], err: <nil>", allocation_text(*released))
                : fmt::format("Send DelNetworkReply: IPv4Addr: {}, IPv6Addr: , DeviceNumber: {}, err: <nil>",
                              released->address, released->device));
  return released;
}

IpamdPool::Owner Ipamd::owner_of(const PodSandbox& sandbox) {
  return {sandbox.container_id, sandbox.pod_namespace, sandbox.pod_name};
}

}  // namespace ekspath
