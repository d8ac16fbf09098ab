#include "sim/eks/vpc_cni.hh"

#include <algorithm>
#include <cerrno>

#include "sim/base/assert.hh"
#include "sim/base/shell_words.hh"
#include "sim/eks/digest.hh"
#include "sim/linux/netfilter/iptables_text.hh"

namespace ekspath {
namespace {

// driver.go, network.go
constexpr std::uint32_t to_pod_priority = 512;
constexpr std::uint32_t mark_priority = 1024;
constexpr std::uint32_t external_service_priority = 1535;
constexpr std::uint32_t from_pod_priority = 1536;
constexpr std::uint32_t from_eni_priority = 32765;
constexpr Ipv4Address pod_gateway(169, 254, 1, 1);

/// A command of the agent that its authors do not expect to fail; if ours does, the fault is ours.
void run(Netns& netns, const std::string& line) {
  const CommandResult result = iptables(netns, line);
  if (result.status != 0) fmt::print(stderr, "iptables {}: {}", line, result.err);
  ASSERT(result.status == 0);
}

PolicyRule lookup_rule(std::uint32_t priority, std::uint32_t table) {
  PolicyRule rule;
  rule.priority = priority;
  rule.table = table;
  return rule;
}

PolicyRule to_pod_rule(Ipv4Address pod) {
  PolicyRule rule = lookup_rule(to_pod_priority, route_table::main);
  rule.to = Prefix(pod, 32);
  return rule;
}

/// RuleDel, then RuleAdd: the rule moves behind its equals. driver.go addContainerRule()
void renew_rule(Netns& netns, const PolicyRule& rule) {
  while (netns.routing.delete_rule(rule) == 0) {
  }
  ASSERT(netns.routing.add_rule(rule) == 0);
}

void add_or_replace(Netns& netns, std::uint32_t table, const Route& route) {
  ASSERT(netns.routing.replace_route(table, route) == 0);
}

MacAddress random_mac(Random& draws) {
  MacAddress mac;
  for (auto& byte : mac.bytes) byte = static_cast<std::uint8_t>(draws.uniform(256));
  mac.bytes[0] = static_cast<std::uint8_t>((mac.bytes[0] | 0x02) & 0xfe);
  return mac;
}

}  // namespace

VpcCni::VpcCni(Netns& host, CniVersion version, std::vector<Prefix> vpc_cidrs, const LinkSpec& veth)
    : host_(&host),
      version_(version),
      vpc_cidrs_(std::move(vpc_cidrs)),
      veth_(veth),
      mac_draws_(host.random("cni veth mac")) {}

std::string VpcCni::host_veth_name(std::string_view prefix, std::string_view pod_namespace,
                                   std::string_view name) {
  std::string hex;
  for (const std::uint8_t byte : sha1(fmt::format("{}.{}", pod_namespace, name)))
    hex += fmt::format("{:02x}", byte);
  return std::string(prefix) + hex.substr(0, 11);
}

std::uint32_t VpcCni::route_table_of(std::uint32_t device, std::uint32_t network_card) {
  if (network_card > 0) return 10000 + 100 * network_card + device;
  return device == 0 ? route_table::main : device + 1;
}

void VpcCni::start(const CniEnvironment& environment, const std::vector<CniEni>& enis) {
  settings_ = CniSettings::read(environment);
  const auto primary = std::ranges::find(enis, 0U, &CniEni::device);
  ASSERT(primary != enis.end());
  ASSERT(write_sysctl(*host_, fmt::format("net.ipv4.conf.{}.rp_filter", primary->interface), "2") == 0);
  ASSERT(write_sysctl(*host_, "net.ipv4.tcp_early_demux", "1") == 0);

  enis_.assign(1, *primary);
  set_up_host_network();
  for (const CniEni& eni : enis) {
    if (eni.device != 0) set_up_eni(eni);
  }
  // ipamd.go configureIPRulesForPods()
  for (const CniPod& pod : pods_) {
    delete_from_pod_rules(pod.address);
    add_from_pod_rules(pod);
  }
}

/// network.go SetupHostNetwork(), UpdateHostSNATRules(), UpdateExternalServiceIpRules()
void VpcCni::set_up_host_network() {
  Interface* primary = host_->find_interface(enis_.front().interface);
  ASSERT(primary != nullptr);
  primary->mtu = settings_.eni_mtu;

  PolicyRule marked = lookup_rule(mark_priority, route_table::main);
  marked.fwmark = marked.fwmask = settings_.connmark;
  (void)host_->routing.delete_rule(marked);
  const bool wants_mark = settings_.node_port_support || (has_connmark() && !settings_.external_snat);
  if (wants_mark) ASSERT(host_->routing.add_rule(marked) == 0);

  apply(snat_rules());
  if (has_connmark()) apply(connmark_rules());
  set_up_external_service_rules();
}

void VpcCni::set_up_external_service_rules() {
  const std::vector<PolicyRule> rules = host_->routing.rules();
  for (const PolicyRule& rule : rules) {
    if (rule.priority == external_service_priority) ASSERT(host_->routing.delete_rule(rule) == 0);
  }
  for (const Prefix& cidr : settings_.external_service_cidrs) {
    PolicyRule rule = lookup_rule(external_service_priority, route_table::main);
    rule.to = cidr;
    ASSERT(host_->routing.add_rule(rule) == 0);
  }
}

void VpcCni::set_up_eni(const CniEni& eni) {
  Interface* interface = host_->find_interface(eni.interface);
  ASSERT(interface != nullptr);
  const std::uint32_t table = route_table_of(eni.device, eni.network_card);
  interface->mtu = settings_.eni_mtu;
  host_->set_up(*interface, true);
  while (!interface->addresses.empty())
    ASSERT(host_->delete_address(*interface, interface->addresses.front().address) == 0);
  ASSERT(host_->add_address(*interface, {.address = eni.primary_address,
                                         .prefix_length = static_cast<std::uint8_t>(eni.subnet.length())}) ==
         0);
  // The gateway is the subnet's base + 1. network.go setupENINetwork()
  const Ipv4Address gateway = eni.subnet.network().plus(1);
  add_or_replace(
      *host_, table,
      Route{.prefix = Prefix(gateway, 32), .scope = RouteScope::link, .out_interface = interface->index});
  add_or_replace(*host_, table,
                 Route{.prefix = Prefix(), .out_interface = interface->index, .gateway = gateway});
  // The kernel's own route would send the primary subnet's traffic out of this ENI.
  const Route connected{.prefix = eni.subnet,
                        .scope = RouteScope::link,
                        .protocol = RouteProtocol::kernel,
                        .out_interface = interface->index,
                        .preferred_source = eni.primary_address};
  ASSERT(host_->routing.delete_route(route_table::main, connected) == 0);

  if (version_ >= CniVersion{1, 20, 0}) {
    PolicyRule from_eni = lookup_rule(from_eni_priority, table);
    from_eni.from = Prefix(eni.primary_address, 32);
    renew_rule(*host_, from_eni);
  }
  if (std::ranges::find(enis_, eni.device, &CniEni::device) == enis_.end()) enis_.push_back(eni);
}

void VpcCni::tear_down_eni(std::uint32_t device) {
  const auto gone = std::ranges::find(enis_, device, &CniEni::device);
  ASSERT(gone != enis_.end());
  if (version_ >= CniVersion{1, 20, 0}) {
    PolicyRule from_eni = lookup_rule(from_eni_priority, route_table_of(device, gone->network_card));
    from_eni.from = Prefix(gone->primary_address, 32);
    (void)host_->routing.delete_rule(from_eni);
  }
  enis_.erase(gone);
}

void VpcCni::add_pod(const CniPod& pod, Netns& pod_netns) {
  const std::string veth = host_veth_name(settings_.veth_prefix, pod.pod_namespace, pod.name);
  if (Interface* old = host_->find_interface(veth)) host_->delete_interface(*old);
  const MacAddress host_mac = unused_mac();
  Random kernel_draws = pod_netns.random("eth0 mac");
  Netns::add_veth(pod_netns, "eth0", random_mac(kernel_draws), *host_, veth, host_mac, settings_.pod_mtu,
                  veth_);
  Interface& host_end = *host_->find_interface(veth);
  Interface& pod_end = *pod_netns.find_interface("eth0");
  host_->set_up(host_end, true);
  pod_netns.set_up(pod_end, true);

  add_or_replace(
      pod_netns, route_table::main,
      Route{.prefix = Prefix(pod_gateway, 32), .scope = RouteScope::link, .out_interface = pod_end.index});
  add_or_replace(pod_netns, route_table::main,
                 Route{.prefix = Prefix(), .out_interface = pod_end.index, .gateway = pod_gateway});
  ASSERT(pod_netns.add_address(pod_end, {.address = pod.address}) == 0);
  ASSERT(pod_netns.neighbours.add({pod_gateway, pod_end.index, host_mac, NeighbourState::permanent}) == 0);

  add_or_replace(
      *host_, route_table::main,
      Route{.prefix = Prefix(pod.address, 32), .scope = RouteScope::link, .out_interface = host_end.index});
  renew_rule(*host_, to_pod_rule(pod.address));
  add_from_pod_rules(pod);
  pods_.push_back(pod);
}

void VpcCni::delete_pod(const CniPod& pod) {
  (void)host_->routing.delete_rule(to_pod_rule(pod.address));
  delete_from_pod_rules(pod.address);
  (void)host_->routing.delete_route(route_table::main, Route{.prefix = Prefix(pod.address, 32)});
  if (Interface* veth =
          host_->find_interface(host_veth_name(settings_.veth_prefix, pod.pod_namespace, pod.name))) {
    host_->delete_interface(*veth);
  }
  std::erase_if(pods_, [&](const CniPod& known) { return known.address == pod.address; });
}

MacAddress VpcCni::unused_mac() {
  // driver.go generateUniqueRandomMAC(): ten tries, then an error that no node was ever seen to reach.
  for (int attempt = 0; attempt < 10; ++attempt) {
    const MacAddress mac = random_mac(mac_draws_);
    const auto interfaces = host_->interfaces();
    if (std::ranges::none_of(interfaces, [&](const Interface* known) { return known->mac == mac; }))
      return mac;
  }
  ASSERT(false && "a free MAC address");
  return {};
}

void VpcCni::add_from_pod_rules(const CniPod& pod) {
  const std::uint32_t table = route_table_of(pod.device, 0);
  if (table == route_table::main) return;
  PolicyRule rule = lookup_rule(from_pod_priority, table);
  rule.from = Prefix(pod.address, 32);
  if (has_connmark() || settings_.external_snat) {
    renew_rule(*host_, rule);
    return;
  }
  // v1.7.10 driver.go setupNS(): one rule for each CIDR that is not translated; the rest leaves by main.
  std::vector<Prefix> cidrs = vpc_cidrs_;
  for (const std::string& excluded : settings_.exclude_snat_cidrs)
    cidrs.push_back(*Prefix::parse_loose(excluded));
  for (const Prefix& cidr : cidrs) {
    rule.to = cidr;
    renew_rule(*host_, rule);
  }
}

void VpcCni::delete_from_pod_rules(Ipv4Address address) {
  const std::vector<PolicyRule> rules = host_->routing.rules();
  for (const PolicyRule& rule : rules) {
    if (rule.priority == from_pod_priority && rule.from == Prefix(address, 32)) {
      ASSERT(host_->routing.delete_rule(rule) == 0);
    }
  }
}

/// One chain per CIDR until v1.16.0; v1.16.2 flattened them (commit 21c4bd7).
bool VpcCni::chained() const { return version_ < CniVersion{1, 16, 2}; }
/// v1.8.0 brought the connmark of outbound connections.
bool VpcCni::has_connmark() const { return version_ >= CniVersion{1, 8, 0}; }

/// network.go buildIptablesSNATRules()
std::vector<VpcCni::RuleWish> VpcCni::snat_rules() {
  struct Cidr {
    std::string text;
    bool excluded;
  };
  std::vector<Cidr> cidrs;
  for (const Prefix& cidr : vpc_cidrs_) cidrs.push_back({fmt::format("{}", cidr), false});
  for (const std::string& cidr : settings_.exclude_snat_cidrs) cidrs.push_back({cidr, true});

  const bool wanted = !settings_.external_snat;
  const auto chain = [](std::size_t number) { return fmt::format("AWS-SNAT-CHAIN-{}", number); };
  const std::size_t chains = chained() ? cidrs.size() + 1 : 1;
  for (std::size_t i = 0; i < chains; ++i) (void)iptables(*host_, fmt::format("-t nat -N {}", chain(i)));

  std::vector<RuleWish> wishes;
  wishes.push_back(
      {wanted, false, "nat", "POSTROUTING", "-m comment --comment \"AWS SNAT CHAIN\" -j AWS-SNAT-CHAIN-0"});
  for (std::size_t i = 0; i < cidrs.size(); ++i) {
    const std::string comment = cidrs[i].excluded ? "AWS SNAT CHAIN EXCLUSION" : "AWS SNAT CHAIN";
    if (chained()) {
      wishes.push_back(
          {wanted, false, "nat", chain(i),
           fmt::format("! -d {} -m comment --comment \"{}\" -j {}", cidrs[i].text, comment, chain(i + 1))});
    } else {
      wishes.push_back({wanted, true, "nat", chain(0),
                        fmt::format("-d {} -m comment --comment \"{}\" -j RETURN", cidrs[i].text, comment)});
    }
  }
  std::string snat = fmt::format(
      "! -o vlan+ -m comment --comment \"AWS, SNAT\" -m addrtype ! --dst-type LOCAL -j SNAT --to-source {}",
      enis_.front().primary_address);
  if (settings_.randomize == CniSettings::RandomizeSnat::prng) snat += " --random-fully";
  if (settings_.randomize == CniSettings::RandomizeSnat::hashrandom) snat += " --random";
  const RuleWish last{wanted, false, "nat", chain(chains - 1), snat};
  // The flat form looks for stale rules before it knows its last one, so each pass deletes and appends that
  // one anew.
  if (chained()) wishes.push_back(last);
  const auto stale = stale_rules("AWS-SNAT-CHAIN", wishes);
  wishes.insert(wishes.end(), stale.begin(), stale.end());
  if (!chained()) wishes.push_back(last);

  const bool node_port = settings_.node_port_support;
  const bool restore = node_port || (has_connmark() && !settings_.external_snat);
  const std::uint32_t mark = settings_.connmark;
  const std::string prefix = has_connmark() ? settings_.veth_prefix : "eni";
  wishes.push_back(
      {node_port, false, "mangle", "PREROUTING",
       fmt::format("-i {} -m comment --comment \"AWS, primary ENI\" -m addrtype --dst-type LOCAL "
                   "--limit-iface-in -j CONNMARK --set-mark {:#x}/{:#x}",
                   enis_.front().interface, mark, mark)});
  wishes.push_back(
      {restore, false, "mangle", "PREROUTING",
       fmt::format("-i {}+ -m comment --comment \"AWS, primary ENI\" -j CONNMARK --restore-mark --mask {:#x}",
                   prefix, mark)});
  wishes.push_back(
      {node_port, false, "mangle", "PREROUTING",
       fmt::format(
           "-i vlan+ -m comment --comment \"AWS, primary ENI\" -j CONNMARK --restore-mark --mask {:#x}",
           mark)});
  return wishes;
}

/// network.go buildIptablesConnmarkRules() (v1.8.0 to v1.22)
std::vector<VpcCni::RuleWish> VpcCni::connmark_rules() {
  struct Cidr {
    std::string text;
    std::string comment;
  };
  std::vector<Cidr> cidrs;
  for (const Prefix& cidr : vpc_cidrs_)
    cidrs.push_back({fmt::format("{}", cidr), "AWS CONNMARK CHAIN, VPC CIDR"});
  for (const std::string& cidr : settings_.exclude_snat_cidrs) {
    cidrs.push_back({cidr, "AWS CONNMARK CHAIN, EXCLUDED CIDR"});
  }
  const bool wanted = !settings_.external_snat;
  const auto chain = [](std::size_t number) { return fmt::format("AWS-CONNMARK-CHAIN-{}", number); };
  const std::size_t chains = chained() ? cidrs.size() + 1 : 1;
  for (std::size_t i = 0; i < chains; ++i) (void)iptables(*host_, fmt::format("-t nat -N {}", chain(i)));

  const std::string& prefix = settings_.veth_prefix;
  std::vector<RuleWish> wishes;
  wishes.push_back(
      {false, false, "nat", "PREROUTING",
       fmt::format("-i {}+ -m comment --comment \"AWS, outbound connections\" -m state --state NEW "
                   "-j AWS-CONNMARK-CHAIN-0",
                   prefix)});
  wishes.push_back(
      {wanted, false, "nat", "PREROUTING",
       fmt::format("-i {}+ -m comment --comment \"AWS, outbound connections\" -j AWS-CONNMARK-CHAIN-0",
                   prefix)});
  for (std::size_t i = 0; i < cidrs.size(); ++i) {
    if (chained()) {
      wishes.push_back({wanted, false, "nat", chain(i),
                        fmt::format("! -d {} -m comment --comment \"{}\" -j {}", cidrs[i].text,
                                    cidrs[i].comment, chain(i + 1))});
    } else {
      wishes.push_back(
          {wanted, true, "nat", chain(0),
           fmt::format("-d {} -m comment --comment \"{}\" -j RETURN", cidrs[i].text, cidrs[i].comment)});
    }
  }
  const RuleWish set_mark{
      wanted, false, "nat", chain(chains - 1),
      fmt::format("-m comment --comment \"AWS, CONNMARK\" -j CONNMARK --set-xmark {:#x}/{:#x}",
                  settings_.connmark, settings_.connmark)};
  if (chained()) wishes.push_back(set_mark);
  // Deleted first, so that it stays the last rule of PREROUTING.
  RuleWish restore{
      false, false, "nat", "PREROUTING",
      fmt::format("-m comment --comment \"AWS, CONNMARK\" -j CONNMARK --restore-mark --mask {:#x}",
                  settings_.connmark)};
  wishes.push_back(restore);
  restore.should_exist = wanted;
  wishes.push_back(restore);
  const auto stale = stale_rules("AWS-CONNMARK-CHAIN", wishes);
  wishes.insert(wishes.end(), stale.begin(), stale.end());
  if (!chained()) wishes.push_back(set_mark);
  return wishes;
}

/// network.go computeStaleIptablesRules(): rules of our chains that nobody wishes for, compared as words of
/// `iptables -S`.
std::vector<VpcCni::RuleWish> VpcCni::stale_rules(std::string_view chain_prefix,
                                                  const std::vector<RuleWish>& wishes) {
  std::vector<RuleWish> stale;
  const std::string listing = iptables(*host_, "-t nat -S").out;
  for (std::size_t at = 0; at < listing.size();) {
    const std::size_t end = listing.find('\n', at);
    const std::string_view line = std::string_view(listing).substr(at, end - at);
    at = end + 1;
    if (!line.starts_with("-A ") || !line.substr(3).starts_with(chain_prefix)) continue;
    const std::size_t blank = line.find(' ', 3);
    const std::string chain(line.substr(3, blank - 3));
    const std::string rule(line.substr(blank + 1));
    const auto words = shell_words(rule);
    const bool wished = std::ranges::any_of(
        wishes, [&](const RuleWish& wish) { return wish.chain == chain && shell_words(wish.rule) == words; });
    if (!wished) stale.push_back({false, false, "nat", chain, rule});
  }
  return stale;
}

/// network.go updateIptablesRules()
void VpcCni::apply(const std::vector<RuleWish>& wishes) {
  for (const RuleWish& wish : wishes) {
    const bool exists =
        iptables(*host_, fmt::format("-t {} -C {} {}", wish.table, wish.chain, wish.rule)).status == 0;
    if (exists == wish.should_exist) continue;
    if (!wish.should_exist) {
      run(*host_, fmt::format("-t {} -D {} {}", wish.table, wish.chain, wish.rule));
    } else if (wish.insert_first) {
      run(*host_, fmt::format("-t {} -I {} 1 {}", wish.table, wish.chain, wish.rule));
    } else {
      run(*host_, fmt::format("-t {} -A {} {}", wish.table, wish.chain, wish.rule));
    }
  }
}

}  // namespace ekspath
