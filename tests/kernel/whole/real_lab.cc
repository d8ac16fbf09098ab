#include "tests/kernel/whole/real_lab.hh"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "sim/base/shell_words.hh"
#include "tests/kernel/whole/real_server.hh"

namespace ekspath {
namespace {

Descriptor open_netns(const std::string& host) {
  return Descriptor(open(("/run/netns/" + host).c_str(), O_RDONLY | O_CLOEXEC));
}

/// Calls `work` in the namespace, and comes back.
template <class Work>
bool inside(const std::string& host, Work work) {
  const Descriptor home(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  const Descriptor there = open_netns(host);
  if (there.number() < 0 || setns(there.number(), CLONE_NEWNET) != 0) return false;
  work();
  return setns(home.number(), CLONE_NEWNET) == 0;
}

Nanoseconds monotonic() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return Nanoseconds(now.tv_sec * 1'000'000'000LL + now.tv_nsec);
}

void sleep_until(Nanoseconds time) {
  const timespec at{time.count() / 1'000'000'000, time.count() % 1'000'000'000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) == EINTR) {
  }
}

bool moves_packets(const std::string& program) {
  return program == "ping" || program == "curl" || program == "nc" || program == "traceroute";
}

/// The words behind `kubectl exec [options] POD --` and `ssh [USER@]HOST [sudo]`.
bool take_apart(const std::vector<std::string>& words, RealStep& step) {
  if (words.size() > 2 && words[0] == "ssh") {
    step.host = words[1].substr(words[1].find('@') + 1);
    step.words.assign(words.begin() + (words[2] == "sudo" ? 3 : 2), words.end());
    return true;
  }
  if (words.size() < 4 || words[0] != "kubectl" || words[1] != "exec") return false;
  const auto dashes = std::find(words.begin(), words.end(), "--");
  if (dashes == words.end()) return false;
  for (auto word = words.begin() + 2; word != dashes; ++word) {
    if (*word == "-n" || *word == "-c") {
      ++word;
    } else if (!word->starts_with("-")) {
      step.host = *word;
    }
  }
  step.words.assign(dashes + 1, words.end());
  return !step.words.empty();
}

}  // namespace

std::optional<RealStep> real_step(const Step& step, const std::string& line, std::string& why_not) {
  RealStep real;
  const auto words = shell_words(line);
  if (!words || !take_apart(*words, real)) {
    why_not = fmt::format("'{}' is no command of a host", line);
    return std::nullopt;
  }
  const std::string& program = real.words.front();
  const bool reads = !moves_packets(program) && program != "iptables" && program != "ip";
  const bool lists = std::any_of(real.words.begin(), real.words.end(), [](const std::string& word) {
    return word == "-L" || word == "-S" || word == "show" || word == "-nL" || word == "get";
  });
  if (reads || (!moves_packets(program) && (lists || real.words.size() == 2))) return std::nullopt;
  // curl tells its version; the simulated one is AL2023's.
  if (program == "curl") real.words.insert(real.words.end(), {"-A", "curl/8.5.0"});
  if (step.input) real.input = **step.input;
  real.at = step.at.value_or(Nanoseconds());
  real.background = step.background;
  return real;
}

std::string RealLab::up(const std::vector<ExportedFile>& files, const std::vector<std::string>& hosts) {
  char folder[] = "/tmp/ekspath-netns-XXXXXX";
  if (mkdtemp(folder) == nullptr) return fmt::format("{}: {}", folder, std::strerror(errno));
  folder_ = folder;
  for (const ExportedFile& file : files) {
    const std::filesystem::path path = std::filesystem::path(folder_) / file.path;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << file.text;
    if (file.executable) std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }
  const ToolResult result = run_tool(-1, {folder_ + "/up.sh"});
  if (result.status != 0) return "up.sh: " + result.err;
  for (const std::string& host : hosts) {
    const bool entered = inside(host, [] {
      struct if_nameindex* all = if_nameindex();
      for (struct if_nameindex* one = all; one != nullptr && one->if_index != 0; ++one) {
        turn_offloads_off(one->if_name);
      }
      if_freenameindex(all);
    });
    if (!entered) return fmt::format("{}: {}", host, std::strerror(errno));
  }
  return {};
}

RealLab::~RealLab() { stop(); }

void RealLab::stop() {
  for (const pid_t server : servers_) kill(server, SIGKILL);
  for (const pid_t server : servers_) waitpid(server, nullptr, 0);
  servers_.clear();
  wires_.clear();
  if (folder_.empty()) return;
  (void)run_tool(-1, {folder_ + "/down.sh"});
  std::filesystem::remove_all(folder_);
  folder_.clear();
}

std::string RealLab::capture(const std::string& host, const std::vector<std::string>& interfaces) {
  std::string problem;
  const bool entered = inside(host, [&] {
    for (const std::string& interface : interfaces) {
      Wire wire{host + "/" + interface,
                Descriptor(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL)))};
      sockaddr_ll address{};
      address.sll_family = AF_PACKET;
      address.sll_protocol = htons(ETH_P_ALL);
      address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
      const int bytes = 8 << 20;
      setsockopt(wire.socket.number(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
      if (bind(wire.socket.number(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        problem = fmt::format("{}: {}", wire.name, std::strerror(errno));
      }
      frames_[wire.name];
      wires_.push_back(std::move(wire));
    }
  });
  return entered ? problem : fmt::format("{}: {}", host, std::strerror(errno));
}

std::string RealLab::serve(const Host& host, const Listen& listen) {
  const Descriptor netns = open_netns(host.netns->name());
  int ready[2];
  if (netns.number() < 0 || pipe2(ready, O_CLOEXEC) != 0)
    return fmt::format("{}: no such namespace", host.name);
  const pid_t child = fork();
  if (child == 0) {
    close(ready[0]);
    if (setns(netns.number(), CLONE_NEWNET) != 0 || unshare(CLONE_NEWUTS) != 0) _exit(1);
    const std::string_view name = host.host_name;
    if (sethostname(name.data(), name.size()) != 0) _exit(1);
    run_real_server(*listen.serves, *listen.port, ready[1]);
    _exit(1);
  }
  close(ready[1]);
  servers_.push_back(child);
  char word = 0;
  const bool listening = read(ready[0], &word, 1) == 1;
  close(ready[0]);
  return listening ? std::string() : fmt::format("{}: no server on port {}", host.name, *listen.port);
}

std::string RealLab::run(const std::vector<RealStep>& steps) {
  std::string printed;
  std::vector<pid_t> background;
  const Nanoseconds start = monotonic();
  for (const RealStep& step : steps) {
    sleep_until(start + step.at);
    const Descriptor netns = open_netns(step.host);
    std::vector<std::string> words{"timeout", "60"};
    words.insert(words.end(), step.words.begin(), step.words.end());
    if (step.background) {
      const pid_t child = fork();
      if (child == 0) _exit(run_tool(netns.number(), words, step.input).status);
      background.push_back(child);
      continue;
    }
    const ToolResult result = run_tool(netns.number(), words, step.input);
    printed += fmt::format("$ {}: {}\n{}{}", step.host, fmt::join(step.words, " "), result.out, result.err);
  }
  for (const pid_t child : background) waitpid(child, nullptr, 0);
  sleep_until(monotonic() + Nanoseconds(1'000'000'000));  // as StepRunner waits for what is on its way
  return printed;
}

NodeFrames RealLab::frames() {
  static std::uint8_t buffer[1 << 17];
  for (const Wire& wire : wires_) {
    sockaddr_ll from{};
    socklen_t size = sizeof from;
    for (ssize_t got; (got = recvfrom(wire.socket.number(), buffer, sizeof buffer, 0,
                                      reinterpret_cast<sockaddr*>(&from), &size)) > 0;) {
      frames_[wire.name].push_back({from.sll_pkttype == PACKET_OUTGOING, {buffer, buffer + got}});
    }
  }
  return frames_;
}

}  // namespace ekspath
