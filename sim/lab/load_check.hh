#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/base/diagnostics.hh"
#include "sim/lab/load_scenario.hh"
#include "sim/lab/scenario.hh"

/// What takes more than one value of a scenario to see: unknown and duplicate names, overlaps, limits. Values
/// that could not be read (they have no place) are passed over: they are reported already.
namespace ekspath {

/// CIDRs, subnets, gateways, routes, groups, ACLs, peerings.
void check_vpcs(const Scenario& scenario, Diagnostics& diagnostics);

/// Counts the node groups out into `cluster.nodes`, and chooses what EKS would where the file is silent.
void plan_cluster(Scenario& scenario, Diagnostics& diagnostics);

/// Names of hosts, addresses, instance types and their limits, security groups.
void check_hosts(const Scenario& scenario, Diagnostics& diagnostics);

/// Links, captures, steps and expectations with their references.
void check_run(const Scenario& scenario, const LoadOptions& options, Diagnostics& diagnostics);

// ---- what the checks share
// -----------------------------------------------------------------------------------------------

/// False for a value that was absent or unreadable.
template <class T>
[[nodiscard]] bool was_read(const Located<T>& value) {
  return !value.where.file.empty();
}

/// "unknown subnet 'publik-a' of instance 'operator'; expected one of ...; did you mean 'public-a'?"
void report_unknown(const LocatedName& name, std::string_view kind, std::string_view whose,
                    const std::vector<std::string>& known, Diagnostics& diagnostics);

/// Reports a name that an earlier thing of the list has.
void report_duplicates(const std::vector<LocatedName>& names, std::string_view kind,
                       Diagnostics& diagnostics);

/// The text with each well-formed ${reference} replaced by a sample of its kind; the others are reported. The
/// first `steps` steps may be meant by ${steps.NAME}.
[[nodiscard]] Located<std::string> check_references(const Scenario& scenario,
                                                    const Located<std::string>& text, std::size_t steps,
                                                    Diagnostics& diagnostics);

template <class T>
[[nodiscard]] std::vector<LocatedName> names_of(const std::vector<T>& things) {
  std::vector<LocatedName> names;
  for (const auto& thing : things) names.push_back(thing.name);
  return names;
}

template <class T>
[[nodiscard]] std::vector<std::string> plain_names_of(const std::vector<T>& things) {
  std::vector<std::string> names;
  for (const auto& thing : things) names.push_back(*thing.name);
  return names;
}

}  // namespace ekspath
