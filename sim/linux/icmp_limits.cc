#include "sim/linux/icmp_limits.hh"

#include <algorithm>

#include "sim/linux/netns.hh"

namespace ekspath {
namespace {

constexpr std::int64_t second_ms = 1000;
constexpr std::int64_t refill_step_ms = 20;          // HZ / 50
constexpr std::int64_t burst_factor = 6;             // XRLIM_BURST_FACTOR
constexpr std::int64_t route_error_cost_ms = 1000;   // ip_rt_error_cost
constexpr std::int64_t route_error_burst_ms = 5000;  // ip_rt_error_burst
constexpr std::int64_t redirect_load_ms = 20;        // ip_rt_redirect_load
constexpr std::uint32_t redirect_number = 9;         // ip_rt_redirect_number
constexpr std::int64_t redirect_silence_ms = redirect_load_ms << (redirect_number + 1);

}  // namespace

IcmpLimits::IcmpLimits(Netns& netns)
    : netns_(&netns),
      random_(netns.random("icmp global rate limit")),
      credit_(netns.sysctls->icmp_msgs_burst) {}

/// A credit each on the average: 0, 1 or 2 by chance, as the kernel takes them.
bool IcmpLimits::global_allows() {
  const std::int64_t delta = std::min(now_ms() - stamp_, second_ms);
  if (delta >= refill_step_ms) {
    const std::int64_t refill = std::int64_t{netns_->sysctls->icmp_msgs_per_sec} * delta / second_ms;
    if (refill > 0) {
      stamp_ = now_ms();
      credit_ = std::min(credit_ + refill, std::int64_t{netns_->sysctls->icmp_msgs_burst});
    }
  }
  if (credit_ <= 0) return false;
  credit_ = std::max<std::int64_t>(credit_ - static_cast<std::int64_t>(random_.uniform(3)), 0);
  return true;
}

bool IcmpLimits::host_allows(Ipv4Address destination) {
  const std::int64_t timeout = netns_->sysctls->icmp_ratelimit;
  Peer& known = peer(destination);
  known.tokens = std::min(known.tokens + now_ms() - known.last, burst_factor * timeout);
  known.last = now_ms();
  if (known.tokens < timeout) return false;
  known.tokens -= timeout;
  return true;
}

bool IcmpLimits::route_error_allowed(Ipv4Address source) {
  Peer& known = peer(source);
  known.tokens = std::min(known.tokens + now_ms() - known.last, route_error_burst_ms);
  known.last = now_ms();
  if (known.tokens < route_error_cost_ms) return false;
  known.tokens -= route_error_cost_ms;
  return true;
}

bool IcmpLimits::redirect_allowed(Ipv4Address source) {
  Peer& known = peer(source);
  if (now_ms() > known.last + redirect_silence_ms) {
    known.tokens = 0;
    known.redirects = 0;
  }
  if (known.redirects >= redirect_number) {
    known.last = now_ms();
    return false;
  }
  if (known.redirects != 0 && now_ms() <= known.last + (redirect_load_ms << known.redirects)) return false;
  known.last = now_ms();
  ++known.redirects;
  return true;
}

IcmpLimits& icmp_limits_of(Netns& netns) {
  std::unique_ptr<IcmpLimits>& limits = netns.occasional().icmp_limits;
  if (!limits) limits = std::make_unique<IcmpLimits>(netns);
  return *limits;
}

std::int64_t IcmpLimits::now_ms() const { return netns_->now().whole_milliseconds(); }

/// inet_getpeer(): a new peer is as one that was silent for a minute.
IcmpLimits::Peer& IcmpLimits::peer(Ipv4Address address) {
  const auto [found, is_new] = peers_.try_emplace(address.bits());
  if (is_new) found->second.last = now_ms() - 60 * second_ms;
  return found->second;
}

}  // namespace ekspath
