#include <algorithm>

#include "sim/lab/load_sections.hh"

namespace ekspath {
namespace {

/// "sg/other" -> "other".
std::optional<std::string> after(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix) || text.size() == prefix.size()) return std::nullopt;
  return std::string(text.substr(prefix.size()));
}

Form<SubnetEntry> subnet_form() {
  Shape zone;
  zone.what = "a zone";
  zone.expected = "the letter of an availability zone, such as a";
  zone.pattern = "^[a-z]$";
  const auto zone_form =
      parsed<std::string>(zone, [](const std::string& value) -> std::optional<std::string> {
        return value.size() == 1 && value[0] >= 'a' && value[0] <= 'z' ? std::optional(value) : std::nullopt;
      });
  return record<SubnetEntry>(
      "a subnet",
      {field("name", &SubnetEntry::name, name_form("a name"), "the subnet's name", Presence::required),
       field("cidr", &SubnetEntry::cidr, cidr_form(), "its addresses, /16 to /28, inside the VPC",
             Presence::required),
       field("az", &SubnetEntry::az, zone_form, "the letter of its availability zone", Presence::required),
       field("public", &SubnetEntry::is_public, boolean_form(),
             "true: default route to the internet gateway, and public addresses on launch"),
       field("natGateway", &SubnetEntry::nat_gateway, name_form("a NAT gateway"),
             "default route to this NAT gateway"),
       field("routeTable", &SubnetEntry::route_table, name_form("a route table"),
             "a table of routeTables, instead of the one that public and natGateway make"),
       field("networkAcl", &SubnetEntry::network_acl, name_form("a network ACL"),
             "an ACL of networkAcls; default: all passes")});
}

Form<NatGatewayEntry> nat_gateway_form() {
  return record<NatGatewayEntry>(
      "a NAT gateway", {field("name", &NatGatewayEntry::name, name_form("a name"), "the NAT gateway's name",
                              Presence::required),
                        field("subnet", &NatGatewayEntry::subnet, name_form("a subnet"), "where it stands",
                              Presence::required),
                        field("connectivity", &NatGatewayEntry::is_private,
                              word<bool>("a connectivity", {{"public", false}, {"private", true}}),
                              "public (default) or private: without a public address"),
                        field("publicIp", &NatGatewayEntry::public_ip, address_form(),
                              "its elastic address; default: generated"),
                        field("privateIp", &NatGatewayEntry::private_ip, address_form(),
                              "its address in the subnet; default: generated")});
}

struct RouteFile {
  Location where;
  Located<Prefix> to;
  Located<std::string> via;
};

Form<VpcRouteEntry> route_form() {
  Shape via;
  via.what = "a route's target";
  via.expected = "one of local, internetGateway, nat/NAME, peering/NAME, blackhole";
  via.pattern = "^(local|internetGateway|blackhole|nat/[a-z0-9-]+|peering/[a-z0-9-]+)$";
  const auto via_form = parsed<std::string>(
      via,
      [](const std::string& value) -> std::optional<std::string> {
        const bool known = value == "local" || value == "internetGateway" || value == "blackhole" ||
                           after(value, "nat/") || after(value, "peering/");
        return known ? std::optional(value) : std::nullopt;
      },
      [](const std::string& value) {
        static const std::vector<std::string> words{"local", "internetGateway", "blackhole"};
        return did_you_mean(near_miss(value, words));
      });
  const auto file = record<RouteFile>(
      "a route", {field("to", &RouteFile::to, cidr_form(), "destinations", Presence::required),
                  field("via", &RouteFile::via, via_form, via.expected, Presence::required)});
  return converted<RouteFile, VpcRouteEntry>(file, [](const RouteFile& raw, VpcRouteEntry& route, Reading&) {
    route.to = raw.to;
    route.target.where = raw.via.where;
    const std::string& target = *raw.via;
    if (target == "internetGateway") route.via = RouteVia::internet_gateway;
    if (target == "blackhole") route.via = RouteVia::blackhole;
    if (const auto nat = after(target, "nat/")) {
      route.via = RouteVia::nat_gateway;
      route.target.value = *nat;
    }
    if (const auto peering = after(target, "peering/")) {
      route.via = RouteVia::peering;
      route.target.value = *peering;
    }
    return true;
  });
}

Form<RouteTableEntry> route_table_form() {
  return record<RouteTableEntry>("a route table",
                                 {field("name", &RouteTableEntry::name, name_form("a name"),
                                        "a subnet names it by routeTable", Presence::required),
                                  field("routes", &RouteTableEntry::routes, list_of(route_form()),
                                        "besides the VPC's own local routes", Presence::required)});
}

/// Protocol and ports of a rule, as security groups and ACLs share them.
bool select_traffic(const std::optional<Located<ProtocolChoice>>& protocol,
                    const std::optional<Located<PortSpan>>& ports, TrafficSelector& selects,
                    Reading& reading) {
  constexpr std::uint8_t tcp = 6;
  constexpr std::uint8_t udp = 17;
  if (protocol) selects.protocol = (*protocol)->number;
  if (!ports) return true;
  selects.first_port = (*ports)->first;
  selects.last_port = (*ports)->last;
  if (selects.protocol == tcp || selects.protocol == udp) return true;
  reading.diagnostics.report(
      {ports->where, "ports of a protocol that has none", "ports with protocol tcp or udp only", {}});
  return false;
}

struct GroupRuleFile {
  Location where;
  std::optional<Located<ProtocolChoice>> protocol;
  std::optional<Located<PortSpan>> ports;
  Located<std::string> peer;
};

/// `peer_key` is "from" for ingress and "to" for egress.
Form<SecurityGroupRuleEntry> group_rule_form(const std::string& what, const std::string& peer_key) {
  Shape peer;
  peer.what = "the other side";
  peer.expected = "a CIDR such as 172.20.0.0/16, or sg/NAME";
  peer.pattern = "^(([0-9]{1,3}\\.){3}[0-9]{1,3}/[0-9]{1,2}|sg/.+)$";
  const auto peer_form = parsed<std::string>(
      peer,
      [](const std::string& value) -> std::optional<std::string> {
        return after(value, "sg/") || Prefix::parse(value) ? std::optional(value) : std::nullopt;
      },
      [](const std::string& value) {
        const auto loose = Prefix::parse_loose(value);
        return loose ? did_you_mean(fmt::format("{}", *loose)) : std::string();
      });
  const auto file = record<GroupRuleFile>(
      what, {field("protocol", &GroupRuleFile::protocol, protocol_form(), "all, icmp, tcp, udp or a number",
                   Presence::required),
             field("ports", &GroupRuleFile::ports, port_range_form(), "a port or a range; default: all"),
             field(peer_key, &GroupRuleFile::peer, peer_form, peer.expected, Presence::required)});
  return converted<GroupRuleFile, SecurityGroupRuleEntry>(
      file, [](const GroupRuleFile& raw, SecurityGroupRuleEntry& rule, Reading& reading) {
        rule.where = raw.where;
        if (const auto group = after(*raw.peer, "sg/")) {
          rule.group = LocatedName{*group, raw.peer.where};
        } else if (const auto prefix = Prefix::parse(*raw.peer)) {
          rule.cidr = Located<Prefix>{*prefix, raw.peer.where};
        }
        return select_traffic(raw.protocol, raw.ports, rule.selects, reading);
      });
}

struct GroupFile {
  LocatedName name;
  std::vector<SecurityGroupRuleEntry> ingress;
  std::optional<std::vector<SecurityGroupRuleEntry>> egress;
};

Form<SecurityGroupEntry> security_group_form() {
  const auto file = record<GroupFile>(
      "a security group",
      {field("name", &GroupFile::name, name_form("a name"), "unique in its VPC", Presence::required),
       field("ingress", &GroupFile::ingress, list_of(group_rule_form("an ingress rule", "from")),
             "what may come in; default: nothing"),
       field("egress", &GroupFile::egress, list_of(group_rule_form("an egress rule", "to")),
             "what may go out; default: everything")});
  return converted<GroupFile, SecurityGroupEntry>(
      file, [](const GroupFile& raw, SecurityGroupEntry& group, Reading&) {
        group.name = raw.name;
        group.ingress = raw.ingress;
        if (raw.egress) {
          group.egress = *raw.egress;
        } else {
          // VPC guide: security groups. "When you create a security group ... an outbound rule that allows
          // all".
          SecurityGroupRuleEntry all;
          all.where = raw.name.where;
          all.cidr = Located<Prefix>{Prefix(), raw.name.where};
          group.egress.push_back(all);
        }
        return true;
      });
}

struct AclRuleFile {
  Location where;
  Located<std::uint16_t> number;
  bool allow = false;
  std::optional<Located<ProtocolChoice>> protocol;
  std::optional<Located<PortSpan>> ports;
  Located<Prefix> peer;
};

Form<NetworkAclRuleEntry> acl_rule_form(const std::string& what, const std::string& peer_key) {
  const auto file = record<AclRuleFile>(
      what,
      {field("rule", &AclRuleFile::number, integer_form<std::uint16_t>("a rule number", 1, 32766),
             "its number: the lowest match wins", Presence::required),
       field("action", &AclRuleFile::allow, word<bool>("an action", {{"allow", true}, {"deny", false}}),
             "allow or deny", Presence::required),
       field("protocol", &AclRuleFile::protocol, protocol_form(), "all, icmp, tcp, udp or a number",
             Presence::required),
       field("ports", &AclRuleFile::ports, port_range_form(), "a port or a range; default: all"),
       field(peer_key, &AclRuleFile::peer, cidr_form(), "the other side's addresses", Presence::required)});
  return converted<AclRuleFile, NetworkAclRuleEntry>(
      file, [](const AclRuleFile& raw, NetworkAclRuleEntry& rule, Reading& reading) {
        rule.number = raw.number;
        rule.allow = raw.allow;
        rule.cidr = *raw.peer;
        return select_traffic(raw.protocol, raw.ports, rule.selects, reading);
      });
}

Form<NetworkAclEntry> network_acl_form() {
  const auto file = record<NetworkAclEntry>(
      "a network ACL",
      {field("name", &NetworkAclEntry::name, name_form("a name"), "a subnet names it by networkAcl",
             Presence::required),
       field("ingress", &NetworkAclEntry::ingress,
             list_of(acl_rule_form("an ingress rule of an ACL", "from")),
             "what may enter the subnet; behind the last rule: deny"),
       field("egress", &NetworkAclEntry::egress, list_of(acl_rule_form("an egress rule of an ACL", "to")),
             "what may leave the subnet; behind the last rule: deny")});
  return converted<NetworkAclEntry, NetworkAclEntry>(
      file, [](const NetworkAclEntry& raw, NetworkAclEntry& acl, Reading&) {
        acl = raw;
        const auto number = [](const NetworkAclRuleEntry& rule) { return *rule.number; };
        std::ranges::stable_sort(acl.ingress, {}, number);
        std::ranges::stable_sort(acl.egress, {}, number);
        return true;
      });
}

struct PeeringFile {
  Location where;
  LocatedName name;
  Located<std::vector<LocatedName>> between;
  bool routes = true;
};

}  // namespace

const Form<VpcEntry>& vpc_form() {
  static const Form<VpcEntry> form = record<VpcEntry>(
      "a VPC",
      {field("name", &VpcEntry::name, name_form("a name"), "the VPC's name", Presence::required),
       field("cidrs", &VpcEntry::cidrs, list_of(located(cidr_form())),
             "its networks, /16 to /28; the first is the primary", Presence::required),
       field("internetGateway", &VpcEntry::internet_gateway, boolean_form(),
             "whether one is attached; default: false"),
       field("subnets", &VpcEntry::subnets, list_of(subnet_form()), "its subnets"),
       field("natGateways", &VpcEntry::nat_gateways, list_of(nat_gateway_form()), "its NAT gateways"),
       field("routeTables", &VpcEntry::route_tables, list_of(route_table_form()),
             "where the defaults do not serve"),
       field("securityGroups", &VpcEntry::security_groups, list_of(security_group_form()),
             "besides `default`, which every VPC has"),
       field("networkAcls", &VpcEntry::network_acls, list_of(network_acl_form()),
             "besides the default one, which lets all pass")});
  return form;
}

const Form<PeeringEntry>& peering_form() {
  static const Form<PeeringEntry> form = converted<PeeringFile, PeeringEntry>(
      record<PeeringFile>(
          "a peering",
          {field("name", &PeeringFile::name, name_form("a name"), "the peering's name", Presence::required),
           field("between", &PeeringFile::between, list_of(located(name_form("a VPC"))), "two VPCs",
                 Presence::required),
           field("routes", &PeeringFile::routes,
                 word<bool>("a choice of routes", {{"all", true}, {"none", false}}),
                 "all (default): in every route table of both sides; or none")}),
      [](const PeeringFile& raw, PeeringEntry& peering, Reading& reading) {
        peering.name = raw.name;
        peering.routes = raw.routes;
        if (raw.between->size() != 2) {
          if (!reading.whole) return false;
          reading.diagnostics.report(
              {raw.between.where, fmt::format("a peering between {} VPCs", raw.between->size()), "two", {}});
          return false;
        }
        peering.left = (*raw.between)[0];
        peering.right = (*raw.between)[1];
        return true;
      });
  return form;
}

const Form<InstanceEntry>& instance_form() {
  static const Form<InstanceEntry> form = record<InstanceEntry>(
      "an instance",
      {field("name", &InstanceEntry::name, name_form("a name"), "the instance's name", Presence::required),
       field("subnet", &InstanceEntry::subnet, name_form("a subnet"), "where it stands", Presence::required),
       field("type", &InstanceEntry::type,
             text_form("an instance type", "an instance type, such as t3.medium"),
             "its instance type; default: t3.medium"),
       field("privateIp", &InstanceEntry::private_ip, address_form(), "its address; default: generated"),
       field("publicIp", &InstanceEntry::public_ip, address_form(),
             "its public address; default: generated in a public subnet, none elsewhere"),
       field("securityGroups", &InstanceEntry::security_groups,
             list_of(located(name_form("a security group"))), "of its VPC; default: [default]"),
       field("sysctls", &InstanceEntry::sysctls, settings_form("sysctls"), "kernel settings, set at boot"),
       field("listens", &InstanceEntry::listens, list_of(listen_form()), "programs that answer on a port")});
  return form;
}

const Form<InternetHostEntry>& internet_host_form() {
  static const Form<InternetHostEntry> form = record<InternetHostEntry>(
      "an internet host",
      {field("name", &InternetHostEntry::name, host_name_form(), "its DNS name", Presence::required),
       field("ip", &InternetHostEntry::ip, address_form(), "its address", Presence::required),
       field("rtt", &InternetHostEntry::rtt, duration_form(),
             "round trip from the VPC; default: that of link kind internet"),
       field("hops", &InternetHostEntry::hops, integer_form<std::uint8_t>("a number of routers", 0, 64),
             "routers between the internet gateway and the host; default: 0"),
       field("listens", &InternetHostEntry::listens, list_of(listen_form()),
             "programs that answer on a port")});
  return form;
}

}  // namespace ekspath
