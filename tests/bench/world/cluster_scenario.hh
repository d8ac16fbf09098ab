#pragma once

#include <cstdint>
#include <string>

#include "sim/lab/scenario.hh"

namespace ekspath {

/// How large a cluster to make, and how far apart its nodes are. Nodes are m5.xlarge: 4 ENIs of 15 addresses,
/// so 14 pods an ENI.
struct ClusterSize {
  std::uint32_t nodes = 3;
  std::uint32_t pods = 10;  // on each node, at most 56
  /// One way from host to host through the fabric, whatever the zones, and to the internet. Zero: AWS's.
  Nanoseconds fabric_delay{};
};

/// A cluster as a scenario's values, without a file: nodes in turn over public subnets of three zones, pods
/// on primary and secondary ENIs, one host on the internet. A /16 of the VPC holds as many nodes as fit;
/// further ones get further CIDRs. build_world() makes of it what it makes of a file.
[[nodiscard]] Scenario cluster_scenario(const ClusterSize& size);

/// Node and pod count from 0.
[[nodiscard]] std::string node_name(std::uint32_t node);
[[nodiscard]] std::string pod_name(std::uint32_t node, std::uint32_t pod);
inline constexpr const char* internet_host_name = "sink.example";

}  // namespace ekspath
