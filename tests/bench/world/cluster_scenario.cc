#include "tests/bench/world/cluster_scenario.hh"

#include <fmt/format.h>

#include "sim/base/assert.hh"

namespace ekspath {
namespace {

constexpr std::uint32_t zones = 3;
constexpr std::uint32_t enis_per_node = 4;
constexpr std::uint32_t pods_per_eni = 14;
/// A /18 less the addresses that AWS keeps.
constexpr std::uint32_t subnet_addresses = (1U << 14) - 5;
constexpr std::uint32_t subnet_length = 18;
constexpr std::uint32_t cidr_size = 1U << 16;
constexpr Ipv4Address first_cidr(10, 0, 0, 0);
constexpr Ipv4Address internet_host(203, 0, 113, 8);

std::string subnet_name(std::uint32_t cidr, std::uint32_t zone) {
  return fmt::format("public-{}{}", static_cast<char>('a' + zone), cidr);
}

VpcEntry vpc_of(std::uint32_t cidrs) {
  VpcEntry vpc;
  vpc.name.value = "bench-vpc";
  vpc.internet_gateway = true;
  for (std::uint32_t cidr = 0; cidr < cidrs; ++cidr) {
    const Ipv4Address base = first_cidr.plus(cidr * cidr_size);
    vpc.cidrs.push_back({Prefix(base, 16), {}});
    for (std::uint32_t zone = 0; zone < zones; ++zone) {
      SubnetEntry subnet;
      subnet.name.value = subnet_name(cidr, zone);
      subnet.cidr.value = Prefix(base.plus(zone << (32 - subnet_length)), subnet_length);
      subnet.az.value = std::string(1, static_cast<char>('a' + zone));
      subnet.is_public = true;
      vpc.subnets.push_back(std::move(subnet));
    }
  }
  return vpc;
}

}  // namespace

std::string node_name(std::uint32_t node) { return fmt::format("node{}", node + 1); }
std::string pod_name(std::uint32_t node, std::uint32_t pod) {
  return fmt::format("flood-{}-{}", node + 1, pod + 1);
}

Scenario cluster_scenario(const ClusterSize& size) {
  ASSERT(size.nodes > 0 && size.pods > 0 && size.pods <= enis_per_node * pods_per_eni);
  const std::uint32_t enis = (size.pods + pods_per_eni - 1) / pods_per_eni;
  const std::uint32_t nodes_per_subnet = subnet_addresses / (enis + size.pods);
  const std::uint32_t nodes_per_cidr = nodes_per_subnet * zones;

  Scenario scenario;
  scenario.path = "generated";
  scenario.metadata.name.value = "bench";
  scenario.vpcs.push_back(vpc_of((size.nodes + nodes_per_cidr - 1) / nodes_per_cidr));
  InternetHostEntry host;
  host.name.value = internet_host_name;
  host.ip.value = internet_host;
  if (size.fabric_delay != Nanoseconds()) {
    host.rtt = size.fabric_delay * 2;
    for (const char* kind : {"same-az", "cross-az", "igw"}) {
      LinkSetting link;
      link.name.value = kind;
      link.delay = size.fabric_delay;
      scenario.links.push_back(std::move(link));
    }
  }
  scenario.internet_hosts.push_back(std::move(host));

  ClusterEntry& cluster = scenario.cluster.emplace();
  cluster.name.value = "bench";
  cluster.version.value = "1.31";
  cluster.vpc.value = "bench-vpc";
  cluster.service_cidr.value = Prefix(Ipv4Address(172, 20, 0, 0), 16);
  cluster.cni.version.value = "1.19";
  for (std::uint32_t n = 0; n < size.nodes; ++n) {
    NodeEntry node;
    node.name = node_name(n);
    node.group = "ng";
    node.type = "m5.xlarge";
    node.subnet = subnet_name(n / nodes_per_cidr, n % zones);
    for (std::uint32_t device = 1; device < enis; ++device) {
      node.enis.push_back({{static_cast<std::uint8_t>(device), {}}, std::nullopt});
    }
    for (std::uint32_t p = 0; p < size.pods; ++p) {
      PodEntry pod;
      pod.name.value = pod_name(n, p);
      pod.node.value = node.name;
      pod.device.value = static_cast<std::uint8_t>(p / pods_per_eni);
      cluster.pods.push_back(std::move(pod));
    }
    cluster.nodes.push_back(std::move(node));
  }
  return scenario;
}

}  // namespace ekspath
