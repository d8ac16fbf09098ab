#include "sim/linux/conntrack/nat.hh"

#include "sim/linux/conntrack/conntrack_state.hh"
#include "sim/linux/conntrack/translate.hh"
#include "sim/linux/conntrack/unique_tuple.hh"
#include "sim/linux/netns.hh"
#include "sim/linux/walk.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

namespace status = connection_status;

/// HOOK2MANIP
Side manip_at(Hook hook) {
  return hook == Hook::post_routing || hook == Hook::local_in ? Side::source : Side::destination;
}
std::uint32_t done_bit(Side side) {
  return side == Side::source ? status::src_nat_done : status::dst_nat_done;
}

/// nf_nat_alloc_null_binding(): no rule spoke; the addresses stay, and the port too unless another flow has
/// it.
[[nodiscard]] bool bind_null(Hop& hop, Packet& packet, Side side) {
  const Connection& connection = *hop.netns.conntrack->of(packet);
  NatRange range;
  range.map_addresses = true;
  range.low = range.high = side == Side::source ? connection.reply.destination : connection.reply.source;
  return set_up_nat(hop, packet, range, side);
}

const Interface* where(const Hop& hop) { return hop.out != nullptr ? hop.out : hop.in; }

[[gnu::cold]] void observe_translation(Hop& hop, const Packet& packet, const Tuple& before,
                                       std::string_view words) {
  hop.netns.observer->decided({.time = hop.netns.now(),
                               .trace = packet.meta.trace,
                               .where = where(hop) != nullptr ? where(hop)->place : hop.netns.place(),
                               .stage = Stage::nat,
                               .verdict = Verdict::translate,
                               .connection = packet.meta.connection,
                               .mark = packet.meta.mark,
                               .rule = words,
                               .before = before,
                               .after = tuple_of(packet)});
}

/// Which side of the flow as it began a hook translates, for packets of either direction.
Side side_of_flow(Hook hook, const Packet& packet) {
  const bool source = (manip_at(hook) == Side::source) != is_reply(packet.meta.ct_info);
  return source ? Side::source : Side::destination;
}

[[gnu::cold]] void apply_observed(Hook hook, Hop& hop, Packet& packet, const Connection& connection) {
  const bool source = side_of_flow(hook, packet) == Side::source;
  if (!connection.has(source ? status::src_nat : status::dst_nat)) return;
  const Tuple before = tuple_of(packet);
  apply_nat(hook, packet, connection);
  observe_translation(hop, packet, before, source ? "source translation" : "destination translation");
}

/// The NAT part of an ICMP error. False: NAT drops it.
bool apply_to_error(Hook hook, Hop& hop, PacketRef& packet, const Connection& connection) {
  const Tuple before = hop.netns.observer != nullptr ? tuple_of(*packet) : Tuple{};
  const ErrorTranslation result = translate_icmp_error(*packet, connection, hook);
  if (result == ErrorTranslation::done) {
    if (hop.netns.observer != nullptr && before != tuple_of(*packet)) [[unlikely]] {
      observe_translation(hop, *packet, before, "translation of an ICMP error");
    }
    return true;
  }
  const DropReason reason =
      result == ErrorTranslation::redirect ? DropReason::nat_hairpin : DropReason::conntrack_invalid_packet;
  drop(hop.netns, where(hop), Stage::nat, reason, std::move(packet));
  return false;
}

/// nf_nat_oif_changed(): a masqueraded flow that leaves by another interface now cannot go on under the old
/// address.
bool left_its_interface(Hook hook, const Hop& hop, const Packet& packet, const Connection& connection) {
  return hook == Hook::post_routing && !is_reply(packet.meta.ct_info) &&
         connection.masquerade_interface != 0 && hop.out != nullptr &&
         connection.masquerade_interface != hop.out->index;
}

}  // namespace

void apply_nat(Hook hook, Packet& packet, const Connection& connection) {
  const bool source = side_of_flow(hook, packet) == Side::source;
  if (!connection.has(source ? status::src_nat : status::dst_nat)) return;
  translate(packet, connection.tuple(!is_reply(packet.meta.ct_info)).reply(), manip_at(hook));
}

bool set_up_nat(Hop& hop, Packet& packet, const NatRange& range, Side side) {
  ConntrackState& state = hop.netns.conntrack->state();
  Connection* connection = hop.netns.conntrack->of(packet);
  if (connection == nullptr) return false;
  if (connection->has(status::confirmed)) return true;
  ASSERT(!connection->has(done_bit(side)));

  const Tuple present = connection->reply.reply();
  const Tuple chosen = unique_tuple(state, *connection, range, side);
  if (chosen != present) {
    connection->reply = chosen.reply();
    connection->status |= side == Side::source ? status::src_nat : status::dst_nat;
  }
  if (side == Side::source) state.table.add_source(packet.meta.connection);
  connection->status |= done_bit(side);
  return true;
}

bool set_up_masquerade(Hop& hop, Packet& packet, NatRange range) {
  Connection* connection = hop.netns.conntrack->of(packet);
  if (connection == nullptr || hop.out == nullptr) return false;
  // "Source address is 0.0.0.0 - locally generated packet that is probably not supposed to be masqueraded."
  if (connection->original.source.is_unspecified()) return true;
  const Ipv4Address towards = hop.next_hop.is_unspecified() ? ipv4(packet).destination() : hop.next_hop;
  const Ipv4Address source = hop.netns.routing.select_source(hop.out, towards);
  if (source.is_unspecified()) return false;
  connection->masquerade_interface = hop.out->index;
  range.map_addresses = true;
  range.low = range.high = source;
  return set_up_nat(hop, packet, range, Side::source);
}

bool set_up_redirect(Hook hook, Hop& hop, Packet& packet, NatRange range) {
  Ipv4Address local(127, 0, 0, 1);
  if (hook != Hook::local_out) {
    if (hop.in == nullptr || hop.in->addresses.empty()) return false;
    local = hop.in->addresses.front().address;
  }
  range.map_addresses = true;
  range.low = range.high = local;
  return set_up_nat(hop, packet, range, Side::destination);
}

bool nat_hook(Hook hook, Hop& hop, PacketRef& packet) {
  Netns& netns = hop.netns;
  Connection* connection = netns.conntrack != nullptr ? netns.conntrack->of(*packet) : nullptr;
  if (connection == nullptr) return true;
  const CtInfo info = packet->meta.ct_info;
  const bool related = info == CtInfo::related || info == CtInfo::related_reply;
  if (related && IpProtocol{ipv4(*packet).protocol()} == IpProtocol::icmp) {
    return apply_to_error(hook, hop, packet, *connection);
  }

  const Side side = manip_at(hook);
  // Related but no error: the RST that REJECT answers with, which stands for the flow that it refuses.
  if ((info == CtInfo::new_ || related) && !connection->has(done_bit(side))) {
    // Once a connection and hook: what is decided here holds for all packets of the flow.
    if (netns.netfilter->traverse(TableName::nat, hook, hop, packet) == TableVerdict::stolen) return false;
    if (!connection->has(done_bit(side)) && !bind_null(hop, *packet, side)) {
      drop(netns, where(hop), Stage::nat, DropReason::nat_exhausted, std::move(packet));
      return false;
    }
  } else if (left_its_interface(hook, hop, *packet, *connection)) {
    netns.conntrack->state().kill(packet->meta.connection);
    drop(netns, where(hop), Stage::nat, DropReason::netfilter_drop, std::move(packet),
         "a masqueraded flow leaves by another interface: its entry ends");
    return false;
  }
  if (netns.observer != nullptr) [[unlikely]] {
    apply_observed(hook, hop, *packet, *connection);
  } else {
    apply_nat(hook, *packet, *connection);
  }
  return true;
}

}  // namespace ekspath
