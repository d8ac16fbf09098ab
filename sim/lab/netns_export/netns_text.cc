#include "sim/lab/netns_export/netns_text.hh"

#include <algorithm>

#include "sim/linux/netfilter/ipset.hh"
#include "sim/linux/netfilter/iptables_text.hh"

namespace ekspath {
namespace {

/// Slashes where sysctl(8) has dots, and dots where a name of an interface has them.
std::string path_of_sysctl(std::string name) {
  for (char& c : name) c = c == '/' ? '.' : c == '.' ? '/' : c;
  return name;
}

/// net.ipv4.ip_forward and conf.all.forwarding set every interface: they come first, and each interface has
/// the last word. The size of the connection table is one for all namespaces (facts/linux-datapath.md 3).
std::string sysctl_lines(const Netns& netns) {
  std::vector<std::string> names = sysctl_names(netns);
  const auto rank = [](const std::string& name) {
    if (name == "net.ipv4.ip_forward") return 0;
    if (name.starts_with("net.ipv4.conf.all.")) return 1;
    return name.starts_with("net.ipv4.conf.default.") ? 2 : 3;
  };
  std::ranges::stable_sort(names, {}, rank);
  std::string lines;
  for (const std::string& name : names) {
    if (name.ends_with("nf_conntrack_max") || name.ends_with("nf_conntrack_buckets")) continue;
    std::string value = read_sysctl(netns, name).value_or("");
    std::ranges::replace(value, '\t', ' ');
    lines += fmt::format("{} {}\n", path_of_sysctl(name), value);
  }
  // What the simulated TCP's windows follow from, and no setting of it. Linux 6.1 net/ipv4/tcp.c tcp_init()
  return lines + "net/ipv4/tcp_rmem 4096 131072 6291456\n";
}

std::string_view scope_word(InterfaceAddress::Scope scope) {
  switch (scope) {
    case InterfaceAddress::Scope::global:
      return "global";
    case InterfaceAddress::Scope::link:
      return "link";
    case InterfaceAddress::Scope::host:
      return "host";
  }
  return "global";
}

std::string address_line(const Interface& interface, const InterfaceAddress& address) {
  const bool broadcast = address.prefix_length < 31 && address.scope != InterfaceAddress::Scope::host;
  return fmt::format("address add {}/{}{} dev {} scope {}{}\n", address.address, address.prefix_length,
                     broadcast ? " brd +" : "", interface.name, scope_word(address.scope),
                     address.connected_route ? "" : " noprefixroute");
}

/// The routes that the kernel adds to main by itself for what address_line() says. Linux 6.1
/// net/ipv4/fib_frontend.c fib_add_ifaddr()
std::vector<Route> connected_routes(const Netns& netns) {
  std::vector<Route> routes;
  for (const auto& interface : netns.owned_interfaces()) {
    if (!interface->up || interface->kind == InterfaceKind::loopback) continue;
    for (const InterfaceAddress& address : interface->addresses) {
      if (address.prefix_length == 32 || !address.connected_route || address.secondary) continue;
      Route route;
      route.prefix = address.prefix();
      route.scope = RouteScope::link;
      route.protocol = RouteProtocol::kernel;
      route.out_interface = interface->index;
      route.preferred_source = address.address;
      routes.push_back(route);
    }
  }
  return routes;
}

std::string without(std::string text, std::string_view word) {
  if (const std::size_t at = text.find(word); at != std::string::npos) text.erase(at, word.size());
  return text;
}

std::string route_words(const Netns& netns, const Route& route, std::uint32_t table) {
  std::string words = without(netns.routing.text(route), " linkdown");
  // Without a gateway `ip route add` takes it for scope link.
  const bool on_link = route.type == RouteType::unicast && route.gateway.is_unspecified();
  if (on_link && route.scope == RouteScope::global) words += " scope global";
  return fmt::format("{} table {}", words, table);
}

/// Every table but the kernel's own `local`; what a gateway is reached by comes before the gateway.
std::string route_lines(const Netns& netns) {
  std::string lines;
  std::vector<Route> connected = connected_routes(netns);
  std::vector<std::pair<std::uint32_t, Route>> others;
  for (const std::uint32_t table : netns.routing.tables()) {
    for (const Route& route : netns.routing.routes(table)) {
      if (table == route_table::local && route.protocol == RouteProtocol::kernel) continue;
      const auto own = std::ranges::find(connected, route);
      if (table == route_table::main && own != connected.end()) {
        connected.erase(own);
      } else {
        others.emplace_back(table, route);
      }
    }
  }
  for (const Route& gone : connected) {
    lines += fmt::format("route del {}\n", route_words(netns, gone, route_table::main));
  }
  std::ranges::stable_sort(others, {}, [](const auto& one) { return !one.second.gateway.is_unspecified(); });
  for (const auto& [table, route] : others) {
    lines += fmt::format("route add {}\n", route_words(netns, route, table));
  }
  return lines;
}

/// A new namespace has three rules; `rule flush` leaves the first, the table `local` before all others.
std::string rule_lines(const Netns& netns) {
  std::string lines = "rule flush\n";
  bool local_first = false;
  std::string added;
  for (const PolicyRule& rule : netns.routing.rules()) {
    const std::string text = without(netns.routing.text(rule), " [detached]");
    if (text == "0:\tfrom all lookup local" && !local_first) {
      local_first = true;
      continue;
    }
    added += fmt::format("rule add pref {} {}\n", rule.priority, text.substr(text.find('\t') + 1));
  }
  if (!local_first) lines += "rule del pref 0\n";
  return lines + added;
}

std::string neighbour_lines(const Netns& netns) {
  std::string lines;
  for (const NeighbourEntry& entry : netns.neighbours.entries()) {
    if (entry.state != NeighbourState::permanent) continue;
    lines += fmt::format("neigh replace {} lladdr {} dev {} nud permanent\n", entry.address, entry.mac,
                         netns.interface(entry.interface)->name);
  }
  return lines;
}

std::string ip_lines(const Netns& netns) {
  std::string lines;
  for (const auto& interface : netns.owned_interfaces()) {
    if (interface->up) lines += fmt::format("link set {} up\n", interface->name);
  }
  for (const auto& interface : netns.owned_interfaces()) {
    for (const InterfaceAddress& address : interface->addresses) {
      // The kernel gives lo this one itself.
      const bool given = interface->kind == InterfaceKind::loopback && interface->up &&
                         address.address == Ipv4Address(127, 0, 0, 1);
      if (!given) lines += address_line(*interface, address);
    }
  }
  return lines + route_lines(netns) + rule_lines(netns) + neighbour_lines(netns);
}

/// `-m nfacct` only counts, and its objects are made by a tool of their own: the rules stand without it.
std::string without_accounting(std::string rules) {
  const std::string match = " -m nfacct --nfacct-name ";
  for (std::size_t at = rules.find(match); at != std::string::npos; at = rules.find(match, at)) {
    const std::size_t name = rules.find_first_not_of(' ', at + match.size());
    rules.erase(at, rules.find_first_of(" \n", name) - at);
  }
  return rules;
}

/// Linux 6.1 net/core/dev.c dev_valid_name(), but for the length, which every InterfaceName keeps.
bool is_legal_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of("/: \t\n\v\f\r") == std::string_view::npos;
}

}  // namespace

NetnsText netns_text(Netns& netns) {
  NetnsText text;
  text.name = netns.name();
  text.sysctls = sysctl_lines(netns);
  text.ip = ip_lines(netns);
  if (!netns.netfilter) return text;
  const std::string_view counters[]{"-c"};
  text.iptables = without_accounting(iptables_save(netns, counters).out);
  const std::string_view save[]{"save"};
  text.ipset = ipset(netns, save).out;
  return text;
}

std::string link_line(const LinkEnd& end, const LinkEnd& peer) {
  const auto words = [](const LinkEnd& one) {
    return fmt::format("{} netns {} {}mtu {} address {}", one.name, one.netns,
                       one.index == 0 ? std::string() : fmt::format("index {} ", one.index), one.mtu,
                       one.mac);
  };
  return fmt::format("link add name {} type veth peer name {}\n", words(end), words(peer));
}

std::string veth_links(const World& world, Diagnostics& diagnostics) {
  std::string lines;
  std::vector<const Interface*> joined;
  for (const auto& netns : world.namespaces()) {
    for (const auto& interface : netns->owned_interfaces()) {
      if (!is_legal_name(interface->name)) {
        ScenarioError error;
        error.found = fmt::format("interface '{}' of {}", interface->name, netns->name());
        error.expected = "a name that Linux takes, without '/', ':' or blanks";
        diagnostics.report(std::move(error));
      }
      const Interface* far = interface->peer;
      if (far == nullptr || std::ranges::find(joined, interface.get()) != joined.end()) continue;
      joined.push_back(far);
      lines += link_line({netns->name(), interface->name, interface->mac, interface->mtu, interface->index},
                         {far->netns->name(), far->name, far->mac, far->mtu, far->index});
    }
  }
  return lines;
}

}  // namespace ekspath
