#include <cstdio>

#include "pcap/hops_ndjson.hh"
#include "tools/lab_run.hh"
#include "tools/output_folder.hh"
#include "tools/terminal.hh"

namespace ekspath {
namespace {

std::string folder_of(const Scenario& scenario, const std::string& out) {
  std::string folder = out + "/" + *scenario.metadata.name;
  if (!scenario.variant.empty()) folder += "-" + scenario.variant;
  return folder;
}

std::string json(std::string_view text) {
  fmt::memory_buffer buffer;
  append_json_string(buffer, text);
  return fmt::to_string(buffer);
}

std::string steps_text(const std::vector<StepResult>& steps) {
  std::string text;
  for (const StepResult& step : steps) {
    text += fmt::format("$ {}{}\n{}", step.line, step.background ? " &" : "", step.text);
    if (!step.text.empty() && step.text.back() != '\n') text += '\n';
    if (step.finished && step.exit_status != 0) text += fmt::format("[exit status {}]\n", step.exit_status);
    if (!step.finished) text += "[did not end]\n";
    text += '\n';
  }
  return text;
}

std::string summary_json(LabRun& run, const std::vector<ExpectationResult>& expectations, bool interrupted,
                         std::size_t packets) {
  const Scenario& scenario = run.scenario();
  std::string text = fmt::format(
      "{{\"scenario\":{},\"variant\":{},\"seed\":{},\"interrupted\":{},\"simulated_ns\":{},"
      "\"events\":{},\"packets\":{},\n \"steps\":[",
      json(*scenario.metadata.name), json(scenario.variant), scenario.seed, interrupted,
      run.world().engine().now().count(), run.world().engine().events_fired(), packets);
  const char* separator = "";
  for (const StepResult& step : run.steps().results()) {
    text += fmt::format(
        "{}\n  {{\"name\":{},\"command\":{},\"started_ns\":{},\"ended_ns\":{},\"exit\":{},\"output\":{}}}",
        separator, json(step.name), json(step.line), step.started.count(), step.ended.count(),
        step.finished ? fmt::format("{}", step.exit_status) : std::string("null"), json(step.text));
    separator = ",";
  }
  text += "\n ],\n \"expectations\":[";
  separator = "";
  for (const ExpectationResult& result : expectations) {
    text += fmt::format("{}\n  {{\"line\":{},\"met\":{},\"expectation\":{},\"mismatch\":{}}}", separator,
                        result.where.line, result.met, json(result.text), json(result.mismatch));
    separator = ",";
  }
  return text + "\n ]\n}\n";
}

/// What a person reads: the steps as a terminal shows them, the journeys, how the expectations came out.
std::string report_text(LabRun& run, const JourneyReport& journeys,
                        const std::vector<ExpectationResult>& expectations) {
  const bool colour = wants_colour();
  const Scenario& scenario = run.scenario();
  std::string text = fmt::format("{}{}{}\n\n", *scenario.metadata.name,
                                 scenario.variant.empty() ? "" : fmt::format(" ({})", scenario.variant),
                                 scenario.metadata.title.empty() ? "" : ": " + scenario.metadata.title);
  text += steps_text(run.steps().results());
  text += journeys.text();
  for (const ExpectationResult& result : expectations) {
    const char* word = result.met ? (colour ? "\033[32mok\033[0m    " : "ok    ")
                                  : (colour ? "\033[31mFAILED\033[0m" : "FAILED");
    text += fmt::format("{} {}\n", word, result.text);
    if (!result.met)
      text += fmt::format("       {}:{}:{}: {}\n", result.where.file, result.where.line, result.where.column,
                          result.mismatch);
  }
  return text;
}

/// Where standard output is a capture, the expectations that failed are told beside it.
std::string failures_text(const std::vector<ExpectationResult>& expectations) {
  std::string text;
  for (const ExpectationResult& result : expectations) {
    if (result.met) continue;
    text += fmt::format("{}:{}:{}: {}: {}\n", result.where.file, result.where.line, result.where.column,
                        result.text, result.mismatch);
  }
  return text;
}

int worst_of(const std::vector<SystemError>& errors, bool interrupted, bool expectations_met) {
  for (const SystemError& error : errors) fmt::print(stderr, "ekspath: {}\n", to_string(error));
  if (!errors.empty()) return exit_status::output_failed;
  if (interrupted) return exit_status::interrupted;
  return expectations_met ? exit_status::ok : exit_status::expectation_failed;
}

}  // namespace

int run_scenario(const RunOptions& options) {
  auto scenario = load_or_explain(options.scenario);
  if (!scenario) return exit_status::bad_input;
  auto run = LabRun::prepare(std::move(*scenario));
  if (!run) return exit_status::bad_input;

  const std::string folder = folder_of(run->scenario(), options.out);
  std::vector<SystemError> errors;
  if (!options.no_files) {
    if (auto error = make_folder(folder)) return worst_of({*error}, false, true);
  }
  if (!options.no_files || !options.trace.empty()) {
    CaptureOutputs outputs;
    if (!options.no_files) {
      outputs.folder = folder;
      outputs.hops = folder + "/hops.ndjson";
      outputs.trace = folder + "/trace.pcapng";
    }
    if (!options.trace.empty()) outputs.trace = options.trace;
    if (!run->capture(std::move(outputs))) return exit_status::bad_input;
    if (const auto& error = run->captures()->error()) return worst_of({*error}, false, true);
  }
  const bool told = !options.quiet && options.trace != "-" && options.format == TextFormat::text;
  JourneyReport journeys(run->world().places(),
                         {wants_colour(), options.all_decisions, told ? options.packets : 0});
  run->add_observer(journeys);

  const bool whole = run->run();
  const bool interrupted = run->world().engine().interrupted();
  const Nanoseconds now = run->world().engine().now();
  if (Capture* captures = run->captures()) {
    if (!whole) {
      const auto parts = captures->abandon(now);
      fmt::print(stderr, "ekspath: {} at {} of simulated time; {} unfinished files keep the name .part\n",
                 interrupted ? "interrupted" : "stopped", now, parts.size());
      if (captures->error()) errors.push_back(*captures->error());
    } else {
      errors = captures->finish(now);
    }
  }
  const auto expectations = whole ? run->judge() : std::vector<ExpectationResult>();
  bool met = true;
  for (const ExpectationResult& result : expectations) met = met && result.met;

  const std::string summary = summary_json(*run, expectations, interrupted, journeys.packets());
  if (!options.no_files && whole) {
    if (auto error = write_small_file(folder + "/steps.txt", steps_text(run->steps().results())))
      errors.push_back(*error);
    if (auto error = write_small_file(folder + "/summary.json", summary)) errors.push_back(*error);
  }
  const bool stdout_is_taken = options.trace == "-";
  if (!options.quiet && !stdout_is_taken) {
    StandardOutput output;
    output.write(options.format == TextFormat::json ? summary : report_text(*run, journeys, expectations));
    if (!options.no_files && whole && errors.empty() && options.format == TextFormat::text) {
      output.write(fmt::format("\nwritten to {}/\n", folder));
    }
    if (auto error = output.finish()) errors.push_back(*error);
  }
  if (options.quiet || stdout_is_taken) fmt::print(stderr, "{}", failures_text(expectations));
  return worst_of(errors, interrupted, met);
}

}  // namespace ekspath
