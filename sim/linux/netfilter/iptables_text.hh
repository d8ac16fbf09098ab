#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ekspath {

class Netns;

/// The one road for rules: what iptables, iptables-save and iptables-restore do and print (v1.8.8,
/// nf_tables), whether the text was pasted by a user, written by a model of an agent, or is to be exported to
/// a kernel.
struct CommandResult {
  int status = 0;
  std::string out;
  std::string err;
};

/// `arguments` are the words behind "iptables". An option that is not modelled is an error that names it
/// (status 2).
[[nodiscard]] CommandResult iptables(Netns& netns, std::span<const std::string_view> arguments);
/// The same from one line; quotes as a shell reads them.
[[nodiscard]] CommandResult iptables(Netns& netns, std::string_view line);
/// What is wrong with the words alone, before there is a namespace: "" or the first line that iptables would
/// print. Chains and sets are taken to exist.
[[nodiscard]] std::string check_iptables(std::span<const std::string_view> arguments);
/// `options`: -n/--noflush, -c/--counters, -t/--test, -T TABLE. All or nothing per table; errors name the
/// line.
[[nodiscard]] CommandResult iptables_restore(Netns& netns, std::string_view text,
                                             std::span<const std::string_view> options = {});
/// `options`: -c, -t TABLE. The time in the comment lines is the scenario's wall clock.
[[nodiscard]] CommandResult iptables_save(Netns& netns, std::span<const std::string_view> options = {});

}  // namespace ekspath
