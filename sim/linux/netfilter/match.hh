#pragma once

#include <array>
#include <cstdint>
#include <variant>

#include "sim/base/id.hh"
#include "sim/base/ipv4_address.hh"
#include "sim/base/mac_address.hh"

namespace ekspath {

/// A text that rules carry (comment, chain, list, set, prefix), held once in the world's RuleStore.
using Symbol = Id<struct SymbolTag>;

/// Closed sets of what a rule may ask of a packet, compiled: plain data, compared by value. How each reads
/// and prints is in match_<name>.cc, what it does in traverse.cc. A `slot` is the place of a match's state in
/// its chain (LiveChain::states).

struct PortRange {
  std::uint16_t low = 0;
  std::uint16_t high = 65535;
  bool invert = false;
  [[nodiscard]] bool contains(std::uint16_t port) const { return (port >= low && port <= high) != invert; }
  [[nodiscard]] bool is_any() const { return low == 0 && high == 65535 && !invert; }
  friend bool operator==(const PortRange&, const PortRange&) = default;
};

struct TcpMatch {
  PortRange source, destination;
  std::uint8_t flag_mask = 0, flag_compare = 0;
  bool invert_flags = false;
  std::uint8_t option = 0;  // 0: none
  bool invert_option = false;
  friend bool operator==(const TcpMatch&, const TcpMatch&) = default;
};

struct UdpMatch {
  PortRange source, destination;
  friend bool operator==(const UdpMatch&, const UdpMatch&) = default;
};

struct IcmpMatch {
  static constexpr std::uint8_t any = 0xff;
  std::uint8_t type = any, code_low = 0, code_high = 0xff;
  bool invert = false;
  friend bool operator==(const IcmpMatch&, const IcmpMatch&) = default;
};

struct MultiportMatch {
  enum class Side : std::uint8_t { source, destination, either } side = Side::either;
  bool invert = false;
  std::uint8_t count = 0;
  std::uint16_t ranges = 0;  // bit i: ports[i] to ports[i + 1]
  std::array<std::uint16_t, 15> ports{};
  friend bool operator==(const MultiportMatch&, const MultiportMatch&) = default;
};

struct MarkMatch {
  std::uint32_t mark = 0, mask = 0xffffffff;
  bool invert = false;
  friend bool operator==(const MarkMatch&, const MarkMatch&) = default;
};

struct ConnmarkMatch {
  std::uint32_t mark = 0, mask = 0xffffffff;
  bool invert = false;
  friend bool operator==(const ConnmarkMatch&, const ConnmarkMatch&) = default;
};

namespace ct_state {
constexpr std::uint16_t invalid = 1, established = 2, related = 4, new_ = 8, untracked = 64, snat = 128,
                        dnat = 256;
}

/// `-m state`: the states alone.
struct StateMatch {
  std::uint16_t states = 0;
  bool invert = false;
  friend bool operator==(const StateMatch&, const StateMatch&) = default;
};

/// `-m conntrack`; `given` and `inverted` are sets of these bits.
struct ConntrackMatch {
  static constexpr std::uint16_t state = 1, protocol_ = 2, orig_source = 4, orig_destination = 8,
                                 reply_source = 16, reply_destination = 32, status_ = 64, expires_ = 128,
                                 direction_ = 256, orig_source_port = 512, orig_destination_port = 1024,
                                 reply_source_port = 2048, reply_destination_port = 4096;
  struct Network {
    std::uint32_t address = 0, mask = 0;
    friend bool operator==(const Network&, const Network&) = default;
  };
  struct Ports {
    std::uint16_t low = 0, high = 0;
    friend bool operator==(const Ports&, const Ports&) = default;
  };
  std::uint16_t given = 0, inverted = 0;
  std::uint16_t states = 0;
  std::uint16_t status = 0;  // bits of connection_status; 0: NONE
  std::uint8_t protocol = 0;
  bool reply_direction = false;
  std::uint32_t expires_low = 0, expires_high = 0;  // s
  std::array<Network, 4> networks{};                // in the order of the bits
  std::array<Ports, 4> ports{};
  friend bool operator==(const ConntrackMatch&, const ConntrackMatch&) = default;
};

struct AddrtypeMatch {
  std::uint16_t source = 0, destination = 0;  // bit n: AddressType n
  bool invert_source = false, invert_destination = false;
  bool limit_in = false, limit_out = false;
  friend bool operator==(const AddrtypeMatch&, const AddrtypeMatch&) = default;
};

struct StatisticMatch {
  bool nth = false;
  bool invert = false;
  std::uint32_t probability = 0;  // in steps of 2^-31
  std::uint32_t every = 0;        // as the kernel keeps it: one less than written
  std::uint32_t packet = 0;
  std::uint16_t slot = 0;
  friend bool operator==(const StatisticMatch&, const StatisticMatch&) = default;
};

struct CommentMatch {
  Symbol text;
  friend bool operator==(const CommentMatch&, const CommentMatch&) = default;
};

struct RecentMatch {
  enum class Action : std::uint8_t { none, set, rcheck, update, remove } action = Action::none;
  bool invert = false, destination = false, reap = false, ttl = false;
  std::uint32_t seconds = 0, hit_count = 0;
  std::uint32_t mask = 0xffffffff;
  Symbol name;
  friend bool operator==(const RecentMatch&, const RecentMatch&) = default;
};

struct SetMatch {
  Symbol name;
  bool invert = false;
  std::uint8_t dimensions = 0;
  std::uint8_t source = 0;  // bit i: dimension i + 1 is the source
  friend bool operator==(const SetMatch&, const SetMatch&) = default;
};

struct LimitMatch {
  std::uint32_t average = 0;  // 1/10000 s a packet
  std::uint32_t burst = 5;
  std::uint16_t slot = 0;
  friend bool operator==(const LimitMatch&, const LimitMatch&) = default;
};

struct LengthMatch {
  std::uint16_t low = 0, high = 65535;
  bool invert = false;
  friend bool operator==(const LengthMatch&, const LengthMatch&) = default;
};

struct TtlMatch {
  enum class Mode : std::uint8_t { equal, not_equal, less, greater } mode = Mode::equal;
  std::uint8_t ttl = 0;
  friend bool operator==(const TtlMatch&, const TtlMatch&) = default;
};

struct TosMatch {
  std::uint8_t value = 0, mask = 0xff;
  bool invert = false;
  friend bool operator==(const TosMatch&, const TosMatch&) = default;
};

struct DscpMatch {
  std::uint8_t value = 0;
  bool invert = false;
  friend bool operator==(const DscpMatch&, const DscpMatch&) = default;
};

struct MacMatch {
  MacAddress source;
  bool invert = false;
  friend bool operator==(const MacMatch&, const MacMatch&) = default;
};

struct PkttypeMatch {
  std::uint8_t type = 0;  // a PacketType
  bool invert = false;
  friend bool operator==(const PkttypeMatch&, const PkttypeMatch&) = default;
};

struct IprangeMatch {
  bool source = false, destination = false, invert_source = false, invert_destination = false;
  Ipv4Address source_low, source_high, destination_low, destination_high;
  friend bool operator==(const IprangeMatch&, const IprangeMatch&) = default;
};

struct NfacctMatch {
  Symbol name;
  friend bool operator==(const NfacctMatch&, const NfacctMatch&) = default;
};

using Match = std::variant<CommentMatch, TcpMatch, UdpMatch, MarkMatch, ConntrackMatch, AddrtypeMatch,
                           StatisticMatch, IcmpMatch, MultiportMatch, ConnmarkMatch, StateMatch, RecentMatch,
                           SetMatch, LimitMatch, LengthMatch, TtlMatch, TosMatch, DscpMatch, MacMatch,
                           PkttypeMatch, IprangeMatch, NfacctMatch>;

/// Match::index() by name, for a switch: std::visit over so many alternatives is an indirect call.
enum class MatchKind : std::uint8_t {
  comment,
  tcp,
  udp,
  mark,
  conntrack,
  addrtype,
  statistic,
  icmp,
  multiport,
  connmark,
  state,
  recent,
  set,
  limit,
  length,
  ttl,
  tos,
  dscp,
  mac,
  pkttype,
  iprange,
  nfacct
};
static_assert(std::variant_size_v<Match> == static_cast<std::size_t>(MatchKind::nfacct) + 1);
[[nodiscard]] inline MatchKind kind_of(const Match& match) { return static_cast<MatchKind>(match.index()); }

}  // namespace ekspath
