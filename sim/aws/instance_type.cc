#include "sim/aws/instance_type.hh"

#include <algorithm>
#include <array>

namespace ekspath {
namespace {

constexpr auto table = std::to_array<InstanceType>({
#include "sim/aws/instance_type_table.inc"
});

constexpr bool by_name(const InstanceType& a, const InstanceType& b) { return a.name < b.name; }
static_assert(std::is_sorted(table.begin(), table.end(), by_name));

}  // namespace

const InstanceType* find_instance_type(std::string_view name) {
  const auto found =
      std::lower_bound(table.begin(), table.end(), name,
                       [](const InstanceType& type, std::string_view wanted) { return type.name < wanted; });
  return found != table.end() && found->name == name ? &*found : nullptr;
}

std::span<const InstanceType> instance_types() { return table; }

}  // namespace ekspath
