#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <functional>

#include "tools/completion.hh"
#include "tools/subcommands.hh"

namespace ekspath {
namespace {

void add_scenario_options(CLI::App& command, ScenarioChoice& choice) {
  command.add_option("SCENARIO", choice.path, "Scenario file")->required();
  command.add_option("--variant", choice.variant, "One of the scenario's variants")->type_name("NAME");
  command
      .add_option("--set", choice.sets, "Change a value: cluster.cni.env.AWS_VPC_K8S_CNI_EXTERNALSNAT=true")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  command.add_option("--seed", choice.seed, "Another seed: other ids and ports, the same verdicts");
}

void add_format_option(CLI::App& command, TextFormat& format) {
  command.add_option("--output", format, "text or json")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, TextFormat>{{"text", TextFormat::text}, {"json", TextFormat::json}}))
      ->type_name("text|json");
}

/// Parses the command line and runs what it asks for.
int dispatch(int argc, char** argv) {
  CLI::App app{"ekspath: the path that packets take in an EKS cluster, simulated"};
  app.set_version_flag("--version", "ekspath " EKSPATH_VERSION);
  app.name("ekspath");
  app.require_subcommand(1);
  app.footer(
      "Exit status: 0 all well, 1 an expectation failed, 2 input or usage is wrong, 3 an output could not "
      "be\n"
      "written, 130 interrupted.");
  std::function<int()> action;

  RunOptions run;
  CLI::App* run_command = app.add_subcommand("run", "Run a scenario: its steps, captures and expectations");
  add_scenario_options(*run_command, run.scenario);
  run_command->add_option("--out", run.out, "Folder for the outputs")
      ->type_name("DIR")
      ->capture_default_str();
  run_command
      ->add_option("--trace", run.trace,
                   "Where the pcapng of all points goes: a file, a FIFO, or - for standard output")
      ->type_name("PATH");
  run_command->add_option("--packets", run.packets, "How many packets' journeys are told")
      ->capture_default_str();
  run_command->add_flag("--all-decisions", run.all_decisions, "Tell the decisions that changed nothing, too");
  run_command->add_flag("--no-files", run.no_files, "Write no output folder");
  run_command->add_flag("-q,--quiet", run.quiet, "Print nothing but errors");
  add_format_option(*run_command, run.format);
  run_command->callback([&] { action = [&] { return run_scenario(run); }; });

  CheckOptions check;
  CLI::App* check_command =
      app.add_subcommand("check", "Say what is wrong with scenario files, without running them");
  check_command->add_option("SCENARIO", check.paths, "Scenario files")->required();
  check_command->callback([&] { action = [&] { return check_scenarios(check); }; });

  ListOptions list;
  CLI::App* list_command = app.add_subcommand("list", "List the scenarios of a folder by what they teach");
  list_command->add_option("FOLDER", list.folder, "Folder")->capture_default_str();
  add_format_option(*list_command, list.format);
  list_command->callback([&] { action = [&] { return list_scenarios(list); }; });

  DiffOptions diff;
  CLI::App* diff_command =
      app.add_subcommand("diff", "Two variants of a scenario side by side, the first difference marked");
  diff_command->add_option("SCENARIO", diff.left.path, "Scenario file")->required();
  diff_command->add_option("LEFT", diff.left.variant, "A variant, or `base`")->required();
  diff_command->add_option("RIGHT", diff.right.variant, "A variant, or `base`")->required();
  diff_command->add_option("--set", diff.left.sets, "Change a value on both sides")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  diff_command->add_flag("--all", diff.all, "All packets, not only to the first that differs");
  diff_command->callback([&] {
    action = [&] {
      diff.right.path = diff.left.path;
      diff.right.sets = diff.left.sets;
      return diff_variants(diff);
    };
  });

  GraphOptions graph;
  CLI::App* graph_command = app.add_subcommand("graph", "Draw the scenario's network with Graphviz");
  add_scenario_options(*graph_command, graph.scenario);
  graph_command->add_option("--format", graph.format, "dot or svg (svg needs Graphviz' dot)")
      ->check(CLI::IsMember({"dot", "svg"}))
      ->capture_default_str();
  graph_command->add_option("-o,--out", graph.out, "File, or - for standard output")->capture_default_str();
  graph_command->callback([&] { action = [&] { return graph_scenario(graph); }; });

  CLI::App* schema_command =
      app.add_subcommand("schema", "Print the JSON Schema of scenario files, for editors");
  schema_command->callback([&] { action = [] { return print_schema(); }; });

  std::string shell;
  CLI::App* completion_command = app.add_subcommand("completion", "Print a shell's completion script");
  completion_command->add_option("SHELL", shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion_command->callback([&] { action = [&] { return print_completion(shell, app); }; });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_status::ok : exit_status::bad_input;
  }
  return action();
}

}  // namespace
}  // namespace ekspath

int main(int argc, char** argv) {
  // A closed pipe is an error of the write, reported with status 3.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return ekspath::dispatch(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ekspath: %s\n", error.what());
    return ekspath::exit_status::output_failed;
  }
}
