#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pcap/capture.hh"
#include "sim/lab/expectation.hh"
#include "sim/lab/journey_report.hh"
#include "sim/lab/step_runner.hh"
#include "sim/lab/world.hh"
#include "tools/subcommands.hh"

namespace ekspath {

/// Loads a scenario; on mistakes prints all of them on standard error, and nothing comes back.
[[nodiscard]] std::optional<Scenario> load_or_explain(const ScenarioChoice& choice);

/// One run of one scenario: its world, its steps, what it expects, and who watches. Joins sim's taps to
/// pcap's files.
class LabRun {
 public:
  /// Prints what is wrong on standard error, and nothing comes back. What only looks wrong (a route into
  /// nothing) is noted there, and the run goes on.
  [[nodiscard]] static std::unique_ptr<LabRun> prepare(Scenario scenario);

  /// Adds the capture points that the scenario asks for, and the trace of all of them. Mistakes are printed;
  /// false then.
  [[nodiscard]] bool capture(CaptureOutputs outputs);
  void add_observer(Observer& observer) { world_->observe(observer); }
  /// False when it was interrupted (SIGINT, SIGTERM), or an output failed.
  [[nodiscard]] bool run();

  [[nodiscard]] const Scenario& scenario() const { return scenario_; }
  [[nodiscard]] World& world() { return *world_; }
  [[nodiscard]] StepRunner& steps() { return *steps_; }
  [[nodiscard]] Capture* captures() { return capture_.get(); }
  [[nodiscard]] std::vector<ExpectationResult> judge() const {
    return expectations_->judge(steps_->results());
  }

 private:
  explicit LabRun(Scenario scenario) : scenario_(std::move(scenario)) {}
  /// One of the list `captures`.
  struct CaptureWish {
    const Host* host;
    bool any;  // every interface of the host
    std::string interface;
    std::shared_ptr<const CaptureFilter> filter;  // null: every packet

    [[nodiscard]] bool covers(const Interface& one) const {
      return one.netns == host->netns && (any || one.name == interface);
    }
  };

  /// What passes one of the wishes' filters; null: everything.
  [[nodiscard]] std::shared_ptr<const CaptureFilter> united(const std::vector<const CaptureWish*>& wishes,
                                                            LinkType link_type) const;
  void filter_any_files();
  void add_wished_points(Interface& interface);
  [[nodiscard]] bool continues(const Interface& interface);
  void add_point(const Host& host, Interface& interface, PointOutputs outputs,
                 std::shared_ptr<const CaptureFilter> filter);

  Scenario scenario_;
  std::vector<CaptureWish> wishes_;
  std::map<std::string, PlaceId> points_;  // by NAMESPACE/INTERFACE: where each was first
  std::unique_ptr<World> world_;
  std::unique_ptr<Capture> capture_;
  std::unique_ptr<Expectations> expectations_;
  std::unique_ptr<StepRunner> steps_;
};

}  // namespace ekspath
