#include "tools/lab_run.hh"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>

#include "sim/aws/topology.hh"
#include "sim/base/assert.hh"
#include "sim/base/near_miss.hh"
#include "sim/base/shell_words.hh"
#include "sim/lab/commands/kubectl_manifest_files.hh"
#include "sim/lab/load_scenario.hh"
#include "sim/lab/reference.hh"
#include "tools/frame_filter.hh"
#include "tools/terminal.hh"

namespace ekspath {
namespace {

/// A signal handler can reach nothing else. Set while a run is on.
std::atomic<Engine*> running_engine = nullptr;

extern "C" void on_signal(int) {
  if (Engine* engine = running_engine.load()) engine->interrupt();
}

/// SIGINT and SIGTERM end the run after the event at hand, while this lives. A second one ends the program at
/// once: a write may be waiting for a reader that never reads.
class InterruptibleRun {
 public:
  explicit InterruptibleRun(Engine& engine) {
    running_engine = &engine;
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, &interrupt_);
    sigaction(SIGTERM, &action, &terminate_);
  }
  ~InterruptibleRun() {
    sigaction(SIGINT, &interrupt_, nullptr);
    sigaction(SIGTERM, &terminate_, nullptr);
    running_engine = nullptr;
  }
  InterruptibleRun(const InterruptibleRun&) = delete;
  InterruptibleRun& operator=(const InterruptibleRun&) = delete;

 private:
  struct sigaction interrupt_ {};
  struct sigaction terminate_ {};
};

bool explained(const Diagnostics& diagnostics) {
  fmt::print(stderr, "{}", diagnostics.text());
  return diagnostics.ok();
}

std::string describe(const Host& host, const Interface& interface) {
  switch (host.kind) {
    case HostKind::pod:
      return fmt::format("pod {} on {}", host.name, host.node);
    case HostKind::internet:
      return fmt::format("internet host {}", host.name);
    case HostKind::instance:
      return fmt::format("instance {}, {}", host.name, host.host_name);
    case HostKind::node:
      if (interface.kind == InterfaceKind::veth && interface.peer != nullptr) {
        return fmt::format("{} towards pod {}", host.name, interface.peer->netns->name());
      }
      return fmt::format("node {}, {}", host.name, host.host_name);
  }
  return {};
}

}  // namespace

std::optional<Scenario> load_or_explain(const ScenarioChoice& choice) {
  Diagnostics diagnostics;
  LoadOptions options;
  options.variant = choice.variant;
  options.sets = choice.sets;
  options.then = choice.then;
  options.files_of_step = [](const std::string& line) {
    const auto words = shell_words(line);
    return words ? kubectl_files(*words) : std::vector<std::string>();
  };
  options.check_step = [](const Step& step, Diagnostics& found) {
    const LineCheck check = check_line(*step.run);
    if (!check.error.empty()) {
      found.report({step.run.where, check.error, "", ""});
    } else if (check.open_ended && !step.background) {
      found.report({step.run.where, "a command that never ends by itself",
                    "a count or a time limit (-c, -w), or background: true", ""});
    }
  };
  options.check_filter = [](const FilterToCheck& filter, Diagnostics& found) {
    FilterNames names;
    for (const std::string& name : filter.scenario.host_names()) names[name] = {Ipv4Address(192, 0, 2, 1)};
    const LinkType link = filter.at.interface == "any" ? LinkType::linux_sll2 : LinkType::ethernet;
    (void)CaptureFilter::compile(*filter.expression, link, names, filter.expression.where, found);
  };
  if (choice.seed) options.sets.push_back(fmt::format("seed={}", *choice.seed));
  auto scenario = load_scenario(choice.path, options, diagnostics);
  if (!explained(diagnostics)) return std::nullopt;
  return scenario;
}

std::unique_ptr<LabRun> LabRun::prepare(Scenario scenario) {
  std::unique_ptr<LabRun> run(new LabRun(std::move(scenario)));
  Diagnostics diagnostics;
  run->world_ = build_world(run->scenario_, diagnostics);
  if (run->world_) {
    run->world_->compile_filter = filter_compiler(*run->world_);
    run->expectations_ = std::make_unique<Expectations>(*run->world_, run->scenario_, diagnostics);
    run->steps_ = std::make_unique<StepRunner>(*run->world_, run->scenario_, diagnostics);
  }
  if (!explained(diagnostics)) return nullptr;
  if (run->world_->cluster) {
    run->world_->cluster->on_note = [path = run->scenario_.path](const std::string& text) {
      fmt::print(stderr, "{}: note: {}\n", path, text);
    };
  }
  for (const TopologyFinding& finding : Topology(run->world_->fabric).findings()) {
    fmt::print(stderr, "{}: note: {}: {}\n", run->scenario_.path, finding.subject, finding.text);
  }
  return run;
}

bool LabRun::capture(CaptureOutputs outputs) {
  for (const auto& host : world_->hosts()) {
    if (!host->shares_namespace()) outputs.names.push_back({host->address, host->name});
  }
  outputs.start = scenario_.start;
  capture_ = std::make_unique<Capture>(std::move(outputs), world_->places());
  world_->observe(*capture_);

  if (scenario_.captures_all) {
    for (const auto& host : world_->hosts()) {
      if (host->shares_namespace()) continue;
      for (Interface* interface : world_->interfaces_of(*host)) {
        const bool loopback = interface->kind == InterfaceKind::loopback;
        add_point(*host, *interface, {.file = !loopback, .any = true, .trace = true}, nullptr);
        world_->watch(*interface, *capture_);
      }
    }
    world_->listen_for_interfaces([this](Interface& interface) {
      const Host* host = world_->host(interface.netns->name());
      if (host == nullptr) return;
      const bool loopback = interface.kind == InterfaceKind::loopback;
      if (!continues(interface))
        add_point(*host, interface, {.file = !loopback, .any = true, .trace = true}, nullptr);
      world_->watch(interface, *capture_);
    });
    return true;
  }

  Diagnostics diagnostics;
  for (const CaptureEntry& wish : scenario_.captures) {
    const std::string name = resolve_references(*world_, wish.at.interface, wish.at.where, diagnostics);
    const Host* host = world_->host(wish.at.host);
    if (host == nullptr) {
      diagnostics.report({wish.at.where, fmt::format("unknown host '{}'", wish.at.host), "", ""});
      continue;
    }
    const bool any = name == "any";
    std::shared_ptr<const CaptureFilter> filter;
    if (wish.filter) {
      const std::string text = resolve_references(*world_, **wish.filter, wish.filter->where, diagnostics);
      auto compiled = CaptureFilter::compile(text, any ? LinkType::linux_sll2 : LinkType::ethernet,
                                             filter_names(*world_), wish.filter->where, diagnostics);
      if (!compiled) continue;
      filter = std::make_shared<CaptureFilter>(std::move(*compiled));
    }
    wishes_.push_back({host, any, name, std::move(filter)});
    std::vector<std::string> names;
    for (const Interface* interface : world_->interfaces_of(*host)) names.push_back(interface->name);
    const bool found = any || std::ranges::find(names, name) != names.end();
    if (!found) {
      const std::string near = near_miss(name, names);
      diagnostics.report({wish.at.where, fmt::format("{} has no interface '{}'", host->name, name),
                          fmt::format("one of {}, any", fmt::join(names, ", ")),
                          near.empty() ? "" : fmt::format("did you mean '{}'?", near)});
    }
  }
  if (!explained(diagnostics)) return false;
  filter_any_files();
  for (const CaptureWish& wish : wishes_) {
    for (Interface* interface : world_->interfaces_of(*wish.host)) {
      if (wish.covers(*interface)) add_wished_points(*interface);
    }
  }
  world_->listen_for_interfaces([this](Interface& interface) { add_wished_points(interface); });
  return true;
}

std::shared_ptr<const CaptureFilter> LabRun::united(const std::vector<const CaptureWish*>& wishes,
                                                    LinkType link_type) const {
  std::vector<std::string> expressions;
  for (const CaptureWish* wish : wishes) {
    if (wish->filter == nullptr) return nullptr;
    expressions.push_back(fmt::format("({})", wish->filter->expression()));
  }
  if (wishes.size() == 1) return wishes.front()->filter;
  Diagnostics diagnostics;
  auto filter = CaptureFilter::compile(fmt::format("{}", fmt::join(expressions, " or ")), link_type,
                                       filter_names(*world_), {}, diagnostics);
  ASSERT(filter.has_value());  // each of them compiled
  return std::make_shared<CaptureFilter>(std::move(*filter));
}

void LabRun::filter_any_files() {
  std::map<std::string, std::vector<const CaptureWish*>> of_host;
  for (const CaptureWish& wish : wishes_) {
    if (wish.any) of_host[wish.host->name].push_back(&wish);
  }
  for (const auto& [host, wishes] : of_host) {
    if (auto filter = united(wishes, LinkType::linux_sll2)) capture_->filter_any(host, std::move(filter));
  }
}

/// What was asked for in different words of one interface is written to each of the files that were asked
/// for, and to the trace once.
void LabRun::add_wished_points(Interface& interface) {
  std::map<std::pair<std::string, bool>, std::vector<const CaptureWish*>> of_file;  // by host, and any or not
  for (const CaptureWish& wish : wishes_) {
    if (wish.covers(interface)) of_file[{wish.host->name, wish.any}].push_back(&wish);
  }
  if (of_file.empty() || capture_->has_point(interface.place)) return;
  if (!continues(interface)) {
    std::vector<const CaptureWish*> all;
    bool whole = false;
    for (const auto& [file, wishes] : of_file) {
      const bool any = file.second;
      all.insert(all.end(), wishes.begin(), wishes.end());
      whole = whole || any;
      add_point(*wishes.front()->host, interface, {.file = !any, .any = any, .trace = of_file.size() == 1},
                any ? nullptr : united(wishes, LinkType::ethernet));
    }
    if (of_file.size() > 1) {
      const Host* owner = world_->host(interface.netns->name());
      ASSERT(owner != nullptr);
      add_point(*owner, interface, {.file = false, .any = false, .trace = true},
                whole ? nullptr : united(all, LinkType::ethernet));
    }
  }
  world_->watch(interface, *capture_);
}

/// Whether it came again under the name of one that went: then it is seen where that one was.
bool LabRun::continues(const Interface& interface) {
  const auto known = points_.find(std::string(world_->places().name(interface.place)));
  if (known == points_.end()) return false;
  capture_->add_place(interface.place, known->second);
  return true;
}

void LabRun::add_point(const Host& host, Interface& interface, PointOutputs outputs,
                       std::shared_ptr<const CaptureFilter> filter) {
  CaptureInterface point;
  point.place = interface.place;
  point.host = host.name;
  point.interface = interface.name;
  point.description = describe(host, interface);
  point.mac = interface.mac;
  if (!interface.addresses.empty()) {
    point.address =
        CaptureAddress{interface.addresses.front().address, interface.addresses.front().prefix_length};
  }
  point.index = interface.index;
  point.loopback = interface.kind == InterfaceKind::loopback;
  points_.emplace(world_->places().name(interface.place), interface.place);
  capture_->add_point(point, outputs, std::move(filter));
}

bool LabRun::run() {
  const InterruptibleRun interruptible(world_->engine());
  const bool progress = wants_progress();
  steps_->on_pulse = [this, progress] {
    if (progress) {
      fmt::print(stderr, "\r{:8.3f} s simulated, {} events\033[K",
                 static_cast<double>(world_->engine().now().count()) / 1e9, world_->engine().events_fired());
    }
    if (!capture_) return true;
    capture_->advance(world_->engine().now());
    return !capture_->error().has_value();
  };
  const bool whole = steps_->run();
  if (progress) fmt::print(stderr, "\r\033[K");
  return whole;
}

}  // namespace ekspath
