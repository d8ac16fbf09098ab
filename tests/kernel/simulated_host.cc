#include "tests/kernel/simulated_host.hh"

#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <sstream>

#include "sim/lab/command.hh"
#include "sim/lab/world.hh"
#include "sim/linux/netfilter/ipset.hh"
#include "sim/linux/netfilter/iptables_text.hh"
#include "sim/linux/walk.hh"
#include "tests/support/packet/packet_text.hh"

namespace ekspath {
namespace {

/// The far end of an interface's wire: keeps what leaves.
class Recorder final : public Receiver<PacketRef> {
 public:
  Recorder(std::string interface, CaseOutcome& outcome, const std::size_t& came_in)
      : interface_(std::move(interface)), outcome_(&outcome), came_in_(&came_in) {}
  void receive(PacketRef sent) override {
    outcome_->frames.push_back({interface_, {sent->data(), sent->data() + sent->size()}, *came_in_});
  }

 private:
  std::string interface_;
  CaseOutcome* outcome_;
  const std::size_t* came_in_;
};

/// Writes down each decision under the frame that came in last.
class Notes final : public Observer {
 public:
  Notes(const PlaceNames& places, CaseOutcome& outcome) : places_(&places), outcome_(&outcome) {}
  void decided(const Decision& decision) override {
    if (outcome_->decisions.empty()) return;
    std::string text = fmt::format("{} {} {}", places_->name(decision.where), to_string(decision.stage),
                                   to_string(decision.verdict));
    if (decision.reason != DropReason::none) text += fmt::format(" {}", to_string(decision.reason));
    if (!decision.rule.empty()) text += fmt::format(": {}", decision.rule);
    text += fmt::format("  [{}]", decision.before);
    if (decision.after != decision.before) text += fmt::format(" -> [{}]", decision.after);
    outcome_->decisions.back().push_back(text);
  }

 private:
  const PlaceNames* places_;
  CaseOutcome* outcome_;
};

struct Words {
  std::istringstream stream;
  explicit Words(const std::string& text) : stream(text) {}
  [[nodiscard]] std::string next() {
    std::string word;
    stream >> word;
    return word;
  }
};

Ipv4Address address(const std::string& word) {
  const auto parsed = Ipv4Address::parse(word);
  if (!parsed) throw CaseError("'" + word + "' is no address");
  return *parsed;
}
Prefix prefix(const std::string& word) {
  if (word == "default" || word == "all" || word == "any") return {};
  const auto parsed = Prefix::parse_loose(word);
  if (!parsed) throw CaseError("'" + word + "' is no prefix");
  return *parsed;
}
MacAddress mac(const std::string& word) {
  const auto parsed = MacAddress::parse(word);
  if (!parsed) throw CaseError("'" + word + "' is no MAC address");
  return *parsed;
}
std::uint32_t table(const std::string& word) {
  if (word == "local") return route_table::local;
  if (word == "main") return route_table::main;
  if (word == "default") return route_table::default_;
  return static_cast<std::uint32_t>(std::stoul(word));
}

std::uint32_t interface_index(const Netns& netns, const std::string& name) {
  const Interface* found = netns.find_interface(name);
  if (found == nullptr) throw CaseError("no interface '" + name + "'");
  return found->index;
}

/// The words of `ip route add`, as far as cases use them.
void add_route(Netns& netns, const std::string& text) {
  static const std::pair<const char*, RouteType> types[]{{"unreachable", RouteType::unreachable},
                                                         {"prohibit", RouteType::prohibit},
                                                         {"blackhole", RouteType::blackhole},
                                                         {"throw", RouteType::throw_},
                                                         {"local", RouteType::local}};
  Words words(text);
  Route route;
  std::uint32_t in_table = route_table::main;
  bool scope_given = false;
  std::string word = words.next();
  for (const auto& [name, type] : types) {
    if (word != name) continue;
    route.type = type;
    word = words.next();
    break;
  }
  route.prefix = prefix(word);
  if (route.type == RouteType::local) in_table = route_table::local;
  while (!(word = words.next()).empty()) {
    if (word == "via") {
      route.gateway = address(words.next());
    } else if (word == "dev") {
      route.out_interface = interface_index(netns, words.next());
    } else if (word == "src") {
      route.preferred_source = address(words.next());
    } else if (word == "table") {
      in_table = table(words.next());
    } else if (word == "metric") {
      route.metric = static_cast<std::uint32_t>(std::stoul(words.next()));
    } else if (word == "mtu") {
      route.mtu = static_cast<std::uint32_t>(std::stoul(words.next()));
    } else if (word == "onlink") {
      route.onlink = true;
    } else if (word == "scope") {
      word = words.next();
      route.scope = word == "link"   ? RouteScope::link
                    : word == "host" ? RouteScope::host
                                     : RouteScope::global;
      scope_given = true;
    } else {
      throw CaseError("route: unknown word '" + word + "'");
    }
  }
  if (!scope_given) {
    if (route.type == RouteType::local) route.scope = RouteScope::host;
    if (route.type == RouteType::unicast && route.gateway.is_unspecified()) route.scope = RouteScope::link;
  }
  if (const int error = netns.routing.add_route(in_table, route); error != 0) {
    throw CaseError(fmt::format("route {}: {}", text, std::strerror(error)));
  }
}

/// The words of `ip rule add`, as far as cases use them.
void add_rule(Netns& netns, const std::string& text) {
  Words words(text);
  PolicyRule rule;
  bool priority_given = false;
  for (std::string word; !(word = words.next()).empty();) {
    if (word == "not") {
      rule.invert = true;
    } else if (word == "from") {
      rule.from = prefix(words.next());
    } else if (word == "to") {
      rule.to = prefix(words.next());
    } else if (word == "iif") {
      rule.iif = words.next();
    } else if (word == "oif") {
      rule.oif = words.next();
    } else if (word == "fwmark") {
      word = words.next();
      rule.fwmark = static_cast<std::uint32_t>(std::stoul(word, nullptr, 0));
      const std::size_t slash = word.find('/');
      rule.fwmask = slash == std::string::npos
                        ? 0xffffffff
                        : static_cast<std::uint32_t>(std::stoul(word.substr(slash + 1), nullptr, 0));
    } else if (word == "lookup" || word == "table") {
      rule.table = table(words.next());
    } else if (word == "priority" || word == "pref") {
      rule.priority = static_cast<std::uint32_t>(std::stoul(words.next()));
      priority_given = true;
    } else if (word == "unreachable") {
      rule.action = PolicyRule::Action::unreachable;
    } else if (word == "prohibit") {
      rule.action = PolicyRule::Action::prohibit;
    } else if (word == "blackhole") {
      rule.action = PolicyRule::Action::blackhole;
    } else if (word == "suppress_prefixlength") {
      rule.suppress_prefix_length = std::stoi(words.next());
    } else {
      throw CaseError("rule: unknown word '" + word + "'");
    }
  }
  if (const int error = netns.routing.add_rule(rule, priority_given); error != 0) {
    throw CaseError(fmt::format("rule {}: {}", text, std::strerror(error)));
  }
}

void build(const Case& described, Netns& netns, Netns& far_ends,
           std::vector<std::unique_ptr<Recorder>>& recorders, CaseOutcome& outcome,
           const std::size_t& came_in) {
  for (const auto& one : described.interfaces) {
    const std::string far = "far-" + one.name;
    Netns::add_veth(netns, one.name, mac(one.mac), far_ends, far, mac("02:ff:00:00:00:00"), one.mtu,
                    LinkSpec{});
    Interface& added = *netns.find_interface(one.name);
    recorders.push_back(std::make_unique<Recorder>(one.name, outcome, came_in));
    added.connect(LinkSpec{}, *recorders.back());
    far_ends.set_up(*far_ends.find_interface(far), true);
    netns.set_up(added, true);
  }
  for (const auto& one : described.sysctls) {
    if (const int error = write_sysctl(netns, one.name, one.value); error != 0) {
      throw CaseError(fmt::format("sysctl {}: {}", one.name, std::strerror(error)));
    }
  }
  for (const auto& one : described.addresses) {
    const std::size_t slash = one.address.find('/');
    const auto length = static_cast<std::uint8_t>(std::stoul(one.address.substr(slash + 1)));
    Interface& on = *netns.find_interface(one.interface);
    if (const int error = netns.add_address(on, {address(one.address.substr(0, slash)), length});
        error != 0) {
      throw CaseError(fmt::format("address {}: {}", one.address, std::strerror(error)));
    }
  }
  for (const auto& one : described.neighbours) {
    const int error = netns.neighbours.add({address(one.address), interface_index(netns, one.interface),
                                            mac(one.mac), NeighbourState::permanent});
    if (error != 0) throw CaseError(fmt::format("neighbour {}: {}", one.address, std::strerror(error)));
  }
  for (const auto& one : described.routes) add_route(netns, one);
  for (const auto& one : described.rules) add_rule(netns, one);
  if (!described.ipsets.empty()) {
    const CommandResult made = ipset_restore(netns, described.ipset_text());
    if (made.status != 0) throw CaseError("ipset: " + made.err);
  }
  if (described.iptables.empty()) return;
  const CommandResult result = iptables_restore(netns, described.iptables_text());
  if (result.status != 0) throw CaseError("iptables-restore: " + result.err);
}

/// What a command printed on its standard output.
class Printed final : public CommandOutput {
 public:
  void out(std::string_view text) override { text_ += text; }
  void err(std::string_view) override {}
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// What the host's shell answers: the command of sim/lab that a step of a scenario runs.
std::string answer(World& world, const std::string& command) {
  Printed printed;
  const std::string line = "ssh host sudo " + command;
  if (const LineCheck check = check_line(line); !check.error.empty()) return check.error + "\n";
  (void)start_line(world, line, "", printed, [](int) {});
  return printed.text();
}

}  // namespace

CaseOutcome run_simulated(const Case& described, Onlooker onlooker) {
  CaseOutcome outcome;
  std::size_t came_in = 0;
  std::vector<std::unique_ptr<Recorder>> recorders;
  World world(1, 0);
  Engine& engine = world.engine();
  PacketPool& pool = world.pool();
  Notes notes(world.places(), outcome);
  Netns& netns = world.add_netns("host");
  Host host;
  host.name = host.host_name = "host";
  host.kind = HostKind::instance;
  host.netns = &netns;
  world.add_host(std::move(host));
  Netns& far_ends = world.add_netns("far ends");
  try {
    build(described, netns, far_ends, recorders, outcome, came_in);
  } catch (const std::exception& error) {
    outcome.problem = error.what();
    return outcome;
  }
  if (onlooker == Onlooker::notes) netns.observer = &notes;
  for (const auto& incoming : described.frames) {
    engine.run_until(incoming.time);
    outcome.decisions.emplace_back();
    ++came_in;
    const std::string text = described.frame_text(
        incoming, [&](const std::string& interface, std::size_t number, const std::string& field) {
          return outcome.field(interface, number, field);
        });
    if (text.empty()) continue;  // the frame that it answers never left
    PacketRef sent = frame(pool, text);
    sent->meta.trace = came_in;
    netns.find_interface(incoming.interface)->receive(std::move(sent));
    engine.run_until(incoming.time);
  }
  const Nanoseconds last = described.frames.empty() ? Nanoseconds() : described.frames.back().time;
  engine.run_until(last + described.until);
  outcome.connections = lines_of(answer(world, "conntrack -L"));
  outcome.statistics = sum_statistics(answer(world, "conntrack -S"));
  if (!described.iptables.empty()) {
    const std::string_view options[]{"-c"};
    outcome.rules = iptables_save(netns, options).out;
  }
  for (const auto& question : described.questions())
    outcome.texts.emplace_back(question, answer(world, question));
  netns.observer = nullptr;
  return outcome;
}

}  // namespace ekspath
