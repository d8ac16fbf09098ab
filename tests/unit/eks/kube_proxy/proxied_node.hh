#pragma once

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "sim/eks/kube_proxy.hh"
#include "sim/eks/kubelet.hh"
#include "sim/linux/netfilter/iptables_text.hh"
#include "tests/support/linux/world.hh"
#include "tests/support/text/snapshot.hh"

namespace ekspath {

/// "10.0.1.10:80@node1"; behind it "?" not ready, "!" draining (terminating, still serving).
inline ServiceEndpoint endpoint(std::string_view text) {
  ServiceEndpoint result;
  if (text.ends_with('?')) result.ready = result.serving = false;
  if (text.ends_with('!')) {
    result.ready = false;
    result.terminating = true;
  }
  if (text.ends_with('?') || text.ends_with('!')) text.remove_suffix(1);
  const std::size_t colon = text.find(':');
  const std::size_t at = text.find('@');
  result.address = *Ipv4Address::parse(text.substr(0, colon));
  result.port = static_cast<std::uint16_t>(std::stoi(std::string(text.substr(colon + 1, at - colon - 1))));
  result.node = at == std::string_view::npos ? "node2" : std::string(text.substr(at + 1));
  return result;
}

/// default/web, TCP port 80 at 10.100.44.7, until a test says otherwise.
inline ServicePort web(std::string_view port_name = "") {
  ServicePort port;
  port.name = {{"default", "web"}, std::string(port_name), ServiceProtocol::tcp};
  port.cluster_ip = Ipv4Address(10, 100, 44, 7);
  port.port = 80;
  return port;
}

/// A node, 192.168.1.10, with the rules of kubelet and of a kube-proxy.
struct ProxiedNode {
  LinuxWorld world{"pod(10.0.0.5) -- node(10.0.0.1, 192.168.1.10) -- outside(192.168.1.99)"};
  Netns& netns = world["node"];
  ServiceTable services;
  KubeProxy proxy;

  explicit ProxiedNode(int minor = 31)
      : proxy(netns, {1, minor}, {"node1", Ipv4Address(192, 168, 1, 10)}, services) {
    CHECK(netns.routing.add_route(route_table::main, {.prefix = Prefix(),
                                                      .out_interface = world.at("node/e1").index,
                                                      .gateway = Ipv4Address(192, 168, 1, 99)}) == 0);
    start_kubelet_network(netns);
    proxy.start();
  }

  /// The service and what is behind it become this, and the proxy syncs.
  void serve(const ServicePort& port, std::initializer_list<std::string_view> endpoints) {
    const ServiceTable::UdpState before = services.udp_state(port.name.service);
    ServiceTable::NamedEndpoints behind{port.name.port, port.name.protocol, {}};
    for (const std::string_view text : endpoints) behind.endpoints.push_back(endpoint(text));
    bool changed = services.put_service(port.name.service, {port});
    changed = services.put_endpoints(port.name.service, {behind}) || changed;
    if (changed) proxy.note_change(port.name.service, before);
    CHECK(proxy.sync());
  }
  void remove(const ServiceName& service) {
    const ServiceTable::UdpState before = services.udp_state(service);
    services.put_service(service, {});
    services.put_endpoints(service, {});
    proxy.note_change(service, before);
    CHECK(proxy.sync());
  }

  /// The rules of a table as `iptables -S` prints them that are of a service: what the fixed ones add to.
  std::string rules(std::string_view table) {
    std::string text;
    const std::string all = iptables(netns, fmt::format("-t {} -S", table)).out;
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t end = all.find('\n', at) + 1;
      const std::string line = all.substr(at, end - at);
      if (line.starts_with("-A") && line.find("default/") != std::string::npos) text += line;
      if (line.starts_with("-A KUBE-EXT-") && line.find("default/") == std::string::npos) text += line;
      at = end;
    }
    return text;
  }
  std::string chains() {
    std::string text;
    const std::string all = iptables(netns, "-t nat -S").out;
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t end = all.find('\n', at) + 1;
      const std::string line = all.substr(at, end - at);
      for (const std::string_view prefix :
           {"-N KUBE-SVC-", "-N KUBE-SVL-", "-N KUBE-EXT-", "-N KUBE-FW-", "-N KUBE-SEP-"}) {
        if (line.starts_with(prefix)) text += line;
      }
      at = end;
    }
    return text;
  }
};

}  // namespace ekspath
