#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/lab/load_form.hh"
#include "sim/lab/scenario.hh"

/// The forms of the sections of a scenario file: its tables of keys. What one value alone can show to be
/// wrong is reported here; what takes two (unknown names, overlaps) by load_check.hh.
namespace ekspath {

[[nodiscard]] const Form<VpcEntry>& vpc_form();
[[nodiscard]] const Form<PeeringEntry>& peering_form();
[[nodiscard]] const Form<InstanceEntry>& instance_form();
[[nodiscard]] const Form<InternetHostEntry>& internet_host_form();
[[nodiscard]] const Form<Listen>& listen_form();
[[nodiscard]] const Form<ClusterEntry>& cluster_form();
[[nodiscard]] const Form<LinkSetting>& link_form();
[[nodiscard]] const Form<Step>& step_form();
[[nodiscard]] const Form<Expectation>& expectation_form();

struct CapturesChoice {
  bool all = true;
  std::vector<CaptureEntry> list;
};
[[nodiscard]] const Form<CapturesChoice>& captures_form();

/// One `path: value` of a variant, not yet applied.
struct Override {
  LocatedName path;
  YamlNode value;
};

struct VariantFile {
  Location where;
  LocatedName name;
  std::string title;
  std::vector<Override> set;
  std::optional<std::vector<Expectation>> expectations;
};
[[nodiscard]] const Form<VariantFile>& variant_form();

/// spec:
struct SpecFile {
  Location where;
  std::uint64_t seed = 1;
  std::optional<Nanoseconds> start;
  std::string region = "ap-northeast-2";
  std::vector<VpcEntry> vpcs;
  std::vector<PeeringEntry> peerings;
  std::vector<InstanceEntry> instances;
  std::vector<InternetHostEntry> internet_hosts;
  std::optional<ClusterEntry> cluster;
  std::vector<LocatedName> manifests;
  std::vector<LinkSetting> links;
  FabricEntry fabric;
  CapturesChoice captures;
  std::vector<Step> steps;
  std::vector<Expectation> expectations;
  std::vector<VariantFile> variants;
};

/// The file's outermost mapping.
struct ScenarioFile {
  bool is_v1 = false;        // apiVersion: ekspath/v1
  bool is_scenario = false;  // kind: Scenario
  Metadata metadata;
  SpecFile spec;
};
[[nodiscard]] const Form<ScenarioFile>& scenario_file_form();

}  // namespace ekspath
