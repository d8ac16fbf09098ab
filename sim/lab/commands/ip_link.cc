#include <algorithm>
#include <optional>

#include "sim/engine/random.hh"
#include "sim/lab/commands/ip.hh"

/// `ip addr`, `ip link`, `ip neigh`: show. iproute2 6.1 ip/ipaddress.c, ip/ipneigh.c; facts: fixtures
/// ip-addr-*, ip-br-*, ip-s-link-ens5, ip-neigh-*.
namespace ekspath {
namespace {

struct Selection {
  std::string device;
  std::string error;
};

/// [show|list|ls] [[dev] NAME]
Selection parse_show(const std::vector<std::string>& words, std::string_view object) {
  Selection selection;
  std::size_t at = 0;
  if (at < words.size() &&
      (words[at] == "show" || words[at] == "list" || words[at] == "ls" || words[at] == "s"))
    ++at;
  if (at < words.size() && words[at] == "dev") ++at;
  if (at < words.size()) selection.device = words[at++];
  if (selection.device == "add" || selection.device == "del" || selection.device == "set" ||
      selection.device == "flush" || selection.device == "replace") {
    selection.error = fmt::format("ip {} {}: not modelled; show is", object, selection.device);
  } else if (at < words.size()) {
    selection.error = fmt::format("ip {} show: unknown word '{}'", object, words[at]);
  }
  return selection;
}

CommandResult no_device(const std::string& name) {
  return {1, "", fmt::format("Device \"{}\" does not exist.\n", name)};
}

std::string flags_of(const Interface& interface) {
  std::string flags;
  const auto add = [&flags](std::string_view flag) {
    flags += (flags.empty() ? "" : ",") + std::string(flag);
  };
  if (interface.up && !interface.carrier) add("NO-CARRIER");
  if (interface.kind == InterfaceKind::loopback) {
    add("LOOPBACK");
  } else {
    add("BROADCAST");
    add("MULTICAST");
  }
  if (interface.up) add("UP");
  if (interface.up && interface.carrier) add("LOWER_UP");
  return flags;
}

std::string_view state_of(const Interface& interface) {
  if (interface.kind == InterfaceKind::loopback) return interface.up ? "UNKNOWN" : "DOWN";
  if (!interface.up) return "DOWN";
  if (interface.carrier) return "UP";
  return interface.kind == InterfaceKind::veth ? "LOWERLAYERDOWN" : "DOWN";
}

/// An ENA device has a multi-queue qdisc; the others none of their own.
std::string_view qdisc_of(const Interface& interface) {
  if (interface.kind != InterfaceKind::ena) return "noqueue";
  return interface.up ? "mq" : "noop";
}

std::string name_at_peer(const Interface& interface) {
  if (interface.peer == nullptr) return interface.name;
  return fmt::format("{}@if{}", interface.name, interface.peer->index);
}

/// What containerd calls a pod's namespace: cni- and a UUID (version 4), here of the seed's.
std::string cni_netns_name(const World& world, std::string_view pod) {
  Random draws(world.kernel().seed, pod, "cni netns");
  const std::uint64_t a = draws.next(), b = draws.next();
  return fmt::format("cni-{:08x}-{:04x}-4{:03x}-{:x}{:03x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xfff,
                     8 + ((b >> 60) & 3), (b >> 48) & 0xfff, b & 0xffffffffffff);
}

/// " link-netns cni-..." on a node; in a pod the node's namespace has no name: " link-netnsid 0".
std::string link_netns(const IpSubject& subject, const Interface& interface) {
  if (interface.peer == nullptr) return {};
  const Host* peer = subject.world.host(interface.peer->netns->name());
  if (peer != nullptr && peer->kind == HostKind::pod) {
    return " link-netns " + cni_netns_name(subject.world, interface.peer->netns->name());
  }
  return " link-netnsid 0";
}

std::string first_line(const Interface& interface, bool with_mode) {
  return fmt::format("{}: {}: <{}> mtu {} qdisc {} state {} {}group default qlen 1000", interface.index,
                     name_at_peer(interface), flags_of(interface), interface.mtu, qdisc_of(interface),
                     state_of(interface), with_mode ? "mode DEFAULT " : "");
}

std::string first_lines(const IpSubject& subject, const Interface& interface, bool with_mode) {
  const bool loopback = interface.kind == InterfaceKind::loopback;
  std::string text = first_line(interface, with_mode) + "\n";
  text += fmt::format("    link/{} {} brd {}{}\n", loopback ? "loopback" : "ether", interface.mac,
                      loopback ? MacAddress{} : MacAddress::broadcast(), link_netns(subject, interface));
  // udev's name by PCI path; ens5 is slot 5 of bus 0.
  const std::string_view name = interface.name;
  if (interface.kind == InterfaceKind::ena && name.starts_with("ens")) {
    text += fmt::format("    altname enp0s{}\n", name.substr(3));
  }
  return text;
}

std::string_view scope_name(InterfaceAddress::Scope scope) {
  switch (scope) {
    case InterfaceAddress::Scope::global:
      return "global";
    case InterfaceAddress::Scope::link:
      return "link";
    case InterfaceAddress::Scope::host:
      return "host";
  }
  return "?";
}

std::string address_lines(const Interface& interface, const InterfaceAddress& address) {
  const bool broadcast = address.prefix_length < 31 && address.scope != InterfaceAddress::Scope::host;
  return fmt::format("    inet {}/{}{} scope {}{} {}\n       valid_lft forever preferred_lft forever\n",
                     address.address, address.prefix_length,
                     broadcast ? fmt::format(" brd {}", address.prefix().broadcast()) : std::string(),
                     scope_name(address.scope), address.secondary ? " secondary" : "", interface.name);
}

std::string brief_addresses(const Interface& interface) {
  std::string text = fmt::format("{:<16} {:<14} ", name_at_peer(interface), state_of(interface));
  for (const InterfaceAddress& address : interface.addresses) {
    text += fmt::format("{}/{} ", address.address, address.prefix_length);
  }
  return text + "\n";
}

std::string brief_link(const Interface& interface) {
  return fmt::format("{:<16} {:<14} {} <{}> \n", name_at_peer(interface), state_of(interface), interface.mac,
                     flags_of(interface));
}

/// print_link_stats64(): columns as wide as their largest number, at least the title.
std::string statistics_lines(const InterfaceCounters& c) {
  const auto block = [](std::string_view title, std::string_view last_titles, std::uint64_t bytes,
                        std::uint64_t packets, std::uint64_t dropped) {
    const auto width = [](std::uint64_t value, std::size_t least) {
      return std::max(fmt::formatted_size("{}", value), least);
    };
    const std::size_t b = width(bytes, 10), p = width(packets, 7), d = width(dropped, 7);
    return fmt::format(
        "    {}: {:>{}} {:>{}} errors {:>{}} {}\n    {:>{}} {:>{}} {:>6} {:>{}} {:>7} {:>7} \n", title,
        "bytes", b - 4, "packets", p, "dropped", d, last_titles, bytes, b, packets, p, 0, dropped, d, 0, 0);
  };
  return block("RX", " missed   mcast           ", c.rx_bytes, c.rx_packets, c.rx_dropped) +
         block("TX", "carrier collsns           ", c.tx_bytes, c.tx_packets, c.tx_dropped);
}

template <class Print>
CommandResult each_interface(Netns& netns, const std::string& device, Print print) {
  CommandResult result;
  for (const Interface* interface : netns.interfaces()) {
    if (device.empty() || interface->name == device) result.out += print(*interface);
  }
  const bool known = device.empty() || netns.find_interface(device) != nullptr;
  return known ? result : no_device(device);
}

/// Words of `ip neigh`: [show] [dev NAME] [ADDRESS], flush refused.
struct NeighSelection {
  std::string device;
  std::optional<Ipv4Address> address;
  std::string error;
};

NeighSelection parse_neigh(const std::vector<std::string>& words) {
  NeighSelection selection;
  std::size_t at = 0;
  if (at < words.size() && (words[at] == "show" || words[at] == "list" || words[at] == "ls")) ++at;
  for (; at < words.size(); ++at) {
    if (words[at] == "dev" && at + 1 < words.size()) {
      selection.device = words[++at];
    } else if (const auto address = Ipv4Address::parse(words[at])) {
      selection.address = address;
    } else {
      selection.error =
          fmt::format("ip neigh: '{}' is not modelled; expected show, dev NAME or an address", words[at]);
      return selection;
    }
  }
  return selection;
}

}  // namespace

std::string check_ip_address(const std::vector<std::string>& words) {
  return parse_show(words, "addr").error;
}

CommandResult ip_address(const IpSubject& subject, const IpToolOptions& options,
                         const std::vector<std::string>& words) {
  return each_interface(subject.netns, parse_show(words, "addr").device, [&](const Interface& interface) {
    if (options.ipv4_only && interface.addresses.empty()) return std::string();
    if (options.brief) return brief_addresses(interface);
    // With a family the link line is left out, and what has no address. observed: iproute2 6.1
    std::string text = options.ipv4_only
                           ? first_line(interface, false) + link_netns(subject, interface) + "\n"
                           : first_lines(subject, interface, false);
    for (const InterfaceAddress& address : interface.addresses) text += address_lines(interface, address);
    return options.statistics ? text + statistics_lines(interface.counters) : text;
  });
}

std::string check_ip_link(const std::vector<std::string>& words) { return parse_show(words, "link").error; }

CommandResult ip_link(const IpSubject& subject, const IpToolOptions& options,
                      const std::vector<std::string>& words) {
  return each_interface(subject.netns, parse_show(words, "link").device, [&](const Interface& interface) {
    if (options.brief) return brief_link(interface);
    const std::string text = first_lines(subject, interface, true);
    return options.statistics ? text + statistics_lines(interface.counters) : text;
  });
}

std::string check_ip_neigh(const std::vector<std::string>& words) { return parse_neigh(words).error; }

/// print_neigh(): entries without a neighbour and NOARP ones are not shown.
CommandResult ip_neigh(Netns& netns, const std::vector<std::string>& words) {
  const NeighSelection selection = parse_neigh(words);
  CommandResult result;
  if (!selection.device.empty() && netns.find_interface(selection.device) == nullptr) {
    return {1, "", fmt::format("Cannot find device \"{}\"\n", selection.device)};
  }
  for (const NeighbourEntry& entry : netns.neighbours.entries()) {
    const Interface* interface = netns.interface(entry.interface);
    if (interface == nullptr || entry.state == NeighbourState::none || entry.state == NeighbourState::noarp)
      continue;
    if (!selection.device.empty() && interface->name != selection.device) continue;
    if (selection.address && *selection.address != entry.address) continue;
    result.out += fmt::format("{}", entry.address);
    if (selection.device.empty()) result.out += fmt::format(" dev {}", interface->name);
    const bool has_mac = entry.state != NeighbourState::incomplete && entry.state != NeighbourState::failed;
    if (has_mac) result.out += fmt::format(" lladdr {}", entry.mac);
    result.out += fmt::format(" {} \n", to_string(entry.state));
  }
  return result;
}

}  // namespace ekspath
