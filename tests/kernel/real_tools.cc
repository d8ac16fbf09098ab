#include "tests/kernel/real_tools.hh"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cstdint>
#include <cstring>

namespace ekspath {
namespace {

std::string read_all(int descriptor) {
  std::string text;
  lseek(descriptor, 0, SEEK_SET);
  char buffer[65536];
  for (ssize_t got; (got = read(descriptor, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace

int in_namespace(int netns, const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    if (netns >= 0 && setns(netns, CLONE_NEWNET) != 0) _exit(127);
    _exit(work());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

ToolResult run_tool(int netns, std::vector<std::string> words, const std::string& input) {
  const Descriptor in(memfd_create("in", MFD_CLOEXEC));
  const Descriptor out(memfd_create("out", MFD_CLOEXEC));
  const Descriptor err(memfd_create("err", MFD_CLOEXEC));
  if (write(in.number(), input.data(), input.size()) != static_cast<ssize_t>(input.size()))
    return {126, {}, "memfd"};
  lseek(in.number(), 0, SEEK_SET);
  ToolResult result;
  result.status = in_namespace(netns, [&] {
    dup2(in.number(), 0);
    dup2(out.number(), 1);
    dup2(err.number(), 2);
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    return 127;
  });
  result.out = read_all(out.number());
  result.err = read_all(err.number());
  return result;
}

void turn_offloads_off(const std::string& interface) {
  const Descriptor control(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  for (const std::uint32_t command : {ETHTOOL_STXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO}) {
    ethtool_value value{command, 0};
    ifreq request{};
    std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
    request.ifr_data = reinterpret_cast<char*>(&value);
    ioctl(control.number(), SIOCETHTOOL, &request);
  }
}

}  // namespace ekspath
