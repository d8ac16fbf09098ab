#pragma once

#include <cstdint>
#include <string_view>

#include "sim/base/nanoseconds.hh"
#include "sim/packet/packet.hh"
#include "sim/packet/place.hh"
#include "sim/packet/tuple.hh"

/// The vocabulary of a packet's fate, shared by linux/, aws/ and pcap/.
namespace ekspath {

/// Where in the walk a decision is taken. The words are those of docs/walk.md; hooks carry table/chain in Decision::rule.
enum class Stage : std::uint8_t {
  // linux
  send,         // a socket gives a packet to IP
  ingress,      // a frame was taken from an interface
  raw,
  conntrack,    // found, created, invalid
  mangle,
  nat,          // a rule chose a translation, or a translation was applied
  filter,
  route,        // which rule of the policy database, which table, which route
  forward,
  local_in,     // delivered to a socket of this namespace
  confirm,
  fragment,
  neighbour,
  egress,       // a frame was given to an interface
  // aws
  eni,          // source/dest check, attachment
  security_group,
  network_acl,
  vpc_route,
  peering,
  internet_gateway,
  nat_gateway,
  internet,
  link,
};
[[nodiscard]] std::string_view to_string(Stage stage);

enum class Verdict : std::uint8_t {
  pass,       // goes on
  accept,     // a rule accepted
  drop,       // dies here: Decision::reason says why
  translate,  // addresses or ports changed: Decision::before, ::after
  deliver,    // reached what it was for
  reject,     // dies here, and the sender is told
  queue,      // waits (for a neighbour, for more fragments)
  log,        // a LOG rule saw it
};
[[nodiscard]] std::string_view to_string(Verdict verdict);

/// Why a packet died; the one closed list (docs/drop-reasons.md explains each). Kernel reasons carry the kernel's names.
enum class DropReason : std::uint8_t {
  none,
  // the kernel's
  rp_filter,
  no_route,
  ttl_expired,
  neighbour_failed,
  neighbour_queue_full,
  netfilter_drop,
  netfilter_reject,
  nat_exhausted,
  nat_hairpin,          // NAT drops what would leave by the interface it came in by with a redirect (facts 2)
  conntrack_full,
  conntrack_clash,
  conntrack_invalid_packet,
  no_socket,            // nobody listens; the sender is told (port unreachable, RST)
  socket_full,
  tcp_unexpected,       // a segment no connection or listener can use
  martian,
  checksum,
  mtu,
  not_for_us,           // the frame was for another MAC
  forwarding_off,
  prohibited,           // a route of type prohibit
  unreachable_route,
  blackhole_route,
  fragment_timeout,
  fragment_bad,
  header,               // not IPv4, cut short, wrong lengths
  interface_down,
  arp_ignored,
  unknown_protocol,
  queue_full,
  lost,                 // a link of the scenario's loses frames
  namespace_gone,
  // the fabric's
  source_dest_check,
  security_group,
  network_acl,
  no_vpc_route,
  blackhole,
  no_such_address,
  no_public_address,
  peering_edge,
  peering_inactive,
  nat_gateway_protocol,
  nat_gateway_fragment,
  nat_gateway_unsolicited,
  nat_gateway_ports,
  nat_gateway_idle,
  not_attached,
  no_internet_host,
  unsupported_ethertype,
};
[[nodiscard]] std::string_view to_string(DropReason reason);
/// Every reason, for docs, schema and near misses.
[[nodiscard]] std::string_view explain(DropReason reason);
constexpr std::uint8_t drop_reason_count = static_cast<std::uint8_t>(DropReason::unsupported_ethertype) + 1;

/// One decision about one packet. Text is borrowed: it lives as long as the call.
struct Decision {
  Nanoseconds time;
  std::uint64_t trace = 0;
  PlaceId where;                // an interface where there is one, else the namespace or the gateway
  Stage stage = Stage::ingress;
  Verdict verdict = Verdict::pass;
  DropReason reason = DropReason::none;
  ConnectionId connection;
  std::uint32_t mark = 0;
  /// What decided, in its own words: "nat AWS-SNAT-CHAIN-0 -A AWS-SNAT-CHAIN-0 ! -o vlan+ ...", "1024: from all fwmark
  /// 0x80/0x80 lookup main", "default via 192.168.1.1 dev ens5", "sg open-to-operator ingress icmp from 172.20.0.0/16".
  std::string_view rule;
  Tuple before;
  Tuple after;                  // equal to `before` unless something was translated
};

/// Is told each Decision. A namespace or a fabric without one pays a null test.
class Observer {
 public:
  virtual void decided(const Decision& decision) = 0;

 protected:
  ~Observer() = default;
};

enum class Direction : std::uint8_t { in, out };

/// Is shown each frame that passes a point of capture: whole Ethernet frames (loopback: with an all-zero header). Called
/// when an interface takes a frame and when it sends one, where AF_PACKET taps.
class Tap {
 public:
  virtual void frame(PlaceId interface, Direction direction, const Packet& packet, Nanoseconds time) = 0;

 protected:
  ~Tap() = default;
};

}  // namespace ekspath
