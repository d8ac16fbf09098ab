#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/aws/instance_type.hh"
#include "sim/base/nanoseconds.hh"
#include "sim/eks/cni_settings.hh"

namespace ekspath {

/// What ipamd makes of its environment, read once when it starts. Where the environment lacks a variable that
/// the add-on's manifest sets, it is as the manifest has it (WARM_PREFIX_TARGET 1). facts/vpc-cni.md 5 and 7;
/// pkg/ipamd/ipamd.go
struct IpamdSettings {
  std::uint32_t warm_enis = 1;
  std::uint32_t warm_addresses = 0;     // WARM_IP_TARGET; 0: not set
  std::uint32_t minimum_addresses = 0;  // MINIMUM_IP_TARGET; 0: not set
  std::uint32_t warm_prefixes = 1;
  std::optional<std::uint32_t> max_enis;
  bool prefix_delegation = false;  // as asked for; an instance type that cannot falls back
  bool custom_networking = false;
  bool provisions = true;  // not DISABLE_NETWORK_RESOURCE_PROVISIONING
  bool subnet_discovery = true;
  bool manages_unschedulable = false;
  bool introspection = true;  // not DISABLE_INTROSPECTION
  Nanoseconds cooldown = Nanoseconds(30'000'000'000);
  std::string eni_config_label = "k8s.amazonaws.com/eniConfig";

  [[nodiscard]] static IpamdSettings read(const CniEnvironment& environment);

  /// The targets in addresses take precedence over those in ENIs and prefixes.
  [[nodiscard]] bool has_address_targets() const { return warm_addresses != 0 || minimum_addresses != 0; }
  /// Why aws-node refuses to start with these, in its own words; empty: it starts.
  /// cmd/aws-vpc-cni/main.go validateEnvVars()
  [[nodiscard]] std::string refusal() const;
};

}  // namespace ekspath
