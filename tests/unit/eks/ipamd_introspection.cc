#include "sim/eks/ipamd_introspection.hh"

#include <doctest/doctest.h>

#include "sim/eks/al2023.hh"
#include "sim/eks/eni_device.hh"
#include "sim/linux/netfilter/rule_store.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

/// An ipamd with one address, 10.0.1.23, on an ENI of a known name.
struct OneAddress {
  PacketPool packets;
  PlaceNames places;
  RuleStore rules;
  Engine engine;
  Kernel kernel{engine, packets, places, rules, 1, 1'739'667'600'500'000'000};
  Fabric fabric{{engine, packets, places, 1}};
  Netns host{kernel, "node1"};
  NodeFiles files;
  VpcCni cni;
  std::unique_ptr<Ipamd> ipamd;
  std::string eni;
  std::string subnet;

  /// What curl prints on the node itself.
  std::string ask(const char* url) {
    const StartedProgram curl =
        start_program(host, {"curl", "-s", url}, "", {"node1", "", "127.0.0.1 localhost\n"});
    REQUIRE(curl.program != nullptr);
    engine.run_until(engine.now() + 100_ms);
    return fmt::format("{}{}", curl.program->text(), curl.program->exit_status().value_or(-1));
  }

  explicit OneAddress(const char* version)
      : cni(host, *CniVersion::parse(version), {*Prefix::parse("10.0.0.0/16")}, LinkSpec()) {
    const VpcId vpc = fabric.add_vpc({"vpc", {*Prefix::parse("10.0.0.0/16")}, true}).value();
    EniSpec spec;
    spec.name = "node1/eni0";
    spec.subnet =
        fabric.add_subnet({"subnet", vpc, *Prefix::parse("10.0.1.0/24"), "a", false, {}, {}}).value();
    spec.address = Ipv4Address(10, 0, 1, 5);
    const EniId primary = fabric.create_eni(spec).value();
    REQUIRE(!plug_in(fabric, primary, host, 0));
    boot_al2023(host, *host.find_interface("ens5"),
                {*spec.address, *Prefix::parse("10.0.1.0/24"), Ipv4Address(10, 0, 0, 2)});
    REQUIRE(fabric.assign_address(primary, Ipv4Address(10, 0, 1, 23)));
    eni = fabric.eni(primary).resource_id();
    subnet = fabric.subnet(spec.subnet).resource_id;
    ipamd = std::make_unique<Ipamd>(engine, IpamdSite{fabric,
                                                      host,
                                                      cni,
                                                      files,
                                                      *CniVersion::parse(version),
                                                      "i-0abc",
                                                      "ip-10-0-1-5",
                                                      *find_instance_type("t3.medium"),
                                                      {{primary, 0U}},
                                                      "myeks",
                                                      17,
                                                      {},
                                                      true,
                                                      {}});
    ipamd->start({});
  }
};

}  // namespace

// pkg/ipamd/introspect.go, as encoding/json writes datastore.ENIInfos
TEST_CASE("/v1/enis is the data store as Go writes it") {
  OneAddress node("1.19");
  CHECK(introspection(*node.ipamd, "/v1/enis") ==
        fmt::format(R"({{"TotalIPs":1,"AssignedIPs":0,"ENIs":{{"{0}":{{"ID":"{0}","IsPrimary":true,)"
                    R"("IsTrunk":false,"IsEFA":false,"DeviceNumber":0,"AvailableIPv4Cidrs":{{"10.0.1.23/32":)"
                    R"({{"Cidr":{{"IP":"10.0.1.23","Mask":"/////w=="}},"IPAddresses":{{}},"IsPrefix":false,)"
                    R"("AddressFamily":""}}}},"IPv6Cidrs":{{}}}}}}}})",
                    node.eni));
}

TEST_CASE("an address that a pod has names the pod and the time") {
  OneAddress node("1.19");
  PodSandbox sandbox;
  sandbox.pod_namespace = "demo";
  sandbox.pod_name = "client";
  sandbox.container_id = {{0, 0, 0, 0xc0ffee}};
  REQUIRE(node.ipamd->assign(sandbox).assignment);
  CHECK(
      introspection(*node.ipamd, "/v1/enis")
          .find(
              R"("IPAddresses":{"10.0.1.23":{"Address":"10.0.1.23","IPAMKey":{"networkName":"aws-cni",)"
              R"("containerID":"0000000000000000000000000000000000000000000000000000000000c0ffee","ifName":"eth0"},"IPAMMetadata":{"k8sPodNamespace":"demo",)"
              R"("k8sPodName":"client"},"AssignedTime":"2025-02-16T01:00:00.5Z",)"
              R"("UnassignedTime":"0001-01-01T00:00:00Z"}})") != std::string::npos);
}

TEST_CASE("from v1.20 on the data stores are told by network card") {
  OneAddress node("1.22");
  const std::string text = introspection(*node.ipamd, "/v1/enis");
  CHECK(text.starts_with(R"({"0":{"TotalIPs":1,)"));
  CHECK(text.find(fmt::format(R"("IPv6Cidrs":{{}},"IsExcludedForPodIPs":false,"RouteTableID":254,)"
                              R"("SubnetID":"{}")",
                              node.subnet)) != std::string::npos);
}

TEST_CASE("the settings are told by the names of their variables") {
  OneAddress node("1.19");
  CHECK(introspection(*node.ipamd, "/v1/ipamd-env-settings") ==
        R"({"AWS_MANAGE_ENIS_NON_SCHEDULABLE":false,"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG":false,)"
        R"("ENABLE_SUBNET_DISCOVERY":true,"WARM_ENI_TARGET":1,"WARM_IP_TARGET":0})");
  CHECK(introspection(*node.ipamd, "/v1/networkutils-env-settings") ==
        R"({"AWS_EXTERNAL_SERVICE_CIDRS":null,"AWS_VPC_CNI_NODE_PORT_SUPPORT":true,"AWS_VPC_ENI_MTU":9001,)"
        R"("AWS_VPC_K8S_CNI_CONNMARK":128,"AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS":null,)"
        R"("AWS_VPC_K8S_CNI_EXTERNALSNAT":false,"AWS_VPC_K8S_CNI_RANDOMIZESNAT":2,)"
        R"("AWS_VPC_K8S_CNI_VETHPREFIX":"eni"})");
  CHECK(introspection(*node.ipamd, "/v1/eni-configs") == "\"default\"");
}

// pkg/ipamd/introspect.go: INTROSPECTION_BIND_ADDRESS is 127.0.0.1:61679; a ServeMux answers every other path
// with the handler of "/"
TEST_CASE("ipamd answers on the node's loopback while it runs, whatever the path") {
  OneAddress node("1.19");
  const std::string enis = introspection(*node.ipamd, "/v1/enis") + "0";
  CHECK(node.ask("http://localhost:61679/v1/enis") == enis);
  CHECK(node.ask("http://127.0.0.1:61679/v1/enis?pretty") == enis);
  CHECK(node.ask("http://localhost:61679/v1/pods") ==
        R"({"AvailableCommands":["/v1/enis","/v1/eni-configs","/v1/networkutils-env-settings",)"
        R"("/v1/ipamd-env-settings"]}0)");
  CHECK(node.ask("http://10.0.1.5:61679/v1/enis") == "7");
  node.ipamd->stop();
  CHECK(node.ask("http://localhost:61679/v1/enis") == "7");
  node.ipamd->start({});
  CHECK(node.ask("http://localhost:61679/v1/enis") == enis);
}

TEST_CASE("DISABLE_INTROSPECTION leaves the port closed") {
  OneAddress node("1.19");
  node.ipamd->stop();
  node.ipamd->start({{"DISABLE_INTROSPECTION", "true"}});
  CHECK(node.ask("http://localhost:61679/v1/enis") == "7");
}
