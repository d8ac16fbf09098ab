#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "sim/base/shell_words.hh"
#include "sim/lab/command.hh"
#include "sim/lab/world.hh"
#include "sim/linux/conntrack/conntrack_state.hh"

namespace ekspath {

/// A command typed at a host, and what it wrote until now.
class Typed final : public CommandOutput {
 public:
  Typed(World& world, std::string_view host, std::string_view line, bool root = true) {
    const auto words = shell_words(line).value();
    const auto& commands = host_commands();
    const auto kind = std::ranges::find(commands, std::string_view(words.front()), &CommandKind::name);
    refused = kind == commands.end() ? "no such command" : kind->check(words);
    if (!refused.empty()) return;
    CommandContext context{world, world.host(host), root, "", *this};
    running = kind->start(context, words, [this](int exit_status) { status = exit_status; });
  }
  void out(std::string_view text) override { text_out += text; }
  void err(std::string_view text) override { text_err += text; }

  std::string text_out, text_err;
  std::string refused;  // what its check said
  int status = -1;      // -1: still at work
  std::unique_ptr<RunningCommand> running;
};

[[nodiscard]] inline std::string typed(World& world, std::string_view host, std::string_view line) {
  const Typed command(world, host, line);
  return command.refused.empty() ? command.text_out + command.text_err : "refused: " + command.refused;
}

/// The node of fixtures/linux: two ENIs (veths there) to a gateway, two pods, the CNI's rules and routes.
class FixtureNode {
 public:
  FixtureNode() : world(1, 1'739'667'600'000'000'000) {
    Netns& gateway = world.add_netns("gw");
    for (const char* name : {"node", "pod1", "pod2"}) {
      Netns& netns = world.add_netns(name);
      Host host;
      host.name = host.host_name = name;
      host.kind = host.name == "node" ? HostKind::node : HostKind::pod;
      host.netns = &netns;
      if (host.kind == HostKind::pod) {
        host.pod_name = name;
        host.pod_namespace = host.name == "pod2" ? "shop" : "default";
      }
      world.add_host(std::move(host));
    }
    join("ens5", "0a:58:c0:a8:01:fb", gateway, "to-ens5", "0a:ff:00:00:00:05");
    join("ens6", "0a:58:c0:a8:01:3c", gateway, "to-ens6", "0a:ff:00:00:00:06");
    join("eni1a2b3c4d5e6", "4e:00:00:00:01:65", netns("pod1"), "eth0", "8a:00:00:00:01:65");
    join("eni6f5e4d3c2b1", "4e:00:00:00:01:66", netns("pod2"), "eth0", "8a:00:00:00:01:66");
    give("node", "ens5", Ipv4Address(192, 168, 1, 251), 24);
    give("node", "ens6", Ipv4Address(192, 168, 1, 60), 24, false);
    give("pod1", "eth0", Ipv4Address(192, 168, 1, 101), 32);
    give("pod2", "eth0", Ipv4Address(192, 168, 1, 102), 32);
  }

  [[nodiscard]] Netns& netns(std::string_view name) { return *world.host(name)->netns; }

  World world;

 private:
  void join(std::string name, std::string_view mac, Netns& far, std::string far_name,
            std::string_view far_mac) {
    Netns& node = netns("node");
    Netns::add_veth(node, name, MacAddress::parse(mac).value(), far, far_name,
                    MacAddress::parse(far_mac).value(), 9001, LinkSpec{});
    node.set_up(*node.find_interface(name), true);
    far.set_up(*far.find_interface(far_name), true);
  }
  void give(std::string_view host, std::string_view interface, Ipv4Address address, std::uint8_t length,
            bool connected_route = true) {
    InterfaceAddress added;
    added.address = address;
    added.prefix_length = length;
    REQUIRE(netns(host).add_address(*netns(host).find_interface(interface), added, connected_route) == 0);
  }
};

}  // namespace ekspath
