#pragma once

#include "sim/engine/random.hh"
#include "sim/engine/timer.hh"
#include "sim/linux/conntrack/connection_table.hh"
#include "sim/linux/conntrack/conntrack.hh"

namespace ekspath {

/// What the files of conntrack/ share of one namespace.
struct ConntrackState {
  explicit ConntrackState(Netns& owner);

  Netns& netns;
  ConnectionTable table;
  ConntrackStatistics statistics;
  Random nat_draws;  // ports and ids that NAT picks
  Timer sweep;
  std::uint32_t flows = 0;  // the last Connection::number
  std::uint32_t dying =
      ConnectionTable::none;  // taken out of the tables, but a packet at hand may still name them
  Nanoseconds dying_since;

  /// The living connection of a tuple; an expired one is destroyed on the way. ____nf_conntrack_find()
  [[nodiscard]] ConnectionTable::Found find(const Tuple& tuple);
  /// Whether another connection answers to this tuple. nf_conntrack_tuple_taken()
  [[nodiscard]] bool taken(const Tuple& tuple, const Connection& except);
  /// Takes a connection out of the tables and tells the listener. The packet that ended it still reads it (a
  /// RST is translated by the entry that it ended), so the slot is reused only when time has gone on.
  /// nf_ct_kill()
  void kill(ConnectionId id);
  /// Restarts the timer of a connection. nf_ct_refresh_acct()
  void refresh(Connection& connection, std::uint32_t seconds);
  void reap();
  void notify(Conntrack::Change change, const Connection& connection);
};

/// What a protocol's tracker says of a packet. Linux: NF_ACCEPT, -NF_ACCEPT, -NF_REPEAT of
/// nf_conntrack_*_packet()
enum class Tracked : std::uint8_t { valid, invalid, again };

/// One packet of a flow at the connection's tracker; `reply`: it goes against the original direction.
struct TrackedPacket {
  ConntrackState& state;
  ConnectionId id;
  Connection& connection;
  const Packet& packet;
  Hook hook;
  bool reply;
};

/// tcp_tracker.cc. Linux 6.1 net/netfilter/nf_conntrack_proto_tcp.c nf_conntrack_tcp_packet()
[[nodiscard]] Tracked track_tcp(const TrackedPacket& at);

}  // namespace ekspath
