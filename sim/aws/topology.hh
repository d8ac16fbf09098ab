#pragma once

#include <boost/graph/adjacency_list.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/aws/fabric.hh"

namespace ekspath {

/// What a vertex of the topology describes.
enum class TopologyKind : std::uint8_t {
  vpc,
  subnet,
  route_table,
  eni,
  internet_gateway,
  nat_gateway,
  peering,
  internet,
  internet_host,
};

struct TopologyVertex {
  TopologyKind kind = TopologyKind::vpc;
  std::uint32_t id = 0;  // of the kind's own list
  std::string label;     // lines separated by '\n'
};

/// Why one vertex leads to another.
struct TopologyEdge {
  std::string label;      // "0.0.0.0/0" of a route; empty for what merely belongs together
  bool is_usable = true;  // false: a route into nothing
};

/// A sentence about what cannot work as described; nothing is refused for it.
struct TopologyFinding {
  std::string subject;  // "subnet private-a"
  std::string
      text;  // "default route to nat-a, which sits in a subnet without a route to an internet gateway"
};

/// The networks of a fabric as a graph of descriptions: built when asked for, never on the path of a packet.
/// An edge says "a packet can go on to there": ENI to subnet, subnet to route table, route table to gateways
/// and peerings, those to subnets, other VPCs and the internet.
class Topology {
 public:
  using Graph =
      boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, TopologyVertex, TopologyEdge>;
  using Vertex = boost::graph_traits<Graph>::vertex_descriptor;

  explicit Topology(const Fabric& fabric);

  [[nodiscard]] const Graph& graph() const { return graph_; }
  /// The vertex of a thing; aborts where there is none.
  [[nodiscard]] Vertex vertex(TopologyKind kind, std::uint32_t id) const;
  /// Whether packets of `from` have any way to `to`, by routes alone.
  [[nodiscard]] bool reaches(Vertex from, Vertex to) const;

  /// What a person who wrote this probably did not mean, in the order of subnets, tables, gateways and
  /// peerings.
  [[nodiscard]] std::vector<TopologyFinding> findings() const;
  /// Graphviz text: a cluster for each VPC and in it for each subnet.
  [[nodiscard]] std::string graphviz() const;

 private:
  Vertex add(TopologyKind kind, std::uint32_t id, std::string label);
  void join(Vertex from, Vertex to, std::string label = {}, bool is_usable = true);
  void add_route(Vertex table, const VpcRoute& route, VpcId vpc);
  void find_in_subnets(std::vector<TopologyFinding>& found) const;
  void find_in_nat_gateways(std::vector<TopologyFinding>& found) const;
  void find_in_peerings(std::vector<TopologyFinding>& found) const;
  [[nodiscard]] bool is_used(VpcRouteTableId table) const;
  [[nodiscard]] std::string node(Vertex vertex) const;
  [[nodiscard]] std::string drawn_edges(Vertex from) const;

  const Fabric* fabric_;
  Graph graph_;
  std::vector<std::vector<Vertex>> by_kind_;
};

}  // namespace ekspath
