#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>

#include "pcap/hops_ndjson.hh"
#include "tools/lab_run.hh"
#include "tools/terminal.hh"

namespace ekspath {
namespace {

std::string json(std::string_view text) {
  fmt::memory_buffer buffer;
  append_json_string(buffer, text);
  return fmt::to_string(buffer);
}

std::string as_json(const std::vector<Scenario>& scenarios) {
  std::string text = "[";
  for (const Scenario& scenario : scenarios) {
    std::vector<std::string> teaches, variants;
    for (const std::string& topic : scenario.metadata.teaches) teaches.push_back(json(topic));
    for (const VariantEntry& variant : scenario.variants) variants.push_back(json(*variant.name));
    text += fmt::format("{}\n {{\"file\":{},\"name\":{},\"title\":{},\"teaches\":[{}],\"variants\":[{}]}}",
                        text.size() > 1 ? "," : "", json(scenario.path), json(*scenario.metadata.name),
                        json(scenario.metadata.title), fmt::join(teaches, ","), fmt::join(variants, ","));
  }
  return text + "\n]\n";
}

/// By what they teach first; each scenario once.
std::string as_text(const std::vector<Scenario>& scenarios) {
  std::map<std::string, std::vector<const Scenario*>> topics;
  std::size_t width = 0;
  for (const Scenario& scenario : scenarios) {
    topics[scenario.metadata.teaches.empty() ? "other" : scenario.metadata.teaches.front()].push_back(
        &scenario);
    width = std::max(width, scenario.path.size());
  }
  std::string text;
  for (const auto& [topic, members] : topics) {
    text += fmt::format("{}{}:\n", text.empty() ? "" : "\n", topic);
    for (const Scenario* scenario : members) {
      text += fmt::format("  {:<{}}  {}\n", scenario->path, width, scenario->metadata.title);
      for (const VariantEntry& variant : scenario->variants) {
        text += fmt::format("  {:<{}}    --variant {}{}\n", "", width, *variant.name,
                            variant.title.empty() ? "" : "  " + variant.title);
      }
    }
  }
  return text;
}

}  // namespace

int list_scenarios(const ListOptions& options) {
  std::error_code error;
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(options.folder, error)) {
    if (entry.path().extension() == ".yaml") paths.push_back(entry.path().string());
  }
  if (error) {
    fmt::print(stderr, "{}: {}; expected a folder of scenario files\n", options.folder, error.message());
    return exit_status::bad_input;
  }
  std::ranges::sort(paths);
  bool good = true;
  std::vector<Scenario> scenarios;
  for (const std::string& path : paths) {
    auto scenario = load_or_explain({path, "", {}, {}});
    good = good && scenario.has_value();
    if (scenario) scenarios.push_back(std::move(*scenario));
  }
  StandardOutput output;
  output.write(options.format == TextFormat::json ? as_json(scenarios) : as_text(scenarios));
  if (auto failure = output.finish()) {
    fmt::print(stderr, "ekspath: {}\n", to_string(*failure));
    return exit_status::output_failed;
  }
  return good ? exit_status::ok : exit_status::bad_input;
}

}  // namespace ekspath
