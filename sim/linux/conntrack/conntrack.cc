#include "sim/linux/conntrack/conntrack.hh"

#include <algorithm>

#include "sim/linux/conntrack/conntrack_state.hh"
#include "sim/linux/netns.hh"
#include "sim/linux/walk.hh"
#include "sim/packet/checksum.hh"
#include "sim/packet/headers.hh"

namespace ekspath {

namespace status = connection_status;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

/// What a packet says about its flow, or that it says nothing readable.
struct PacketTuple {
  Tuple tuple;
  bool readable = false;
};

/// nf_ct_get_tuple(): the flow of the datagram that begins at `ip`, of which `size` bytes are there.
PacketTuple tuple_at(const std::uint8_t* ip, std::size_t size) {
  if (size < Ipv4View::minimum_size) return {};
  const Ipv4View header{const_cast<std::uint8_t*>(ip)};
  const std::size_t header_size = header.header_size();
  // Later fragments carry no ports. ipv4_get_l4proto()
  if (header.fragment_offset() != 0 || header_size < Ipv4View::minimum_size || header_size > size) return {};
  const std::uint8_t* transport = ip + header_size;
  const std::size_t left = size - header_size;
  Tuple tuple{header.source(), header.destination(), 0, 0, header.protocol()};
  switch (IpProtocol{header.protocol()}) {
    case IpProtocol::icmp:
      if (left < IcmpView::size) return {};
      tuple.source_port = load16(transport + 4);
      tuple.destination_port = load16(transport);  // type and code
      break;
    case IpProtocol::tcp:
    case IpProtocol::udp:
    case IpProtocol::sctp:
      if (left < 4) return {};
      tuple.source_port = load16(transport);
      tuple.destination_port = load16(transport + 2);
      break;
    case IpProtocol::gre:
      // Version 1 is PPTP's: of PPP only, and the call id is its key. gre_pkt_to_tuple()
      if (left < 4 || (transport[1] & 7) != 1) break;
      if (left < 8 || load16(transport + 2) != 0x880b) return {};
      tuple.destination_port = load16(transport + 6);
      break;
    default:
      break;
  }
  return {tuple, true};
}

/// Which ICMP types have an answer. nf_conntrack_invert_icmp_tuple()
bool can_be_inverted(const Tuple& tuple) {
  if (IpProtocol{tuple.protocol} != IpProtocol::icmp) return true;
  switch (tuple.icmp_type()) {
    case icmp::echo_reply:
    case icmp::echo_request:
    case icmp::timestamp:
    case icmp::timestamp_reply:
    case icmp::information:
    case icmp::information_reply:
    case icmp::address_mask:
    case icmp::address_mask_reply:
      return true;
    default:
      return false;
  }
}

/// nf_conntrack_icmp_packet(): only questions begin a flow; the answer does not end it.
Tracked track_icmp(const TrackedPacket& at) {
  switch (at.connection.original.icmp_type()) {
    case icmp::echo_request:
    case icmp::timestamp:
    case icmp::information:
    case icmp::address_mask:
      at.state.refresh(at.connection, at.state.netns.sysctls->ct_icmp_timeout);
      return Tracked::valid;
    default:
      return Tracked::invalid;
  }
}

/// udp_error()
bool udp_is_broken(const TrackedPacket& at) {
  const std::size_t size = at.packet.transport_size();
  if (size < UdpView::size) return true;
  const UdpView udp = udp_header(at.packet);
  if (udp.length() > size || udp.length() < UdpView::size) return true;
  if (udp.checksum_field() == 0) return false;
  if (at.hook != Hook::pre_routing || !at.state.netns.sysctls->nf_conntrack_checksum) return false;
  const Ipv4View ip = ipv4(at.packet);
  return transport_checksum(ip.source(), ip.destination(), ip.protocol(), at.packet.transport(), size) != 0;
}

/// nf_conntrack_udp_packet(). observed: facts/linux-datapath.md 3: a stream is what still talks two seconds
/// after its start.
Tracked track_udp(const TrackedPacket& at) {
  if (udp_is_broken(at)) return Tracked::invalid;
  Connection& connection = at.connection;
  const Sysctls& sysctls = *at.state.netns.sysctls;
  const Nanoseconds now = at.state.netns.now();
  if (!connection.has(status::confirmed)) connection.stream_after = now + Nanoseconds(2 * second_ns);
  if (!connection.has(status::seen_reply) || now <= connection.stream_after) {
    at.state.refresh(connection, sysctls.ct_udp_timeout);
    return Tracked::valid;
  }
  at.state.refresh(connection, sysctls.ct_udp_timeout_stream);
  if (!connection.has(status::assured)) {
    connection.status |= status::assured;
    at.state.table.slot_of(at.id)->changed = true;
  }
  return Tracked::valid;
}

/// nf_conntrack_gre_packet(); the calls that a PPTP helper would expect are not known.
Tracked track_gre(const TrackedPacket& at) {
  const Sysctls& sysctls = *at.state.netns.sysctls;
  if (!at.connection.has(status::seen_reply)) {
    at.state.refresh(at.connection, sysctls.ct_gre_timeout);
    return Tracked::valid;
  }
  at.state.refresh(at.connection, sysctls.ct_gre_timeout_stream);
  if (!at.connection.has(status::assured)) {
    at.connection.status |= status::assured;
    at.state.table.slot_of(at.id)->changed = true;
  }
  return Tracked::valid;
}

/// nf_conntrack_handle_packet()
Tracked track(const TrackedPacket& at) {
  switch (IpProtocol{at.connection.original.protocol}) {
    case IpProtocol::tcp:
      return track_tcp(at);
    case IpProtocol::udp:
      return track_udp(at);
    case IpProtocol::icmp:
      return track_icmp(at);
    case IpProtocol::gre:
      return track_gre(at);
    default:
      at.state.refresh(at.connection, at.state.netns.sysctls->ct_generic_timeout);
      return Tracked::valid;
  }
}

enum class ErrorCheck : std::uint8_t { not_an_error, related, invalid };

/// nf_conntrack_icmpv4_error(), nf_conntrack_inet_error(): an error belongs to the flow that it quotes.
ErrorCheck relate_icmp_error(ConntrackState& state, Hook hook, Packet& packet) {
  const std::size_t size = packet.transport_size();
  if (size < IcmpView::size) return ErrorCheck::invalid;
  const IcmpView header = icmp_header(packet);
  if (hook == Hook::pre_routing && state.netns.sysctls->nf_conntrack_checksum &&
      checksum(packet.transport(), size) != 0) {
    return ErrorCheck::invalid;
  }
  constexpr std::uint8_t highest_known_type = 18;  // NR_ICMP_TYPES
  if (header.type() > highest_known_type) return ErrorCheck::invalid;
  if (!header.is_error()) return ErrorCheck::not_an_error;

  const PacketTuple quoted = tuple_at(packet.transport() + IcmpView::size, size - IcmpView::size);
  if (!quoted.readable || !can_be_inverted(quoted.tuple)) return ErrorCheck::invalid;
  const ConnectionTable::Found found = state.find(quoted.tuple.reply());
  if (found.connection == nullptr) return ErrorCheck::invalid;
  // Whoever gets the error must be the one that the flow's packets of that direction go to.
  if (found.connection->tuple(found.reply).destination != ipv4(packet).destination())
    return ErrorCheck::invalid;
  packet.meta.connection = found.id;
  packet.meta.ct_info = found.reply ? CtInfo::related_reply : CtInfo::related;
  return ErrorCheck::related;
}

/// early_drop(): looks at the entries of eight buckets, from where the new one hashes to, and gives up one
/// that nobody answered. We have no buckets of the kernel's number: so many entries are looked at as eight of
/// them would hold, which is none where nf_conntrack_max is far below nf_conntrack_buckets.
bool evict_one(ConntrackState& state, const Tuple& tuple) {
  constexpr std::uint64_t eviction_range = 8;
  constexpr std::uint64_t tuples_of_entry = 2;
  const std::uint64_t hash = TupleHash{}(tuple);
  const std::uint64_t buckets = std::max<std::uint64_t>(state.netns.sysctls->nf_conntrack_buckets, 1);
  const std::uint64_t held = eviction_range * tuples_of_entry * state.table.count();
  std::uint64_t looks = held / buckets + (hash % buckets < held % buckets ? 1 : 0);
  const std::uint32_t slots = state.table.slots();
  for (std::uint32_t i = 0; i < slots && looks > 0; ++i) {
    const auto index = static_cast<std::uint32_t>((hash + i) % slots);
    const ConnectionTable::Slot& slot = state.table.slot(index);
    if (!slot.in_use || !slot.connection.has(status::confirmed) || slot.connection.has(status::dying))
      continue;
    --looks;
    if (slot.connection.has(status::assured)) continue;
    state.kill(state.table.id_of(index));
    ++state.statistics.early_drop;
    return true;
  }
  return false;
}

/// What the observer is told of a packet that was looked up.
std::string_view words_for(CtInfo info) {
  switch (info) {
    case CtInfo::none:
      return "invalid";
    case CtInfo::untracked:
      return "untracked";
    case CtInfo::new_:
      return "new";
    case CtInfo::established:
    case CtInfo::established_reply:
      return "established";
    case CtInfo::related:
    case CtInfo::related_reply:
      return "related";
  }
  return "";
}

/// The rest of nf_conntrack_in() once the connection is known: nf_conntrack_handle_packet() and what it says.
Tracked attach(ConntrackState& state, const ConnectionTable::Found& found, Hook hook, Packet& packet) {
  Connection& connection = *found.connection;
  PacketMeta& meta = packet.meta;
  const Tracked answer = track({state, found.id, connection, packet, hook, found.reply});
  if (answer == Tracked::invalid) {
    if (!connection.has(status::confirmed)) state.table.destroy(found.id);
    meta.ct_info = CtInfo::none;
    ++state.statistics.invalid;
  }
  if (answer != Tracked::valid) return answer;
  if (!connection.has(status::confirmed) && connection.number == 0) connection.number = ++state.flows;
  meta.connection = found.id;
  if (found.reply) {
    meta.ct_info = CtInfo::established_reply;
    if (!connection.has(status::seen_reply)) {
      connection.status |= status::seen_reply;
      state.table.slot_of(found.id)->changed = true;
    }
  } else {
    meta.ct_info = connection.has(status::seen_reply) ? CtInfo::established : CtInfo::new_;
  }
  return answer;
}

inline void observe_at(const Hop& hop, Stage stage, const Packet& packet, std::string_view words) {
  if (hop.netns.observer != nullptr) [[unlikely]]
    observe(hop.netns, hop.out != nullptr ? hop.out : hop.in, stage, Verdict::pass, packet, words);
}

}  // namespace

ConntrackState::ConntrackState(Netns& owner)
    : netns(owner), nat_draws(owner.random("nat")), sweep(owner, Netns::conntrack_timer) {}

ConnectionTable::Found ConntrackState::find(const Tuple& tuple) {
  const ConnectionTable::Found found = table.find(tuple);
  if (found.connection == nullptr || found.connection->expires > netns.now()) return found;
  kill(found.id);
  return {};
}

bool ConntrackState::taken(const Tuple& tuple, const Connection& except) {
  const ConnectionTable::Found found = find(tuple);
  if (found.connection == nullptr || found.connection == &except) return false;
  ++statistics.found;
  return true;
}

void ConntrackState::kill(ConnectionId id) {
  ConnectionTable::Slot& slot = *table.slot_of(id);
  if (slot.connection.has(status::dying)) return;
  const bool was_confirmed = slot.connection.has(status::confirmed);
  table.unlink(id);
  if (was_confirmed) notify(Conntrack::Change::destroyed, slot.connection);
  slot.next = dying;
  dying = id.value();
  dying_since = netns.now();
}

void ConntrackState::reap() {
  if (dying == ConnectionTable::none || dying_since == netns.now()) [[likely]]
    return;
  while (dying != ConnectionTable::none) {
    const ConnectionId id(dying);
    dying = table.slot_of(id)->next;
    table.destroy(id);
  }
}

void ConntrackState::refresh(Connection& connection, std::uint32_t seconds) {
  if (connection.has(status::fixed_timeout)) return;
  connection.expires = netns.now() + Nanoseconds(std::int64_t{seconds} * second_ns);
  if (connection.expires < sweep.deadline() && connection.has(status::confirmed)) {
    sweep.arm(std::max(connection.expires, netns.now() + Nanoseconds(second_ns)));
  }
}

void ConntrackState::notify(Conntrack::Change change, const Connection& connection) {
  if (netns.conntrack->listener) [[unlikely]]
    netns.conntrack->listener(change, connection);
}

Conntrack::Conntrack(Netns& netns) : state_(std::make_unique<ConntrackState>(netns)) {}
Conntrack::~Conntrack() = default;

bool Conntrack::in(Hook hook, Hop& hop, PacketRef& packet) {
  ConntrackState& state = *state_;
  state.reap();
  PacketMeta& meta = packet->meta;
  // Seen before: looped back, or an error of our own that was attached to the flow it is about.
  if (meta.connection || meta.ct_info == CtInfo::untracked) return true;
  if (meta.ct_forced_untracked) {
    meta.ct_info = CtInfo::untracked;
    return true;
  }

  // "Related" without a flow (attach_connection() in icmp_error.cc) stays, so that NOTRACK does not take the
  // packet for a fresh one when it comes in again by lo, and a second lookup counts a second error.
  const PacketTuple seen = tuple_at(packet->network(), packet->network_size());
  if (!seen.readable) {
    ++state.statistics.invalid;
    observe_at(hop, Stage::conntrack, *packet, "invalid: no flow to be read");
    return true;
  }
  if (IpProtocol{seen.tuple.protocol} == IpProtocol::icmp) {
    switch (relate_icmp_error(state, hook, *packet)) {
      case ErrorCheck::not_an_error:
        break;
      case ErrorCheck::related:
        observe_at(hop, Stage::conntrack, *packet, "related");
        return true;
      case ErrorCheck::invalid:
        ++state.statistics.error;
        observe_at(hop, Stage::conntrack, *packet, "invalid");
        return true;
    }
  }

  for (;;) {
    ConnectionTable::Found found = state.find(seen.tuple);
    if (found.connection == nullptr) {
      if (!can_be_inverted(seen.tuple)) {
        meta.ct_info = CtInfo::none;
        ++state.statistics.invalid;
        break;
      }
      if (state.table.count() >= std::min(state.netns.sysctls->nf_conntrack_max, ConnectionTable::most) &&
          !evict_one(state, seen.tuple)) {
        ++state.statistics.drop;
        drop(state.netns, hop.out != nullptr ? hop.out : hop.in, Stage::conntrack, DropReason::conntrack_full,
             std::move(packet));
        return false;
      }
      found.id = state.table.create();
      found.connection = state.table.find(found.id);
      found.connection->original = seen.tuple;
      found.connection->reply = seen.tuple.reply();
      found.connection->created = state.netns.now();
    }
    const Tracked answer = attach(state, found, hook, *packet);
    if (answer == Tracked::again) continue;
    if (answer == Tracked::invalid) break;
    observe_at(hop, Stage::conntrack, *packet,
               found.connection->has(status::confirmed) ? words_for(meta.ct_info) : "new: created");
    return true;
  }
  observe_at(hop, Stage::conntrack, *packet, "invalid");
  return true;
}

bool Conntrack::follow(ConnectionId id, bool reply, Hop& hop, Packet& packet) {
  ConntrackState& state = *state_;
  state.reap();
  Connection* connection = state.table.find(id);
  if (connection == nullptr || connection->has(status::dying) || connection->expires <= state.netns.now())
    return false;
  const bool is_icmp = IpProtocol{connection->original.protocol} == IpProtocol::icmp;
  if (is_icmp && relate_icmp_error(state, Hook::pre_routing, packet) != ErrorCheck::not_an_error)
    return false;
  if (attach(state, {id, connection, reply}, Hook::pre_routing, packet) == Tracked::again) return false;
  hop.tracked = true;
  return true;
}

bool Conntrack::confirm(Hop& hop, PacketRef& packet) {
  ConntrackState& state = *state_;
  const PacketMeta& meta = packet->meta;
  ConnectionTable::Slot* slot = meta.connection ? state.table.slot_of(meta.connection) : nullptr;
  if (slot == nullptr) return true;
  Connection& connection = slot->connection;
  if (connection.has(status::confirmed)) {
    if (listener && (slot->changed || slot->reported_mark != connection.mark)) [[unlikely]] {
      if (!connection.has(status::dying)) listener(Change::updated, connection);
      slot->reported_mark = connection.mark;
    }
    slot->changed = false;
    return true;
  }
  // An answer of our own to an unconfirmed packet (REJECT, TTL exceeded) confirms nothing.
  if (meta.ct_info != CtInfo::new_) return true;

  const ConnectionTable::Found original = state.find(connection.original);
  const ConnectionTable::Found clashing =
      original.connection != nullptr ? original : state.find(connection.reply);
  if (clashing.connection != nullptr) {
    // __nf_ct_resolve_clash(): the same flow, confirmed by another packet meanwhile, is simply taken over
    // (UDP only).
    const bool same = clashing.connection->original == connection.original &&
                      clashing.connection->reply == connection.reply;
    if (same && IpProtocol{connection.original.protocol} == IpProtocol::udp) {
      state.table.destroy(meta.connection);
      packet->meta.connection = clashing.id;
      ++state.statistics.clash_resolve;
      return true;
    }
    ++state.statistics.drop;
    ++state.statistics.insert_failed;
    const bool translated = connection.has_any(status::src_nat | status::dst_nat);
    drop(state.netns, hop.out != nullptr ? hop.out : hop.in, Stage::confirm,
         translated ? DropReason::nat_exhausted : DropReason::conntrack_clash, std::move(packet));
    return false;
  }
  state.table.link(meta.connection);
  if (connection.expires < state.sweep.deadline()) {
    state.sweep.arm(std::max(connection.expires, state.netns.now() + Nanoseconds(second_ns)));
  }
  slot->changed = false;
  slot->reported_mark = connection.mark;
  state.notify(Change::created, connection);
  observe_at(hop, Stage::confirm, *packet, "new entry");
  return true;
}

void Conntrack::release(Packet& packet) {
  if (packet.meta.ct_info != CtInfo::new_) return;
  Connection* connection = find(packet.meta.connection);
  if (connection == nullptr || connection->has_any(status::confirmed | status::dying)) return;
  state_->kill(packet.meta.connection);  // an error about the packet that comes back by lo still names it
  packet.meta.connection = ConnectionId::none();
  packet.meta.ct_info = CtInfo::none;
}

Connection* Conntrack::find(ConnectionId id) { return id ? state_->table.find(id) : nullptr; }

bool Conntrack::tuple_taken(const Tuple& tuple, ConnectionId except) const {
  const ConnectionTable::Found found = state_->table.find(tuple);
  return found.connection != nullptr && found.id != except && found.connection->expires > state_->netns.now();
}

std::vector<const Connection*> Conntrack::connections() const {
  std::vector<const Connection*> living;
  const Nanoseconds now = state_->netns.now();
  for (std::uint32_t index = 0; index < state_->table.slots(); ++index) {
    const ConnectionTable::Slot& slot = state_->table.slot(index);
    if (!slot.in_use || !slot.connection.has(status::confirmed)) continue;
    if (slot.connection.has(status::dying) || slot.connection.expires <= now) continue;
    living.push_back(&slot.connection);
  }
  std::sort(living.begin(), living.end(), [](const auto* a, const auto* b) { return a->number < b->number; });
  return living;
}

std::size_t Conntrack::count() const { return state_->table.count(); }

std::vector<Connection> Conntrack::erase_if(const std::function<bool(const Connection&)>& which) {
  std::vector<Connection> erased;
  for (const Connection* connection : connections()) {
    if (which(*connection)) erased.push_back(*connection);
  }
  for (const Connection& connection : erased) state_->kill(state_->table.find(connection.original).id);
  return erased;
}

void Conntrack::masquerade_gone(std::uint32_t interface_index) {
  erase_if([&](const Connection& connection) { return connection.masquerade_interface == interface_index; });
}

void Conntrack::masquerade_gone(std::uint32_t interface_index, Ipv4Address address) {
  erase_if([&](const Connection& connection) {
    return connection.masquerade_interface == interface_index && connection.reply.destination == address;
  });
}

void Conntrack::expect(ConnectionId id) const { state_->table.fetch(id); }

const ConntrackStatistics& Conntrack::statistics() const { return state_->statistics; }

void Conntrack::fire(const Event& event) {
  ConntrackState& state = *state_;
  if (!state.sweep.expired(event)) return;
  state.reap();
  const Nanoseconds now = state.netns.now();
  Nanoseconds next = Nanoseconds::never();
  for (std::uint32_t index = 0; index < state.table.slots(); ++index) {
    const ConnectionTable::Slot& slot = state.table.slot(index);
    if (!slot.in_use || !slot.connection.has(status::confirmed) || slot.connection.has(status::dying))
      continue;
    if (slot.connection.expires <= now) {
      state.kill(state.table.id_of(index));
    } else {
      next = std::min(next, slot.connection.expires);
    }
  }
  if (next != Nanoseconds::never()) state.sweep.arm(std::max(next, now + Nanoseconds(second_ns)));
}

std::int64_t seconds_left(const Connection& connection, Nanoseconds now) {
  return connection.expires > now ? (connection.expires - now).whole_seconds() : 0;
}

}  // namespace ekspath
