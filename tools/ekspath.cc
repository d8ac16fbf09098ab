#include <CLI/CLI.hpp>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <functional>
#include <sstream>

#include "sim/base/near_miss.hh"
#include "tools/completion.hh"
#include "tools/subcommands.hh"
#include "tools/terminal.hh"

namespace ekspath {
namespace {

/// CLI11 takes "-1" for a huge number, and cuts numbers that are too large.
CLI::Validator whole_number(std::uint64_t most) {
  const auto check = [most](const std::string& word) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error == std::errc() && end == word.data() + word.size() && number <= most) return std::string();
    return fmt::format("found '{}'; expected a whole number from 0 to {}", word, most);
  };
  return {check, ""};
}

std::string with_near_miss(std::string text, std::string_view word, const std::vector<std::string>& known) {
  const std::string near = near_miss(word, known);
  return near.empty() ? text : text + fmt::format("; did you mean '{}'?", near);
}

CLI::Validator one_of(const std::vector<std::string>& words) {
  const auto check = [words](const std::string& word) {
    if (std::ranges::find(words, word) != words.end()) return std::string();
    return with_near_miss(fmt::format("found '{}'; expected one of {}", word, fmt::join(words, ", ")), word,
                          words);
  };
  return {check, ""};
}

CLI::Validator a_time() {
  const auto check = [](const std::string& word) {
    const auto time = Nanoseconds::parse(word);
    return time && *time >= Nanoseconds()
               ? std::string()
               : fmt::format("found '{}'; expected a time such as 5s, 300ms or 1.5s", word);
  };
  return {check, ""};
}

CLI::Validator not_empty() {
  const auto check = [](const std::string& word) {
    return word.empty() ? std::string("found nothing; expected a path") : std::string();
  };
  return {check, ""};
}

void add_scenario_options(CLI::App& command, ScenarioChoice& choice) {
  command.add_option("SCENARIO", choice.path, "Scenario file")->required();
  command.add_option("--variant", choice.variant, "One of the scenario's variants")->type_name("NAME");
  command
      .add_option("--set", choice.sets, "Change a value: cluster.cni.env.AWS_VPC_K8S_CNI_EXTERNALSNAT=true")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  command.add_option("--seed", choice.seed, "Another seed: other ids and ports, the same verdicts")
      ->check(whole_number(std::numeric_limits<std::int64_t>::max()))
      ->type_name("NUMBER");
}

void add_format_option(CLI::App& command, TextFormat& format) {
  const auto choose = [&format](const std::string& word) {
    format = word == "json" ? TextFormat::json : TextFormat::text;
  };
  command.add_option_function<std::string>("--output", choose, "How it is printed")
      ->check(one_of({"text", "json"}))
      ->type_name("text|json");
}

/// A word where one of `app`'s subcommands must stand, and none does; "" when one does.
std::string unknown_subcommand(const CLI::App& app, const std::string& word) {
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands({})) known.push_back(command->get_name());
  if (known.empty() || word.starts_with('-') || std::ranges::find(known, word) != known.end()) return {};
  const std::string what = app.get_parent() == nullptr ? "subcommand" : app.get_name();
  return with_near_miss(
      fmt::format("unknown {} '{}'; expected one of {}", what, word, fmt::join(known, ", ")), word, known);
}

/// What CLI11 leaves unsaid of a word that nobody knows: "A subcommand is required" for `ekspath rnu`.
std::string unknown_word(const CLI::App& app, int argc, char** argv) {
  const CLI::App* command = &app;
  for (int at = 1; at < argc; ++at) {
    if (const std::string unknown = unknown_subcommand(*command, argv[at]); !unknown.empty()) return unknown;
    const auto chosen = command->get_subcommands();
    if (chosen.empty()) break;
    command = chosen.front();
  }
  for (const std::string& word : app.remaining(true)) {
    if (!word.starts_with('-')) continue;
    std::vector<std::string> options;
    for (const CLI::Option* option : command->get_options()) {
      for (const auto& name : option->get_lnames()) options.push_back("--" + name);
    }
    return with_near_miss(fmt::format("unknown option '{}'", word), word.substr(0, word.find('=')), options);
  }
  return {};
}

/// Prints what is asked for (--help, --version), or what is wrong with the command line.
int explain(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  std::ostringstream out, err;
  const bool asked_for = app.exit(error, out, err) == 0;
  if (!asked_for) {
    const std::string unknown = unknown_word(app, argc, argv);
    if (unknown.empty()) {
      fmt::print(stderr, "ekspath: {}", err.str());
    } else {
      fmt::print(stderr, "ekspath: {}\nRun with --help for more information.\n", unknown);
    }
    return exit_status::bad_input;
  }
  StandardOutput output;
  output.write(out.str());
  if (!out.str().ends_with('\n')) output.write("\n");
  if (const auto failure = output.finish()) {
    fmt::print(stderr, "ekspath: {}\n", to_string(*failure));
    return exit_status::output_failed;
  }
  return exit_status::ok;
}

/// Parses the command line and runs what it asks for.
int dispatch(int argc, char** argv) {
  CLI::App app{"ekspath: the path that packets take in an EKS cluster, simulated", "ekspath"};
  app.set_version_flag("--version", "ekspath " EKSPATH_VERSION);
  app.name("ekspath");
  app.require_subcommand(1);
  app.footer(
      "Exit status: 0 all well, 1 an expectation failed, 2 input or usage is wrong, 3 an output could not\n"
      "be written, 130 interrupted.");
  std::function<int()> action;

  RunOptions run;
  CLI::App* run_command = app.add_subcommand("run", "Run a scenario: its steps, captures and expectations");
  add_scenario_options(*run_command, run.scenario);
  run_command
      ->add_option("--then", run.scenario.then,
                   "One more step behind the scenario's own: 'kubectl get pods -o wide'; may be given again")
      ->type_name("COMMAND")
      ->allow_extra_args(false);
  run_command->add_option("--out", run.out, "Folder for the outputs")
      ->type_name("DIR")
      ->check(not_empty())
      ->capture_default_str();
  run_command
      ->add_option("--trace", run.trace,
                   "Where the pcapng of all points goes: a file, a FIFO, or - for standard output")
      ->type_name("PATH")
      ->check(not_empty());
  run_command->add_option("--packets", run.packets, "How many packets' journeys are told")
      ->check(whole_number(std::numeric_limits<std::uint32_t>::max()))
      ->type_name("NUMBER")
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
      ->check(one_of({"dot", "svg"}))
      ->type_name("dot|svg")
      ->capture_default_str();
  graph_command->add_option("-o,--out", graph.out, "File, or - for standard output")->capture_default_str();
  graph_command->callback([&] { action = [&] { return graph_scenario(graph); }; });

  ExportNetnsOptions netns;
  CLI::App* export_command = app.add_subcommand("export", "Rebuild a scenario's hosts with other programs");
  export_command->require_subcommand(1);
  CLI::App* netns_command =
      export_command->add_subcommand("netns", "As real network namespaces: up.sh, down.sh and their files");
  add_scenario_options(*netns_command, netns.scenario);
  netns_command
      ->add_option_function<std::string>(
          "--at", [&netns](const std::string& word) { netns.at = Nanoseconds::parse(word); },
          "The simulated time whose state is taken, as 5s or 300ms (before the first step, if not given)")
      ->check(a_time())
      ->type_name("TIME");
  netns_command->add_option("--out", netns.out, "Folder to write (out/SCENARIO/netns, if not given)")
      ->type_name("DIR")
      ->check(not_empty());
  netns_command->callback([&] { action = [&] { return export_namespaces(netns); }; });

  MaxPodsOptions max_pods;
  CLI::App* max_pods_command =
      app.add_subcommand("max-pods", "How many pods a node of an instance type can carry");
  max_pods_command->add_option("TYPE", max_pods.type, "Instance type, such as t3.medium")
      ->required()
      ->type_name("TYPE");
  max_pods_command->add_flag("--prefix-delegation", max_pods.prefix_delegation,
                             "ENABLE_PREFIX_DELEGATION is true");
  max_pods_command->add_flag("--custom-networking", max_pods.custom_networking,
                             "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG is true");
  max_pods_command->add_option("--cni-version", max_pods.cni_version, "Release of the VPC CNI")
      ->type_name("VERSION")
      ->capture_default_str();
  max_pods_command->add_flag("--show-max-allowed", max_pods.show_max_allowed,
                             "As many as there are addresses for, beyond the recommended 110 or 250");
  max_pods_command->add_option("--max-eni", max_pods.max_eni, "MAX_ENI")
      ->check(whole_number(std::numeric_limits<std::uint32_t>::max()))
      ->type_name("NUMBER");
  add_format_option(*max_pods_command, max_pods.format);
  max_pods_command->callback([&] { action = [&] { return print_max_pods(max_pods); }; });

  CLI::App* schema_command =
      app.add_subcommand("schema", "Print the JSON Schema of scenario files, for editors");
  schema_command->callback([&] { action = [] { return print_schema(); }; });

  std::string shell;
  CLI::App* completion_command = app.add_subcommand("completion", "Print a shell's completion script");
  completion_command->add_option("SHELL", shell, "bash, zsh or fish")
      ->required()
      ->check(one_of({"bash", "zsh", "fish"}))
      ->type_name("SHELL");
  completion_command->callback([&] { action = [&] { return print_completion(shell, app); }; });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return explain(app, error, argc, argv);
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
