#include "sim/eks/kube_proxy/service_table.hh"

#include <set>

namespace ekspath {

bool ServiceTable::put_service(const ServiceName& service, std::vector<ServicePort> ports) {
  const auto known = services_.find(service);
  if (known == services_.end() ? ports.empty() : known->second == ports) return false;
  if (ports.empty()) {
    services_.erase(known);
  } else {
    services_[service] = std::move(ports);
  }
  rebuild(service);
  return true;
}

bool ServiceTable::put_endpoints(const ServiceName& service, std::vector<NamedEndpoints> endpoints) {
  std::map<PortKey, std::vector<ServiceEndpoint>> by_port;
  for (NamedEndpoints& part : endpoints) {
    auto& list = by_port[{part.port, part.protocol}];
    for (ServiceEndpoint& endpoint : part.endpoints) list.push_back(std::move(endpoint));
  }
  std::map<PortKey, PortEndpoints> sorted;
  for (auto& [key, list] : by_port) {
    sorted[key] = in_chain_order({service, key.first, key.second}, std::move(list));
  }
  const auto same = [](const auto& a, const auto& b) {
    return a.first == b.first && a.second.endpoints == b.second.endpoints;
  };
  auto& known = endpoints_[service];
  const bool changed = !std::equal(known.begin(), known.end(), sorted.begin(), sorted.end(), same);
  if (changed) {
    known = std::move(sorted);
    rebuild(service);
  }
  if (endpoints_[service].empty()) endpoints_.erase(service);
  return changed;
}

/// The entries of a service anew, from both sides.
void ServiceTable::rebuild(const ServiceName& service) {
  const auto first = entries_.lower_bound({service, "", ServiceProtocol::tcp});
  auto end = first;
  while (end != entries_.end() && end->first.service == service) {
    endpoint_count_ -= end->second.endpoints.endpoints.size();
    written_.erase(end->first);
    ++end;
  }
  entries_.erase(first, end);
  const auto ports = services_.find(service);
  if (ports == services_.end()) return;
  const auto endpoints = endpoints_.find(service);
  for (const ServicePort& port : ports->second) {
    Entry entry{port, {}};
    if (endpoints != endpoints_.end()) {
      const auto behind = endpoints->second.find({port.name.port, port.name.protocol});
      if (behind != endpoints->second.end()) entry.endpoints = behind->second;
    }
    endpoint_count_ += entry.endpoints.endpoints.size();
    entries_.emplace(port.name, std::move(entry));
  }
}

const ServiceTable::Entry* ServiceTable::find(const ServicePortName& name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

const PortRules& ServiceTable::rules(const Entry& entry, const ProxyNode& node, RuleStyle style) const {
  if (!same_on_all_nodes(entry.port)) {
    of_one_node_ = port_rules(entry.port, entry.endpoints, node, style);
    return of_one_node_;
  }
  const auto known = written_.find(entry.port.name);
  if (known != written_.end() && known->second.style == style) return known->second.rules;
  Written& written = written_[entry.port.name];
  written = {style, port_rules(entry.port, entry.endpoints, node, style)};
  return written.rules;
}

ServiceTable::UdpState ServiceTable::udp_state(const ServiceName& service) const {
  UdpState state;
  if (const auto ports = services_.find(service); ports != services_.end()) {
    for (const ServicePort& port : ports->second) {
      if (port.name.protocol == ServiceProtocol::udp) state.ports.emplace(port.name, port.cluster_ip);
    }
  }
  const auto endpoints = endpoints_.find(service);
  if (endpoints == endpoints_.end()) return state;
  for (const auto& [key, behind] : endpoints->second) {
    if (key.second != ServiceProtocol::udp) continue;
    auto& serving = state.serving[{service, key.first, key.second}];
    for (std::size_t i = 0; i < behind.endpoints.size(); ++i) {
      if (behind.endpoints[i].serving) serving.emplace_back(behind.endpoints[i].address, behind.texts[i]);
    }
  }
  return state;
}

std::size_t ServiceTable::local_ready_endpoints(const ServiceName& service, const std::string& node) const {
  std::set<Ipv4Address> addresses;
  const auto endpoints = endpoints_.find(service);
  if (endpoints == endpoints_.end()) return 0;
  for (const auto& [key, behind] : endpoints->second) {
    for (const ServiceEndpoint& endpoint : behind.endpoints) {
      if (endpoint.ready && endpoint.node == node) addresses.insert(endpoint.address);
    }
  }
  return addresses.size();
}

}  // namespace ekspath
