#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/ipv4_address.hh"
#include "sim/base/nanoseconds.hh"
#include "sim/linux/netfilter/match.hh"

namespace ekspath {

/// One list of `-m recent`: addresses with the times at which they were seen. Linux 6.1
/// net/netfilter/xt_recent.c
class RecentList {
 public:
  /// What the match says of this packet, with the changes that it makes.
  [[nodiscard]] bool matches(const RecentMatch& match, Ipv4Address address, std::uint8_t ttl,
                             Nanoseconds now);

  struct Entry {
    Ipv4Address address;
    std::uint8_t ttl = 0;
    std::uint32_t next_stamp = 0;
    std::vector<Nanoseconds> stamps;  // a ring once it is full
  };
  /// The longest unused first.
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

 private:
  static constexpr std::size_t most_entries = 100;  // module parameter ip_list_tot
  void touch(std::size_t index, std::uint8_t ttl, Nanoseconds now);

  std::vector<Entry> entries_;
  std::uint32_t stamps_kept_ = 0;
};

}  // namespace ekspath
