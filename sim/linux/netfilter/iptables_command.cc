#include "sim/linux/netfilter/iptables_text.hh"

namespace ekspath {
namespace {
CommandResult not_yet() { return {2, "", "iptables: not available yet\n"}; }
}  // namespace

CommandResult iptables(Netns&, std::span<const std::string_view>) { return not_yet(); }
CommandResult iptables(Netns&, std::string_view) { return not_yet(); }
CommandResult iptables_restore(Netns&, std::string_view, std::span<const std::string_view>) {
  return not_yet();
}
CommandResult iptables_save(Netns&, std::span<const std::string_view>) { return not_yet(); }

}  // namespace ekspath
