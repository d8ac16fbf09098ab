#include <algorithm>
#include <optional>

#include "sim/lab/commands/commands.hh"
#include "sim/lab/commands/immediate.hh"
#include "sim/lab/world.hh"

/// route, arp and ifconfig of net-tools 2.10, and hostname. observed: fixtures route-n, arp-n, ifconfig-ens5;
/// the real tools for reject routes, /32 addresses, empty tables.
namespace ekspath {
namespace {

// ---- route -n: lib/inet_gr.c rprint_fib() over /proc/net/route (net/ipv4/fib_trie.c fib_route_seq_show())

std::string check_route(const std::vector<std::string>& words) {
  bool numeric = false;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] != "-n")
      return fmt::format("route: '{}' is not modelled; expected -n (ip route changes routes)", words[i]);
    numeric = true;
  }
  return numeric ? "" : "route: without -n names are looked up, which is not modelled; expected -n";
}

std::string route_line(const Netns& netns, const Route& route) {
  const bool reject = route.type == RouteType::unreachable || route.type == RouteType::prohibit;
  const bool via = !route.gateway.is_unspecified();
  const std::string flags = std::string(reject ? "!"
                                        : via  ? "UG"
                                               : "U") +
                            (route.prefix.length() == 32 ? "H" : "");
  const Interface* out = netns.interface(route.out_interface);
  const std::string gateway = reject ? "-" : fmt::format("{}", route.gateway);
  return fmt::format(
      "{:<15} {:<15} {:<15} {:<5} {:<6} {:<2} {:>7} {}\n", fmt::format("{}", route.prefix.network()), gateway,
      fmt::format("{}", Ipv4Address(route.prefix.mask())), flags, route.metric, reject ? "-" : "0", 0,
      reject           ? "-"
      : out != nullptr ? out->name
                       : "*");
}

std::unique_ptr<RunningCommand> start_route(CommandContext& context, const std::vector<std::string>&,
                                            CommandEnded ended) {
  CommandResult result;
  result.out =
      "Kernel IP routing table\n"
      "Destination     Gateway         Genmask         Flags Metric Ref    Use Iface\n";
  const Netns& netns = *context.host->netns;
  for (const Route& route : netns.routing.routes(route_table::main)) {
    if (route.type != RouteType::broadcast) result.out += route_line(netns, route);
  }
  return end_at_once(context, ended, result);
}

// ---- arp -n [-i IF] [ADDRESS]: arp.c arp_disp_2() over /proc/net/arp

struct ArpQuery {
  std::string device;
  std::optional<Ipv4Address> address;
  std::string error;
};

ArpQuery parse_arp(const std::vector<std::string>& words) {
  ArpQuery query;
  bool numeric = false;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "-n" || words[i] == "-an" || words[i] == "-na") {
      numeric = true;
      if (words[i] != "-n")
        query.error = fmt::format("arp: option '{}' is not modelled; expected -n, -i", words[i]);
    } else if (words[i] == "-i" && i + 1 < words.size()) {
      query.device = words[++i];
    } else if (const auto address = Ipv4Address::parse(words[i])) {
      query.address = address;
    } else {
      query.error = fmt::format("arp: '{}' is not modelled; expected -n, -i IF or an address", words[i]);
    }
    if (!query.error.empty()) return query;
  }
  if (!numeric) query.error = "arp: without -n names are looked up, which is not modelled; expected -n";
  return query;
}

std::string check_arp(const std::vector<std::string>& words) { return parse_arp(words).error; }

std::unique_ptr<RunningCommand> start_arp(CommandContext& context, const std::vector<std::string>& words,
                                          CommandEnded ended) {
  const ArpQuery query = parse_arp(words);
  const Netns& netns = *context.host->netns;
  std::string lines;
  for (const NeighbourEntry& entry : netns.neighbours.entries()) {
    const Interface* interface = netns.interface(entry.interface);
    if (interface == nullptr || entry.state == NeighbourState::none || entry.state == NeighbourState::noarp)
      continue;
    if (!query.device.empty() && interface->name != query.device) continue;
    if (query.address && *query.address != entry.address) continue;
    const bool complete = entry.state != NeighbourState::incomplete && entry.state != NeighbourState::failed;
    const std::string address = fmt::format("{}", entry.address);
    lines += complete
                 ? fmt::format("{:<23}  {:<8}{:<20}{:<6}{:<16}{}\n", address, "ether",
                               fmt::format("{}", entry.mac),
                               entry.state == NeighbourState::permanent ? "CM" : "C", "", interface->name)
                 : fmt::format("{:<23}  {:<8}{:<42}{}\n", address, "", "(incomplete)", interface->name);
  }
  CommandResult result;
  if (!lines.empty()) {
    result.out = "Address                  HWtype  HWaddress           Flags Mask            Iface\n" + lines;
  } else if (query.address) {
    result.out = fmt::format("{0} ({0}) -- no entry\n", *query.address);
  }
  return end_at_once(context, ended, result);
}

// ---- ifconfig [-a] [IF]: lib/interface.c ife_print_long()

std::string check_ifconfig(const std::vector<std::string>& words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i].starts_with("-") && words[i] != "-a")
      return fmt::format("ifconfig: option '{}' is not modelled; expected -a or an interface", words[i]);
    if (i > 1 && !words[i - 1].starts_with("-"))
      return fmt::format("ifconfig: '{}' is not modelled; it only shows here (ip addr, ip link change)",
                         words[i]);
  }
  return {};
}

std::string amount(std::uint64_t bytes) {
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  std::uint64_t size = 1;
  while (unit + 1 < std::size(units) && bytes > size * 1024) {
    size *= 1024;
    ++unit;
  }
  const std::uint64_t tenths = unit == 0 ? bytes * 10 : bytes * 10 / size;
  return fmt::format("{}.{} {}", tenths / 10, tenths % 10, units[unit]);
}

std::string ifconfig_text(const Interface& interface) {
  const bool loopback = interface.kind == InterfaceKind::loopback;
  const bool running = interface.up && interface.carrier;
  const int flags =
      (interface.up ? 0x1 : 0) | (loopback ? 0x8 : 0x2) | (running ? 0x40 : 0) | (loopback ? 0 : 0x1000);
  std::string names;
  const auto add = [&names](bool set, std::string_view name) {
    if (set) names += (names.empty() ? "" : ",") + std::string(name);
  };
  add(interface.up, "UP");
  add(!loopback, "BROADCAST");
  add(loopback, "LOOPBACK");
  add(running, "RUNNING");
  add(!loopback, "MULTICAST");
  std::string text = fmt::format("{}: flags={}<{}>  mtu {}\n", interface.name, flags, names, interface.mtu);
  if (!interface.addresses.empty()) {
    const InterfaceAddress& address = interface.addresses.front();
    const bool has_broadcast = address.prefix_length < 31;
    text += fmt::format("        inet {}  netmask {}", address.address, Ipv4Address(address.prefix().mask()));
    if (!loopback)
      text += fmt::format("  broadcast {}", has_broadcast ? address.prefix().broadcast() : Ipv4Address());
    text += "\n";
  }
  text += loopback ? "        loop  txqueuelen 1000  (Local Loopback)\n"
                   : fmt::format("        ether {}  txqueuelen 1000  (Ethernet)\n", interface.mac);
  const InterfaceCounters& c = interface.counters;
  text += fmt::format(
      "        RX packets {}  bytes {} ({})\n        RX errors 0  dropped {}  overruns 0  frame 0\n",
      c.rx_packets, c.rx_bytes, amount(c.rx_bytes), c.rx_dropped);
  text += fmt::format(
      "        TX packets {}  bytes {} ({})\n        TX errors 0  dropped {} overruns 0  carrier 0  "
      "collisions 0\n\n",
      c.tx_packets, c.tx_bytes, amount(c.tx_bytes), c.tx_dropped);
  return text;
}

std::unique_ptr<RunningCommand> start_ifconfig(CommandContext& context, const std::vector<std::string>& words,
                                               CommandEnded ended) {
  bool all = false;
  std::string name;
  for (std::size_t i = 1; i < words.size(); ++i) words[i] == "-a" ? void(all = true) : void(name = words[i]);
  CommandResult result;
  std::vector<Interface*> interfaces = context.host->netns->interfaces();
  std::ranges::sort(interfaces, {},
                    [](const Interface* interface) { return std::string_view(interface->name); });
  for (const Interface* interface : interfaces) {
    const bool shown = name.empty() ? all || interface->up : interface->name == name;
    if (shown) result.out += ifconfig_text(*interface);
  }
  if (!name.empty() && result.out.empty()) {
    result = {1, "", fmt::format("{}: error fetching interface information: Device not found\n", name)};
  }
  return end_at_once(context, ended, result);
}

// ---- hostname [-I]

std::string check_hostname(const std::vector<std::string>& words) {
  if (words.size() > 2 || (words.size() == 2 && words[1] != "-I"))
    return fmt::format("hostname: '{}' is not modelled; expected nothing, or -I", words.back());
  return {};
}

std::unique_ptr<RunningCommand> start_hostname(CommandContext& context, const std::vector<std::string>& words,
                                               CommandEnded ended) {
  if (words.size() == 1)
    return end_at_once(context, ended, {0, fmt::format("{}\n", context.host->host_name), ""});
  CommandResult result;
  for (const Interface* interface : context.host->netns->interfaces()) {
    if (interface->kind == InterfaceKind::loopback || !interface->up) continue;
    for (const InterfaceAddress& address : interface->addresses)
      result.out += fmt::format("{} ", address.address);
  }
  result.out += "\n";
  return end_at_once(context, ended, result);
}

}  // namespace

CommandKind route_command() { return {"route", start_route, check_route}; }
CommandKind arp_command() { return {"arp", start_arp, check_arp}; }
CommandKind ifconfig_command() { return {"ifconfig", start_ifconfig, check_ifconfig}; }
CommandKind hostname_command() { return {"hostname", start_hostname, check_hostname}; }

}  // namespace ekspath
