#include <fmt/format.h>

#include <cctype>
#include <string>
#include <string_view>

#include "sim/lab/load_scenario.hh"
#include "sim/lab/netns_export/export_netns.hh"
#include "sim/lab/step_runner.hh"
#include "tests/kernel/real_host.hh"
#include "tests/kernel/whole/real_lab.hh"

/// kernel_whole SCENARIO [--variant NAME] [--set PATH=VALUE] [--at TIME] [--verbose]: runs a scenario's steps
/// in the simulated world, and with real tools in the namespaces that `ekspath export netns` writes of it,
/// and compares the frames at each interface of each node. With --at both begin with the world as it is then,
/// before the first step. Exit status: 0 equal, 1 a difference, 2 it cannot be run, 77 skipped.
using namespace ekspath;

namespace {

/// Keeps what the interfaces of the nodes see.
class Recording final : public Tap {
 public:
  void add(PlaceId place, std::string name) {
    frames[name];
    names_.emplace(place.value(), std::move(name));
  }
  void frame(PlaceId interface, Direction direction, const Packet& packet, Nanoseconds) override {
    frames[names_.at(interface.value())].push_back(
        {direction == Direction::out, {packet.data(), packet.data() + packet.size()}});
  }
  NodeFrames frames;

 private:
  std::map<std::uint32_t, std::string> names_;
};

/// The numbers of the steps and of the servers: ports that nobody drew.
std::vector<std::uint16_t> given_ports(const Scenario& scenario) {
  std::vector<std::uint16_t> ports;
  const auto add = [&](const std::vector<Listen>& listens) {
    for (const Listen& listen : listens) ports.push_back(*listen.port);
  };
  for (const auto& host : scenario.internet_hosts) add(host.listens);
  for (const auto& instance : scenario.instances) add(instance.listens);
  if (scenario.cluster) {
    for (const auto& pod : scenario.cluster->pods) add(pod.listens);
  }
  for (const Step& step : scenario.steps) {
    std::string digits;
    for (const char c : *step.run + " ") {
      if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
        digits += c;
      } else {
        if (digits.size() >= 2 && digits.size() <= 5) {
          ports.push_back(static_cast<std::uint16_t>(std::stoul(digits)));
        }
        digits.clear();
      }
    }
  }
  return ports;
}

struct Wish {
  std::string path;
  std::string variant;
  std::vector<std::string> sets;
  Nanoseconds at;
  bool verbose = false;
};

std::string start_servers(RealLab& lab, const World& world, const Scenario& scenario) {
  std::string problem;
  const auto start = [&](const auto& entries) {
    for (const auto& entry : entries) {
      for (const Listen& listen : entry.listens) {
        if (problem.empty()) problem = lab.serve(*world.host(*entry.name), listen);
      }
    }
  };
  start(scenario.internet_hosts);
  start(scenario.instances);
  if (scenario.cluster) start(scenario.cluster->pods);
  return problem;
}

/// Both runs; the difference, or what stands in the way in `problem`.
std::string compare(const Scenario& scenario, Nanoseconds from, World& world, StepRunner& runner,
                    const std::vector<ExportedFile>& files, std::string& problem, std::string& summary,
                    std::string& printed) {
  std::vector<RealStep> steps;
  for (std::size_t i = 0; i < scenario.steps.size(); ++i) {
    std::string why_not;
    const auto step = real_step(scenario.steps[i], runner.results()[i].line, why_not);
    if (!why_not.empty()) {
      problem = why_not;
      return {};
    }
    if (!step) continue;
    const Host* host = world.host(step->host);
    if (host == nullptr) {
      problem = fmt::format("no host {}", step->host);
      return {};
    }
    steps.push_back(*step);
    steps.back().host = host->netns->name();  // a hostNetwork pod's is its node's
    steps.back().at = std::max(step->at, from) - from;
  }
  Recording recording;
  RealLab lab;
  std::vector<std::string> hosts;
  for (const auto& netns : world.namespaces()) hosts.push_back(netns->name());
  problem = lab.up(files, hosts);
  for (const auto& host : world.hosts()) {
    if (!problem.empty() || host->kind != HostKind::node) continue;
    std::vector<std::string> names;
    for (Interface* interface : world.interfaces_of(*host)) {
      if (interface->kind == InterfaceKind::loopback) continue;
      names.push_back(interface->name);
      recording.add(interface->place, fmt::format("{}/{}", host->name, interface->name));
      world.watch(*interface, recording);
    }
    problem = lab.capture(host->name, names);
  }
  if (problem.empty()) problem = start_servers(lab, world, scenario);
  if (!problem.empty()) return {};
  printed = lab.run(steps);
  NodeFrames kernels = lab.frames();
  (void)runner.run();
  NodeFrames ours = recording.frames;
  set_own_aside(kernels);
  set_own_aside(ours);
  std::size_t count = 0;
  for (const auto& [name, frames] : kernels) count += frames.size();
  summary = fmt::format("{} frames at {} interfaces of nodes, {} steps", count, kernels.size(), steps.size());
  return frame_difference(kernels, ours, given_ports(scenario));
}

int run(const Wish& wish) {
  Diagnostics diagnostics;
  LoadOptions options;
  options.variant = wish.variant;
  options.sets = wish.sets;
  const auto scenario = load_scenario(wish.path, options, diagnostics);
  if (!scenario) {
    fmt::print(stderr, "{}", diagnostics.text());
    return 2;
  }
  const auto world = build_world(*scenario, diagnostics);
  if (!world) {
    fmt::print(stderr, "{}", diagnostics.text());
    return 2;
  }
  world->engine().run_until(wish.at);
  StepRunner runner(*world, *scenario, diagnostics);
  const auto files = export_netns(*world, *scenario, diagnostics);
  if (files.empty()) {
    fmt::print(stderr, "{}", diagnostics.text());
    return 2;
  }
  Court court;
  if (const std::string forbidden = court.enter(); !forbidden.empty()) {
    fmt::print("skipped: {} was not compared with the kernel ({})\n", *scenario->metadata.name, forbidden);
    return 77;
  }
  std::string problem, summary, printed;
  const std::string difference =
      compare(*scenario, wish.at, *world, runner, files, problem, summary, printed);
  if (!problem.empty()) {
    fmt::print("{}: cannot be run: {}\n", *scenario->metadata.name, problem);
    return 2;
  }
  if (wish.verbose || !difference.empty()) fmt::print("{}", printed);
  fmt::print("{}{}: {} ({})\n", difference, *scenario->metadata.name,
             difference.empty() ? "equal" : "differs", summary);
  return difference.empty() ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
  Wish wish;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--variant" && i + 1 < count) {
      wish.variant = words[++i];
    } else if (word == "--set" && i + 1 < count) {
      wish.sets.emplace_back(words[++i]);
    } else if (word == "--at" && i + 1 < count) {
      wish.at = Nanoseconds::parse(words[++i]).value_or(Nanoseconds());
    } else if (word == "--verbose") {
      wish.verbose = true;
    } else {
      wish.path = word;
    }
  }
  if (wish.path.empty()) {
    fmt::print(stderr,
               "usage: kernel_whole SCENARIO [--variant NAME] [--set PATH=VALUE] [--at TIME] [--verbose]\n");
    return 2;
  }
  return run(wish);
}
