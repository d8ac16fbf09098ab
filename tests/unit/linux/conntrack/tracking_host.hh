#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/base/nanoseconds.hh"
#include "sim/linux/conntrack/conntrack.hh"
#include "sim/linux/conntrack/nat.hh"
#include "sim/linux/netfilter/rule_store.hh"
#include "sim/linux/netns.hh"
#include "tests/support/packet/packet_text.hh"

namespace ekspath {

/// A namespace whose connection tracking is fed by hand, without tables and routes around it.
struct TrackingHost {
  Engine engine;
  PacketPool pool;
  PlaceNames places;
  RuleStore rules;
  Kernel kernel{engine, pool, places, rules, 1};
  Netns netns{kernel, "host"};
  Conntrack& conntrack = netns.ensure_conntrack();

  /// The packet as conntrack's first hook leaves it.
  PacketRef seen(std::string_view text, Hook hook = Hook::pre_routing) {
    PacketRef sent = packet(pool, text);
    Hop hop{netns};
    if (!conntrack.in(hook, hop, sent)) return {};
    return sent;
  }
  /// A packet that passes the host; without its ctstate when it was dropped.
  PacketRef passed(std::string_view text) {
    PacketRef sent = seen(text);
    Hop hop{netns};
    if (sent && !conntrack.confirm(hop, sent)) return {};
    return sent;
  }
  /// ctstate as iptables names it.
  std::string state_of(const PacketRef& sent) {
    if (!sent) return "dropped";
    switch (sent->meta.ct_info) {
      case CtInfo::none:
        return "INVALID";
      case CtInfo::untracked:
        return "UNTRACKED";
      case CtInfo::new_:
        return "NEW";
      case CtInfo::established:
        return "ESTABLISHED";
      case CtInfo::established_reply:
        return "ESTABLISHED reply";
      case CtInfo::related:
        return "RELATED";
      case CtInfo::related_reply:
        return "RELATED reply";
    }
    return "?";
  }
  std::string pass(std::string_view text) { return state_of(passed(text)); }
  /// What `conntrack -L` prints.
  std::vector<std::string> lines() {
    std::vector<std::string> all;
    for (const Connection* connection : conntrack.connections()) {
      all.push_back(conntrack_line(*connection, engine.now()));
    }
    return all;
  }
  std::string line() {
    const auto all = lines();
    return all.size() == 1 ? all.front() : std::to_string(all.size()) + " entries";
  }
  void run_for(Nanoseconds time) { engine.run_until(engine.now() + time); }

  /// A new flow, translated as `range` asks at the hook of the manipulation, and confirmed. Its reply tuple,
  /// or "dropped".
  std::string translated(std::string_view text, const NatRange& range, Side side = Side::source) {
    PacketRef sent = seen(text);
    Hop hop{netns};
    if (!set_up_nat(hop, *sent, range, side)) return "no tuple";
    if (!conntrack.confirm(hop, sent)) return "dropped";
    return fmt::format("{}", conntrack.of(*sent)->reply);
  }
};

/// A range of one address.
[[nodiscard]] inline NatRange to_address(std::string_view address) {
  NatRange range;
  range.map_addresses = true;
  range.low = range.high = *Ipv4Address::parse(address);
  return range;
}

}  // namespace ekspath
