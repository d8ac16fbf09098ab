#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/prefix.hh"

namespace ekspath {

/// A release of amazon-vpc-cni-k8s, "1.19" or "1.16.0". A missing patch number means the last of its line.
struct CniVersion {
  int major = 1;
  int minor = 19;
  int patch = 99;
  [[nodiscard]] static std::optional<CniVersion> parse(std::string_view text);
  friend auto operator<=>(const CniVersion&, const CniVersion&) = default;
};

/// "1.19.6". The last of a line where that is known, when the patch number was left out.
[[nodiscard]] std::string to_string(const CniVersion& version);

/// The environment of aws-node, by its real names. Values are strings, as in the DaemonSet.
using CniEnvironment = std::map<std::string, std::string, std::less<>>;

/// The variable's text; empty when it is not set.
[[nodiscard]] std::string_view text_of(const CniEnvironment& environment, std::string_view name);
/// Go's strconv.ParseBool; anything else is the default.
[[nodiscard]] bool flag_of(const CniEnvironment& environment, std::string_view name, bool otherwise);
/// Go's strconv.Atoi; none for anything that is no number.
[[nodiscard]] std::optional<std::int64_t> number_of(const CniEnvironment& environment, std::string_view name);

/// What the agent makes of its environment, read once when it starts. facts/vpc-cni.md 3.2 and 7;
/// amazon-vpc-cni-k8s pkg/networkutils/network.go New(), cmd/routed-eni-cni-plugin
struct CniSettings {
  enum class RandomizeSnat : std::uint8_t { prng, hashrandom, none };

  bool external_snat = false;
  std::vector<std::string>
      exclude_snat_cidrs;  // normalised, IPv6 and malformed ones dropped; empty with external SNAT
  std::vector<Prefix> external_service_cidrs;
  RandomizeSnat randomize = RandomizeSnat::prng;
  std::uint32_t connmark = 0x80;
  std::string veth_prefix = "eni";
  bool node_port_support = true;
  std::uint32_t eni_mtu = 9001;
  std::uint32_t pod_mtu = 9001;

  [[nodiscard]] static CniSettings read(const CniEnvironment& environment);
};

/// The names of section 7 that the data path or ipamd reads: for checks and near misses.
[[nodiscard]] const std::vector<std::string>& cni_environment_names();
/// What aws-node says of a value with which it does not start; "" of others. amazon-vpc-cni-k8s
/// cmd/aws-vpc-cni/main.go validateEnvVars()
[[nodiscard]] std::string refused_cni_value(std::string_view name, std::string_view value);

}  // namespace ekspath
