#include "sim/aws/network_acl.hh"

#include <fmt/format.h>

#include <algorithm>

namespace ekspath {

NetworkAcl::NetworkAcl(std::string name, std::string resource_id, VpcId vpc)
    : name_(std::move(name)), resource_id_(std::move(resource_id)), vpc_(vpc) {
  for (const auto direction : {TrafficDirection::ingress, TrafficDirection::egress}) {
    list(direction).otherwise = fmt::format("acl {} {} * deny", name_, to_string(direction));
  }
}

Outcome NetworkAcl::add(const NetworkAclRule& rule) {
  if (rule.number < 1 || rule.number > 32766) {
    return FabricError{FabricRefusal::rule_number,
                       fmt::format("rule {} of network ACL {}", rule.number, name_), "1 to 32766"};
  }
  if (!rule.traffic.is_sound()) {
    return FabricError{FabricRefusal::rule_ports,
                       fmt::format("ports {}-{} in rule {} of network ACL {}", rule.traffic.low_port,
                                   rule.traffic.high_port, rule.number, name_),
                       "the lower port first, and ports of tcp or udp only"};
  }
  List& into = list(rule.direction);
  const auto at =
      std::lower_bound(into.rules.begin(), into.rules.end(), rule.number,
                       [](const NetworkAclRule& a, std::uint16_t number) { return a.number < number; });
  if (at != into.rules.end() && at->number == rule.number) {
    return FabricError{
        FabricRefusal::rule_exists,
        fmt::format("{} rule {} of network ACL {} twice", to_string(rule.direction), rule.number, name_), ""};
  }
  const auto index = at - into.rules.begin();
  into.rules.insert(at, rule);
  into.texts.insert(into.texts.begin() + index,
                    fmt::format("acl {} {} {} {}", name_, to_string(rule.direction), rule.number,
                                rule.allow ? "allow" : "deny"));
  return std::nullopt;
}

Outcome NetworkAcl::remove(TrafficDirection direction, std::uint16_t number) {
  List& from = list(direction);
  const auto at = std::find_if(from.rules.begin(), from.rules.end(),
                               [&](const NetworkAclRule& rule) { return rule.number == number; });
  if (at == from.rules.end()) {
    return FabricError{FabricRefusal::rule_unknown,
                       fmt::format("{} rule {} of network ACL {}", to_string(direction), number, name_), ""};
  }
  from.texts.erase(from.texts.begin() + (at - from.rules.begin()));
  from.rules.erase(at);
  return std::nullopt;
}

NetworkAcl::Verdict NetworkAcl::judge(TrafficDirection direction, const Tuple& tuple) const {
  const List& rules = list(direction);
  const Ipv4Address peer = direction == TrafficDirection::ingress ? tuple.source : tuple.destination;
  for (std::size_t i = 0; i < rules.rules.size(); ++i) {
    const NetworkAclRule& rule = rules.rules[i];
    if (rule.peer.contains(peer) && rule.traffic.matches(tuple)) return {rule.allow, rules.texts[i]};
  }
  return {false, rules.otherwise};
}

}  // namespace ekspath
