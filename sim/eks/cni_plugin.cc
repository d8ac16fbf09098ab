#include "sim/eks/cni_plugin.hh"

#include <fmt/format.h>

namespace ekspath {
namespace {

constexpr std::string_view log_path = "/var/log/aws-routed-eni/plugin.log";

constexpr LogCaller load_config_add{"routed-eni-cni-plugin/cni.go:121", "routed-eni-cni-plugin/cni.go:131"};
constexpr LogCaller add_call{"routed-eni-cni-plugin/cni.go:130", "routed-eni-cni-plugin/cni.go:140"};
constexpr LogCaller del_call{"routed-eni-cni-plugin/cni.go:323", "routed-eni-cni-plugin/cni.go:361"};
constexpr LogCaller setup_call{"routed-eni-cni-plugin/cni.go:231", "routed-eni-cni-plugin/cni.go:279"};
constexpr LogCaller teardown_call{"routed-eni-cni-plugin/cni.go:445", "routed-eni-cni-plugin/cni.go:487"};
constexpr LogCaller veth_call{"driver/driver.go:237", "driver/driver.go:276"};
constexpr LogCaller rules_call{"driver/driver.go:253", "driver/driver.go:286"};
constexpr LogCaller remove_rules_call{"driver/driver.go:267", "driver/driver.go:307"};

std::string table_text(std::uint32_t table) {
  return table == route_table::main ? std::string("main") : fmt::format("{}", table);
}

}  // namespace

CniPlugin::CniPlugin(Ipamd& ipamd, VpcCni& cni, NodeFiles& files)
    : ipamd_(&ipamd),
      cni_(&cni),
      log_(files, log_path, ipamd.site().version, ipamd.site().host.kernel().epoch_ns) {}

CniPlugin::Added CniPlugin::add(const PodSandbox& sandbox, Netns& pod_netns) {
  log_.info(now(), load_config_add, "Constructed new logger instance");
  log_request(add_call, "add", sandbox);
  log_.debug(now(), add_call, "Prev Result: <nil>\n");
  log_.debug(now(), add_call, "MTU value set is {}:", cni_->settings().pod_mtu);
  const Ipamd::Reply reply = ipamd_->assign(sandbox);
  if (!reply.assignment) {
    constexpr std::string_view rpc_error = "add cmd: Error received from AddNetwork gRPC call: ";
    if (reply.error.starts_with(rpc_error)) {
      log_.error(now(), add_call, "Error received from AddNetwork grpc call for containerID {}: {}",
                 sandbox.container_id, reply.error.substr(rpc_error.size()));
    } else {
      log_.error(now(), add_call, "Failed to assign an IP address to container {}", sandbox.container_id);
    }
    return {{}, 0, reply.error};
  }
  log_.info(now(), add_call, "Received add network response from ipamd for container {} interface eth0: {}",
            sandbox.container_id, ipamd_->reply_text(*reply.assignment));
  wire(sandbox, pod_netns, *reply.assignment);
  return {reply.assignment->address, reply.assignment->device, {}};
}

void CniPlugin::add_pinned(const PodSandbox& sandbox, Netns& pod_netns, Ipv4Address address,
                           std::uint32_t device) {
  wire(sandbox, pod_netns, ipamd_->adopt(sandbox, address, device));
}

/// SetupPodNetwork()
void CniPlugin::wire(const PodSandbox& sandbox, Netns& pod_netns, const IpamdPool::Assignment& assignment) {
  const std::string veth =
      VpcCni::host_veth_name(cni_->settings().veth_prefix, sandbox.pod_namespace, sandbox.pod_name);
  const std::uint32_t table = VpcCni::route_table_of(assignment.device, 0);
  const Prefix address(assignment.address, 32);
  const std::uint32_t mtu = cni_->settings().pod_mtu;
  if (log_.names_network_cards()) {
    log_.debug(now(), setup_call,
               "SetupPodNetwork: hostVethName={}, contVethName=eth0, netnsPath={}, ipAddr={}, "
               "routeTableNumber={}, mtu={}",
               veth, sandbox.netns_path, address, table, mtu);
  } else {
    log_.debug(now(), setup_call,
               "SetupPodNetwork: hostVethName={}, contVethName=eth0, netnsPath={}, v4Addr={}, "
               "v6Addr=<nil>, deviceNumber={}, mtu={}",
               veth, sandbox.netns_path, address, assignment.device, mtu);
  }
  cni_->add_pod({sandbox.pod_namespace, sandbox.pod_name, assignment.address, assignment.device}, pod_netns);
  log_.debug(now(), veth_call, "Successfully set IPv6 sysctls on hostVeth {}", veth);
  log_.debug(now(), rules_call,
             "Successfully setup container route, containerAddr={}, hostVeth={}, rtTable=main", address,
             veth);
  log_.debug(now(), rules_call, "Successfully setup toContainer rule, containerAddr={}, rtTable=main",
             address);
  if (table != route_table::main) {
    log_.debug(now(), rules_call, "Successfully setup fromContainer rule, containerAddr={}, rtTable={}",
               address, table_text(table));
  }
  log_.debug(now(), add_call, "Using dummy interface: {{Name:{} Mac:0 Mtu:0 Sandbox:{} SocketPath: PciID:}}",
             VpcCni::host_veth_name("dummy", sandbox.pod_namespace, sandbox.pod_name), assignment.device);
}

void CniPlugin::del(const PodSandbox& sandbox) {
  log_request(del_call, "del", sandbox);
  const auto known = ipamd_->pool().find(sandbox.container_id);
  const auto released = ipamd_->release(sandbox);
  if (!known) {
    log_.info(now(), del_call, "Container {} not found", sandbox.container_id);
    return;
  }
  if (released) {
    log_.info(now(), del_call,
              "Received del network response from ipamd for pod {} namespace {} sandbox {}: {}",
              sandbox.pod_name, sandbox.pod_namespace, sandbox.container_id, ipamd_->release_text(*released));
  }
  const std::uint32_t table = VpcCni::route_table_of(known->device, 0);
  const Prefix address(known->address, 32);
  log_.debug(now(), teardown_call, "TeardownPodNetwork: containerAddr={}, {}", address,
             log_.names_network_cards() ? fmt::format("routeTable={}", table)
                                        : fmt::format("deviceNumber={}", known->device));
  cni_->delete_pod({sandbox.pod_namespace, sandbox.pod_name, known->address, known->device});
  log_.debug(now(), remove_rules_call,
             "Successfully deleted toContainer rule, containerAddr={}, rtTable=main", address);
  if (table != route_table::main) {
    log_.debug(now(), remove_rules_call,
               "Successfully deleted fromContainer rule, containerAddr={}, rtTable={}", address,
               table_text(table));
  }
  log_.debug(now(), remove_rules_call, "Successfully deleted container route, containerAddr={}, rtTable=main",
             address);
  if (!released) {
    log_.info(now(), del_call,
              "Handled pod teardown using prevResult: ContainerID({}) Netns({}) IfName(eth0) "
              "PodNamespace({}) PodName({})",
              sandbox.container_id, sandbox.netns_path, sandbox.pod_namespace, sandbox.pod_name);
  }
}

void CniPlugin::log_request(const LogCaller& caller, std::string_view command, const PodSandbox& sandbox) {
  log_.info(
      now(), caller,
      "Received CNI {} request: ContainerID({}) Netns({}) IfName(eth0) "
      "Args(K8S_POD_INFRA_CONTAINER_ID={};K8S_POD_UID={};IgnoreUnknown=1;K8S_POD_NAMESPACE={};K8S_POD_NAME={}"
      ") "
      "Path(/opt/cni/bin) argsStdinData({{\"cniVersion\":\"0.4.0\",\"mtu\":\"{}\",\"name\":\"aws-cni\","
      "\"pluginLogFile\":\"{}\",\"pluginLogLevel\":\"DEBUG\",\"podSGEnforcingMode\":\"strict\",\"type\":"
      "\"aws-cni\",\"vethPrefix\":\"{}\"}})",
      command, sandbox.container_id, sandbox.netns_path, sandbox.container_id, sandbox.pod_uid,
      sandbox.pod_namespace, sandbox.pod_name, cni_->settings().pod_mtu, log_path,
      cni_->settings().veth_prefix);
}

}  // namespace ekspath
