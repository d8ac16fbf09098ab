#include "sim/eks/ipamd.hh"

#include <doctest/doctest.h>

#include <string>

#include "sim/eks/al2023.hh"
#include "sim/eks/cni_plugin.hh"
#include "sim/eks/eni_device.hh"
#include "sim/eks/max_pods.hh"
#include "sim/linux/netfilter/rule_store.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

constexpr std::string_view ipamd_log = "/var/log/aws-routed-eni/ipamd.log";

/// One t3.medium (3 ENIs of 6 addresses) in a subnet, with its ipamd.
struct NodeWithPool {
  PacketPool packets;
  PlaceNames places;
  RuleStore rules;
  Engine engine;
  Kernel kernel{engine, packets, places, rules, 1, 1'739'667'600'000'000'000};
  Fabric fabric{{engine, packets, places, 1}};
  Netns host{kernel, "node1"};
  NodeFiles files;
  SubnetId subnet;
  EniId primary;
  VpcCni cni;
  std::unique_ptr<Ipamd> ipamd;
  std::deque<Netns> pods;

  explicit NodeWithPool(CniEnvironment environment = {}, const char* cidr = "10.0.1.0/24",
                        const char* version = "1.19", const char* type = "t3.medium")
      : cni(host, *CniVersion::parse(version), {*Prefix::parse("10.0.0.0/16")}, LinkSpec()) {
    const VpcId vpc = fabric.add_vpc({"vpc", {*Prefix::parse("10.0.0.0/16")}, true}).value();
    subnet = fabric.add_subnet({"subnet", vpc, *Prefix::parse(cidr), "a", false, {}, {}}).value();
    EniSpec spec;
    spec.name = "node1/eni0";
    spec.subnet = subnet;
    primary = fabric.create_eni(spec).value();
    REQUIRE(!plug_in(fabric, primary, host, 0));
    boot_al2023(host, *host.find_interface("ens5"),
                {fabric.eni(primary).primary_address(), *Prefix::parse(cidr), Ipv4Address(10, 0, 0, 2)});
    const InstanceType& instance = *find_instance_type(type);
    ipamd = std::make_unique<Ipamd>(engine, IpamdSite{fabric,
                                                      host,
                                                      cni,
                                                      files,
                                                      *CniVersion::parse(version),
                                                      "i-0abc",
                                                      "ip-10-0-1-5",
                                                      instance,
                                                      {{primary, 0U}},
                                                      "myeks",
                                                      max_pods(instance, {}),
                                                      {},
                                                      false,
                                                      {}});
    ipamd->start(environment);
  }

  PodSandbox sandbox(int number) const {
    return PodSandbox::draw(1, "default", fmt::format("pod{}", number), {}, 0);
  }
  /// ADD, without the wiring.
  bool add(int number) { return ipamd->assign(sandbox(number)).assignment.has_value(); }
  void add_pods(int first, int last) {
    for (int number = first; number <= last; ++number) CHECK(add(number));
  }
  void remove_pods(int first, int last) {
    for (int number = first; number <= last; ++number) CHECK(ipamd->release(sandbox(number)));
  }
  void run_for(Nanoseconds time) { engine.run_until(engine.now() + time); }

  /// "ENIs/addresses", prefixes counted whole.
  std::string shape() const {
    return fmt::format("{}/{}", ipamd->pool().enis().size(), ipamd->pool().stats(engine.now()).total);
  }
  std::string interfaces() const {
    std::string text;
    for (const auto& interface : host.owned_interfaces())
      text += fmt::format("{}{} ", interface->name, interface->up ? "" : "(down)");
    return text;
  }
  std::string log() const { return files.find(ipamd_log).value_or(std::string()); }
  bool logged(std::string_view text) const { return log().find(text) != std::string::npos; }
};

/// What a world begins with when so many pods are there.
std::string steady_shape(int pods, const CniEnvironment& environment = {}) {
  NodeWithPool node(environment);
  node.add_pods(1, pods);
  node.ipamd->settle();
  return node.shape();
}

const CniEnvironment with_prefixes{{"ENABLE_PREFIX_DELEGATION", "true"}};

}  // namespace

// The table of facts/vpc-cni.md 5: t3.medium, defaults
TEST_CASE("a world begins with the pool in steady state, by the number of pods") {
  CHECK(steady_shape(0) == "1/5");
  CHECK(steady_shape(1) == "2/10");
  CHECK(steady_shape(5) == "2/10");
  CHECK(steady_shape(6) == "3/15");
  CHECK(steady_shape(15) == "3/15");
}

TEST_CASE("the sixteenth pod of a t3.medium gets no address, in the plugin's words") {
  NodeWithPool node;
  node.add_pods(1, 15);
  const Ipamd::Reply reply = node.ipamd->assign(node.sandbox(16));
  CHECK_FALSE(reply.assignment);
  CHECK(sandbox_failure_text("c0ffee", reply.error) ==
        "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "
        "\"c0ffee\": plugin type=\"aws-cni\" name=\"aws-cni\" failed (add): add cmd: failed to assign an IP "
        "address to container");
  CHECK(
      node.logged("\"level\":\"error\",\"ts\":\"2025-02-16T01:00:00.000Z\",\"caller\":\"datastore/"
                  "data_store.go:607\",\"msg\":\"DataStore has no available IP/Prefix addresses\""));
}

TEST_CASE("WARM_ENI_TARGET 0 waits until no address is left") {
  CHECK(steady_shape(0, {{"WARM_ENI_TARGET", "0"}}) == "1/5");
  CHECK(steady_shape(4, {{"WARM_ENI_TARGET", "0"}}) == "1/5");
  CHECK(steady_shape(5, {{"WARM_ENI_TARGET", "0"}}) == "2/10");
}

TEST_CASE("WARM_IP_TARGET and MINIMUM_IP_TARGET count addresses, not ENIs") {
  const CniEnvironment targets{{"WARM_IP_TARGET", "2"}, {"MINIMUM_IP_TARGET", "5"}};
  CHECK(steady_shape(0, targets) == "1/5");
  CHECK(steady_shape(3, targets) == "1/5");
  CHECK(steady_shape(4, targets) == "2/6");
}

TEST_CASE("with prefixes one is kept free") {
  CHECK(steady_shape(0, with_prefixes) == "1/16");
  CHECK(steady_shape(1, with_prefixes) == "1/32");
}

TEST_CASE("prefixes stop where the node can have no more pods") {
  // 17 pods at most: with 32 addresses the pool is never too low, whatever is free.
  NodeWithPool node(with_prefixes);
  node.add_pods(1, 17);
  node.ipamd->settle();
  CHECK(node.shape() == "1/32");
}

TEST_CASE("MAX_ENI caps the ENIs") { CHECK(steady_shape(5, {{"MAX_ENI", "1"}}) == "1/5"); }

TEST_CASE("an instance that is no Nitro one falls back to single addresses") {
  NodeWithPool node(with_prefixes, "10.0.1.0/24", "1.19", "m4.large");
  node.ipamd->settle();
  CHECK_FALSE(node.ipamd->uses_prefixes());
  CHECK(node.logged("Prefix delegation is not supported on non-nitro instance m4.large"));
}

TEST_CASE("in the run an ENI takes its time: created, attached, seen by the kernel, listed, set up") {
  NodeWithPool node;
  node.ipamd->settle();
  CHECK(node.interfaces() == "lo ens5 ");
  CHECK(node.add(1));
  // The first pass is at 2.5 s; creation takes 1 s, attachment 2 s.
  node.run_for(5'499_ms);
  CHECK(node.interfaces() == "lo ens5 ");
  node.run_for(1_ms);
  CHECK(node.interfaces() == "lo ens5 ens6(down) ");
  CHECK(node.shape() == "1/5");
  // IMDS is asked after 0.1, 0.3, 0.7 and 1.5 s and lists it after 1 s.
  node.run_for(1'500_ms);
  CHECK(node.interfaces() == "lo ens5 ens6 ");
  CHECK(node.shape() == "2/10");
  CHECK(node.host.routing.rules().size() == 4);
  CHECK(node.logged("Successfully created and attached a new ENI eni-0"));
}

TEST_CASE("one step a pass: six pods at once need two passes for two ENIs") {
  NodeWithPool node;
  node.ipamd->settle();
  node.add_pods(1, 5);
  CHECK_FALSE(node.add(6));
  node.run_for(8_s);
  CHECK(node.shape() == "2/10");
  CHECK(node.add(6));
  node.run_for(12_s);
  CHECK(node.shape() == "3/15");
}

TEST_CASE("an idle ENI is freed once it is old enough and its addresses have cooled down") {
  NodeWithPool node;
  node.add_pods(1, 10);
  node.ipamd->settle();
  CHECK(node.shape() == "3/15");
  node.remove_pods(6, 10);  // those of the second ENI
  node.run_for(59_s);
  CHECK(node.shape() == "3/15");
  node.run_for(12_s);
  CHECK(node.shape() == "2/10");
  CHECK(node.interfaces() == "lo ens5 ens7 ");
  CHECK(node.logged("Successfully freed ENI: eni-0"));
  // 10 - 5 = 5 available, and 5 < 2 * 5: nothing more goes.
  node.run_for(60_s);
  CHECK(node.shape() == "2/10");
}

TEST_CASE("a device number that became free is the next ENI's") {
  NodeWithPool node;
  node.add_pods(1, 10);
  node.ipamd->settle();
  node.remove_pods(6, 10);
  node.run_for(80_s);
  CHECK(node.interfaces() == "lo ens5 ens7 ");
  CHECK(node.add(11));
  node.run_for(20_s);
  CHECK(node.interfaces() == "lo ens5 ens7 ens6 ");
}

TEST_CASE("all pods gone: the pool shrinks to one spare ENI") {
  NodeWithPool node;
  node.add_pods(1, 15);
  node.ipamd->settle();
  node.remove_pods(1, 15);
  node.run_for(200_s);
  // 5 available < 2 * 5: the primary alone is enough.
  CHECK(node.shape() == "1/5");
}

TEST_CASE("addresses beyond WARM_IP_TARGET go back to EC2, at most every 30 seconds") {
  NodeWithPool node(CniEnvironment{{"WARM_IP_TARGET", "1"}});
  node.add_pods(1, 4);
  node.ipamd->settle();
  CHECK(node.shape() == "1/5");
  const std::uint32_t before = node.fabric.available_addresses(node.subnet);
  node.remove_pods(1, 3);
  node.run_for(5_s);
  CHECK(node.shape() == "1/2");
  CHECK(node.fabric.available_addresses(node.subnet) == before + 3);
}

TEST_CASE("a subnet without room: no address, and 120 seconds until the next try") {
  // A /28 has 11 usable addresses: the primary's, five, and five that are taken by somebody else.
  NodeWithPool node({}, "10.0.1.0/28");
  for (int i = 0; i < 5; ++i) {
    EniSpec spec;
    spec.name = fmt::format("other{}", i);
    spec.subnet = node.subnet;
    REQUIRE(node.fabric.create_eni(spec));
  }
  node.ipamd->settle();
  CHECK(node.shape() == "1/5");
  CHECK(node.add(1));
  node.run_for(4_s);
  CHECK(
      node.logged("Failed to CreateNetworkInterface operation error EC2: CreateNetworkInterface, https "
                  "response error StatusCode: 400, RequestID: "));
  CHECK(
      node.logged("api error InsufficientFreeAddressesInSubnet: The specified subnet does not have enough "
                  "free addresses to satisfy the request."));
  const auto tries = [&] {
    std::size_t count = 0;
    const std::string text = node.log();
    for (std::size_t at = text.find("Trying to allocate"); at != std::string::npos;
         at = text.find("Trying to allocate", at + 1))
      ++count;
    return count;
  };
  const std::size_t before = tries();
  node.run_for(100_s);
  CHECK(tries() == before);
  CHECK(node.logged("Recently we had InsufficientCidr error hence will wait for 2m0s before retrying"));
  node.run_for(30_s);
  CHECK(tries() > before);
}

TEST_CASE("addresses that are left fill an ENI one by one when all at once are refused") {
  NodeWithPool node({}, "10.0.1.0/28");
  for (int i = 0; i < 8; ++i) {
    EniSpec spec;
    spec.name = fmt::format("other{}", i);
    spec.subnet = node.subnet;
    REQUIRE(node.fabric.create_eni(spec));
  }
  node.ipamd->settle();
  CHECK(node.shape() == "1/2");
}

TEST_CASE("a restart keeps who has which address, and prefix delegation takes over") {
  NodeWithPool node;
  node.add_pods(1, 2);
  node.ipamd->settle();
  const auto before = node.ipamd->pool().find(node.sandbox(1).container_id)->address;
  node.run_for(10_s);
  node.ipamd->stop();
  CHECK(node.ipamd->assign(node.sandbox(3)).error ==
        "add cmd: Error received from AddNetwork gRPC call: rpc error: code = Unavailable desc = connection "
        "error: desc = \"transport: Error while dialing: dial tcp 127.0.0.1:50051: connect: connection "
        "refused\"");
  node.ipamd->start(with_prefixes);
  node.run_for(20_s);
  CHECK(node.ipamd->pool().find(node.sandbox(1).container_id)->address == before);
  CHECK(node.ipamd->pool().find(node.sandbox(2).container_id));
  CHECK(node.ipamd->pool().free_prefixes() >= 1);
  // Of the single addresses only those in use are left.
  CHECK(node.ipamd->pool().total() - node.ipamd->pool().stats(node.engine.now()).total == 2);
  // Given up, such an address goes back to EC2 at once.
  CHECK(node.ipamd->release(node.sandbox(1)));
  CHECK(node.ipamd->pool().total() - node.ipamd->pool().stats(node.engine.now()).total == 1);
}

TEST_CASE("prefix delegation with all three targets at zero refuses to start, as aws-node does") {
  NodeWithPool node(CniEnvironment{{"ENABLE_PREFIX_DELEGATION", "true"}, {"WARM_PREFIX_TARGET", "0"}});
  CHECK_FALSE(node.ipamd->is_listening());
}

TEST_CASE("on a node that takes no pods the ENIs stay as they are") {
  NodeWithPool node;
  node.ipamd->settle();
  node.ipamd->mark_unschedulable(true);
  CHECK(node.add(1));
  node.run_for(30_s);
  CHECK(node.shape() == "1/5");
  CHECK(node.logged(
      "AWS CNI is on a non schedulable node, will not try to attach any new IPs or ENIs right now"));
}

TEST_CASE("from v1.20 on the log speaks of network cards") {
  NodeWithPool node({}, "10.0.1.0/24", "1.22");
  node.ipamd->settle();
  CHECK(node.add(1));
  node.run_for(3_s);
  CHECK(
      node.logged("\"caller\":\"ipamd/ipamd.go:785\",\"msg\":\"IP stats for Network Card 0 - total IPs: 5, "
                  "assigned IPs: 1, cooldown IPs: 0\""));
  CHECK(node.logged(
      "\"caller\":\"rpc/rpc_grpc.pb.go:117\",\"msg\":\"Assigned IP from network card: 0 -> IPv4: "));
}

TEST_CASE("with custom networking pods are on secondary ENIs, in the ENIConfig's subnet") {
  NodeWithPool node;
  const VpcId vpc = *node.fabric.find_vpc("vpc");
  const SubnetId pods =
      node.fabric.add_subnet({"pods", vpc, *Prefix::parse("10.0.64.0/24"), "a", false, {}, {}}).value();
  IpamdSite site = node.ipamd->site();
  site.eni_config = EniConfig{"default", pods, {}};
  node.ipamd = std::make_unique<Ipamd>(node.engine, site);
  node.ipamd->start({{"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG", "true"}});
  node.ipamd->settle();
  CHECK(node.shape() == "2/5");
  const Ipamd::Reply reply = node.ipamd->assign(node.sandbox(1));
  REQUIRE(reply.assignment);
  CHECK(reply.assignment->device == 1);
  CHECK(Prefix::parse("10.0.64.0/24")->contains(reply.assignment->address));
}

TEST_CASE("an ENI that a restart leaves unattached is not kept") {
  NodeWithPool node;
  node.ipamd->settle();
  const std::uint32_t before = node.fabric.available_addresses(node.subnet);
  CHECK(node.add(1));
  node.run_for(4_s);  // created at 3.5 s, attached at 5.5 s
  CHECK(node.fabric.available_addresses(node.subnet) == before - 6);
  node.ipamd->stop();
  CHECK(node.fabric.available_addresses(node.subnet) == before);
  node.ipamd->start({});
  node.run_for(10_s);
  CHECK(node.shape() == "2/10");
}

TEST_CASE("a node that the scenario furnished keeps its ENIs until a pod comes in the run") {
  NodeWithPool node;
  IpamdSite site = node.ipamd->site();
  site.is_furnished = true;
  node.ipamd = std::make_unique<Ipamd>(node.engine, site);
  node.ipamd->start({});
  const Ipv4Address pinned = node.fabric.assign_address(node.primary, Ipv4Address(10, 0, 1, 200)).value();
  CHECK(node.ipamd->adopt(node.sandbox(1), pinned, 0).device == 0);
  node.ipamd->settle();
  // The pinned one and four that fill the ENI.
  CHECK(node.shape() == "1/5");
  node.run_for(60_s);
  CHECK(node.shape() == "1/5");
  CHECK(node.add(2));
  node.run_for(15_s);
  CHECK(node.shape() == "2/10");
}

TEST_CASE("the plugin wires a pod with the pool's address and says so in its log") {
  NodeWithPool node;
  node.ipamd->settle();
  CniPlugin plugin(*node.ipamd, node.cni, node.files);
  Netns& pod = node.pods.emplace_back(node.kernel, "pod1");
  const PodSandbox sandbox = node.sandbox(1);
  const CniPlugin::Added added = plugin.add(sandbox, pod);
  REQUIRE(added.ok());
  CHECK(pod.find_interface("eth0")->has(added.address));
  const std::string log = *node.files.find("/var/log/aws-routed-eni/plugin.log");
  const std::string veth = VpcCni::host_veth_name("eni", "default", "pod1");
  CHECK(log.find(fmt::format("\"caller\":\"routed-eni-cni-plugin/cni.go:231\",\"msg\":\"SetupPodNetwork: "
                             "hostVethName={}, contVethName=eth0, netnsPath={}, v4Addr={}/32, v6Addr=<nil>, "
                             "deviceNumber=0, mtu=9001\"",
                             veth, sandbox.netns_path, added.address)) != std::string::npos);
  plugin.del(sandbox);
  CHECK(node.host.find_interface(veth) == nullptr);
  CHECK(node.ipamd->pool().assigned() == 0);
}
