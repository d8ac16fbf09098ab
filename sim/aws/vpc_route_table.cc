#include "sim/aws/vpc_route_table.hh"

#include <fmt/format.h>

#include <algorithm>

namespace ekspath {

const VpcRoute* VpcRouteTable::find(Prefix destination) const {
  for (const VpcRoute& route : routes_) {
    if (route.destination == destination) return &route;
  }
  return nullptr;
}

void VpcRouteTable::insert(Prefix destination, VpcRouteTarget target, std::string_view target_name) {
  erase(destination);
  const auto at = std::find_if(routes_.begin(), routes_.end(), [&](const VpcRoute& route) {
    if (route.destination.length() != destination.length())
      return route.destination.length() < destination.length();
    return destination.network() < route.destination.network();
  });
  routes_.insert(at, VpcRoute{destination, target, fmt::format("route {} -> {}", destination, target_name)});
}

void VpcRouteTable::erase(Prefix destination) {
  std::erase_if(routes_, [&](const VpcRoute& route) { return route.destination == destination; });
}

}  // namespace ekspath
