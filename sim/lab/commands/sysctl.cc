
#include "sim/lab/commands/commands.hh"
#include "sim/lab/commands/immediate.hh"
#include "sim/lab/world.hh"

/// sysctl(8) of procps: NAME, NAME=VALUE, -w, -n, -a.
namespace ekspath {
namespace {

std::string check(const std::vector<std::string>& words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.starts_with("-") && word != "-w" && word != "-n" && word != "-a" && word != "-q") {
      return fmt::format("sysctl: option '{}' is not modelled; expected -w, -n, -q, -a", word);
    }
  }
  return words.size() > 1 ? "" : "sysctl: expected a name, NAME=VALUE or -a";
}

std::unique_ptr<RunningCommand> start(CommandContext& context, const std::vector<std::string>& words,
                                      CommandEnded ended) {
  CommandResult result;
  bool value_only = false, quiet = false;
  std::vector<std::string> names;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "-a") names = sysctl_names(*context.host->netns);
    if (words[i] == "-n") value_only = true;
    if (words[i] == "-q") quiet = true;
    if (!words[i].starts_with("-")) names.push_back(words[i]);
  }
  for (const std::string& word : names) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    std::optional<std::string> value = read_sysctl(*context.host->netns, name);
    if (!value) {
      std::string path = name;
      for (char& c : path) c = c == '.' ? '/' : c;
      result.err += fmt::format("sysctl: cannot stat /proc/sys/{}: No such file or directory\n", path);
      result.status = 1;
      continue;
    }
    if (equals != std::string::npos) {
      value = word.substr(equals + 1);
      if (!context.root) {
        result.err += fmt::format("sysctl: permission denied on key \"{}\"\n", name);
        result.status = 1;
        continue;
      }
      if (write_sysctl(*context.host->netns, name, *value) != 0) {
        result.err += fmt::format("sysctl: setting key \"{}\": Invalid argument\n", name);
        result.status = 1;
        continue;
      }
      if (quiet) continue;
    }
    result.out += value_only ? *value + "\n" : fmt::format("{} = {}\n", name, *value);
  }
  return end_at_once(context, ended, result);
}

}  // namespace

CommandKind sysctl_command() { return {"sysctl", start, check}; }

}  // namespace ekspath
