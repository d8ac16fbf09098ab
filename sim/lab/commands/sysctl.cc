#include <optional>

#include "sim/lab/commands/commands.hh"
#include "sim/lab/commands/immediate.hh"
#include "sim/lab/world.hh"

/// sysctl(8) of procps: NAME, NAME=VALUE, -w, -n, -q, -e, -a. observed: procps 4.0.2
namespace ekspath {
namespace {

struct Query {
  bool write = false, value_only = false, quiet = false, ignore_unknown = false, all = false;
  std::vector<std::string> words;
  std::string error;
};

Query parse(const std::vector<std::string>& words) {
  Query query;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with("-")) {
      query.words.push_back(word);
    } else if (word == "-w" || word == "--write") {
      query.write = true;
    } else if (word == "-n" || word == "--values") {
      query.value_only = true;
    } else if (word == "-q" || word == "--quiet") {
      query.quiet = true;
    } else if (word == "-e" || word == "--ignore") {
      query.ignore_unknown = true;
    } else if (word == "-a" || word == "--all") {
      query.all = true;
    } else {
      query.error = fmt::format("sysctl: option '{}' is not modelled; expected -w, -n, -q, -e, -a", word);
      return query;
    }
  }
  if (query.words.empty() && !query.all) query.error = "sysctl: expected a name, NAME=VALUE or -a";
  return query;
}

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  text.erase(0, text.find_first_not_of(' '));
  return text;
}

/// With dots, as it is printed: where a slash comes before any dot, the two change places. procps slashdot()
std::string dotted(std::string name) {
  const std::size_t first = name.find_first_of("./");
  if (first == std::string::npos || name[first] == '.') return name;
  for (char& c : name) c = c == '/' ? '.' : c == '.' ? '/' : c;
  return name;
}

std::string slashed(std::string name) {
  for (char& c : name) c = c == '.' ? '/' : c == '/' ? '.' : c;
  return name;
}

/// One key at work: printed, or written and printed.
void apply(const Query& query, const std::string& word, Netns& netns, bool root, CommandResult& result) {
  const auto fail = [&result](std::string text) {
    result.err += "sysctl: " + text + "\n";
    result.status = 1;
  };
  const auto print = [&](const std::string& name, const std::string& value) {
    result.out += query.value_only ? value + "\n" : fmt::format("{} = {}\n", name, value);
  };
  const std::size_t equals = word.find('=');
  const std::string name = dotted(trimmed(word.substr(0, equals)));
  if (query.write && equals == std::string::npos)
    return fail("command line(0): invalid syntax, continuing...");
  const std::optional<std::string> before = read_sysctl(netns, name);
  if (!before) {
    bool folder = false;
    for (const std::string& known : sysctl_names(netns)) {
      if (equals != std::string::npos || !known.starts_with(name + ".")) continue;
      print(known, read_sysctl(netns, known).value_or(""));
      folder = true;
    }
    if (folder || query.ignore_unknown) return;
    return fail(fmt::format("cannot stat /proc/sys/{}: No such file or directory", slashed(name)));
  }
  if (equals == std::string::npos) return print(name, *before);
  if (!root) return fail(fmt::format("permission denied on key \"{}\"", name));
  const std::string value = trimmed(word.substr(equals + 1));
  if (write_sysctl(netns, name, value) != 0)
    return fail(fmt::format("setting key \"{}\": Invalid argument", name));
  if (!query.quiet) print(name, value);
}

std::string check(const std::vector<std::string>& words) { return parse(words).error; }

std::unique_ptr<RunningCommand> start(CommandContext& context, const std::vector<std::string>& words,
                                      CommandEnded ended) {
  Query query = parse(words);
  if (query.all) query.words = sysctl_names(*context.host->netns);
  CommandResult result;
  for (const std::string& word : query.words) apply(query, word, *context.host->netns, context.root, result);
  return end_at_once(context, ended, result);
}

}  // namespace

CommandKind sysctl_command() { return {"sysctl", start, check}; }

}  // namespace ekspath
