#pragma once

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/lab/command.hh"
#include "sim/lab/world.hh"
#include "tests/unit/lab/load_lab.hh"

namespace ekspath {

/// A lab of three nodes in three zones without pods of its own, with a manifest applied at time zero.
struct Workloads {
  explicit Workloads(std::string_view manifest) {
    std::string text = lab_with(
        "{name: ng1, type: t3.medium, count: 2, subnets: [public-a], nodes: [{privateIp: "
        "192.168.1.251}]}",
        "{name: ng1, type: t3.medium, count: 3, subnets: [public-a]}");
    const std::size_t pods = text.find("    pods:");
    text.replace(pods, text.find("  variants:") - pods, "");
    Scenario scenario = loaded(text);
    scenario.manifests.push_back({{"web.yaml", {"lab.yaml", 1, 1}}, std::string(manifest)});
    Diagnostics diagnostics;
    world = build_world(scenario, diagnostics);
    text_of_errors = diagnostics.text();
  }

  /// What a line at the operator's terminal prints, its exit status behind it where that is not 0.
  std::string type(std::string_view line, std::string input = "") {
    REQUIRE(check_line(line).error == "");
    struct Terminal final : CommandOutput {
      void out(std::string_view piece) override { text += piece; }
      void err(std::string_view piece) override { text += piece; }
      std::string text;
    } terminal;
    std::optional<int> status;
    const auto running =
        start_line(*world, line, std::move(input), terminal, [&](int ended) { status = ended; });
    for (int i = 0; i < 100'000 && !status && world->engine().step(); ++i) {
    }
    REQUIRE(status.has_value());
    if (*status != 0) terminal.text += fmt::format("[exit status {}]\n", *status);
    return terminal.text;
  }

  ObjectStore& objects() { return world->cluster->objects(); }
  void run_for(Nanoseconds time) { world->engine().run_until(world->now() + time); }
  std::vector<const ApiObject*> pods(const char* app) {
    return objects().list(ObjectKind::pod, "default", LabelSelector(Labels{{"app", app}}));
  }
  std::size_t count(const char* app, std::string_view phase) {
    std::size_t sum = 0;
    for (const ApiObject* pod : pods(app)) sum += pod->as<PodStatus>().phase == phase ? 1 : 0;
    return sum;
  }
  std::vector<std::string> events_of(const ApiObject& about) {
    std::vector<std::string> lines;
    for (const ApiObject* event : objects().list(ObjectKind::event)) {
      const auto& content = event->as<EventContent>();
      if (content.about.uid == about.meta.uid.text())
        lines.push_back(fmt::format("{}: {}", content.reason, content.message));
    }
    return lines;
  }

  std::unique_ptr<World> world;
  std::string text_of_errors;
};

}  // namespace ekspath
