#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>

#include "sim/lab/commands/ip.hh"

/// `ip route` and `ip rule`: show, get, add, del, replace. iproute2 6.1 ip/iproute.c, ip/iprule.c; facts:
/// fixtures ip-route-*, ip-rule-node.
namespace ekspath {
namespace {

std::optional<std::uint32_t> number_of(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x")) {
    text.remove_prefix(2);
    base = 16;
  }
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint32_t> table_of(std::string_view text) {
  if (text == "local") return route_table::local;
  if (text == "main") return route_table::main;
  if (text == "default") return route_table::default_;
  return number_of(text);
}

std::optional<Prefix> prefix_of(std::string_view text) {
  if (text == "default" || text == "all" || text == "any") return Prefix();
  return Prefix::parse_loose(text);
}

/// Takes words off the front; remembers the first that does not fit.
class Words {
 public:
  Words(const std::vector<std::string>& words, std::string_view command)
      : words_(&words), command_(command) {}

  [[nodiscard]] bool more() const { return error.empty() && at_ < words_->size(); }
  [[nodiscard]] const std::string& peek() const { return (*words_)[at_]; }
  std::string next() { return (*words_)[at_++]; }
  bool take(std::string_view word) {
    if (!more() || peek() != word) return false;
    ++at_;
    return true;
  }
  /// The word behind an option, as `parse` reads it.
  template <class Parse>
  auto value(std::string_view of, Parse parse) -> typename decltype(parse(std::string_view()))::value_type {
    if (at_ == words_->size()) {
      fail(fmt::format("expected a value after '{}'", of));
      return {};
    }
    const std::string& word = (*words_)[at_++];
    const auto parsed = parse(word);
    if (!parsed) fail(fmt::format("'{}' is no value for '{}'", word, of));
    return parsed.value_or(typename decltype(parse(std::string_view()))::value_type{});
  }
  void fail(std::string what) {
    if (error.empty()) error = fmt::format("{}: {}", command_, what);
  }

  std::string error;

 private:
  const std::vector<std::string>* words_;
  std::string_view command_;
  std::size_t at_ = 0;
};

std::optional<std::string> any_word(std::string_view word) { return std::string(word); }
std::optional<Ipv4Address> address_of(std::string_view word) { return Ipv4Address::parse(word); }

struct RouteCommand {
  enum class Verb : std::uint8_t { show, get, add, replace, del } verb = Verb::show;
  Route route;
  std::uint32_t table = route_table::main;
  bool all_tables = false;
  std::string device;
  std::optional<Prefix> exactly;
  // get
  Ipv4Address destination, source;
  std::string in_device;
  std::uint32_t mark = 0;
  std::string error;
};

std::optional<RouteProtocol> protocol_of(std::string_view word) {
  if (word == "kernel") return RouteProtocol::kernel;
  if (word == "boot") return RouteProtocol::boot;
  if (word == "static") return RouteProtocol::static_;
  if (word == "dhcp") return RouteProtocol::dhcp;
  return std::nullopt;
}

std::optional<RouteScope> scope_of(std::string_view word) {
  if (word == "global") return RouteScope::global;
  if (word == "link") return RouteScope::link;
  if (word == "host") return RouteScope::host;
  return std::nullopt;
}

std::optional<RouteType> type_of(std::string_view word) {
  if (word == "unicast") return RouteType::unicast;
  if (word == "local") return RouteType::local;
  if (word == "broadcast") return RouteType::broadcast;
  if (word == "blackhole") return RouteType::blackhole;
  if (word == "unreachable") return RouteType::unreachable;
  if (word == "prohibit") return RouteType::prohibit;
  if (word == "throw") return RouteType::throw_;
  return std::nullopt;
}

void parse_show(Words& words, RouteCommand& command) {
  while (words.more()) {
    if (words.take("table")) {
      command.all_tables = words.take("all");
      if (!command.all_tables) command.table = words.value("table", table_of);
    } else if (words.take("dev")) {
      command.device = words.value("dev", any_word);
    } else {
      (void)(words.take("exact") || words.take("to"));
      command.exactly = words.value("show", prefix_of);
    }
  }
}

void parse_get(Words& words, RouteCommand& command) {
  (void)words.take("to");
  command.destination = words.value("get", address_of);
  while (words.more()) {
    if (words.take("from")) {
      command.source = words.value("from", address_of);
    } else if (words.take("iif")) {
      command.in_device = words.value("iif", any_word);
    } else if (words.take("oif")) {
      command.device = words.value("oif", any_word);
    } else if (words.take("mark")) {
      command.mark = words.value("mark", number_of);
    } else {
      words.fail(fmt::format("'{}' is not modelled; expected from, iif, oif, mark", words.next()));
    }
  }
}

void parse_change(Words& words, RouteCommand& command) {
  Route& route = command.route;
  bool scope_given = false;
  if (words.more()) {
    if (const auto type = type_of(words.peek())) {
      route.type = *type;
      (void)words.next();
    }
  }
  (void)words.take("to");
  route.prefix = words.value("route", prefix_of);
  while (words.more()) {
    if (words.take("via")) {
      route.gateway = words.value("via", address_of);
    } else if (words.take("dev")) {
      command.device = words.value("dev", any_word);
    } else if (words.take("src")) {
      route.preferred_source = words.value("src", address_of);
    } else if (words.take("metric") || words.take("preference")) {
      route.metric = words.value("metric", number_of);
    } else if (words.take("table")) {
      command.table = words.value("table", table_of);
    } else if (words.take("proto") || words.take("protocol")) {
      route.protocol = words.value("proto", protocol_of);
    } else if (words.take("scope")) {
      route.scope = words.value("scope", scope_of);
      scope_given = true;
    } else if (words.take("mtu")) {
      route.mtu = words.value("mtu", number_of);
    } else if (words.take("onlink")) {
      route.onlink = true;
    } else {
      words.fail(fmt::format(
          "'{}' is not modelled; expected via, dev, src, metric, table, proto, scope, mtu, onlink",
          words.next()));
    }
  }
  // iproute_modify(): what has no gateway is on link; local and nat routes are of the host.
  if (!scope_given && route.type == RouteType::local) route.scope = RouteScope::host;
  const bool on_link = route.type == RouteType::unicast || route.type == RouteType::broadcast;
  if (!scope_given && on_link && route.gateway.is_unspecified()) route.scope = RouteScope::link;
}

RouteCommand parse_route(const std::vector<std::string>& all) {
  RouteCommand command;
  Words words(all, "ip route");
  using Verb = RouteCommand::Verb;
  if (words.take("get") || words.take("g")) {
    command.verb = Verb::get;
    parse_get(words, command);
  } else if (words.take("add") || words.take("a")) {
    command.verb = Verb::add;
    parse_change(words, command);
  } else if (words.take("replace") || words.take("r")) {
    command.verb = Verb::replace;
    parse_change(words, command);
  } else if (words.take("del") || words.take("delete") || words.take("d")) {
    command.verb = Verb::del;
    parse_change(words, command);
  } else {
    (void)(words.take("show") || words.take("list") || words.take("ls") || words.take("s"));
    parse_show(words, command);
  }
  command.error = words.error;
  return command;
}

/// " table 2" stands behind the device in `table all`. print_route()
std::string with_table(std::string line, std::uint32_t table) {
  if (table == route_table::main) return line;
  const std::string name = table == route_table::local      ? "local"
                           : table == route_table::default_ ? "default"
                                                            : fmt::format("{}", table);
  const std::size_t device = line.find(" dev ");
  const std::size_t end = device == std::string::npos ? line.size() : line.find(' ', device + 5);
  return line.insert(std::min(end, line.size()), " table " + name);
}

CommandResult show_routes(Netns& netns, const RouteCommand& command) {
  const Interface* only = nullptr;
  if (!command.device.empty()) {
    only = netns.find_interface(command.device);
    if (only == nullptr) return {1, "", fmt::format("Cannot find device \"{}\"\n", command.device)};
  }
  const std::vector<std::uint32_t> tables = netns.routing.tables();
  if (!command.all_tables && std::ranges::find(tables, command.table) == tables.end() &&
      command.table != route_table::main && command.table != route_table::default_) {
    return {2, "", "Error: ipv4: FIB table does not exist.\nDump terminated\n"};
  }
  CommandResult result;
  for (const std::uint32_t table : command.all_tables ? tables : std::vector{command.table}) {
    for (const Route& route : netns.routing.routes(table)) {
      if (only != nullptr && route.out_interface != only->index) continue;
      if (command.exactly && *command.exactly != route.prefix) continue;
      std::string line = netns.routing.text(route);
      if (command.all_tables) line = with_table(std::move(line), table);
      if (only != nullptr) {
        const std::string device = fmt::format(" dev {}", only->name);
        line.erase(line.find(device), device.size());
      }
      result.out += line + " \n";
    }
  }
  return result;
}

/// Why a packet that came in there would not go on; 0: it would. ip_route_input_slow(), __mkroute_input()
int input_error(const Netns& netns, const FlowKey& key, const Interface& in, const RouteResult& found,
                bool forwards) {
  const bool here = found.is_local() || found.is_broadcast();
  if (!here && !forwards) return EHOSTUNREACH;
  switch (netns.routing.validate_source(key, in, here ? nullptr : found.out)) {
    case Routing::SourceCheck::martian:
      return EINVAL;
    case Routing::SourceCheck::rp_filter:
      return EXDEV;
    default:
      return 0;
  }
}

/// inet_rtm_getroute() as `ip route get` prints it (fixture ip-route-get).
CommandResult get_route(Netns& netns, const RouteCommand& command) {
  FlowKey key;
  key.destination = command.destination;
  key.source = command.source;
  key.mark = command.mark;
  const Interface* in = nullptr;
  if (!command.in_device.empty()) {
    in = netns.find_interface(command.in_device);
    if (in == nullptr) return {1, "", fmt::format("Cannot find device \"{}\"\n", command.in_device)};
    key.in_interface = in->index;
  }
  if (!command.device.empty()) {
    const Interface* out = netns.find_interface(command.device);
    if (out == nullptr) return {1, "", fmt::format("Cannot find device \"{}\"\n", command.device)};
    key.out_interface = out->index;
  }
  // ip_route_output_key_hash_rcu(): only an address of this host can be the source of its own packets.
  if (in == nullptr && !key.source.is_unspecified() &&
      netns.routing.address_type(key.source) != AddressType::local)
    return netlink_answer(ENETUNREACH);
  const RouteResult found = netns.routing.lookup(key);
  const bool forwards = in != nullptr && in->conf.forwarding;
  switch (found.outcome) {
    case RouteResult::Outcome::found:
      break;
    case RouteResult::Outcome::no_route:
      return netlink_answer(in == nullptr || forwards ? ENETUNREACH : EHOSTUNREACH);
    case RouteResult::Outcome::unreachable:
      return netlink_answer(EHOSTUNREACH);
    case RouteResult::Outcome::prohibit:
      return netlink_answer(EACCES);
    case RouteResult::Outcome::blackhole:
      return netlink_answer(EINVAL);
  }
  if (in != nullptr) {
    if (const int error = input_error(netns, key, *in, found, forwards)) return netlink_answer(error);
  }
  std::string line = found.is_local() ? fmt::format("local {}", command.destination)
                                      : fmt::format("{}", command.destination);
  if (found.is_broadcast()) line = fmt::format("broadcast {}", command.destination);
  if (!command.source.is_unspecified()) line += fmt::format(" from {}", command.source);
  if (!found.route->gateway.is_unspecified()) line += fmt::format(" via {}", found.next_hop);
  line += fmt::format(" dev {}", found.is_local() ? "lo" : found.out->name.text());
  // Before the first rule of one's own, local and main are one trie, which answers as main. fib_unmerge()
  const bool merged = netns.routing.rules().size() == 3;
  if (found.table != route_table::main && !merged) line = with_table(line, found.table);
  if (in == nullptr && command.source.is_unspecified()) line += fmt::format(" src {}", found.source);
  if (command.mark != 0)
    line +=
        command.mark < 16 ? fmt::format(" mark {}", command.mark) : fmt::format(" mark {:#x}", command.mark);
  line += in == nullptr ? " uid 0 \n    cache" : " \n    cache";
  if (found.is_local()) line += " <local>";
  if (found.is_broadcast()) line += " <local,brd>";
  if (in != nullptr) line += fmt::format(" iif {}", in->name);
  return {0, line + " \n", ""};
}

/// What the kernel says of its own (extended acknowledgements) stands instead of the errno's text.
/// fib_semantics.c
CommandResult route_answer(int error_number) {
  if (error_number == ENETUNREACH) return {2, "", "Error: Nexthop has invalid gateway.\n"};
  if (error_number == ENETDOWN) return {2, "", "Error: Device for nexthop is not up.\n"};
  return netlink_answer(error_number);
}

struct RuleCommand {
  enum class Verb : std::uint8_t { show, add, del } verb = Verb::show;
  PolicyRule rule;
  bool priority_given = false;
  std::optional<std::uint32_t> only_table;
  std::string error;
};

void parse_rule_selector(Words& words, RuleCommand& command) {
  PolicyRule& rule = command.rule;
  bool table_given = false;
  while (words.more()) {
    if (words.take("not")) {
      rule.invert = true;
    } else if (words.take("from")) {
      rule.from = words.value("from", prefix_of);
    } else if (words.take("to")) {
      rule.to = words.value("to", prefix_of);
    } else if (words.take("pref") || words.take("preference") || words.take("priority") ||
               words.take("order")) {
      rule.priority = words.value("pref", number_of);
      command.priority_given = true;
    } else if (words.take("fwmark")) {
      const std::string mark = words.value("fwmark", any_word);
      const std::size_t slash = mark.find('/');
      const auto value = number_of(std::string_view(mark).substr(0, slash));
      const auto mask = slash == std::string::npos ? std::optional<std::uint32_t>(0xffffffff)
                                                   : number_of(std::string_view(mark).substr(slash + 1));
      if (!value || !mask) words.fail(fmt::format("'{}' is no value for 'fwmark'", mark));
      rule.fwmark = value.value_or(0);
      rule.fwmask = mask.value_or(0);
    } else if (words.take("iif") || words.take("dev")) {
      rule.iif = words.value("iif", InterfaceName::parse);
    } else if (words.take("oif")) {
      rule.oif = words.value("oif", InterfaceName::parse);
    } else if (words.take("table") || words.take("lookup")) {
      rule.table = words.value("table", table_of);
      table_given = true;
    } else if (words.take("suppress_prefixlength")) {
      rule.suppress_prefix_length =
          static_cast<std::int32_t>(words.value("suppress_prefixlength", number_of));
    } else if (words.take("unreachable")) {
      rule.action = PolicyRule::Action::unreachable;
    } else if (words.take("prohibit")) {
      rule.action = PolicyRule::Action::prohibit;
    } else if (words.take("blackhole")) {
      rule.action = PolicyRule::Action::blackhole;
    } else {
      words.fail(
          fmt::format("'{}' is not modelled; expected not, from, to, pref, fwmark, iif, oif, table, "
                      "suppress_prefixlength, unreachable, prohibit, blackhole",
                      words.next()));
    }
  }
  if (!table_given && command.verb == RuleCommand::Verb::add && rule.action == PolicyRule::Action::lookup) {
    rule.table = route_table::main;
  }
}

RuleCommand parse_rule(const std::vector<std::string>& all) {
  RuleCommand command;
  Words words(all, "ip rule");
  if (words.take("add") || words.take("a")) {
    command.verb = RuleCommand::Verb::add;
    parse_rule_selector(words, command);
  } else if (words.take("del") || words.take("delete") || words.take("d")) {
    command.verb = RuleCommand::Verb::del;
    parse_rule_selector(words, command);
  } else {
    (void)(words.take("show") || words.take("list") || words.take("ls"));
    if (words.take("table") || words.take("lookup")) command.only_table = words.value("table", table_of);
    if (words.more())
      words.fail(fmt::format("'{}' is not modelled; expected show, add or del", words.next()));
  }
  command.error = words.error;
  if (command.error.empty() && command.verb != RuleCommand::Verb::show && all.size() == 1)
    command.error = fmt::format("\"ip rule {}\" requires arguments", all.front());
  return command;
}

/// fib_nl_delrule(): the first rule that agrees with everything that was said.
const PolicyRule* find_rule(const Netns& netns, const RuleCommand& command) {
  const PolicyRule& wanted = command.rule;
  for (const PolicyRule& rule : netns.routing.rules()) {
    if (command.priority_given && rule.priority != wanted.priority) continue;
    if (wanted.from.length() != 0 && rule.from != wanted.from) continue;
    if (wanted.to.length() != 0 && rule.to != wanted.to) continue;
    if (wanted.fwmask != 0 && (rule.fwmark != wanted.fwmark || rule.fwmask != wanted.fwmask)) continue;
    if (!wanted.iif.empty() && rule.iif != wanted.iif) continue;
    if (!wanted.oif.empty() && rule.oif != wanted.oif) continue;
    if (wanted.table != 0 && rule.table != wanted.table) continue;
    if (wanted.action != PolicyRule::Action::lookup && rule.action != wanted.action) continue;
    return &rule;
  }
  return nullptr;
}

}  // namespace

std::string check_ip_route(const std::vector<std::string>& words) { return parse_route(words).error; }

CommandResult ip_route(Netns& netns, const std::vector<std::string>& words) {
  RouteCommand command = parse_route(words);
  using Verb = RouteCommand::Verb;
  if (command.verb == Verb::show) return show_routes(netns, command);
  if (command.verb == Verb::get) return get_route(netns, command);
  if (!command.device.empty()) {
    const Interface* out = netns.find_interface(command.device);
    if (out == nullptr) return {1, "", fmt::format("Cannot find device \"{}\"\n", command.device)};
    command.route.out_interface = out->index;
  }
  if (command.verb == Verb::add) return route_answer(netns.routing.add_route(command.table, command.route));
  if (command.verb == Verb::replace)
    return route_answer(netns.routing.replace_route(command.table, command.route));
  return netlink_answer(netns.routing.delete_route(command.table, command.route));
}

std::string check_ip_rule(const std::vector<std::string>& words) { return parse_rule(words).error; }

CommandResult ip_rule(Netns& netns, const std::vector<std::string>& words) {
  const RuleCommand command = parse_rule(words);
  if (command.verb == RuleCommand::Verb::add) {
    return netlink_answer(netns.routing.add_rule(command.rule, command.priority_given));
  }
  if (command.verb == RuleCommand::Verb::del) {
    const PolicyRule* rule = find_rule(netns, command);
    return netlink_answer(rule == nullptr ? ENOENT : netns.routing.delete_rule(PolicyRule(*rule)));
  }
  CommandResult result;
  for (const PolicyRule& rule : netns.routing.rules()) {
    if (command.only_table && rule.table != *command.only_table) continue;
    result.out += netns.routing.text(rule) + "\n";
  }
  return result;
}

}  // namespace ekspath
