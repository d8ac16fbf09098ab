#include "sim/eks/cni_settings.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace ekspath {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Comma separated, spaces trimmed, host bits cut off; what is no IPv4 CIDR is dropped. network.go
/// parseCIDRString()
std::vector<Prefix> cidr_list(std::string_view text) {
  std::vector<Prefix> list;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view item = trimmed(text.substr(0, comma));
    if (item.find('/') != std::string_view::npos) {
      if (const auto prefix = Prefix::parse_loose(item)) list.push_back(*prefix);
    }
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return list;
}

/// Decimal or 0x..., 1 to 2^32-1, else the default. network.go getConnmark()
std::uint32_t read_connmark(std::string_view text) {
  constexpr std::uint32_t otherwise = 0x80;
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    base = 16;
  }
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || value == 0) return otherwise;
  return value;
}

std::uint32_t read_mtu(std::string_view text, std::uint32_t otherwise) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return otherwise;
  return std::clamp<std::uint32_t>(value, 576, 9001);
}

}  // namespace

std::string_view text_of(const CniEnvironment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string_view() : std::string_view(found->second);
}

bool flag_of(const CniEnvironment& environment, std::string_view name, bool otherwise) {
  const std::string_view text = text_of(environment, name);
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return otherwise;
}

std::optional<std::int64_t> number_of(const CniEnvironment& environment, std::string_view name) {
  std::string_view text = text_of(environment, name);
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<CniVersion> CniVersion::parse(std::string_view text) {
  if (text.starts_with("v")) text.remove_prefix(1);
  CniVersion version;
  int* const parts[] = {&version.major, &version.minor, &version.patch};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int i = 0; i < 3; ++i) {
    const auto [next, error] = std::from_chars(at, end, *parts[i]);
    if (error != std::errc()) return std::nullopt;
    at = next;
    if (at == end) return i >= 1 ? std::optional(version) : std::nullopt;
    if (i == 2 || *at++ != '.') return std::nullopt;
  }
  return std::nullopt;
}

std::string to_string(const CniVersion& version) {
  // The last releases of their lines by July 2026: amazon-vpc-cni-k8s, tags.
  static constexpr CniVersion last[] = {
      {1, 7, 10}, {1, 8, 0},  {1, 9, 3},  {1, 10, 4}, {1, 11, 5}, {1, 12, 6}, {1, 13, 4}, {1, 14, 1},
      {1, 15, 5}, {1, 16, 4}, {1, 17, 1}, {1, 18, 6}, {1, 19, 6}, {1, 20, 5}, {1, 21, 2}, {1, 22, 4}};
  int patch = version.patch;
  for (const CniVersion& known : last) {
    if (patch == CniVersion{}.patch && known.major == version.major && known.minor == version.minor)
      patch = known.patch;
  }
  return fmt::format("{}.{}.{}", version.major, version.minor, patch);
}

CniSettings CniSettings::read(const CniEnvironment& environment) {
  CniSettings settings;
  settings.external_snat = flag_of(environment, "AWS_VPC_K8S_CNI_EXTERNALSNAT", false);
  if (!settings.external_snat) {
    for (const Prefix& prefix : cidr_list(text_of(environment, "AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS"))) {
      settings.exclude_snat_cidrs.push_back(fmt::format("{}", prefix));
    }
  }
  settings.external_service_cidrs = cidr_list(text_of(environment, "AWS_EXTERNAL_SERVICE_CIDRS"));
  const std::string_view randomize = text_of(environment, "AWS_VPC_K8S_CNI_RANDOMIZESNAT");
  if (randomize == "hashrandom") settings.randomize = RandomizeSnat::hashrandom;
  if (randomize == "none") settings.randomize = RandomizeSnat::none;
  if (const auto mark = text_of(environment, "AWS_VPC_K8S_CNI_CONNMARK"); !mark.empty()) {
    settings.connmark = read_connmark(mark);
  }
  if (const auto prefix = text_of(environment, "AWS_VPC_K8S_CNI_VETHPREFIX");
      !prefix.empty() && refused_cni_value("AWS_VPC_K8S_CNI_VETHPREFIX", prefix).empty()) {
    settings.veth_prefix = prefix;
  }
  settings.node_port_support = flag_of(environment, "AWS_VPC_CNI_NODE_PORT_SUPPORT", true);
  settings.eni_mtu = read_mtu(text_of(environment, "AWS_VPC_ENI_MTU"), 9001);
  settings.pod_mtu = read_mtu(text_of(environment, "POD_MTU"), settings.eni_mtu);
  return settings;
}

std::string refused_cni_value(std::string_view name, std::string_view value) {
  constexpr std::size_t longest_prefix = 4;  // eleven characters of a hash follow: IFNAMSIZ
  if (name != "AWS_VPC_K8S_CNI_VETHPREFIX") return {};
  if (value.size() > longest_prefix) return fmt::format("{} cannot be longer than 4 characters", name);
  if (value == "eth" || value == "vlan" || value == "lo")
    return fmt::format("{} cannot be set to reserved values 'eth', 'vlan', or 'lo'", name);
  return {};
}

const std::vector<std::string>& cni_environment_names() {
  static const std::vector<std::string> names{
      "AWS_EXTERNAL_SERVICE_CIDRS",
      "AWS_MANAGE_ENIS_NON_SCHEDULABLE",
      "AWS_VPC_CNI_NODE_PORT_SUPPORT",
      "AWS_VPC_ENI_MTU",
      "AWS_VPC_K8S_CNI_CONNMARK",
      "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
      "AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS",
      "AWS_VPC_K8S_CNI_EXTERNALSNAT",
      "AWS_VPC_K8S_CNI_RANDOMIZESNAT",
      "AWS_VPC_K8S_CNI_VETHPREFIX",
      "DISABLE_INTROSPECTION",
      "DISABLE_NETWORK_RESOURCE_PROVISIONING",
      "ENABLE_PREFIX_DELEGATION",
      "ENABLE_SUBNET_DISCOVERY",
      "ENI_CONFIG_LABEL_DEF",
      "IP_COOLDOWN_PERIOD",
      "MAX_ENI",
      "MINIMUM_IP_TARGET",
      "POD_MTU",
      "WARM_ENI_TARGET",
      "WARM_IP_TARGET",
      "WARM_PREFIX_TARGET",
  };
  return names;
}

}  // namespace ekspath
