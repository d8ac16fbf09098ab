#include "sim/linux/netfilter/flow_memory.hh"

#include <algorithm>
#include <utility>
#include <variant>

#include "sim/linux/conntrack/conntrack.hh"
#include "sim/linux/conntrack/nat.hh"
#include "sim/linux/netfilter/table.hh"
#include "sim/linux/netns.hh"
#include "sim/linux/routing/input_route.hh"
#include "sim/linux/walk.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

/// Whether a packet says all of its flow: a fragment does not, nor does a cut header.
bool flow_of(const Interface& in, const Packet& packet, FlowOfPackets& flow) {
  const Ipv4View ip = ipv4(packet);
  if (in.kind == InterfaceKind::loopback || packet.meta.type != PacketType::host) return false;
  if (ip.header_size() != Ipv4View::minimum_size || ip.is_fragment() || ip.ttl() <= 1) return false;
  std::size_t needed = 0;
  switch (IpProtocol{ip.protocol()}) {
    case IpProtocol::tcp:
      needed = TcpView::minimum_size;
      break;
    case IpProtocol::udp:
      needed = UdpView::size;
      break;
    case IpProtocol::icmp:
      needed = IcmpView::size;
      break;
    default:
      return false;
  }
  if (packet.transport_size() < needed) return false;
  flow = {tuple_of(packet), in.index, ip.tos(), input_settings(*in.netns, in)};
  return true;
}

}  // namespace

// --- notes

void WalkNotes::begin(const FlowOfPackets& flow) {
  flow_ = flow;
  rememberable_ = true;
  connection_ = ConnectionId::none();
  status_ = connection_mark_ = 0;
  ct_info_ = CtInfo::none;
  counters_.clear();
}

void WalkNotes::matched(const Target* target, Counter& counter) {
  counters_.push_back(&counter);
  if (target == nullptr) return;
  if (!std::holds_alternative<MarkTarget>(*target) && !std::holds_alternative<ConnmarkTarget>(*target))
    refuse();
}

void WalkNotes::match(const Match& match) {
  switch (kind_of(match)) {
    case MatchKind::comment:
    case MatchKind::mark:
    case MatchKind::connmark:
    case MatchKind::state:
    case MatchKind::udp:
    case MatchKind::multiport:
    case MatchKind::iprange:
    case MatchKind::addrtype:
    case MatchKind::tos:
    case MatchKind::dscp:
      return;
    case MatchKind::tcp: {
      const TcpMatch& tcp = *std::get_if<TcpMatch>(&match);
      if (tcp.flag_mask != 0 || tcp.flag_compare != 0 || tcp.option != 0) refuse();
      return;
    }
    case MatchKind::conntrack:
      if ((std::get_if<ConntrackMatch>(&match)->given & ConntrackMatch::expires_) != 0) refuse();
      return;
    default:  // what differs from packet to packet, or remembers that it was asked
      refuse();
  }
}

bool WalkNotes::tracked(const Netns& netns, const Packet& packet, bool tracks) {
  if (!tracks) return true;
  const Connection* connection = netns.conntrack->of(packet);
  ct_info_ = packet.meta.ct_info;
  const bool settled =
      ct_info_ == CtInfo::new_ || ct_info_ == CtInfo::established || ct_info_ == CtInfo::established_reply;
  // The first packet of a flow decides what becomes of the others.
  if (connection == nullptr || !settled || !connection->has(connection_status::confirmed)) return false;
  connection_ = packet.meta.connection;
  status_ = connection->status;
  connection_mark_ = connection->mark;
  return true;
}

// --- memory

bool FlowMemory::forward(Hop& hop, PacketRef& packet) {
  Netns& netns = *netns_;
  FlowOfPackets key;
  if (netns.conntrack && netns.conntrack->listener) return false;
  if (!flow_of(*hop.in, *packet, key)) return false;
  if (Flow* known = flows_.find(key)) {
    if (known->tally == none) return false;
    if (send(*known, hop, packet)) return true;
  }
  hop.notes = &notes_;
  notes_.begin(key);
  return false;
}

/// As conntrack_in(), nat, ip_forward() and ip_output() would, and in that order.
bool FlowMemory::send(Flow& flow, Hop& hop, PacketRef& packet) {
  Netns& netns = *netns_;
  const std::size_t size = packet->network_size();
  if (size > forwarding_mtu(flow.mtu_of_route, *flow.out)) return false;
  Connection* connection = nullptr;
  if (flow.connection) {
    if (!netns.conntrack->follow(flow.connection, is_reply(flow.ct_info), hop, *packet)) return false;
    connection = netns.conntrack->find(flow.connection);
    if (packet->meta.connection != flow.connection || packet->meta.ct_info != flow.ct_info) return false;
    if (connection->status != flow.status || connection->mark != flow.connection_mark) return false;
  }
  Tally& tally = tallies_[flow.tally];
  ++tally.packets;
  tally.bytes += size;
  ++netns.occasional().snmp.ip_forw_datagrams;
  packet->meta.mark = flow.mark;
  const bool translates = connection != nullptr && netns.netfilter->has(TableName::nat);
  if (translates) apply_nat(Hook::pre_routing, *packet, *connection);
  ipv4(*packet).decrement_ttl();
  if (translates) apply_nat(Hook::post_routing, *packet, *connection);
  netns.neighbours.resolve(*flow.out, flow.next_hop, std::move(packet), flow.neighbour);
  return true;
}

void FlowMemory::keep(const Hop& hop, const Packet& packet) {
  Flow flow;
  flow.key = notes_.flow_;
  const Connection* connection = notes_.connection_ ? netns_->conntrack->find(notes_.connection_) : nullptr;
  if (connection == nullptr && notes_.connection_) return;
  // Its state is to be the same before each of its packets.
  if (connection != nullptr &&
      (connection->status != notes_.status_ || connection->mark != notes_.connection_mark_))
    return;
  if (netns_->routing.has_learnt()) return;
  if (notes_.rememberable_) {
    flow.connection = notes_.connection_;
    flow.status = notes_.status_;
    flow.connection_mark = notes_.connection_mark_;
    flow.ct_info = notes_.ct_info_;
    flow.mark = packet.meta.mark;
    flow.mtu_of_route = notes_.mtu_of_route_;
    flow.tally = tally_of(notes_.counters_);
    flow.out = hop.out;
    flow.next_hop = hop.next_hop;
  }
  flows_.remember(flow);
}

std::uint32_t FlowMemory::tally_of(const std::vector<Counter*>& counters) {
  if (tallies_.size() == most_tallies) forget();
  const auto found = std::find_if(tallies_.begin(), tallies_.end(),
                                  [&](const Tally& tally) { return tally.counters == counters; });
  const auto number = static_cast<std::uint32_t>(found - tallies_.begin());
  if (found == tallies_.end()) tallies_.push_back({counters, 0, 0});
  return number;
}

void FlowMemory::forget() {
  for (const Tally& tally : tallies_) {
    for (Counter* counter : tally.counters) {
      counter->packets += tally.packets;
      counter->bytes += tally.bytes;
    }
  }
  tallies_.clear();
  flows_.forget();
}

std::uint64_t FlowMemory::owed() const {
  std::uint64_t packets = 0;
  for (const Tally& tally : tallies_) packets += tally.packets;
  return packets;
}

void FlowMemory::expect(const Tuple& tuple, unsigned stage) const {
  FlowOfPackets key;
  key.tuple = tuple;
  if (stage == 0) return flows_.fetch(key);
  const Flow* flow = flows_.find_if(key, [&](const Flow& known) { return known.key.tuple == tuple; });
  if (flow == nullptr || flow->out == nullptr) return;
  if (flow->connection) netns_->conntrack->expect(flow->connection);
  flow->out->fetch();
  netns_->neighbours.expect(flow->neighbour);
}

}  // namespace ekspath
