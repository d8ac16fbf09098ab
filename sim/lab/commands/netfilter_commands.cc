#include <algorithm>

#include "sim/lab/commands/commands.hh"
#include "sim/lab/commands/immediate.hh"
#include "sim/lab/world.hh"
#include "sim/linux/netfilter/ipset.hh"
#include "sim/linux/netfilter/iptables_text.hh"

/// iptables, iptables-save, iptables-restore and ipset: linux/netfilter reads and prints; here they get a
/// shell.
namespace ekspath {
namespace {

std::vector<std::string_view> arguments_of(const std::vector<std::string>& words) {
  return {words.begin() + 1, words.end()};
}

/// Without CAP_NET_ADMIN. observed: iptables v1.8.8 (nf_tables) as a user of AL2023
constexpr std::string_view not_root =
    "iptables v1.8.8 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be "
    "root)\n";

std::string check_iptables_words(const std::vector<std::string>& words) {
  return check_iptables(arguments_of(words));
}

/// Options alone: flags, and those that a value follows.
std::string check_options(const std::vector<std::string>& words,
                          std::initializer_list<std::string_view> flags,
                          std::initializer_list<std::string_view> with_value) {
  const auto is_one_of = [](std::initializer_list<std::string_view> known, std::string_view word) {
    return std::ranges::find(known, word) != known.end();
  };
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (is_one_of(flags, words[i])) continue;
    if (is_one_of(with_value, words[i]) && i + 1 < words.size()) {
      ++i;
      continue;
    }
    return fmt::format("{}: '{}' is not modelled; expected {}, {} TABLE", words[0], words[i],
                       fmt::join(flags, ", "), fmt::join(with_value, ", "));
  }
  return {};
}

std::string check_save(const std::vector<std::string>& words) {
  return check_options(words, {"-c", "--counters"}, {"-t", "--table"});
}

std::string check_restore(const std::vector<std::string>& line) {
  std::vector<std::string> words = line;
  for (std::size_t i = 2; i < words.size(); ++i) {
    const bool waits = words[i - 1] == "-w" || words[i - 1] == "--wait";
    if (!waits || words[i].find_first_not_of("0123456789") != std::string::npos) continue;
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(i));  // seconds
  }
  return check_options(words, {"-n", "--noflush", "-c", "--counters", "-t", "--test", "-w", "--wait"},
                       {"-T", "--table"});
}

std::string check_ipset(const std::vector<std::string>& words) {
  constexpr std::string_view verbs[] = {"create", "add",     "del",   "test",   "list",
                                        "save",   "destroy", "flush", "restore"};
  const std::string verb = words.size() > 1 ? words[1] : "";
  if (std::ranges::find(verbs, verb) != std::end(verbs)) return {};
  return fmt::format("ipset: '{}' is not modelled; expected one of {}", verb, fmt::join(verbs, ", "));
}

std::unique_ptr<RunningCommand> start_ipset(CommandContext& context, const std::vector<std::string>& words,
                                            CommandEnded ended) {
  if (!context.root)
    return end_at_once(context, ended,
                       {1, "", "ipset v7.17: Kernel error received: Operation not permitted\n"});
  Netns& netns = *context.host->netns;
  return end_at_once(
      context, ended,
      words[1] == "restore" ? ipset_restore(netns, context.input) : ipset(netns, arguments_of(words)));
}

std::unique_ptr<RunningCommand> start_iptables(CommandContext& context, const std::vector<std::string>& words,
                                               CommandEnded ended) {
  if (!context.root) return end_at_once(context, ended, {4, "", std::string(not_root)});
  return end_at_once(context, ended, iptables(*context.host->netns, arguments_of(words)));
}

std::unique_ptr<RunningCommand> start_save(CommandContext& context, const std::vector<std::string>& words,
                                           CommandEnded ended) {
  if (!context.root) return end_at_once(context, ended, {4, "", std::string(not_root)});
  return end_at_once(context, ended, iptables_save(*context.host->netns, arguments_of(words)));
}

std::unique_ptr<RunningCommand> start_restore(CommandContext& context, const std::vector<std::string>& words,
                                              CommandEnded ended) {
  if (!context.root) return end_at_once(context, ended, {4, "", std::string(not_root)});
  return end_at_once(context, ended,
                     iptables_restore(*context.host->netns, context.input, arguments_of(words)));
}

}  // namespace

CommandKind iptables_command() { return {"iptables", start_iptables, check_iptables_words}; }
CommandKind iptables_save_command() { return {"iptables-save", start_save, check_save}; }
CommandKind iptables_restore_command() { return {"iptables-restore", start_restore, check_restore}; }
CommandKind ipset_command() { return {"ipset", start_ipset, check_ipset}; }

}  // namespace ekspath
