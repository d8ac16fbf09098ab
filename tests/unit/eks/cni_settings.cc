#include "sim/eks/cni_settings.hh"

#include <doctest/doctest.h>

using namespace ekspath;

TEST_CASE("the agent's defaults are those of its code") {
  const CniSettings settings = CniSettings::read({});
  CHECK(!settings.external_snat);
  CHECK(settings.exclude_snat_cidrs.empty());
  CHECK(settings.randomize == CniSettings::RandomizeSnat::prng);
  CHECK(settings.connmark == 0x80);
  CHECK(settings.veth_prefix == "eni");
  CHECK(settings.node_port_support);
  CHECK(settings.pod_mtu == 9001);
}

TEST_CASE("excluded CIDRs are trimmed and normalised, and what is no IPv4 CIDR is dropped") {
  const CniSettings settings = CniSettings::read(
      {{"AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS", " 172.20.1.7/16,10.0.0.0/8 , fd00::/8,nonsense"}});
  CHECK(settings.exclude_snat_cidrs == std::vector<std::string>{"172.20.0.0/16", "10.0.0.0/8"});
}

TEST_CASE("exclusions are ignored while SNAT is external") {
  const CniSettings settings = CniSettings::read(
      {{"AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS", "172.20.0.0/16"}, {"AWS_VPC_K8S_CNI_EXTERNALSNAT", "true"}});
  CHECK(settings.external_snat);
  CHECK(settings.exclude_snat_cidrs.empty());
}

TEST_CASE("a connmark is decimal or hexadecimal; anything else is 0x80") {
  const auto mark = [](const char* text) {
    return CniSettings::read({{"AWS_VPC_K8S_CNI_CONNMARK", text}}).connmark;
  };
  CHECK(mark("0x100") == 0x100);
  CHECK(mark("256") == 256);
  CHECK(mark("0") == 0x80);
  CHECK(mark("4294967296") == 0x80);
  CHECK(mark("mark") == 0x80);
}

TEST_CASE("a veth's prefix has four characters at most and is none of the kernel's own: a name must fit") {
  const auto prefix = [](const char* text) {
    return CniSettings::read({{"AWS_VPC_K8S_CNI_VETHPREFIX", text}}).veth_prefix;
  };
  CHECK(prefix("pod") == "pod");
  CHECK(prefix("veth") == "veth");
  for (const char* refused : {"veths", "eth", "vlan", "lo"}) {
    CAPTURE(refused);
    CHECK(prefix(refused) == "eni");
    CHECK(refused_cni_value("AWS_VPC_K8S_CNI_VETHPREFIX", refused) != "");
  }
  CHECK(refused_cni_value("AWS_VPC_K8S_CNI_VETHPREFIX", "pod") == "");
  CHECK(refused_cni_value("AWS_VPC_K8S_CNI_CONNMARK", "0x100") == "");
}

TEST_CASE("a pod's MTU is the ENI's unless it is set") {
  CHECK(CniSettings::read({{"AWS_VPC_ENI_MTU", "1500"}}).pod_mtu == 1500);
  CHECK(CniSettings::read({{"AWS_VPC_ENI_MTU", "1500"}, {"POD_MTU", "1400"}}).pod_mtu == 1400);
  CHECK(CniSettings::read({{"AWS_VPC_ENI_MTU", "99"}}).eni_mtu == 576);
}

TEST_CASE("a version without a patch number is the last of its line") {
  CHECK(CniVersion::parse("1.19") == CniVersion{1, 19, 99});
  CHECK(CniVersion::parse("v1.16.0") == CniVersion{1, 16, 0});
  CHECK(*CniVersion::parse("1.16") > CniVersion{1, 16, 2});
  CHECK(!CniVersion::parse("1"));
  CHECK(!CniVersion::parse("latest"));
}
