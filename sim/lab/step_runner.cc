#include "sim/lab/step_runner.hh"

#include <algorithm>

#include "sim/lab/reference.hh"

namespace ekspath {
namespace {

using namespace literals;

/// What is in flight when the last command ends (a FIN, an ICMP error) still arrives and is captured.
constexpr Nanoseconds linger = 1_s;

constexpr std::uint32_t pulse_events = 4096;

}  // namespace

/// One step at work: its command, and where its text goes.
class StepRunner::Running final : public CommandOutput {
 public:
  Running(StepRunner& runner, std::size_t step) : runner_(&runner), step_(step) {}

  void out(std::string_view text) override { write(text); }
  void err(std::string_view text) override { write(text); }

  std::unique_ptr<RunningCommand> command;
  bool over = false;

 private:
  void write(std::string_view text) {
    StepResult& result = runner_->results_[step_];
    result.text += text;
    if (runner_->on_text) runner_->on_text(result, text);
  }

  StepRunner* runner_;
  std::size_t step_;
};

StepRunner::StepRunner(World& world, const Scenario& scenario, Diagnostics& diagnostics)
    : Entity(world.engine()), world_(&world), steps_(scenario.steps) {
  for (Step& step : steps_) {
    StepResult result;
    result.name = step.name;
    result.background = step.background;
    result.line = resolve_references(world, *step.run, step.run.where, diagnostics);
    if (step.input) {
      step.input->value = resolve_references(world, **step.input, step.input->where, diagnostics);
    }
    const std::string sample =
        resolve_step_references(result.line, [](std::string_view) { return std::string(step_text_sample); });
    const LineCheck check = check_line(sample);
    if (!check.error.empty()) diagnostics.report({step.run.where, check.error, "", ""});
    const std::string misfit = check.error.empty() ? check_line_in(world, sample) : std::string();
    if (!misfit.empty()) diagnostics.report({step.run.where, misfit, "", ""});
    results_.push_back(std::move(result));
  }
  running_.resize(steps_.size());
}

StepRunner::~StepRunner() = default;

bool StepRunner::run() {
  schedule_next();
  bool going = true;
  while (going && (next_ < steps_.size() || foreground_busy_ || waiting_for_bounded())) going = step_events();
  for (const auto& running : running_) {
    if (going && running && !running->over && running->command) running->command->stop();
  }
  const Nanoseconds end = now() + linger;
  while (going && engine().next_due() <= end) going = step_events();
  return going;
}

bool StepRunner::run_until(Nanoseconds time) {
  schedule_next();
  while (engine().next_due() <= time) {
    if (!step_events()) return false;
  }
  engine().run_until(time);
  return true;
}

/// One event, and the pulse when it is time for one.
bool StepRunner::step_events() {
  if (engine().interrupted() || !engine().step()) return false;
  if (++since_pulse_ < pulse_events) return true;
  since_pulse_ = 0;
  return !on_pulse || on_pulse();
}

bool StepRunner::waiting_for_bounded() const {
  return std::ranges::any_of(running_, [](const auto& running) {
    return running && !running->over && !(running->command && running->command->open_ended());
  });
}

void StepRunner::schedule_next() {
  if (next_ == steps_.size() || foreground_busy_) return;
  const Nanoseconds at = std::max(now(), steps_[next_].at.value_or(now()));
  engine().schedule(next_key(at), id(), 0, static_cast<std::uint32_t>(next_));
}

void StepRunner::fire(const Event& event) { start(event.argument); }

void StepRunner::start(std::size_t step) {
  next_ = step + 1;
  StepResult& result = results_[step];
  const auto text_of = [this](std::string_view name) { return step_text(results_, name); };
  result.line = resolve_step_references(result.line, text_of);
  result.started = now();
  foreground_busy_ = !steps_[step].background;
  if (on_start) on_start(result);
  running_[step] = std::make_unique<Running>(*this, step);
  // What an earlier step printed may make no command of it.
  if (const std::string error = check_line(result.line).error; !error.empty()) {
    running_[step]->err(error + "\n");
    return ended(step, 2);
  }
  const auto& input = steps_[step].input;
  auto command =
      start_line(*world_, result.line, input ? resolve_step_references(**input, text_of) : std::string(),
                 *running_[step], [this, step](int exit_status) { ended(step, exit_status); });
  running_[step]->command = std::move(command);
  if (steps_[step].background) schedule_next();
}

void StepRunner::ended(std::size_t step, int exit_status) {
  StepResult& result = results_[step];
  result.ended = now();
  result.finished = true;
  result.exit_status = exit_status;
  running_[step]->over = true;
  if (on_end) on_end(result);
  if (steps_[step].background) return;
  foreground_busy_ = false;
  schedule_next();
}

std::string step_text(const std::vector<StepResult>& results, std::string_view name) {
  const auto found = std::ranges::find(results, name, &StepResult::name);
  if (found == results.end()) return {};
  const std::size_t end = found->text.find_last_not_of(" \t\r\n");
  return found->text.substr(0, end + 1);  // npos + 1 is 0
}

}  // namespace ekspath
