#include "tests/kernel/real_host.hh"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <map>
#include <sstream>

#include "tests/kernel/real_tools.hh"
#include "tests/support/packet/packet_text.hh"

namespace ekspath {
namespace {

bool write_file(const std::string& path, const std::string& value) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file.number() >= 0 &&
         write(file.number(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

std::string sysctl_path(std::string name) {
  for (char& c : name) {
    if (c == '.') c = '/';
  }
  return "/proc/sys/" + name;
}

/// What the kernel's defaults are in a namespace of its own, whatever this machine's administrator has set
/// for new ones.
void write_baseline() {
  write_file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
  write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
  for (const char* of : {"all", "default"}) {
    const std::string folder = std::string("/proc/sys/net/ipv4/conf/") + of;
    write_file(folder + "/rp_filter", "0");
    write_file(folder + "/accept_redirects", "1");
    write_file(folder + "/send_redirects", "1");
    write_file(folder + "/arp_ignore", "0");
    write_file(folder + "/arp_announce", "0");
    write_file(folder + "/accept_local", "0");
    write_file(folder + "/route_localnet", "0");
    write_file(folder + "/src_valid_mark", "0");
  }
  write_file("/proc/sys/net/ipv4/ip_forward", "0");
  write_file("/proc/sys/net/ipv4/ip_default_ttl", "64");
}

/// A new network namespace, and the process that was born in it; it dies with its pipe.
struct NewNamespace {
  Descriptor netns;
  Descriptor leash;
  pid_t keeper = -1;
};

NewNamespace make_namespace() {
  int ready[2];
  int leash[2];
  if (pipe2(ready, O_CLOEXEC) != 0 || pipe2(leash, O_CLOEXEC) != 0) return {};
  NewNamespace made;
  made.keeper = fork();
  if (made.keeper == 0) {
    close(leash[1]);
    char word = unshare(CLONE_NEWNET) == 0 ? 'y' : 'n';
    if (word == 'y') write_baseline();
    if (write(ready[1], &word, 1) != 1) _exit(1);
    _exit(read(leash[0], &word, 1) == 0 ? 0 : 1);
  }
  close(ready[1]);
  close(leash[0]);
  made.leash = Descriptor(leash[1]);
  char word = 'n';
  if (read(ready[0], &word, 1) == 1 && word == 'y') {
    made.netns = Descriptor(open(fmt::format("/proc/{}/ns/net", made.keeper).c_str(), O_RDONLY | O_CLOEXEC));
  }
  close(ready[0]);
  return made;
}

/// The far end of one wire.
struct Wire {
  std::string interface;
  Descriptor socket;
};

Wire open_wire(const std::string& interface, const std::string& peer) {
  Wire wire{interface,
            Descriptor(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL)))};
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(if_nametoindex(peer.c_str()));
  const int one = 1;
  const int bytes = 8 << 20;
  setsockopt(wire.socket.number(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one);
  setsockopt(wire.socket.number(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
  if (bind(wire.socket.number(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    wire.socket = Descriptor();
  }
  return wire;
}

void drain(std::vector<Wire>& wires, std::size_t came_in, CaseOutcome& outcome) {
  static std::uint8_t buffer[1 << 17];
  for (auto& wire : wires) {
    sockaddr_ll from{};
    socklen_t size = sizeof from;
    for (ssize_t got; (got = recvfrom(wire.socket.number(), buffer, sizeof buffer, 0,
                                      reinterpret_cast<sockaddr*>(&from), &size)) > 0;) {
      if (from.sll_pkttype == PACKET_OUTGOING) continue;
      outcome.frames.push_back({wire.interface, {buffer, buffer + got}, came_in});
    }
  }
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

/// Every interface of the court's own namespace is one that it made.
std::string foreign_interface() {
  std::string foreign;
  struct if_nameindex* all = if_nameindex();
  for (struct if_nameindex* one = all; one != nullptr && one->if_index != 0; ++one) {
    const std::string name = one->if_name;
    if (name != "lo" && !name.starts_with("court")) foreign = name;
  }
  if_freenameindex(all);
  return foreign;
}

/// The line in which iptables tells that the kernel lacks a match, a target or a table; "" when it is another
/// mistake.
std::string missing_feature(const std::string& error) {
  for (const std::string& line : lines_of(error)) {
    for (const char* words : {"missing kernel module", "does your kernel support", "Protocol not supported",
                              "Kernel support protocol versions"}) {
      if (line.find(words) != std::string::npos) return line;
    }
  }
  return {};
}

}  // namespace

std::string Court::enter() {
  const uid_t user = geteuid();
  const gid_t group = getegid();
  const int flags = CLONE_NEWNET | CLONE_NEWNS | (user == 0 ? 0 : CLONE_NEWUSER);
  if (unshare(flags) != 0) return fmt::format("no namespaces here: {}", std::strerror(errno));
  if (user != 0) {
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", fmt::format("0 {} 1", user));
    write_file("/proc/self/gid_map", fmt::format("0 {} 1", group));
  }
  mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  write_baseline();
  // One processor: a frame that is sent has then been walked through the stack when the call returns.
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(sched_getcpu()), &one);
  sched_setaffinity(0, sizeof one, &one);
  for (const char* tool : {"ip", "iptables-restore", "conntrack"}) {
    if (run_tool(-1, {tool, "--version"}).status == 127) return fmt::format("no {} on this machine", tool);
  }
  return {};
}

CaseOutcome Court::run(const Case& described, Ask ask) {
  CaseOutcome outcome;
  const auto give_up = [&](const std::string& why) {
    outcome.problem = why;
    return outcome;
  };
  const NewNamespace host = make_namespace();
  struct Reaper {
    pid_t keeper;
    ~Reaper() {
      if (keeper > 0) {
        kill(keeper, SIGKILL);
        waitpid(keeper, nullptr, 0);
      }
    }
  } const reaper{host.keeper};
  if (host.netns.number() < 0) return give_up("no new network namespace");
  const int netns = host.netns.number();

  ++hosts_;
  std::string outside;
  std::string inside = "link set lo up\n";
  for (std::size_t i = 0; i < described.interfaces.size(); ++i) {
    const auto& one = described.interfaces[i];
    outside += fmt::format(
        "link add court{}_{} mtu {} address {} type veth peer name {} mtu {} address {} netns {}\n", hosts_,
        i, one.mtu, described.peer_mac(i), one.name, one.mtu, one.mac, host.keeper);
    outside += fmt::format("link set court{}_{} up\n", hosts_, i);
    inside += fmt::format("link set {} up\n", one.name);
  }
  if (const auto made = run_tool(-1, {"ip", "-batch", "-"}, outside); made.status != 0) {
    return give_up("ip: " + made.err);
  }
  in_namespace(netns, [&] {
    for (const auto& one : described.interfaces) turn_offloads_off(one.name);
    return 0;
  });
  if (const auto made = run_tool(netns, {"ip", "-batch", "-"}, inside); made.status != 0) {
    return give_up("ip: " + made.err);
  }
  for (const auto& one : described.sysctls) {
    const int status =
        in_namespace(netns, [&] { return write_file(sysctl_path(one.name), one.value) ? 0 : 1; });
    if (status != 0) return give_up("sysctl " + one.name);
  }
  std::string settings;
  for (const auto& one : described.addresses) {
    const bool broadcast = !one.address.ends_with("/32") && !one.address.ends_with("/31");
    settings +=
        fmt::format("address add {}{} dev {}\n", one.address, broadcast ? " brd +" : "", one.interface);
  }
  for (const auto& one : described.neighbours) {
    settings +=
        fmt::format("neigh replace {} lladdr {} dev {} nud permanent\n", one.address, one.mac, one.interface);
  }
  for (const auto& one : described.routes) settings += "route add " + one + "\n";
  for (const auto& one : described.rules) settings += "rule add " + one + "\n";
  if (const auto made = run_tool(netns, {"ip", "-batch", "-"}, settings); made.status != 0) {
    return give_up("ip: " + made.err);
  }
  if (!described.ipsets.empty()) {
    const auto restored = run_tool(netns, {"ipset", "restore"}, described.ipset_text());
    if (restored.status == 127) outcome.lacking = "ipset is not installed";
    if (restored.status != 0) {
      if (outcome.lacking.empty()) outcome.lacking = missing_feature(restored.err);
      return give_up("ipset: " + restored.err);
    }
  }
  if (!described.iptables.empty()) {
    const auto restored = run_tool(netns, {"iptables-restore"}, described.iptables_text());
    if (restored.status != 0) {
      outcome.lacking = missing_feature(restored.err);
      return give_up("iptables-restore: " + restored.err);
    }
  }

  std::vector<Wire> wires;
  for (std::size_t i = 0; i < described.interfaces.size(); ++i) {
    wires.push_back(open_wire(described.interfaces[i].name, fmt::format("court{}_{}", hosts_, i)));
    if (wires.back().socket.number() < 0) return give_up("no packet socket");
  }
  if (const std::string foreign = foreign_interface(); !foreign.empty()) {
    return give_up("an interface to elsewhere: " + foreign + "; nothing is sent");
  }

  PacketPool pool;
  const Nanoseconds start = monotonic();
  std::size_t came_in = 0;
  for (const auto& incoming : described.frames) {
    sleep_until(start + incoming.time);
    drain(wires, came_in, outcome);
    ++came_in;
    const std::string text = described.frame_text(
        incoming, [&](const std::string& interface, std::size_t number, const std::string& field) {
          return outcome.field(interface, number, field);
        });
    if (text.empty()) continue;
    const PacketRef sent = frame(pool, text);
    for (const auto& wire : wires) {
      if (wire.interface != incoming.interface) continue;
      if (send(wire.socket.number(), sent->data(), sent->size(), 0) < 0) {
        return give_up(fmt::format("frame {}: {}", came_in, std::strerror(errno)));
      }
    }
    drain(wires, came_in, outcome);
  }
  const Nanoseconds last = described.frames.empty() ? Nanoseconds() : described.frames.back().time;
  const Nanoseconds settle(3'000'000);
  sleep_until(std::max(start + last + described.until, monotonic() + settle));
  drain(wires, came_in, outcome);

  outcome.connections = lines_of(run_tool(netns, {"conntrack", "-L"}).out);
  outcome.statistics = sum_statistics(run_tool(netns, {"conntrack", "-S"}).out);
  if (!described.iptables.empty()) outcome.rules = run_tool(netns, {"iptables-save", "-c"}).out;
  if (ask == Ask::nothing) return outcome;
  for (const auto& question : described.questions()) {
    std::istringstream stream(question);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    outcome.texts.emplace_back(question, run_tool(netns, words).out);
  }
  return outcome;
}

}  // namespace ekspath
