#include <algorithm>

#include "sim/base/near_miss.hh"
#include "sim/base/shell_words.hh"
#include "sim/lab/command.hh"
#include "sim/lab/commands/commands.hh"
#include "sim/lab/world.hh"

namespace ekspath {
namespace {

/// A line taken apart: who runs what, where.
struct Line {
  enum class Shell : std::uint8_t { terminal, pod, ssh } shell = Shell::terminal;
  std::string host;
  std::string pod_namespace = "default";
  bool root = true;
  std::vector<std::string> words;
  std::string error;
};

std::string with_hint(std::string text, std::string_view word, const std::vector<std::string>& known) {
  if (const std::string near = near_miss(word, known); !near.empty())
    text += fmt::format("; did you mean '{}'?", near);
  return text;
}

/// kubectl exec [-it] [-n NAMESPACE] [-c CONTAINER] POD -- COMMAND
Line parse_exec(const std::vector<std::string>& words) {
  Line line;
  line.shell = Line::Shell::pod;
  std::size_t at = 2;
  for (; at < words.size() && words[at] != "--"; ++at) {
    const std::string& word = words[at];
    if (word == "-i" || word == "-t" || word == "-it" || word == "-ti" || word == "--stdin" ||
        word == "--tty")
      continue;
    if ((word == "-n" || word == "--namespace" || word == "-c" || word == "--container") &&
        at + 1 < words.size()) {
      ++at;
      if (word == "-n" || word == "--namespace") line.pod_namespace = words[at];
      continue;
    }
    if (word.starts_with("-")) {
      line.error = fmt::format("kubectl exec: unknown option '{}'; expected one of -i, -t, -n, -c", word);
      return line;
    }
    if (!line.host.empty()) {
      line.error = fmt::format("kubectl exec: found '{}' after the pod; expected -- and a command", word);
      return line;
    }
    line.host = word.starts_with("pod/") ? word.substr(4) : word;
  }
  if (line.host.empty()) line.error = "kubectl exec: expected a pod";
  if (at + 1 >= words.size()) {
    if (line.error.empty()) line.error = "kubectl exec: expected -- and a command";
    return line;
  }
  line.words.assign(words.begin() + static_cast<std::ptrdiff_t>(at) + 1, words.end());
  return line;
}

/// ssh [USER@]HOST [sudo] COMMAND
Line parse_ssh(const std::vector<std::string>& words) {
  Line line;
  line.shell = Line::Shell::ssh;
  if (words.size() < 3) {
    line.error = "ssh: expected a host and a command; there is nobody to type at a shell";
    return line;
  }
  if (words[1].starts_with("-")) {
    line.error = fmt::format("ssh: option '{}' is not modelled", words[1]);
    return line;
  }
  line.host = words[1].substr(words[1].find('@') + 1);
  line.root = words[2] == "sudo";
  line.words.assign(words.begin() + (line.root ? 3 : 2), words.end());
  if (line.words.empty()) line.error = "sudo: expected a command";
  return line;
}

Line parse(std::string_view text) {
  Line line;
  const auto words = shell_words(text);
  if (!words) {
    line.error = "a quote is not closed";
  } else if (words->empty()) {
    line.error = "an empty command";
  } else if (words->front() == "kubectl" && words->size() > 1 && (*words)[1] == "exec") {
    return parse_exec(*words);
  } else if (words->front() == "ssh") {
    return parse_ssh(*words);
  } else if (words->front() == "kubectl") {
    line.words = *words;
  } else {
    line.error = with_hint(
        fmt::format("unknown command '{}'; expected kubectl ... or ssh HOST [sudo] COMMAND", words->front()),
        words->front(), {"kubectl", "ssh"});
  }
  return line;
}

const CommandKind* find_command(std::string_view name) {
  const auto& commands = host_commands();
  const auto found = std::ranges::find(commands, name, &CommandKind::name);
  return found == commands.end() ? nullptr : &*found;
}

/// `kubectl exec` names pods; `ssh` nodes and instances, by name or by an address of theirs.
Host* find_host(World& world, const Line& line) {
  if (line.shell == Line::Shell::pod) {
    Host* host = world.host(line.host);
    if (host != nullptr && host->kind != HostKind::pod) return nullptr;
    if (host != nullptr && world.cluster && world.cluster->pod(line.pod_namespace, line.host) == nullptr)
      return nullptr;
    return host;
  }
  for (const auto& host : world.hosts()) {
    if (host->kind != HostKind::node && host->kind != HostKind::instance) continue;
    const bool by_address =
        line.host == fmt::format("{}", host->address) ||
        (!host->public_address.is_unspecified() && line.host == fmt::format("{}", host->public_address));
    if (host->name == line.host || host->host_name == line.host || by_address) return host.get();
  }
  return nullptr;
}

}  // namespace

const std::vector<CommandKind>& host_commands() {
  static const std::vector<CommandKind> commands{arp_command(),
                                                 cat_command(),
                                                 conntrack_command(),
                                                 curl_command(),
                                                 dig_command(),
                                                 getent_command(),
                                                 hostname_command(),
                                                 ifconfig_command(),
                                                 ip_command(),
                                                 ipset_command(),
                                                 iptables_command(),
                                                 iptables_restore_command(),
                                                 iptables_save_command(),
                                                 nc_command(),
                                                 nslookup_command(),
                                                 ping_command(),
                                                 route_command(),
                                                 ss_command(),
                                                 sysctl_command(),
                                                 tcpdump_command(),
                                                 traceroute_command()};
  return commands;
}

LineCheck check_line(std::string_view text) {
  const Line line = parse(text);
  if (!line.error.empty()) return {line.error, false};
  if (line.shell == Line::Shell::terminal) return {kubectl_command().check(line.words), false};
  const CommandKind* command = find_command(line.words.front());
  if (command == nullptr) {
    std::vector<std::string> names;
    for (const CommandKind& known : host_commands()) names.emplace_back(known.name);
    return {with_hint(fmt::format("command '{}' is not modelled; expected one of {}", line.words.front(),
                                  fmt::join(names, ", ")),
                      line.words.front(), names),
            false};
  }
  return {command->check(line.words), command->open_ended != nullptr && command->open_ended(line.words)};
}

std::string check_line_in(const World& world, std::string_view text) {
  const Line line = parse(text);
  if (line.shell == Line::Shell::terminal) return {};
  const CommandKind* command = find_command(line.words.front());
  return command->check_in == nullptr ? std::string() : command->check_in(world, line.words);
}

std::unique_ptr<RunningCommand> start_line(World& world, std::string_view text, std::string input,
                                           CommandOutput& output, CommandEnded ended) {
  const Line line = parse(text);
  ASSERT(line.error.empty());  // check_line() was asked before
  if (line.shell == Line::Shell::terminal) {
    CommandContext context{world, nullptr, true, std::move(input), output};
    return kubectl_command().start(context, line.words, std::move(ended));
  }
  Host* host = find_host(world, line);
  if (host == nullptr) {
    if (line.shell == Line::Shell::pod) {
      output.err(fmt::format("Error from server (NotFound): pods \"{}\" not found\n", line.host));
      ended(1);
    } else {
      output.err(fmt::format("ssh: Could not resolve hostname {}: Name or service not known\n", line.host));
      ended(255);
    }
    return nullptr;
  }
  CommandContext context{world, host, line.root, std::move(input), output};
  return find_command(line.words.front())->start(context, line.words, std::move(ended));
}

}  // namespace ekspath
