#include "sim/eks/kube_proxy/udp_cleanup.hh"

#include <algorithm>
#include <set>


namespace ekspath {
namespace {

constexpr std::uint8_t udp_protocol = 17;

/// What `conntrack -D -p udp` is asked to delete. --orig-dst and --dport are of the original direction;
/// --dst-nat is the reply's source where the destination was translated.
struct StaleUdp {
  std::set<Ipv4Address> addresses;                                     // --orig-dst A
  std::set<std::uint16_t> ports;                                       // --dport P
  std::set<std::pair<Ipv4Address, Ipv4Address>> address_translations;  // --orig-dst A --dst-nat E
  std::set<std::pair<std::uint16_t, Ipv4Address>> port_translations;   // --dport P --dst-nat E

  [[nodiscard]] bool empty() const {
    return addresses.empty() && ports.empty() && address_translations.empty() && port_translations.empty();
  }
  [[nodiscard]] bool covers(const Connection& connection) const {
    const Tuple& original = connection.original;
    if (original.protocol != udp_protocol) return false;
    if (addresses.contains(original.destination) || ports.contains(original.destination_port)) return true;
    if (!connection.has(connection_status::dst_nat)) return false;
    const Ipv4Address endpoint = connection.reply.source;
    return address_translations.contains({original.destination, endpoint}) ||
           port_translations.contains({original.destination_port, endpoint});
  }
};

/// Every address that traffic to the port may have been sent to.
template <class Visit>
void for_each_address(const ServicePort& port, const Visit& visit) {
  visit(port.cluster_ip);
  std::ranges::for_each(port.external_ips, visit);
  std::ranges::for_each(port.load_balancer_ips, visit);
}

void add_stale(StaleUdp& stale, const ServiceTable::UdpState& before, const ServiceTable::UdpState& after,
               const ServiceTable& table) {
  for (const auto& [name, cluster_ip] : before.ports) {
    if (!after.ports.contains(name)) stale.addresses.insert(cluster_ip);
  }
  for (const auto& [name, serving] : before.serving) {
    const ServiceTable::Entry* entry = table.find(name);
    if (entry == nullptr) continue;
    const auto still = after.serving.find(name);
    for (const auto& endpoint : serving) {
      if (still != after.serving.end() && std::ranges::find(still->second, endpoint) != still->second.end())
        continue;
      if (entry->port.node_port != 0) stale.port_translations.emplace(entry->port.node_port, endpoint.first);
      for_each_address(entry->port, [&](Ipv4Address address) {
        stale.address_translations.emplace(address, endpoint.first);
      });
    }
  }
  for (const auto& [name, serving] : after.serving) {
    const ServiceTable::Entry* entry = table.find(name);
    const auto old = before.serving.find(name);
    const bool was_served = old != before.serving.end() && !old->second.empty();
    if (entry == nullptr || serving.empty() || was_served) continue;
    for_each_address(entry->port, [&](Ipv4Address address) { stale.addresses.insert(address); });
    if (entry->port.node_port != 0) stale.ports.insert(entry->port.node_port);
  }
}

}  // namespace

void clean_stale_udp(Conntrack& conntrack, const std::map<ServiceName, ServiceTable::UdpState>& before,
                     const ServiceTable& now) {
  StaleUdp stale;
  for (const auto& [service, state] : before) add_stale(stale, state, now.udp_state(service), now);
  if (stale.empty()) return;
  static_cast<void>(
      conntrack.erase_if([&](const Connection& connection) { return stale.covers(connection); }));
}

}  // namespace ekspath
