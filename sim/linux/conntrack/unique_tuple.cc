#include "sim/linux/conntrack/unique_tuple.hh"

#include <algorithm>
#include <bit>
#include <optional>

#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

struct PortRange {
  std::uint32_t low;
  std::uint32_t size;
};

bool is_port_protocol(std::uint8_t protocol) {
  const IpProtocol known{protocol};
  return known == IpProtocol::tcp || known == IpProtocol::udp || known == IpProtocol::sctp;
}
bool is_icmp(const Tuple& tuple) { return IpProtocol{tuple.protocol} == IpProtocol::icmp; }

/// The number that a manipulation may change: a port, or the id of a question.
std::uint16_t& key_of(Tuple& tuple, Side side) {
  return is_icmp(tuple) || side == Side::source ? tuple.source_port : tuple.destination_port;
}

/// l4proto_in_range()
bool key_in_range(Tuple tuple, const NatRange& range, Side side) {
  if (!is_icmp(tuple) && !is_port_protocol(tuple.protocol) && IpProtocol{tuple.protocol} != IpProtocol::gre) {
    return true;
  }
  const std::uint16_t key = key_of(tuple, side);
  return key >= range.low_port && key <= range.high_port;
}

/// in_range(): whether this source satisfies a source range.
bool source_in_range(const Tuple& tuple, const NatRange& range) {
  if (range.map_addresses && (tuple.source < range.low || tuple.source > range.high)) return false;
  return !range.ports_specified || key_in_range(tuple, range, Side::source);
}

/// nf_nat_used_tuple(): the table knows incoming tuples, so one asks for the answers to this one.
bool is_used(ConntrackState& state, const Connection& connection, const Tuple& tuple) {
  return state.taken(tuple.reply(), connection);
}

/// find_appropriate_src(): the mapping that this source has towards others already.
std::optional<Tuple> present_mapping(ConntrackState& state, const Tuple& tuple, const NatRange& range) {
  std::optional<Tuple> mapping;
  state.table.each_of_source(tuple, [&](const Connection& other) {
    Tuple candidate = other.reply.reply();
    candidate.destination = tuple.destination;
    candidate.destination_port = tuple.destination_port;
    if (!source_in_range(candidate, range)) return false;
    mapping = candidate;
    return true;
  });
  return mapping;
}

/// Bob Jenkins' lookup3 over one address, as include/linux/jhash.h jhash2() of a nf_inet_addr: the other
/// words are zero.
std::uint32_t hash_of_address(std::uint32_t address, std::uint32_t seed) {
  constexpr std::uint32_t words = 4;
  std::uint32_t a = 0xdeadbeef + words * 4 + seed;
  std::uint32_t b = a;
  std::uint32_t c = a;
  a += address;
  a -= c, a ^= std::rotl(c, 4), c += b;
  b -= a, b ^= std::rotl(a, 6), a += c;
  c -= b, c ^= std::rotl(b, 8), b += a;
  a -= c, a ^= std::rotl(c, 16), c += b;
  b -= a, b ^= std::rotl(a, 19), a += c;
  c -= b, c ^= std::rotl(b, 4), b += a;
  // One word is left, and it is zero.
  c ^= b, c -= std::rotl(b, 14);
  a ^= c, a -= std::rotl(c, 11);
  b ^= a, b -= std::rotl(a, 25);
  c ^= b, c -= std::rotl(b, 16);
  a ^= c, a -= std::rotl(c, 4);
  b ^= a, b -= std::rotl(a, 14);
  c ^= b, c -= std::rotl(b, 24);
  return c;
}

/// As the kernel on a little-endian machine sees an address in network order.
std::uint32_t raw(Ipv4Address address) { return __builtin_bswap32(address.bits()); }

/// find_best_ips_proto(): which address of several; always the same for one source and destination, for one
/// source with
/// --persistent.
void choose_address(Tuple& tuple, const NatRange& range, Side side) {
  if (!range.map_addresses) return;
  Ipv4Address& chosen = side == Side::source ? tuple.source : tuple.destination;
  if (range.low == range.high) {
    chosen = range.low;
    return;
  }
  const std::uint32_t hash =
      hash_of_address(raw(tuple.source), range.persistent ? 0 : raw(tuple.destination));
  const std::uint64_t distance = std::uint64_t{range.high.bits()} - range.low.bits() + 1;
  chosen = range.low.plus(
      static_cast<std::uint32_t>(std::uint64_t{hash} * static_cast<std::uint32_t>(distance) >> 32));
}

/// Where a port is looked for. observed: facts/linux-datapath.md 2 (1-511, 600-1023, 1024-65535; ids 0-65535)
std::optional<PortRange> port_range(Tuple tuple, const NatRange& range, Side side) {
  if (!is_icmp(tuple) && !is_port_protocol(tuple.protocol)) return std::nullopt;
  if (range.ports_specified) {
    const auto [low, high] = std::minmax(range.low_port, range.high_port);
    return PortRange{low, std::uint32_t{high} - low + 1};
  }
  if (is_icmp(tuple)) return PortRange{0, 65536};
  if (side == Side::destination) return std::nullopt;  // a service's port stays what it is
  const std::uint16_t port = tuple.source_port;
  if (port < 512) return PortRange{1, 511};
  if (port < 1024) return PortRange{600, 1023 - 600 + 1};
  return PortRange{1024, 65535 - 1024 + 1};
}

/// nf_nat_l4proto_unique_tuple(): from a random place on, 128 tries, then other places with ever fewer tries.
void choose_port(ConntrackState& state, const Connection& connection, const NatRange& range, Side side,
                 Tuple& tuple) {
  constexpr std::uint32_t most_attempts = 128;
  constexpr std::uint32_t fewest_attempts = 16;
  const auto ports = port_range(tuple, range, side);
  if (!ports) return;
  std::uint16_t& key = key_of(tuple, side);
  // A destination range is searched from its beginning, unless --random was said.
  const bool from_anywhere = range.random || range.random_fully || side == Side::source;
  auto offset = static_cast<std::uint16_t>(from_anywhere ? state.nat_draws.uniform(65536) : 0);
  for (std::uint32_t attempts = std::min(ports->size, most_attempts);; attempts /= 2) {
    for (std::uint32_t i = 0; i < attempts; ++i, ++offset) {
      key = static_cast<std::uint16_t>(ports->low + offset % ports->size);
      if (!is_used(state, connection, tuple)) return;
    }
    if (attempts >= ports->size || attempts < fewest_attempts) return;
    offset = static_cast<std::uint16_t>(state.nat_draws.uniform(65536));
  }
}

}  // namespace

Tuple unique_tuple(ConntrackState& state, const Connection& connection, const NatRange& range, Side side) {
  const Tuple present = connection.reply.reply();
  const bool at_random = range.random || range.random_fully;
  if (side == Side::source && !at_random) {
    if (source_in_range(present, range)) {
      if (!is_used(state, connection, present)) return present;
    } else if (const auto mapping = present_mapping(state, present, range)) {
      if (!is_used(state, connection, *mapping)) return *mapping;
    }
  }
  Tuple tuple = present;
  choose_address(tuple, range, side);
  if (!at_random) {
    if (range.ports_specified) {
      if (key_in_range(tuple, range, side) &&
          (range.low_port == range.high_port || !is_used(state, connection, tuple))) {
        return tuple;
      }
    } else if (!is_used(state, connection, tuple)) {
      return tuple;
    }
  }
  choose_port(state, connection, range, side, tuple);
  return tuple;
}

}  // namespace ekspath
