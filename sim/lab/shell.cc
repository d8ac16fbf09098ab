#include <algorithm>

#include "sim/base/near_miss.hh"
#include "sim/base/shell_words.hh"
#include "sim/lab/command.hh"
#include "sim/lab/commands/commands.hh"
#include "sim/lab/commands/kubectl_pods.hh"
#include "sim/lab/commands/kubectl_session.hh"
#include "sim/lab/world.hh"

namespace ekspath {
namespace {

/// A line taken apart: who runs what, where.
struct Line {
  enum class Shell : std::uint8_t { terminal, pod, ssh } shell = Shell::terminal;
  std::string host;               // of ssh
  std::vector<std::string> exec;  // the whole line of `kubectl exec`
  bool root = true;
  std::vector<std::string> words;
  std::string error;
};

std::string with_hint(std::string text, std::string_view word, const std::vector<std::string>& known) {
  if (const std::string near = near_miss(word, known); !near.empty())
    text += fmt::format("; did you mean '{}'?", near);
  return text;
}

constexpr KubectlOption exec_options[] = {{"namespace", 'n'},
                                          {"container", 'c'},
                                          {"stdin", 'i', KubectlOption::Takes::nothing},
                                          {"tty", 't', KubectlOption::Takes::nothing},
                                          {"quiet", 'q', KubectlOption::Takes::nothing}};

KubectlArguments exec_arguments(const std::vector<std::string>& words) {
  return {"exec", std::span(words).subspan(2), exec_options};
}

/// kubectl exec [-it] [-n NAMESPACE] [-c CONTAINER] POD | TYPE/NAME -- COMMAND
Line parse_exec(const std::vector<std::string>& words) {
  Line line;
  line.shell = Line::Shell::pod;
  line.exec = words;
  const KubectlArguments arguments = exec_arguments(words);
  line.words = arguments.command();
  if (!arguments.error().empty()) {
    line.error = arguments.error();
  } else if (arguments.words().empty()) {
    line.error = "kubectl exec: pod, type/name or --filename must be specified: expected a pod";
  } else if (arguments.words().size() > 1) {
    line.error = fmt::format("kubectl exec: found '{}' after the pod; expected -- and a command",
                             arguments.words()[1]);
  } else if (line.words.empty()) {
    line.error =
        "kubectl exec: you must specify at least one command for the container: expected -- and a command";
  }
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

/// Nodes and instances, by name or by an address of theirs.
Host* find_ssh_host(World& world, const std::string& name) {
  for (const auto& host : world.hosts()) {
    if (host->kind != HostKind::node && host->kind != HostKind::instance) continue;
    const bool by_address =
        name == fmt::format("{}", host->address) ||
        (!host->public_address.is_unspecified() && name == fmt::format("{}", host->public_address));
    if (host->name == name || host->host_name == name || by_address) return host.get();
  }
  return nullptr;
}

/// The pod that `kubectl exec` means, as the API server knows it. Null: what kubectl says is written.
Host* find_pod_host(World& world, const std::vector<std::string>& words, CommandOutput& output) {
  const KubectlArguments arguments = exec_arguments(words);
  const StoreReader reader(world.cluster->objects(), world.epoch());
  const PodChoice choice = choose_pod(reader, arguments.words().front(), arguments, PodPurpose::exec);
  if (!choice.notice.empty()) output.err(choice.notice);
  const std::string error = choice.error.empty() ? why_no_exec(choice) : choice.error;
  if (!error.empty()) {
    output.err(error);
    return nullptr;
  }
  return world.pod_host(text_at(choice.pod, {"metadata", "namespace"}),
                        text_at(choice.pod, {"metadata", "name"}));
}

Host* find_host(World& world, const Line& line, CommandOutput& output) {
  if (line.shell == Line::Shell::pod) return find_pod_host(world, line.exec, output);
  Host* host = find_ssh_host(world, line.host);
  if (host == nullptr)
    output.err(fmt::format("ssh: Could not resolve hostname {}: Name or service not known\n", line.host));
  return host;
}

/// kubectl pkg/cmd/util/helpers.go StandardErrorMessage(): a command that failed in its container
CommandEnded told_by_kubectl(CommandOutput& output, CommandEnded ended) {
  return [&output, ended = std::move(ended)](int exit_status) {
    if (exit_status != 0) output.err(fmt::format("command terminated with exit code {}\n", exit_status));
    ended(exit_status);
  };
}

}  // namespace

const std::vector<CommandKind>& host_commands() {
  static const std::vector<CommandKind> commands{
      arp_command(),           cat_command(),      conntrack_command(),
      curl_command(),          dig_command(),      getent_command(),
      hostname_command(),      ifconfig_command(), ip_command(),
      ipset_command(),         iptables_command(), iptables_restore_command(),
      iptables_save_command(), nc_command(),       nslookup_command(),
      ping_command(),          route_command(),    ss_command(),
      sysctl_command(),        tcpdump_command(),  traceroute_command()};
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
  if (line.shell == Line::Shell::pod && !world.cluster) {
    output.err("error: the scenario has no cluster\n");
    ended(1);
    return nullptr;
  }
  Host* host = find_host(world, line, output);
  if (host == nullptr) {
    ended(line.shell == Line::Shell::pod ? 1 : 255);
    return nullptr;
  }
  if (line.shell == Line::Shell::pod) ended = told_by_kubectl(output, std::move(ended));
  CommandContext context{world, host, line.root, std::move(input), output};
  return find_command(line.words.front())->start(context, line.words, std::move(ended));
}

}  // namespace ekspath
