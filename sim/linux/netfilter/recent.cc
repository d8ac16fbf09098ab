#include "sim/linux/netfilter/recent.hh"

#include <algorithm>
#include <bit>

namespace ekspath {

/// recent_mt()
bool RecentList::matches(const RecentMatch& match, Ipv4Address packet_address, std::uint8_t ttl,
                         Nanoseconds now) {
  using Action = RecentMatch::Action;
  // recent_mt_check(): module parameter ip_pkt_list_tot = 0
  stamps_kept_ = std::max(stamps_kept_, match.hit_count > 0 ? std::bit_ceil(match.hit_count) : 32U);
  const Ipv4Address address(packet_address.bits() & match.mask);
  const auto found = std::ranges::find_if(entries_, [&](const Entry& entry) {
    return entry.address == address && (!match.ttl || entry.ttl == ttl);
  });
  if (found == entries_.end()) {
    if (match.action != Action::set) return match.invert;
    if (entries_.size() >= most_entries) entries_.erase(entries_.begin());
    entries_.push_back({address, ttl, 0, {}});
    touch(entries_.size() - 1, ttl, now);
    return !match.invert;
  }
  const auto index = static_cast<std::size_t>(found - entries_.begin());
  if (match.action == Action::set) {
    touch(index, ttl, now);
    return !match.invert;
  }
  if (match.action == Action::remove) {
    entries_.erase(found);
    return !match.invert;
  }
  const Nanoseconds oldest = now - std::int64_t{match.seconds} * Nanoseconds(1'000'000'000);
  std::uint32_t hits = 0;
  bool hit = false;
  for (const Nanoseconds stamp : found->stamps) {
    if (match.seconds != 0 && oldest > stamp) continue;
    if (match.hit_count == 0 || ++hits >= match.hit_count) {
      hit = true;
      break;
    }
  }
  const bool result = hit != match.invert;
  if (match.action == Action::update && result) touch(index, ttl, now);
  if (match.reap && !entries_.empty()) {  // recent_entry_reap(): at most one, the longest unused
    const Entry& first = entries_.front();
    const bool expired = std::ranges::all_of(first.stamps, [&](Nanoseconds stamp) { return oldest > stamp; });
    if (expired) entries_.erase(entries_.begin());
  }
  return result;
}

/// recent_entry_update()
void RecentList::touch(std::size_t index, std::uint8_t ttl, Nanoseconds now) {
  Entry& entry = entries_[index];
  entry.ttl = ttl;
  entry.next_stamp %= stamps_kept_;
  if (entry.next_stamp == entry.stamps.size()) {
    entry.stamps.push_back(now);
  } else {
    entry.stamps[entry.next_stamp] = now;
  }
  ++entry.next_stamp;
  std::rotate(entries_.begin() + static_cast<std::ptrdiff_t>(index),
              entries_.begin() + static_cast<std::ptrdiff_t>(index) + 1, entries_.end());
}

}  // namespace ekspath
