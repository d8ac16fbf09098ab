#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "sim/linux/netfilter/ipset.hh"
#include "sim/linux/netfilter/iptables_text.hh"
#include "tests/support/linux/world.hh"

namespace ekspath {

/// One host without links, for what commands do and print.
struct RuleHost {
  LinuxWorld world{""};
  Netns& netns = world.add_host("node");

  /// The command's output; it must succeed.
  std::string run(std::string_view line) {
    const CommandResult result = iptables(netns, line);
    INFO(line);
    CHECK(result.err == "");
    CHECK(result.status == 0);
    return result.out;
  }
  /// What the command complains of; it must fail.
  std::string fail(std::string_view line) {
    const CommandResult result = iptables(netns, line);
    INFO(line);
    CHECK(result.status != 0);
    return result.err;
  }
  void load(std::string_view text) {
    const CommandResult result = iptables_restore(netns, text);
    CHECK(result.err == "");
    CHECK(result.status == 0);
  }
  /// iptables-save without its comments.
  std::string saved(bool counters = false) {
    constexpr std::string_view with_counters[]{"-c"};
    const CommandResult result = counters ? iptables_save(netns, with_counters) : iptables_save(netns);
    std::string text;
    std::string_view rest = result.out;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n') + 1);
      if (!line.starts_with('#')) text += line;
      rest.remove_prefix(line.size());
    }
    return text;
  }
};

}  // namespace ekspath
