#include "sim/linux/netfilter/iptables_execute.hh"
#include "sim/linux/netfilter/match_objects.hh"
#include "sim/linux/netfilter/rule_store.hh"
#include "sim/linux/netfilter/words.hh"
#include "sim/linux/netns.hh"

namespace ekspath {

CommandResult iptables(Netns& netns, std::span<const std::string_view> arguments) {
  using Verb = IptablesOrder::Verb;
  CommandResult result;
  try {
    Netfilter& netfilter = netns.ensure_netfilter();
    IptablesParser parser(netns.kernel().rules, netfilter.objects(), false);
    IptablesOrder& order = parser.parse(arguments);
    if (order.verb == Verb::version) return {0, "iptables " + std::string(iptables_version) + "\n", ""};
    if (order.verb == Verb::help) usage_error("option \"-h\" is not supported");
    TableDraft draft(netns, order.table);
    execute(order, draft, netns, 0, result.out);
    const bool only_looks =
        order.verb == Verb::check || ((order.verb == Verb::list || order.verb == Verb::list_rules) &&
                                      (!order.zero_too || !netfilter.has(order.table)));
    if (!only_looks) draft.commit(0);
  } catch (const IptablesError& error) {
    return report(error, "iptables", 0, std::move(result.out));
  }
  return result;
}

std::string check_iptables(std::span<const std::string_view> arguments) {
  RuleStore store;
  MatchObjects objects(Random(0, "check", "statistic"));
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i - 1] == "--match-set") objects.sets.by_name[std::string(arguments[i])];
  }
  try {
    IptablesParser parser(store, objects, false);
    const IptablesOrder& order = parser.parse(arguments);
    if (order.verb == IptablesOrder::Verb::help) usage_error("option \"-h\" is not supported");
  } catch (const IptablesError& error) {
    const std::string text = report(error, "iptables", 0, {}).err;
    return text.substr(0, text.find('\n'));
  }
  return {};
}

CommandResult iptables(Netns& netns, std::string_view line) {
  WordSplitter splitter;
  const auto* words = splitter.shell_words(line);
  if (words == nullptr)
    return {2, "", "iptables: unexpected end of line while looking for a closing quote\n"};
  return iptables(netns, *words);
}

}  // namespace ekspath
