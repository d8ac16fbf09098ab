#include "sim/lab/scenario.hh"

#include <algorithm>

#include "sim/eks/ipamd_settings.hh"

namespace ekspath {
namespace {

template <class T>
const T* find_named(const std::vector<T>& things, std::string_view name) {
  const auto found = std::ranges::find_if(things, [&](const T& thing) { return *thing.name == name; });
  return found == things.end() ? nullptr : &*found;
}

}  // namespace

const VpcEntry* Scenario::vpc(std::string_view name) const { return find_named(vpcs, name); }

std::pair<const SubnetEntry*, const VpcEntry*> Scenario::subnet(std::string_view name) const {
  for (const auto& vpc : vpcs) {
    if (const auto* subnet = find_named(vpc.subnets, name)) return {subnet, &vpc};
  }
  return {};
}

const InstanceEntry* Scenario::instance(std::string_view name) const { return find_named(instances, name); }

const InternetHostEntry* Scenario::internet_host(std::string_view name) const {
  return find_named(internet_hosts, name);
}

const NodeEntry* Scenario::node(std::string_view name) const {
  if (!cluster) return nullptr;
  const auto found = std::ranges::find(cluster->nodes, name, &NodeEntry::name);
  return found == cluster->nodes.end() ? nullptr : &*found;
}

const PodEntry* Scenario::pod(std::string_view name) const {
  return cluster ? find_named(cluster->pods, name) : nullptr;
}

std::vector<std::string> Scenario::host_names() const {
  std::vector<std::string> names;
  for (const auto& instance : instances) names.push_back(*instance.name);
  for (const auto& host : internet_hosts) names.push_back(*host.name);
  if (!cluster) return names;
  for (const auto& node : cluster->nodes) names.push_back(node.name);
  for (const auto& pod : cluster->pods) names.push_back(*pod.name);
  return names;
}

bool uses_custom_networking(const CniEntry& cni) {
  CniEnvironment environment;
  for (const Setting& setting : cni.env) environment[*setting.name] = *setting.value;
  return IpamdSettings::read(environment).custom_networking;
}

std::string eni_config_name(const Scenario& scenario, const NodeEntry& node) {
  CniEnvironment environment;
  for (const Setting& setting : scenario.cluster->cni.env) environment[*setting.name] = *setting.value;
  const std::string label = IpamdSettings::read(environment).eni_config_label;
  const bool is_zone =
      label == "topology.kubernetes.io/zone" || label == "failure-domain.beta.kubernetes.io/zone";
  const SubnetEntry* subnet = scenario.subnet(node.subnet).first;
  return is_zone && subnet != nullptr ? scenario.region + *subnet->az : "default";
}

const EniConfigEntry* eni_config_of(const Scenario& scenario, const NodeEntry& node) {
  const std::string name = eni_config_name(scenario, node);
  for (const EniConfigEntry& config : scenario.cluster->cni.eni_configs) {
    if (*config.name == name) return &config;
  }
  return nullptr;
}

}  // namespace ekspath
