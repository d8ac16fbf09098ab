#include <fmt/format.h>

#include "sim/linux/routing/routing_state.hh"

namespace ekspath {
namespace {

std::string_view name_of(RouteType type) {
  switch (type) {
    case RouteType::unicast:
      return "unicast";
    case RouteType::local:
      return "local";
    case RouteType::broadcast:
      return "broadcast";
    case RouteType::blackhole:
      return "blackhole";
    case RouteType::unreachable:
      return "unreachable";
    case RouteType::prohibit:
      return "prohibit";
    case RouteType::throw_:
      return "throw";
  }
  return "?";
}

std::string_view name_of(RouteProtocol protocol) {
  switch (protocol) {
    case RouteProtocol::unspec:
      return "unspec";
    case RouteProtocol::kernel:
      return "kernel";
    case RouteProtocol::boot:
      return "boot";
    case RouteProtocol::static_:
      return "static";
    case RouteProtocol::dhcp:
      return "dhcp";
  }
  return "?";
}

std::string name_of_table(std::uint32_t table) {
  switch (table) {
    case route_table::local:
      return "local";
    case route_table::main:
      return "main";
    case route_table::default_:
      return "default";
    default:
      return fmt::format("{}", table);
  }
}

std::string prefix_text(Prefix prefix) {
  return prefix.length() == 32 ? fmt::format("{}", prefix.network()) : fmt::format("{}", prefix);
}

}  // namespace

/// iproute2 6.1 ip/iproute.c print_route()
std::string Routing::text(const Route& route) const {
  std::string line;
  const auto add = [&line](std::string_view word) {
    if (!line.empty()) line += ' ';
    line += word;
  };
  if (route.type != RouteType::unicast) add(name_of(route.type));
  add(route.prefix.length() == 0 ? "default" : prefix_text(route.prefix));
  if (!route.gateway.is_unspecified()) add(fmt::format("via {}", route.gateway));
  const Interface* out = route.out_interface != 0 ? state_->netns.interface(route.out_interface) : nullptr;
  if (out != nullptr) add(fmt::format("dev {}", out->name));
  if (route.protocol != RouteProtocol::boot) add(fmt::format("proto {}", name_of(route.protocol)));
  if (route.scope == RouteScope::link) add("scope link");
  if (route.scope == RouteScope::host) add("scope host");
  if (!route.preferred_source.is_unspecified()) add(fmt::format("src {}", route.preferred_source));
  if (route.metric != 0) add(fmt::format("metric {}", route.metric));
  if (route.onlink) add("onlink");
  if (out != nullptr && out->up && !out->carrier) add("linkdown");
  if (route.mtu != 0) add(fmt::format("mtu {}", route.mtu));
  return line;
}

/// iproute2 6.1 ip/iprule.c print_rule()
std::string Routing::text(const PolicyRule& rule) const {
  const auto device = [this](const SharedText& name) {
    const bool is_there = state_->netns.find_interface(name) != nullptr;
    return std::string(name) + (is_there ? "" : " [detached]");
  };
  std::string line = fmt::format("{}:\t", rule.priority);
  if (rule.invert) line += "not ";
  line += rule.from.length() == 0 ? "from all" : "from " + prefix_text(rule.from);
  if (rule.to.length() != 0) line += " to " + prefix_text(rule.to);
  if (rule.tos != 0) line += fmt::format(" tos {:#x}", rule.tos);
  if (rule.fwmark != 0 || rule.fwmask != 0) {
    line += fmt::format(" fwmark {:#x}", rule.fwmark);
    if (rule.fwmask != 0xffffffff) line += fmt::format("/{:#x}", rule.fwmask);
  }
  if (!rule.iif.empty()) line += " iif " + device(rule.iif);
  if (!rule.oif.empty()) line += " oif " + device(rule.oif);
  switch (rule.action) {
    case PolicyRule::Action::lookup:
      line += " lookup " + name_of_table(rule.table);
      if (rule.suppress_prefix_length >= 0) {
        line += fmt::format(" suppress_prefixlength {}", rule.suppress_prefix_length);
      }
      break;
    case PolicyRule::Action::unreachable:
      line += " unreachable";
      break;
    case PolicyRule::Action::prohibit:
      line += " prohibit";
      break;
    case PolicyRule::Action::blackhole:
      line += " blackhole";
      break;
  }
  const bool is_usual = rule.protocol == RouteProtocol::unspec || rule.protocol == RouteProtocol::kernel ||
                        rule.protocol == RouteProtocol::boot;
  if (!is_usual) line += fmt::format(" proto {}", name_of(rule.protocol));
  return line;
}

std::string Routing::text(const RouteResult& result) const {
  std::string line;
  if (result.rule != nullptr) {
    line = text(*result.rule);
    line[line.find('\t')] = ' ';
  }
  if (result.route != nullptr) {
    if (!line.empty()) line += " -> ";
    line += text(*result.route);
  }
  return line.empty() ? "no route" : line;
}

}  // namespace ekspath
