#include "sim/lab/load_scenario.hh"

#include <algorithm>
#include <filesystem>
#include <tuple>

#include "sim/base/near_miss.hh"
#include "sim/lab/load_check.hh"
#include "sim/lab/load_sections.hh"
#include "sim/lab/load_yaml.hh"
#include "sim/lab/variant.hh"

namespace ekspath {
namespace {

/// 2025-01-01T00:00:00Z: fixed, so that runs repeat to the byte.
constexpr Nanoseconds default_start{1'735'689'600'000'000'000};

std::vector<ManifestFile> read_manifests(const std::vector<LocatedName>& paths,
                                         const std::string& scenario_path, Diagnostics& diagnostics) {
  std::vector<ManifestFile> manifests;
  const std::filesystem::path folder = std::filesystem::path(scenario_path).parent_path();
  for (const auto& path : paths) {
    auto text = read_text_file((folder / *path).string(), "manifest", path.where, diagnostics);
    if (text) manifests.push_back({path, std::move(*text)});
  }
  return manifests;
}

/// What was typed at the command line comes after the scenario's own steps, and is checked as they are.
void append_steps(const std::vector<std::string>& lines, std::vector<Step>& steps) {
  for (const std::string& line : lines) {
    Step step;
    step.where = {fmt::format("--then '{}'", line), 0, 0};
    step.run = {line, step.where};
    steps.push_back(std::move(step));
  }
}

/// Reads what steps name with -f, once each: beside the scenario, as its manifests.
void read_step_files(Scenario& scenario, const LoadOptions& options, Diagnostics& diagnostics) {
  if (!options.files_of_step) return;
  const std::filesystem::path folder = std::filesystem::path(scenario.path).parent_path();
  for (const Step& step : scenario.steps) {
    for (const std::string& name : options.files_of_step(*step.run)) {
      if (scenario.step_files.contains(name)) continue;
      auto text = read_text_file((folder / name).string(), "manifest", step.run.where, diagnostics);
      if (text) scenario.step_files.emplace(name, std::move(*text));
    }
  }
}

/// One reading of the file: the base, or the base with one variant.
struct Loaded {
  Scenario scenario;
  std::vector<VariantFile> variants;
};

Loaded type_and_check(const YamlNode& document, const std::string& path, const VariantFile* variant,
                      const LoadOptions& options, Diagnostics& diagnostics) {
  ScenarioFile file;
  Reading reading{diagnostics, "the file"};
  (void)scenario_file_form().read(document, file, reading);  // what could be read is checked further
  SpecFile& spec = file.spec;
  Loaded loaded;
  Scenario& scenario = loaded.scenario;
  scenario.path = path;
  scenario.metadata = std::move(file.metadata);
  scenario.seed = spec.seed;
  scenario.start = spec.start.value_or(default_start);
  scenario.region = std::move(spec.region);
  scenario.vpcs = std::move(spec.vpcs);
  scenario.peerings = std::move(spec.peerings);
  scenario.instances = std::move(spec.instances);
  scenario.internet_hosts = std::move(spec.internet_hosts);
  scenario.cluster = std::move(spec.cluster);
  scenario.manifests = read_manifests(spec.manifests, path, diagnostics);
  scenario.links = std::move(spec.links);
  scenario.fabric = spec.fabric;
  scenario.captures_all = spec.captures.all;
  scenario.captures = std::move(spec.captures.list);
  scenario.steps = std::move(spec.steps);
  append_steps(options.then, scenario.steps);
  read_step_files(scenario, options, diagnostics);
  scenario.expectations = std::move(spec.expectations);
  if (variant != nullptr) {
    scenario.variant = *variant->name;
    if (variant->expectations) scenario.expectations = *variant->expectations;
  }
  for (const auto& one : spec.variants) {
    scenario.variants.push_back({one.name, one.title, one.expectations.has_value()});
  }
  report_duplicates(names_of(spec.variants), "variant", diagnostics);
  loaded.variants = std::move(spec.variants);
  for (auto& instance : scenario.instances) {
    if (instance.type->empty()) instance.type = {"t3.medium", instance.name.where};
    if (instance.security_groups.empty())
      instance.security_groups.push_back({"default", instance.name.where});
  }
  check_vpcs(scenario, diagnostics);
  plan_cluster(scenario, diagnostics);
  check_hosts(scenario, diagnostics);
  check_run(scenario, options, diagnostics);
  return loaded;
}

bool same_place(const ScenarioError& left, const ScenarioError& right) {
  return std::tie(left.where.file, left.where.line, left.where.column) ==
         std::tie(right.where.file, right.where.line, right.where.column);
}

/// The scenario with one variant. What is wrong with it alone is reported as the variant's; where the base is
/// wrong, that is enough.
Scenario load_variant(YamlNode document, const std::string& path, const VariantFile& variant,
                      const std::vector<Override>& sets, const LoadOptions& options, const Diagnostics& base,
                      Diagnostics& diagnostics) {
  Diagnostics found;
  for (const auto& change : variant.set) (void)apply_override(document, change, found);
  for (const auto& change : sets) (void)apply_override(document, change, found);
  Loaded loaded = type_and_check(document, path, &variant, options, found);
  for (ScenarioError error : found.errors()) {
    const auto is_it = [&](const ScenarioError& other) { return same_place(other, error); };
    if (std::ranges::any_of(base.errors(), is_it)) continue;
    error.found = fmt::format("in variant '{}': {}", *variant.name, error.found);
    diagnostics.report(std::move(error));
  }
  return std::move(loaded.scenario);
}

}  // namespace

std::optional<Scenario> parse_scenario(const std::string& text, const std::string& path,
                                       const LoadOptions& options, Diagnostics& diagnostics) {
  Diagnostics found;
  std::vector<Override> sets;
  for (const auto& argument : options.sets) {
    if (auto change = parse_set(argument, found)) sets.push_back(std::move(*change));
  }
  auto document = parse_yaml(text, path, found);
  std::optional<Scenario> chosen;
  if (document) {
    YamlNode with_sets = *document;
    for (const auto& change : sets) (void)apply_override(with_sets, change, found);
    Loaded base = type_and_check(with_sets, path, nullptr, options, found);
    const Diagnostics base_errors = found;
    for (const auto& variant : base.variants) {
      Scenario with = load_variant(*document, path, variant, sets, options, base_errors, found);
      if (*variant.name == options.variant) chosen = std::move(with);
    }
    if (options.variant.empty()) {
      chosen = std::move(base.scenario);
    } else if (!chosen) {
      report_unknown({options.variant, {path, 0, 0}}, "variant", "", plain_names_of(base.variants), found);
    }
  }
  for (const auto& error : found.errors()) diagnostics.report(error);
  if (!found.ok()) return std::nullopt;
  return chosen;
}

std::optional<Scenario> load_scenario(const std::string& path, const LoadOptions& options,
                                      Diagnostics& diagnostics) {
  const auto text = read_text_file(path, "scenario", {path, 0, 0}, diagnostics);
  if (!text) return std::nullopt;
  return parse_scenario(*text, path, options, diagnostics);
}

}  // namespace ekspath
