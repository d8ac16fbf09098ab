#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/engine/engine.hh"
#include "sim/lab/command.hh"
#include "sim/lab/world.hh"

namespace ekspath {

/// What one step did.
struct StepResult {
  std::string name;  // the step's, or ""
  std::string line;  // as run, references replaced
  Nanoseconds started;
  Nanoseconds ended;
  bool finished = false;  // false: the run was interrupted before or within it
  bool background = false;
  int exit_status = 0;
  std::string text;  // standard output and error, as a terminal shows them
};

/// Runs the steps of a scenario in its world, one after another, at their times, or beside each other in the
/// background.
class StepRunner final : public Entity {
 public:
  /// Reports references to nothing, and foreground steps that would never end, before anything runs.
  StepRunner(World& world, const Scenario& scenario, Diagnostics& diagnostics);
  ~StepRunner();

  /// To the end of the last step, and a second more for what is still on its way. False when the engine was
  /// interrupted or on_pulse said no.
  bool run();
  /// Instead of run(): what is due up to and including `time`, and no further. The world then stands at
  /// `time`.
  bool run_until(Nanoseconds time);

  /// In the order of the file.
  [[nodiscard]] const std::vector<StepResult>& results() const { return results_; }
  /// Told of text as it comes, and of each start and end, for a terminal; may be empty.
  std::function<void(const StepResult&)> on_start;
  std::function<void(const StepResult&, std::string_view text)> on_text;
  std::function<void(const StepResult&)> on_end;
  /// Asked every few thousand events whether to go on: for live outputs, progress, and outputs that failed.
  /// May be empty.
  std::function<bool()> on_pulse;

  void fire(const Event& event) override;

 private:
  class Running;

  void schedule_next();
  void start(std::size_t step);
  void ended(std::size_t step, int exit_status);
  [[nodiscard]] bool waiting_for_bounded() const;
  [[nodiscard]] bool step_events();

  World* world_;
  std::vector<Step> steps_;
  std::vector<StepResult> results_;
  std::vector<std::unique_ptr<Running>> running_;  // by step; null: not started, or over and cleared away
  std::size_t next_ = 0;
  bool foreground_busy_ = false;
  std::uint32_t since_pulse_ = 0;
};

/// What the step of that name printed so far, without white space at its end: ${steps.NAME}.
[[nodiscard]] std::string step_text(const std::vector<StepResult>& results, std::string_view name);

}  // namespace ekspath
