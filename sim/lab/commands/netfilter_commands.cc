#include <algorithm>

#include "sim/lab/commands/commands.hh"
#include "sim/lab/commands/immediate.hh"
#include "sim/lab/world.hh"
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

CommandKind iptables_command() { return {"iptables", start_iptables, any_words}; }
CommandKind iptables_save_command() { return {"iptables-save", start_save, any_words}; }
CommandKind iptables_restore_command() { return {"iptables-restore", start_restore, any_words}; }

}  // namespace ekspath
