#include "sim/eks/max_pods.hh"

#include <algorithm>
#include <charconv>

namespace ekspath {
namespace {

constexpr std::uint32_t addresses_per_prefix = 16;
constexpr std::uint32_t host_network_pods = 2;
constexpr std::uint32_t usual_cap = 110;
constexpr std::uint32_t large_cap = 250;

/// The two of these sizes that are smaller than their names: EC2 user guide, instance types
constexpr std::string_view small_for_their_size[] = {"hpc7a.12xlarge", "hs1.8xlarge"};
/// Bare metal is large but for these.
constexpr std::string_view small_metal[] = {"a1.metal", "mac"};

bool is_bare_metal(std::string_view name) {
  const std::size_t dot = name.find('.');
  return dot != std::string_view::npos && name.substr(dot + 1).starts_with("metal");
}

}  // namespace

std::uint32_t max_pods(const InstanceType& type, const MaxPodsWish& wish) {
  std::uint32_t enis = type.max_enis;
  if (wish.max_enis && *wish.max_enis >= 1) enis = std::min(enis, *wish.max_enis);
  if (wish.custom_networking && enis > 0) --enis;
  std::uint32_t addresses = enis * (type.addresses_per_eni - 1U);
  if (wish.prefix_delegation && supports_prefixes(type)) addresses *= addresses_per_prefix;
  return addresses + host_network_pods;
}

std::uint32_t recommended_max_pods(const InstanceType& type, const MaxPodsWish& wish) {
  return std::min(max_pods(type, wish), has_more_than_30_vcpus(type) ? large_cap : usual_cap);
}

bool supports_prefixes(const InstanceType& type) {
  return type.hypervisor == Hypervisor::nitro || is_bare_metal(type.name);
}

bool has_more_than_30_vcpus(const InstanceType& type) {
  if (std::ranges::find(small_for_their_size, type.name) != std::end(small_for_their_size)) return false;
  const std::string_view size = type.name.substr(type.name.find('.') + 1);
  if (is_bare_metal(type.name)) {
    return std::ranges::none_of(small_metal,
                                [&](std::string_view small) { return type.name.starts_with(small); });
  }
  std::uint32_t xlarges = 0;
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), xlarges);
  return error == std::errc() && xlarges * 4 > 30;
}

}  // namespace ekspath
