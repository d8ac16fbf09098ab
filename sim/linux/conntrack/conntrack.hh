#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/engine/event.hh"
#include "sim/linux/conntrack/connection.hh"
#include "sim/linux/netfilter/hook.hh"

namespace ekspath {

class Netns;
struct ConntrackState;  // conntrack/conntrack_state.hh

/// Counters of `conntrack -S`.
struct ConntrackStatistics {
  std::uint64_t found = 0, invalid = 0, insert = 0, insert_failed = 0, drop = 0, early_drop = 0, error = 0,
                search_restart = 0, clash_resolve = 0, chaintoolong = 0;
};

/// Finds, creates, confirms and expires the connections of one namespace (facts/linux-datapath.md 3). Lookup
/// by hash of either tuple; connections live in a pool and expire by the time seen at lookup and by a
/// periodic sweep.
class Conntrack {
 public:
  explicit Conntrack(Netns& netns);
  ~Conntrack();

  /// nf_conntrack_in(): reassembled packets only. Sets packet.meta.connection and ct_info, creates
  /// unconfirmed entries. False: dropped (table full, or what the kernel drops here).
  [[nodiscard]] bool in(Hook hook, Hop& hop, PacketRef& packet);
  /// in() at PRE_ROUTING for a packet that nobody observes, of a flow whose connection was `id`: without a
  /// lookup by tuple. Sets hop.tracked. False: the connection has ended or is about to; nothing was done.
  [[nodiscard]] bool follow(ConnectionId id, bool reply, Hop& hop, Packet& packet);
  /// nf_conntrack_confirm(): at the end of LOCAL_IN and POST_ROUTING. False: dropped (clash, no port).
  [[nodiscard]] bool confirm(Hop& hop, PacketRef& packet);
  /// A packet dies before its new connection was confirmed: the entry goes with it. Called from drop().
  void release(Packet& packet);

  [[nodiscard]] Connection* find(ConnectionId id);
  [[nodiscard]] Connection* of(const Packet& packet) { return find(packet.meta.connection); }
  /// Whether some connection other than `except` uses this tuple in either direction. nf_nat_used_tuple()
  [[nodiscard]] bool tuple_taken(const Tuple& tuple, ConnectionId except) const;
  /// Confirmed and alive, oldest first (the kernel's order is that of its hash: arbitrary).
  [[nodiscard]] std::vector<const Connection*> connections() const;
  [[nodiscard]] std::size_t count() const;
  /// Deletes those for which `which` is true; returns the deleted, as they were. For `conntrack -D`, `-F`,
  /// and agents.
  std::vector<Connection> erase_if(const std::function<bool(const Connection&)>& which);
  /// The interface, or one of its addresses, is gone: what it masqueraded is forgotten. masq_device_event(),
  /// masq_inet_event()
  void masquerade_gone(std::uint32_t interface_index);
  void masquerade_gone(std::uint32_t interface_index, Ipv4Address address);
  [[nodiscard]] const ConntrackStatistics& statistics() const;
  /// Netns::conntrack_timer: destroys what has expired.
  void fire(const Event& event);

  /// A hint: a packet of this connection comes soon.
  void expect(ConnectionId id) const;

  /// For the other files of this folder.
  [[nodiscard]] ConntrackState& state() { return *state_; }

  /// Events as `conntrack -E` shows them; null: nobody listens.
  enum class Change : std::uint8_t { created, updated, destroyed };
  std::function<void(Change, const Connection&)> listener;

 private:
  std::unique_ptr<ConntrackState> state_;
};

/// Seconds left as the tools print them: floor, never below 0.
[[nodiscard]] std::int64_t seconds_left(const Connection& connection, Nanoseconds now);
/// "tcp      6 431999 ESTABLISHED src=... [ASSURED] mark=128 use=1": a line of `conntrack -L`, without
/// newline.
[[nodiscard]] std::string conntrack_line(const Connection& connection, Nanoseconds now);
/// " [UPDATE] tcp      6 60 SYN_RECV src=... mark=128": a line of `conntrack -E`, without newline. An entry
/// that expired has neither time nor state.
[[nodiscard]] std::string conntrack_event_line(Conntrack::Change change, const Connection& connection,
                                               Nanoseconds now);

}  // namespace ekspath
