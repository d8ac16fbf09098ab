#include "sim/aws/topology.hh"

#include <fmt/format.h>

#include <algorithm>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/filtered_graph.hpp>
#include <functional>
#include <set>

#include "sim/base/assert.hh"

namespace ekspath {
namespace {

constexpr std::size_t kind_count = static_cast<std::size_t>(TopologyKind::internet_host) + 1;

template <class List>
std::string addresses_text(const List& addresses) {
  constexpr std::size_t shown = 4;
  std::string text;
  for (std::size_t i = 0; i < addresses.size() && i < shown; ++i) text += fmt::format("\n{}", addresses[i]);
  if (addresses.size() > shown) text += fmt::format("\n... {} more", addresses.size() - shown);
  return text;
}

}  // namespace

Topology::Topology(const Fabric& fabric) : fabric_(&fabric), by_kind_(kind_count) {
  const auto index = [](std::size_t i) { return static_cast<std::uint32_t>(i); };
  const Vertex internet = add(TopologyKind::internet, 0, "internet");
  for (std::size_t i = 0; i < fabric.vpcs().size(); ++i) {
    const Vpc& vpc = fabric.vpcs()[i];
    add(TopologyKind::vpc, index(i), fmt::format("{}\n{}", vpc.name, fmt::join(vpc.cidrs, "\n")));
    add(TopologyKind::internet_gateway, index(i), "internet gateway\n" + vpc.name);
  }
  for (std::size_t i = 0; i < fabric.route_tables().size(); ++i) {
    add(TopologyKind::route_table, index(i), "route table " + fabric.route_tables()[i].name());
  }
  for (std::size_t i = 0; i < fabric.subnets().size(); ++i) {
    const Subnet& subnet = fabric.subnets()[i];
    const Vertex at =
        add(TopologyKind::subnet, index(i),
            fmt::format("{}\n{} in {}", subnet.name, subnet.cidr, fabric.zone_name(subnet.zone)));
    join(at, vertex(TopologyKind::route_table, subnet.route_table.value()));
  }
  for (std::size_t i = 0; i < fabric.nat_gateways().size(); ++i) {
    const NatGateway& gateway = fabric.nat_gateways()[i];
    const Vertex at = add(TopologyKind::nat_gateway, index(i), "NAT gateway\n" + gateway.name());
    join(at, vertex(TopologyKind::subnet, gateway.subnet().value()));
  }
  for (std::size_t i = 0; i < fabric.peerings().size(); ++i) {
    const Peering& peering = fabric.peerings()[i];
    const Vertex at = add(TopologyKind::peering, index(i), "peering\n" + peering.name);
    join(at, vertex(TopologyKind::vpc, peering.requester.value()), {}, peering.active);
    join(at, vertex(TopologyKind::vpc, peering.accepter.value()), {}, peering.active);
  }
  for (std::size_t i = 0; i < fabric.vpcs().size(); ++i) {
    if (!fabric.vpcs()[i].has_internet_gateway) continue;
    join(vertex(TopologyKind::internet_gateway, index(i)), internet);
    join(internet, vertex(TopologyKind::internet_gateway, index(i)));
  }
  for (std::size_t i = 0; i < fabric.enis().size(); ++i) {
    const Eni& eni = fabric.enis()[i];
    const Vertex at = add(TopologyKind::eni, index(i), eni.name() + addresses_text(eni.addresses()));
    if (eni.is_deleted()) continue;
    join(at, vertex(TopologyKind::subnet, eni.subnet().value()));
    join(vertex(TopologyKind::vpc, eni.vpc().value()), at);
    const bool is_public = std::any_of(
        eni.addresses().begin(), eni.addresses().end(),
        [&](Ipv4Address address) { return !fabric.public_address_of(eni.vpc(), address).is_unspecified(); });
    if (is_public) join(vertex(TopologyKind::internet_gateway, eni.vpc().value()), at, "public");
  }
  for (std::size_t i = 0; i < fabric.internet().hosts().size(); ++i) {
    const InternetHost& host = fabric.internet().hosts()[i];
    const Vertex at =
        add(TopologyKind::internet_host, index(i), host.name() + addresses_text(host.addresses()));
    join(at, internet);
    join(internet, at);
  }
  for (std::size_t i = 0; i < fabric.route_tables().size(); ++i) {
    const VpcRouteTable& table = fabric.route_tables()[i];
    for (const VpcRoute& route : table.routes()) {
      add_route(vertex(TopologyKind::route_table, index(i)), route, table.vpc());
    }
  }
}

void Topology::add_route(Vertex table, const VpcRoute& route, VpcId vpc) {
  const std::string label = fmt::format("{}", route.destination);
  switch (route.target.kind) {
    case VpcRouteKind::local:
      return join(table, vertex(TopologyKind::vpc, vpc.value()), label);
    case VpcRouteKind::internet_gateway:
      return join(table, vertex(TopologyKind::internet_gateway, vpc.value()), label);
    case VpcRouteKind::nat_gateway:
      return join(table, vertex(TopologyKind::nat_gateway, route.target.id), label);
    case VpcRouteKind::peering: {
      const Peering& peering = fabric_->peering(PeeringId(route.target.id));
      return join(table, vertex(TopologyKind::peering, route.target.id), label, peering.active);
    }
    case VpcRouteKind::eni:
      return join(table, vertex(TopologyKind::eni, route.target.id), label);
    case VpcRouteKind::blackhole:
      return;
  }
}

Topology::Vertex Topology::vertex(TopologyKind kind, std::uint32_t id) const {
  const auto& of_kind = by_kind_[static_cast<std::size_t>(kind)];
  ASSERT(id < of_kind.size());
  return of_kind[id];
}

/// An ENI that is neither end is no way through: instances do not forward what is not routed to them.
bool Topology::reaches(Vertex from, Vertex to) const {
  const auto usable = [this](const auto& edge) { return graph_[edge].is_usable; };
  const auto passable = [&](Vertex at) {
    return at == from || at == to || graph_[at].kind != TopologyKind::eni;
  };
  using Usable = std::function<bool(boost::graph_traits<Graph>::edge_descriptor)>;
  using Passable = std::function<bool(Vertex)>;
  const boost::filtered_graph<Graph, Usable, Passable> ways(graph_, usable, passable);
  std::vector<boost::default_color_type> colours(boost::num_vertices(graph_));
  const auto colour =
      boost::make_iterator_property_map(colours.begin(), boost::get(boost::vertex_index, graph_));
  boost::breadth_first_search(ways, from, boost::color_map(colour));
  return colours[to] != boost::white_color;
}

// --- findings

std::vector<TopologyFinding> Topology::findings() const {
  std::vector<TopologyFinding> found;
  find_in_subnets(found);
  find_in_nat_gateways(found);
  find_in_peerings(found);
  return found;
}

void Topology::find_in_subnets(std::vector<TopologyFinding>& found) const {
  for (std::size_t i = 0; i < fabric_->subnets().size(); ++i) {
    const Subnet& subnet = fabric_->subnets()[i];
    const SubnetId id(static_cast<std::uint32_t>(i));
    const std::string subject = "subnet " + subnet.name;
    if (subnet.public_on_launch && !fabric_->is_public(id)) {
      found.push_back(
          {subject, "gives public addresses, but its route table has no route to an internet gateway"});
    }
    for (const VpcRoute& route : fabric_->route_table(subnet.route_table).routes()) {
      if (route.target.kind == VpcRouteKind::blackhole) {
        found.push_back({subject, fmt::format("{} leads nowhere (blackhole)", route.text)});
      }
      if (route.target.kind == VpcRouteKind::eni && !fabric_->eni(EniId(route.target.id)).is_attached()) {
        found.push_back(
            {subject, fmt::format("{} leads nowhere: the network interface is not attached", route.text)});
      }
      if (route.target.kind != VpcRouteKind::nat_gateway) continue;
      const NatGateway& gateway = fabric_->nat_gateway(NatGatewayId(route.target.id));
      const std::string what =
          route.destination.length() == 0 ? "default route" : fmt::format("route {}", route.destination);
      if (gateway.subnet() == id) {
        found.push_back(
            {subject, fmt::format("{} to {}, which sits in this very subnet and does not serve it", what,
                                  gateway.name())});
      } else if (gateway.connectivity() == Connectivity::public_ && !fabric_->is_public(gateway.subnet())) {
        found.push_back(
            {subject, fmt::format("{} to {}, which sits in a subnet without a route to an internet gateway",
                                  what, gateway.name())});
      }
    }
  }
  for (const Eni& eni : fabric_->enis()) {
    if (eni.type() == EniType::nat_gateway || fabric_->is_public(eni.subnet())) continue;
    for (const Ipv4Address address : eni.addresses()) {
      const Ipv4Address outside = fabric_->public_address_of(eni.vpc(), address);
      if (outside.is_unspecified()) continue;
      found.push_back(
          {"network interface " + eni.name(),
           fmt::format("has the public address {}, but subnet {} has no route to an internet gateway",
                       outside, fabric_->subnet(eni.subnet()).name)});
    }
  }
}

void Topology::find_in_nat_gateways(std::vector<TopologyFinding>& found) const {
  for (const NatGateway& gateway : fabric_->nat_gateways()) {
    const std::string& subnet = fabric_->subnet(gateway.subnet()).name;
    if (gateway.connectivity() == Connectivity::public_ && !fabric_->is_public(gateway.subnet())) {
      found.push_back(
          {"NAT gateway " + gateway.name(),
           fmt::format("is public, but its subnet {} has no route to an internet gateway", subnet)});
    }
    if (gateway.connectivity() == Connectivity::private_ && fabric_->is_public(gateway.subnet())) {
      found.push_back(
          {"NAT gateway " + gateway.name(),
           fmt::format("is private: what its subnet {} routes to the internet gateway is dropped there",
                       subnet)});
    }
  }
}

void Topology::find_in_peerings(std::vector<TopologyFinding>& found) const {
  std::set<VpcRouteTableId> in_use;
  for (const Subnet& subnet : fabric_->subnets()) in_use.insert(subnet.route_table);
  for (std::size_t p = 0; p < fabric_->peerings().size(); ++p) {
    const Peering& peering = fabric_->peerings()[p];
    const auto target = VpcRouteTarget::to(PeeringId(static_cast<std::uint32_t>(p)));
    const std::string subject = "peering " + peering.name;
    const auto uses = [&](VpcRouteTableId id) {
      const auto& routes = fabric_->route_table(id).routes();
      return std::any_of(routes.begin(), routes.end(),
                         [&](const VpcRoute& route) { return route.target == target; });
    };
    const bool used_by_any = std::any_of(in_use.begin(), in_use.end(), uses);
    if (!used_by_any) found.push_back({subject, "no route table that a subnet uses has a route to it"});
    if (used_by_any && !peering.active)
      found.push_back({subject, "is not active: what is routed to it is dropped"});
    for (const VpcRouteTableId id : in_use) {
      const VpcRouteTable& table = fabric_->route_table(id);
      if (!used_by_any || !peering.joins(table.vpc())) continue;
      const Vpc& peer = fabric_->vpc(peering.other(table.vpc()));
      if (!uses(id)) {
        found.push_back({subject, fmt::format("route back to {} is missing in table {} of VPC {}", peer.name,
                                              table.name(), fabric_->vpc(table.vpc()).name)});
      }
      for (const VpcRoute& route : table.routes()) {
        const bool within = std::any_of(peer.cidrs.begin(), peer.cidrs.end(),
                                        [&](Prefix cidr) { return cidr.contains(route.destination); });
        if (route.target != target || within) continue;
        found.push_back(
            {subject, fmt::format("{} in table {} goes beyond VPC {}: a peering leads to the peer's own "
                                  "addresses only",
                                  route.text, table.name(), peer.name)});
      }
    }
    // Two peers of one VPC with the same addresses: answers follow one route, whoever asked.
    for (std::size_t q = 0; q < p; ++q) {
      const Peering& other = fabric_->peerings()[q];
      for (const VpcId shared : {peering.requester, peering.accepter}) {
        if (!other.joins(shared)) continue;
        for (const Prefix a : fabric_->vpc(peering.other(shared)).cidrs) {
          for (const Prefix b : fabric_->vpc(other.other(shared)).cidrs) {
            if (!a.overlaps(b)) continue;
            found.push_back(
                {subject,
                 fmt::format("{} overlaps {} behind peering {}: answers of VPC {} go to only one of them", a,
                             b, other.name, fabric_->vpc(shared).name)});
          }
        }
      }
    }
  }
}

// --- Graphviz

namespace {

/// Quoted for Graphviz, lines kept.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + '"';
}

std::string_view style(TopologyKind kind) {
  switch (kind) {
    case TopologyKind::eni:
      return "shape=box, style=\"rounded,filled\", fillcolor=\"#eef5ff\"";
    case TopologyKind::internet_gateway:
      return "shape=hexagon, style=filled, fillcolor=\"#e6d9f7\"";
    case TopologyKind::nat_gateway:
      return "shape=hexagon, style=filled, fillcolor=\"#fde8d0\"";
    case TopologyKind::peering:
      return "shape=diamond, style=filled, fillcolor=\"#dff3e4\"";
    case TopologyKind::route_table:
      return "shape=note, fontsize=10";
    case TopologyKind::internet:
      return "shape=ellipse, style=filled, fillcolor=\"#f2f2f2\"";
    case TopologyKind::internet_host:
      return "shape=box, style=rounded";
    case TopologyKind::subnet:
      return "shape=point, style=invis";
    case TopologyKind::vpc:
      return "shape=none";
  }
  return "";
}

std::string_view kind_name(TopologyKind kind) {
  constexpr std::string_view names[] = {"vpc", "subnet",  "table",    "eni", "igw",
                                        "nat", "peering", "internet", "host"};
  return names[static_cast<std::size_t>(kind)];
}

}  // namespace

/// By a subnet; the main table often is by none.
bool Topology::is_used(VpcRouteTableId table) const {
  const auto& subnets = fabric_->subnets();
  return std::any_of(subnets.begin(), subnets.end(),
                     [&](const Subnet& subnet) { return subnet.route_table == table; });
}

std::string Topology::node(Vertex at) const {
  return fmt::format("{}{}", kind_name(graph_[at].kind), graph_[at].id);
}

std::string Topology::graphviz() const {
  std::string out =
      "digraph ekspath {\n  rankdir=LR;\n  compound=true;\n  fontname=\"sans-serif\";\n"
      "  node [fontname=\"sans-serif\", fontsize=11];\n  edge [fontname=\"sans-serif\", fontsize=9];\n";
  const auto line = [&](int indent, Vertex at, std::string_view label) {
    out +=
        fmt::format("{:{}}{} [label={}, {}];\n", "", indent, node(at), quoted(label), style(graph_[at].kind));
  };
  const auto index = [](std::size_t i) { return static_cast<std::uint32_t>(i); };

  for (std::size_t v = 0; v < fabric_->vpcs().size(); ++v) {
    const VpcId vpc(index(v));
    out += fmt::format("  subgraph cluster_vpc{} {{\n    label={};\n    style=rounded;\n", v,
                       quoted(graph_[vertex(TopologyKind::vpc, index(v))].label));
    if (fabric_->vpc(vpc).has_internet_gateway) {
      const Vertex at = vertex(TopologyKind::internet_gateway, index(v));
      line(4, at, graph_[at].label);
    }
    for (std::size_t t = 0; t < fabric_->route_tables().size(); ++t) {
      const VpcRouteTable& table = fabric_->route_tables()[t];
      if (table.vpc() != vpc || !is_used(VpcRouteTableId(index(t)))) continue;
      std::string label = "route table " + table.name();
      for (const VpcRoute& route : table.routes()) {
        label += fmt::format("\n{} -> {}", route.destination, fabric_->target_name(route.target));
      }
      line(4, vertex(TopologyKind::route_table, index(t)), label);
    }
    for (std::size_t s = 0; s < fabric_->subnets().size(); ++s) {
      if (fabric_->subnets()[s].vpc != vpc) continue;
      const Vertex at = vertex(TopologyKind::subnet, index(s));
      out +=
          fmt::format("    subgraph cluster_subnet{} {{\n      label={};\n      style=\"rounded,dashed\";\n",
                      s, quoted(graph_[at].label));
      line(6, at, "");
      for (std::size_t e = 0; e < fabric_->enis().size(); ++e) {
        const Eni& eni = fabric_->enis()[e];
        if (eni.is_deleted() || eni.subnet() != SubnetId(index(s)) || eni.type() == EniType::nat_gateway)
          continue;
        std::string label = graph_[vertex(TopologyKind::eni, index(e))].label;
        const Ipv4Address outside = fabric_->public_address_of(vpc, eni.primary_address());
        if (!outside.is_unspecified()) label += fmt::format("\npublic {}", outside);
        line(6, vertex(TopologyKind::eni, index(e)), label);
      }
      for (std::size_t n = 0; n < fabric_->nat_gateways().size(); ++n) {
        if (fabric_->nat_gateways()[n].subnet() != SubnetId(index(s))) continue;
        const Vertex gateway = vertex(TopologyKind::nat_gateway, index(n));
        const Eni& eni = fabric_->eni(fabric_->nat_gateways()[n].eni());
        std::string label = graph_[gateway].label + addresses_text(eni.addresses());
        const Ipv4Address outside = fabric_->public_address_of(vpc, eni.primary_address());
        if (!outside.is_unspecified()) label += fmt::format("\npublic {}", outside);
        line(6, gateway, label);
      }
      out += "    }\n";
    }
    out += "  }\n";
  }
  const auto [first, last] = boost::vertices(graph_);
  for (auto at = first; at != last; ++at) {
    const TopologyKind kind = graph_[*at].kind;
    if (kind == TopologyKind::peering || kind == TopologyKind::internet ||
        kind == TopologyKind::internet_host) {
      line(2, *at, graph_[*at].label);
    }
  }
  for (auto at = first; at != last; ++at) out += drawn_edges(*at);
  return out + "}\n";
}

/// What a cluster already says by holding it, and what every table has, is not drawn.
std::string Topology::drawn_edges(Vertex from) const {
  std::string out;
  const auto [first, last] = boost::out_edges(from, graph_);
  for (auto e = first; e != last; ++e) {
    const Vertex to = boost::target(*e, graph_);
    const TopologyKind a = graph_[from].kind, b = graph_[to].kind;
    const bool is_drawn = (a == TopologyKind::subnet && b == TopologyKind::route_table) ||
                          (a == TopologyKind::route_table && b != TopologyKind::vpc) ||
                          (a == TopologyKind::internet_gateway && b == TopologyKind::internet) ||
                          (a == TopologyKind::internet && b == TopologyKind::internet_host);
    if (!is_drawn || (a == TopologyKind::route_table && !is_used(VpcRouteTableId(graph_[from].id)))) continue;
    if (b == TopologyKind::eni && fabric_->eni(EniId(graph_[to].id)).is_deleted()) continue;
    std::string attributes;
    if (!graph_[*e].label.empty()) attributes += fmt::format("label={}", quoted(graph_[*e].label));
    if (a == TopologyKind::subnet)
      attributes += fmt::format("ltail=cluster_subnet{}, style=dotted", graph_[from].id);
    if (a == TopologyKind::internet_gateway || a == TopologyKind::internet) attributes += "dir=both";
    if (!graph_[*e].is_usable) attributes += ", color=red";
    out += fmt::format("  {} -> {} [{}];\n", node(from), node(to), attributes);
  }
  return out;
}

// --- construction

Topology::Vertex Topology::add(TopologyKind kind, std::uint32_t id, std::string label) {
  const Vertex added = boost::add_vertex(TopologyVertex{kind, id, std::move(label)}, graph_);
  auto& of_kind = by_kind_[static_cast<std::size_t>(kind)];
  ASSERT(of_kind.size() == id);
  of_kind.push_back(added);
  return added;
}

void Topology::join(Vertex from, Vertex to, std::string label, bool is_usable) {
  boost::add_edge(from, to, TopologyEdge{std::move(label), is_usable}, graph_);
}

}  // namespace ekspath
