#include "sim/eks/ipamd_introspection.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <vector>

#include "sim/base/assert.hh"

/// Go's encoding/json: no white space, members of structs in their order, of maps by key.
namespace ekspath {
namespace {

constexpr std::string_view never = "0001-01-01T00:00:00Z";  // Go's zero time

/// net.IPNet: the address as text, the mask as base64.
std::string cidr_json(const Prefix& prefix) {
  return fmt::format(R"({{"IP":"{}","Mask":"{}"}})", prefix.network(),
                     prefix.length() == 32 ? "/////w==" : "////8A==");
}

class PoolWriter {
 public:
  explicit PoolWriter(const Ipamd& ipamd)
      : ipamd_(ipamd),
        epoch_ns_(ipamd.site().host.kernel().epoch_ns),
        cards_(ipamd.site().version >= CniVersion{1, 20, 0}) {}

  /// datastore.ENIInfos; from v1.20 on by network card.
  std::string text() const {
    std::map<std::string, std::string> enis;
    for (const IpamdPool::PooledEni& eni : ipamd_.pool().enis()) enis[eni.resource_id] = eni_json(eni);
    const std::string infos = fmt::format(R"({{"TotalIPs":{},"AssignedIPs":{},"ENIs":{{{}}}}})",
                                          ipamd_.pool().total(), ipamd_.pool().assigned(), members(enis));
    return cards_ ? fmt::format(R"({{"0":{}}})", infos) : infos;
  }

 private:
  static std::string members(const std::map<std::string, std::string>& values) {
    std::vector<std::string> texts;
    for (const auto& [name, value] : values) texts.push_back(fmt::format("\"{}\":{}", name, value));
    return fmt::format("{}", fmt::join(texts, ","));
  }

  std::string eni_json(const IpamdPool::PooledEni& eni) const {
    std::map<std::string, std::string> cidrs;
    for (const IpamdPool::Cidr& cidr : eni.cidrs) {
      std::map<std::string, std::string> leases;
      for (const IpamdPool::Lease& lease : eni.leases_of(cidr))
        leases[fmt::format("{}", lease.address)] = lease_json(lease);
      cidrs[fmt::format("{}", cidr.prefix)] =
          fmt::format(R"({{"Cidr":{},"IPAddresses":{{{}}},"IsPrefix":{},"AddressFamily":""}})",
                      cidr_json(cidr.prefix), members(leases), cidr.is_prefix());
    }
    return fmt::format(R"({{"ID":"{}","IsPrimary":{},"IsTrunk":false,"IsEFA":false,"DeviceNumber":{},)"
                       R"("AvailableIPv4Cidrs":{{{}}},"IPv6Cidrs":{{}}{}}})",
                       eni.resource_id, eni.is_primary(), eni.device, members(cidrs),
                       cards_
                           ? fmt::format(R"(,"IsExcludedForPodIPs":false,"RouteTableID":{},"SubnetID":"{}")",
                                         VpcCni::route_table_of(eni.device, 0), subnet_of(eni))
                           : std::string());
  }

  const std::string& subnet_of(const IpamdPool::PooledEni& eni) const {
    const Fabric& fabric = ipamd_.site().fabric;
    return fabric.subnet(fabric.eni(eni.eni).subnet()).resource_id;
  }

  std::string lease_json(const IpamdPool::Lease& lease) const {
    const bool is_taken = lease.owner.has_value();
    const std::string key =
        is_taken ? fmt::format(R"({{"networkName":"aws-cni","containerID":"{}","ifName":"eth0"}})",
                               lease.owner->container_id)
                 : std::string(R"({"networkName":"","containerID":"","ifName":""})");
    const std::string metadata = is_taken ? fmt::format(R"({{"k8sPodNamespace":"{}","k8sPodName":"{}"{}}})",
                                                        lease.owner->pod_namespace, lease.owner->pod_name,
                                                        cards_ ? R"(,"interfacesCount":1)" : "")
                                          : std::string("{}");
    return fmt::format(
        R"({{"Address":"{}","IPAMKey":{},"IPAMMetadata":{},"AssignedTime":"{}","UnassignedTime":"{}"}})",
        lease.address, key, metadata, go_time(epoch_ns_ + lease.assigned.count()),
        lease.unassigned ? go_time(epoch_ns_ + lease.unassigned->count()) : std::string(never));
  }

  const Ipamd& ipamd_;
  std::int64_t epoch_ns_;
  bool cards_;
};

/// networkutils.GetConfigForDebug()
std::string network_settings(const CniSettings& settings) {
  const auto list = [](const std::vector<std::string>& texts) {
    if (texts.empty()) return std::string("null");
    return fmt::format("[\"{}\"]", fmt::join(texts, "\",\""));
  };
  std::vector<std::string> services;
  for (const Prefix& cidr : settings.external_service_cidrs) services.push_back(fmt::format("{}", cidr));
  return fmt::format(
      R"({{"AWS_EXTERNAL_SERVICE_CIDRS":{},"AWS_VPC_CNI_NODE_PORT_SUPPORT":{},"AWS_VPC_ENI_MTU":{},)"
      R"("AWS_VPC_K8S_CNI_CONNMARK":{},"AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS":{},)"
      R"("AWS_VPC_K8S_CNI_EXTERNALSNAT":{},"AWS_VPC_K8S_CNI_RANDOMIZESNAT":{},)"
      R"("AWS_VPC_K8S_CNI_VETHPREFIX":"{}"}})",
      list(services), settings.node_port_support, settings.eni_mtu, settings.connmark,
      list(settings.exclude_snat_cidrs), settings.external_snat,
      // snatType: sequentialSNAT 0, randomHashSNAT 1, randomPRNGSNAT 2
      settings.randomize == CniSettings::RandomizeSnat::none         ? 0
      : settings.randomize == CniSettings::RandomizeSnat::hashrandom ? 1
                                                                     : 2,
      settings.veth_prefix);
}

/// ipamd.GetConfigForDebug()
std::string ipamd_settings(const IpamdSettings& settings) {
  return fmt::format(R"({{"AWS_MANAGE_ENIS_NON_SCHEDULABLE":{},"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG":{},)"
                     R"("ENABLE_SUBNET_DISCOVERY":{},"WARM_ENI_TARGET":{},"WARM_IP_TARGET":{}}})",
                     settings.manages_unschedulable, settings.custom_networking, settings.subnet_discovery,
                     settings.warm_enis, settings.warm_addresses);
}

}  // namespace

std::string introspection(const Ipamd& ipamd, std::string_view path) {
  if (path == "/v1/enis") return PoolWriter(ipamd).text();
  if (path == "/v1/eni-configs")
    return json_quoted(ipamd.site().eni_config ? ipamd.site().eni_config->name : "default");
  if (path == "/v1/networkutils-env-settings") return network_settings(ipamd.site().cni.settings());
  if (path == "/v1/ipamd-env-settings") return ipamd_settings(ipamd.settings());
  // The real list comes in the order of a Go map: any.
  return R"({"AvailableCommands":["/v1/enis","/v1/eni-configs","/v1/networkutils-env-settings",)"
         R"("/v1/ipamd-env-settings"]})";
}

/// setupIntrospectionServer(): a ServeMux looks at the path alone, and its handlers at no method.
std::unique_ptr<Program> serve_introspection(Netns& host, const Ipamd& ipamd) {
  return start_http_agent(host, Ipv4Address(127, 0, 0, 1), introspection_port,
                          [&ipamd](std::string_view, std::string_view uri) {
                            return HttpAnswer{200, {}, introspection(ipamd, uri.substr(0, uri.find('?')))};
                          });
}

}  // namespace ekspath
