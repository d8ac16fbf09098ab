#include "sim/aws/instance_type.hh"

#include <doctest/doctest.h>

namespace ekspath {

TEST_CASE("instance types have the limits that AWS publishes") {
  struct Known {
    const char* name;
    int enis, addresses;
  };
  for (const Known known : {Known{"t3.nano", 2, 2},
                            {"t3.micro", 2, 2},
                            {"t3.small", 3, 4},
                            {"t3.medium", 3, 6},
                            {"t3.large", 3, 12},
                            {"t3.xlarge", 4, 15},
                            {"t3.2xlarge", 4, 15},
                            {"m5.large", 3, 10}}) {
    const InstanceType* type = find_instance_type(known.name);
    REQUIRE(type != nullptr);
    CHECK(type->max_enis == known.enis);
    CHECK(type->addresses_per_eni == known.addresses);
    CHECK(type->hypervisor == Hypervisor::nitro);
  }
  CHECK(find_instance_type("t2.medium")->hypervisor == Hypervisor::xen);
}

TEST_CASE("every type is found by its name, others are not") {
  CHECK(instance_types().size() > 1300);
  for (const InstanceType& type : instance_types()) CHECK(find_instance_type(type.name) == &type);
  for (const char* wrong : {"", "t3", "t3.mediu", "t3.mediumm", "zzz"})
    CHECK(find_instance_type(wrong) == nullptr);
}

}  // namespace ekspath
