#include "sim/lab/commands/commands.hh"
#include "sim/lab/commands/immediate.hh"
#include "sim/lab/world.hh"
#include "sim/linux/conntrack/conntrack.hh"

/// cat of the few files that a host here has: /etc/resolv.conf, /etc/hosts, /etc/hostname,
/// /proc/net/nf_conntrack, /proc/sys/..., and on a node the logs of the CNI: /var/log/aws-routed-eni/...
namespace ekspath {
namespace {

constexpr std::string_view sysctl_folder = "/proc/sys/";
constexpr std::string_view cni_log_folder = "/var/log/aws-routed-eni/";

std::string check(const std::vector<std::string>& words) {
  if (words.size() < 2) return "cat: expected a file";
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "/etc/resolv.conf" || word == "/etc/hosts" || word == "/etc/hostname" ||
        word == "/proc/net/nf_conntrack" || word.starts_with(sysctl_folder) ||
        word.starts_with(cni_log_folder))
      continue;
    return fmt::format(
        "cat: '{}' is not modelled; expected /etc/resolv.conf, /etc/hosts, /etc/hostname, "
        "/proc/net/nf_conntrack, "
        "/proc/sys/... or /var/log/aws-routed-eni/...",
        word);
  }
  return {};
}

/// Linux 6.1 net/netfilter/nf_conntrack_standalone.c ct_seq_show(); observed: fixture proc-nf-conntrack
std::string nf_conntrack_file(const Netns& netns) {
  constexpr std::string_view tail =
      " use=1";  // what conntrack(8) shows; the file's reader holds a reference more
  std::string text;
  if (!netns.conntrack) return text;
  for (const Connection* connection : netns.conntrack->connections()) {
    const std::string line = conntrack_line(*connection, netns.now());
    ASSERT(line.ends_with(tail));
    text += "ipv4     2 " + line.substr(0, line.size() - tail.size()) + " zone=0 use=2\n";
  }
  return text;
}

/// The CNI's logs of a node; null: no such file.
const NodeFiles* files_of(const World& world, const Host& host) {
  if (host.kind != HostKind::node || !world.cluster) return nullptr;
  const Node* node = world.cluster->node(host.name);
  return node == nullptr ? nullptr : node->files.get();
}

void read(const CommandContext& context, const std::string& file, CommandResult& result) {
  const Host& host = *context.host;
  const bool root = context.root;
  const auto refuse = [&](std::string_view why) {
    result.err += fmt::format("cat: {}: {}\n", file, why);
    result.status = 1;
  };
  if (file == "/etc/hostname") {
    result.out += fmt::format("{}\n", host.host_name);
  } else if (file == "/etc/resolv.conf") {
    result.out += *host.resolv_conf;
  } else if (file == "/etc/hosts") {
    result.out += host.hosts_file.text();
  } else if (file == "/proc/net/nf_conntrack") {
    root ? void(result.out += nf_conntrack_file(*host.netns)) : refuse("Permission denied");
  } else if (file.starts_with(cni_log_folder)) {
    const NodeFiles* files = files_of(context.world, host);
    const auto text = files == nullptr ? std::nullopt : files->find(file);
    if (!text) {
      refuse(files != nullptr && files->is_folder(file) ? "Is a directory" : "No such file or directory");
    } else {
      // lumberjack makes them with mode 0600.
      root ? void(result.out += *text) : refuse("Permission denied");
    }
  } else {
    const std::string name = file.substr(sysctl_folder.size());
    if (const auto value = read_sysctl(*host.netns, name)) {
      result.out += *value + "\n";
      return;
    }
    std::string folder = name;
    for (char& c : folder) c = c == '/' ? '.' : c;
    for (const std::string& known : sysctl_names(*host.netns)) {
      if (known.starts_with(folder + ".")) return refuse("Is a directory");
    }
    refuse("No such file or directory");
  }
}

std::unique_ptr<RunningCommand> start(CommandContext& context, const std::vector<std::string>& words,
                                      CommandEnded ended) {
  CommandResult result;
  for (std::size_t i = 1; i < words.size(); ++i) read(context, words[i], result);
  return end_at_once(context, ended, result);
}

}  // namespace

CommandKind cat_command() { return {"cat", start, check}; }

}  // namespace ekspath
