#include "sim/eks/ipamd_settings.hh"

#include <limits>

namespace ekspath {
namespace {

/// What the manifest sets where the code's own default differs. config/master/aws-k8s-cni.yaml
constexpr std::uint32_t warm_prefixes_of_manifest = 1;

/// A count, or what stands for everything that is none: text, negative numbers.
std::uint32_t count_of(const CniEnvironment& environment, std::string_view name, std::uint32_t otherwise) {
  const auto value = number_of(environment, name);
  if (!value || *value < 0 || *value > std::numeric_limits<std::int32_t>::max()) return otherwise;
  return static_cast<std::uint32_t>(*value);
}

}  // namespace

IpamdSettings IpamdSettings::read(const CniEnvironment& environment) {
  IpamdSettings settings;
  settings.warm_enis = count_of(environment, "WARM_ENI_TARGET", 1);
  settings.warm_addresses = count_of(environment, "WARM_IP_TARGET", 0);
  settings.minimum_addresses = count_of(environment, "MINIMUM_IP_TARGET", 0);
  settings.warm_prefixes = environment.contains("WARM_PREFIX_TARGET")
                               ? count_of(environment, "WARM_PREFIX_TARGET", 0)
                               : warm_prefixes_of_manifest;
  if (const std::uint32_t most = count_of(environment, "MAX_ENI", 0); most >= 1) settings.max_enis = most;
  settings.prefix_delegation = flag_of(environment, "ENABLE_PREFIX_DELEGATION", false);
  settings.custom_networking = flag_of(environment, "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG", false);
  settings.provisions = !flag_of(environment, "DISABLE_NETWORK_RESOURCE_PROVISIONING", false);
  settings.subnet_discovery = flag_of(environment, "ENABLE_SUBNET_DISCOVERY", true);
  settings.manages_unschedulable = flag_of(environment, "AWS_MANAGE_ENIS_NON_SCHEDULABLE", false);
  settings.introspection = !flag_of(environment, "DISABLE_INTROSPECTION", false);
  settings.cooldown = Nanoseconds(1'000'000'000) * count_of(environment, "IP_COOLDOWN_PERIOD", 30);
  if (const auto label = text_of(environment, "ENI_CONFIG_LABEL_DEF"); !label.empty())
    settings.eni_config_label = label;
  return settings;
}

std::string IpamdSettings::refusal() const {
  if (!prefix_delegation || has_address_targets() || warm_prefixes != 0) return {};
  return "Setting WARM_PREFIX_TARGET = 0 is not supported while WARM_IP_TARGET/MINIMUM_IP_TARGET is not set. "
         "Please configure either one of the WARM_{PREFIX/IP}_TARGET or MINIMUM_IP_TARGET env variables";
}

}  // namespace ekspath
