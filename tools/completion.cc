#include "tools/completion.hh"

#include <CLI/CLI.hpp>

#include "tools/subcommands.hh"
#include "tools/terminal.hh"

namespace ekspath {
namespace {

/// The option's own words, without values: "--variant", "-q"; those of its subcommands, too.
std::vector<std::string> option_words(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::App* nested : command.get_subcommands({})) {
    for (auto& word : option_words(*nested)) words.push_back(std::move(word));
  }
  for (const CLI::Option* option : command.get_options()) {
    for (const auto& name : option->get_lnames()) words.push_back("--" + name);
    for (const auto& name : option->get_snames()) words.push_back("-" + name);
  }
  return words;
}

std::vector<std::string> subcommand_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* nested : command.get_subcommands({})) names.push_back(nested->get_name());
  return names;
}

std::string bash_script(const CLI::App& app) {
  std::string names, cases;
  for (const CLI::App* command : app.get_subcommands({})) {
    names += " " + command->get_name();
    cases += fmt::format("    {}) words=\"{}\" nested=\"{}\" ;;\n", command->get_name(),
                         fmt::join(option_words(*command), " "), fmt::join(subcommand_names(*command), " "));
  }
  return fmt::format(
      "_ekspath() {{\n"
      "  local current=\"${{COMP_WORDS[COMP_CWORD]}}\" words=\"\" nested=\"\"\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"{} --help --version\" -- \"$current\"))\n"
      "    return\n"
      "  fi\n"
      "  case \"${{COMP_WORDS[1]}}\" in\n{}  esac\n"
      "  if [ \"$COMP_CWORD\" -eq 2 ] && [ -n \"$nested\" ]; then\n"
      "    COMPREPLY=($(compgen -W \"$nested --help\" -- \"$current\"))\n"
      "    return\n"
      "  fi\n"
      "  case \"$current\" in\n"
      "    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$current\")) ;;\n"
      "    *) COMPREPLY=($(compgen -f -- \"$current\")) ;;\n"
      "  esac\n"
      "}}\n"
      "complete -o filenames -F _ekspath ekspath ekspath.sh\n",
      names.substr(1), cases);
}

std::string fish_script(const CLI::App& app) {
  std::string text = "complete -c ekspath -f -n __fish_use_subcommand -l help -l version\n";
  for (const CLI::App* command : app.get_subcommands({})) {
    text += fmt::format("complete -c ekspath -n __fish_use_subcommand -a {} -d '{}'\n", command->get_name(),
                        command->get_description());
    for (const auto& name : subcommand_names(*command)) {
      text += fmt::format("complete -c ekspath -f -n '__fish_seen_subcommand_from {}' -a {}\n",
                          command->get_name(), name);
    }
    for (const auto& word : option_words(*command)) {
      if (!word.starts_with("--")) continue;
      text += fmt::format("complete -c ekspath -n '__fish_seen_subcommand_from {}' -l {}\n",
                          command->get_name(), word.substr(2));
    }
  }
  return text;
}

}  // namespace

int print_completion(const std::string& shell, const CLI::App& app) {
  StandardOutput output;
  if (shell == "fish") {
    output.write(fish_script(app));
  } else {
    // zsh reads bash's form through its own compatibility.
    if (shell == "zsh") output.write("autoload -U +X bashcompinit && bashcompinit\n");
    output.write(bash_script(app));
  }
  if (auto error = output.finish()) {
    fmt::print(stderr, "ekspath: {}\n", to_string(*error));
    return exit_status::output_failed;
  }
  return exit_status::ok;
}

}  // namespace ekspath
