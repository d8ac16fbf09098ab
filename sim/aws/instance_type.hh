#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace ekspath {

enum class Hypervisor : std::uint8_t { nitro, xen, unknown };

/// What EC2 allows an instance of one type. Source: amazon-vpc-cni-k8s pkg/vpc/vpc_ip_resource_limit.go
struct InstanceType {
  std::string_view name;  // "t3.medium"
  std::uint8_t max_enis = 0;
  std::uint8_t addresses_per_eni = 0;  // IPv4, the primary one included
  Hypervisor hypervisor = Hypervisor::unknown;
};

/// Null: no such type.
[[nodiscard]] const InstanceType* find_instance_type(std::string_view name);
/// Every type, by name: for near misses and completion.
[[nodiscard]] std::span<const InstanceType> instance_types();

}  // namespace ekspath
