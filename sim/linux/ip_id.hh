#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>

#include "sim/base/ipv4_address.hh"

namespace ekspath {

class Netns;

/// Spreads integer keys over a table, the same on every machine (splitmix64's finaliser).
struct MixedHash {
  using is_avalanching = void;
  [[nodiscard]] std::size_t operator()(std::uint64_t key) const {
    key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9;
    key = (key ^ (key >> 27)) * 0x94d049bb133111eb;
    return key ^ (key >> 31);
  }
};

/// The counters that IPv4 identifications of packets without a connected socket come from: one for each hash
/// of source, destination and protocol, which skips ahead by chance with the time that passed. Linux 6.1
/// net/ipv4/route.c
/// __ip_select_ident(), ip_idents_reserve()
class IpIdentifiers {
 public:
  explicit IpIdentifiers(Netns& netns);
  /// The first of `segments` identifications.
  [[nodiscard]] std::uint16_t reserve(Ipv4Address source, Ipv4Address destination, std::uint8_t protocol,
                                      std::uint16_t segments);

 private:
  struct Counter {
    std::int64_t touched = -1;  // jiffies; -1: never
    std::uint64_t draws = 0;
    std::uint32_t next = 0;
  };
  static constexpr std::uint32_t no_bucket = ~std::uint32_t{0};
  [[nodiscard]] Counter& counter_of(std::uint32_t bucket);

  Netns* netns_;
  std::uint64_t key_;
  // Most hosts talk to one other at a time: the bucket at hand stands here, the others in the map.
  Counter last_;
  std::uint32_t last_bucket_ = no_bucket;
  boost::unordered_flat_map<std::uint32_t, Counter, MixedHash> others_;
};

/// For a packet of the kernel's own, or of an unconnected socket, that may be fragmented.
[[nodiscard]] std::uint16_t select_ip_id(Netns& netns, Ipv4Address source, Ipv4Address destination,
                                         std::uint8_t protocol, std::uint16_t segments = 1);

}  // namespace ekspath
