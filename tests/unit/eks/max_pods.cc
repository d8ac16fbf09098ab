#include "sim/eks/max_pods.hh"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>

using namespace ekspath;

namespace {

const InstanceType& type(std::string_view name) {
  const InstanceType* found = find_instance_type(name);
  REQUIRE(found != nullptr);
  return *found;
}

}  // namespace

// facts/vpc-cni.md 5: ENIs * (addresses - 1) + 2, sixteen times as many with prefixes
TEST_CASE("a t3.medium carries 17 pods, 242 with prefixes, 12 with custom networking") {
  CHECK(max_pods(type("t3.medium"), {}) == 17);
  CHECK(max_pods(type("t3.medium"), {true, false, {}}) == 3 * 5 * 16 + 2);
  CHECK(max_pods(type("t3.medium"), {false, true, {}}) == 2 * 5 + 2);
  CHECK(max_pods(type("t3.medium"), {false, false, 1}) == 7);
  CHECK(max_pods(type("t3.medium"), {false, false, 20}) == 17);
}

TEST_CASE("prefixes are for Nitro and bare metal: others stay as they are") {
  CHECK(max_pods(type("m4.large"), {true, false, {}}) == max_pods(type("m4.large"), {}));
  CHECK(supports_prefixes(type("c5.metal")));
  CHECK_FALSE(supports_prefixes(type("m4.large")));
}

// max-pods-calculator.sh
TEST_CASE("the calculator recommends 110 at most, or 250 with more than 30 vCPUs") {
  CHECK(recommended_max_pods(type("t3.medium"), {}) == 17);
  CHECK(recommended_max_pods(type("t3.medium"), {true, false, {}}) == 110);
  CHECK(recommended_max_pods(type("m5.4xlarge"), {}) == 110);
  CHECK(recommended_max_pods(type("m5.8xlarge"), {}) == 234);
  CHECK(recommended_max_pods(type("m5.24xlarge"), {}) == 250);
}

// eni_max_pods.txt: amazon-vpc-cni-k8s misc/eni-max-pods.txt, which EC2's own limits wrote
TEST_CASE("all types of AWS's own list carry as many pods as it says") {
  std::ifstream list("tests/unit/eks/eni_max_pods.txt");
  REQUIRE(list.is_open());
  std::size_t compared = 0;
  for (std::string line; std::getline(list, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words(line);
    std::string name;
    std::uint32_t pods = 0;
    const bool is_read = static_cast<bool>(words >> name >> pods);
    REQUIRE(is_read);
    INFO(name);
    CHECK(max_pods(type(name), {}) == pods);
    ++compared;
  }
  CHECK(compared == instance_types().size());
}
