#include "sim/eks/max_pods.hh"

#include <cstdio>

#include "pcap/hops_ndjson.hh"
#include "sim/base/near_miss.hh"
#include "sim/eks/cni_settings.hh"
#include "tools/subcommands.hh"
#include "tools/terminal.hh"

namespace ekspath {
namespace {

/// max-pods-calculator.sh: "Prefix Delegation is only supported on CNI version 1.9 or higher"
constexpr CniVersion first_with_prefixes{1, 9, 0};

std::string as_json(const InstanceType& type, const MaxPodsWish& wish, std::uint32_t pods) {
  fmt::memory_buffer name;
  append_json_string(name, type.name);
  return fmt::format(
      "{{\"instanceType\":{},\"maxPods\":{},\"enis\":{},\"addressesPerEni\":{},\"prefixDelegation\":{},"
      "\"customNetworking\":{}}}\n",
      fmt::to_string(name), pods, type.max_enis, type.addresses_per_eni,
      wish.prefix_delegation && supports_prefixes(type), wish.custom_networking);
}

/// An unknown type or version is told on standard error.
const InstanceType* find_or_explain(const std::string& name) {
  const InstanceType* type = find_instance_type(name);
  if (type != nullptr) return type;
  std::vector<std::string> names;
  for (const InstanceType& known : instance_types()) names.emplace_back(known.name);
  const std::string near = near_miss(name, names);
  fmt::print(stderr, "ekspath: unknown instance type '{}'; expected one such as t3.medium{}\n", name,
             near.empty() ? "" : fmt::format("; did you mean '{}'?", near));
  return nullptr;
}

}  // namespace

int print_max_pods(const MaxPodsOptions& options) {
  const InstanceType* type = find_or_explain(options.type);
  const auto version = CniVersion::parse(options.cni_version);
  if (!version) {
    fmt::print(stderr,
               "ekspath: --cni-version: found '{}'; expected a release of the VPC CNI, such as 1.19\n",
               options.cni_version);
  }
  if (type == nullptr || !version) return exit_status::bad_input;
  const MaxPodsWish wish{options.prefix_delegation && *version >= first_with_prefixes,
                         options.custom_networking, options.max_eni};
  if (options.prefix_delegation && !wish.prefix_delegation) {
    fmt::print(stderr, "ekspath: note: the VPC CNI knows prefix delegation from 1.9 on; {} does without\n",
               options.cni_version);
  } else if (wish.prefix_delegation && !supports_prefixes(*type)) {
    fmt::print(stderr, "ekspath: note: {} is no Nitro instance; it does without prefix delegation\n",
               type->name);
  }
  const std::uint32_t pods =
      options.show_max_allowed ? max_pods(*type, wish) : recommended_max_pods(*type, wish);
  StandardOutput output;
  output.write(options.format == TextFormat::json ? as_json(*type, wish, pods) : fmt::format("{}\n", pods));
  if (auto failure = output.finish()) {
    fmt::print(stderr, "ekspath: {}\n", to_string(*failure));
    return exit_status::output_failed;
  }
  return exit_status::ok;
}

}  // namespace ekspath
