#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/aws/ids.hh"
#include "sim/aws/result.hh"
#include "sim/base/prefix.hh"

namespace ekspath {

enum class VpcRouteKind : std::uint8_t { local, internet_gateway, nat_gateway, peering, eni, blackhole };

/// Where a route leads. The id is that of the kind's own table; local, internet_gateway and blackhole have
/// none.
struct VpcRouteTarget {
  VpcRouteKind kind = VpcRouteKind::blackhole;
  std::uint32_t id = 0;

  [[nodiscard]] static VpcRouteTarget internet_gateway() { return {VpcRouteKind::internet_gateway, 0}; }
  [[nodiscard]] static VpcRouteTarget blackhole() { return {VpcRouteKind::blackhole, 0}; }
  [[nodiscard]] static VpcRouteTarget to(NatGatewayId id) { return {VpcRouteKind::nat_gateway, id.value()}; }
  [[nodiscard]] static VpcRouteTarget to(PeeringId id) { return {VpcRouteKind::peering, id.value()}; }
  [[nodiscard]] static VpcRouteTarget to(EniId id) { return {VpcRouteKind::eni, id.value()}; }

  friend bool operator==(const VpcRouteTarget&, const VpcRouteTarget&) = default;
};

struct VpcRoute {
  Prefix destination;
  VpcRouteTarget target;
  std::string text;  // "route 0.0.0.0/0 -> igw", what a decision says
};

/// The routes for what leaves a subnet; the longest prefix decides, and a blackhole does not fall back.
/// VPC guide: route tables
class VpcRouteTable {
 public:
  VpcRouteTable(std::string name, std::string resource_id, VpcId vpc)
      : name_(std::move(name)), resource_id_(std::move(resource_id)), vpc_(vpc) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& resource_id() const { return resource_id_; }
  [[nodiscard]] VpcId vpc() const { return vpc_; }
  /// Longest prefix first, then by network.
  [[nodiscard]] const std::vector<VpcRoute>& routes() const { return routes_; }

  /// Null: no route at all.
  [[nodiscard]] const VpcRoute* lookup(Ipv4Address destination) const {
    for (const VpcRoute& route : routes_) {
      if (route.destination.contains(destination)) return &route;
    }
    return nullptr;
  }
  [[nodiscard]] const VpcRoute* find(Prefix destination) const;

  /// Whether the route is legal was asked before (Fabric::add_route); `text` names the target.
  void insert(Prefix destination, VpcRouteTarget target, std::string_view target_name);
  void erase(Prefix destination);

 private:
  std::string name_;
  std::string resource_id_;
  VpcId vpc_;
  std::vector<VpcRoute> routes_;
};

}  // namespace ekspath
