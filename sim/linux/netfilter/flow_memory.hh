#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "sim/linux/netfilter/hook.hh"
#include "sim/linux/netfilter/rule.hh"
#include "sim/linux/two_place_cache.hh"
#include "sim/packet/packet.hh"
#include "sim/packet/tuple.hh"

namespace ekspath {

struct Counter;  // netfilter/table.hh
class Interface;
class Netns;

/// Which packets of one namespace are forwarded alike: those of one direction of a flow, by one interface.
struct FlowOfPackets {
  Tuple tuple;
  std::uint32_t in_interface = 0;  // 0: no flow
  std::uint8_t tos = 0;
  std::uint8_t settings = 0;  // the sysctls that took part in its route: input_route.hh

  [[nodiscard]] std::size_t hash() const { return TupleHash{}(tuple) >> 32; }
  friend bool operator==(const FlowOfPackets&, const FlowOfPackets&) = default;
};

/// What one packet's way through the namespace depended on and what it counted, noted step by step.
class WalkNotes {
 public:
  void begin(const FlowOfPackets& flow);
  /// A rule was matched: it is counted, and its target is about to act.
  void matched(const Target* target, Counter& counter);
  void match(const Match& match);
  /// The packet came to the end of a built-in chain.
  void policy(Counter& counter) { counters_.push_back(&counter); }
  /// Each packet of the flow is to be walked.
  void refuse() { rememberable_ = false; }
  /// PRE_ROUTING has asked conntrack, if connections are tracked here. False: this packet is like no other.
  [[nodiscard]] bool tracked(const Netns& netns, const Packet& packet, bool tracks);
  void routed(std::uint16_t mtu_of_route) { mtu_of_route_ = mtu_of_route; }

 private:
  friend class FlowMemory;

  FlowOfPackets flow_;
  bool rememberable_ = true;
  ConnectionId connection_;
  std::uint32_t status_ = 0, connection_mark_ = 0;
  CtInfo ct_info_ = CtInfo::none;
  std::uint16_t mtu_of_route_ = 0;
  std::vector<Counter*> counters_;
};

/// The flows that a namespace with rules forwards. What became of a packet becomes of the next one of its
/// flow too, as long as rules, routes, interfaces, settings and the state of its connection are what they
/// were, and nobody observes: it is tracked, translated and sent like that one, and counted with it. The
/// rules' counters receive what is due to them when somebody wants to see or change a table, which forgets
/// all flows. Only ways whose rules ask nothing that may differ from packet to packet are remembered. Linux
/// has such a way past its hooks, too, but tells rules nothing: net/netfilter/nf_flow_table_ip.c.
class FlowMemory {
 public:
  explicit FlowMemory(Netns& netns) : netns_(&netns) {}

  /// A received packet goes on as others of its flow did. False: it is to be walked; hop.notes is set where
  /// its way may be worth remembering, hop.tracked if conntrack has been asked on the way.
  [[nodiscard]] bool forward(Hop& hop, PacketRef& packet);
  /// The packet of hop.notes is about to leave by hop.out.
  void keep(const Hop& hop, const Packet& packet);
  /// The rules get their counts; all that was remembered is forgotten.
  void forget();

  /// Packets that rules have not been told of yet.
  [[nodiscard]] std::uint64_t owed() const;

  /// Hints for forward(): see Entity::expect().
  void expect(const Tuple& tuple, unsigned stage) const;

 private:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  struct alignas(64) Flow {
    FlowOfPackets key;
    ConnectionId connection;
    std::uint32_t status = 0, connection_mark = 0;
    std::uint32_t mark = 0;  // the packet's, when it leaves
    std::uint16_t mtu_of_route = 0;
    CtInfo ct_info = CtInfo::none;
    std::uint32_t tally = none;  // none: each packet of this flow is walked
    Interface* out = nullptr;
    Ipv4Address next_hop;
    std::uint32_t neighbour = 0;  // where it probably stands: Neighbours'

    [[nodiscard]] bool is_free() const { return key.in_interface == 0; }
  };
  static_assert(sizeof(Flow) == 64);

  /// Packets that matched the same rules, and whose counters they owe.
  struct Tally {
    std::vector<Counter*> counters;
    std::uint64_t packets = 0, bytes = 0;
  };
  static constexpr std::size_t most_tallies = 1024;

  [[nodiscard]] bool send(Flow& flow, Hop& hop, PacketRef& packet);
  [[nodiscard]] std::uint32_t tally_of(const std::vector<Counter*>& counters);

  Netns* netns_;
  TwoPlaceCache<Flow, 8, 16384> flows_;
  std::vector<Tally> tallies_;
  WalkNotes notes_;
};

}  // namespace ekspath
