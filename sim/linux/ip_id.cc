#include "sim/linux/ip_id.hh"

#include "sim/linux/netns.hh"

namespace ekspath {
namespace {

constexpr std::uint64_t buckets = 2048;
constexpr std::int64_t jiffy_ns = 4'000'000;  // CONFIG_HZ=250, as AL2023 has it

}  // namespace

IpIdentifiers::IpIdentifiers(Netns& netns)
    : netns_(&netns), key_(netns.random("ip identifications").next()) {}

IpIdentifiers::Counter& IpIdentifiers::counter_of(std::uint32_t bucket) {
  if (bucket != last_bucket_) {
    if (last_bucket_ != no_bucket) others_[last_bucket_] = last_;
    const auto found = others_.find(bucket);
    last_ = found != others_.end() ? found->second : Counter();
    last_bucket_ = bucket;
  }
  return last_;
}

std::uint16_t IpIdentifiers::reserve(Ipv4Address source, Ipv4Address destination, std::uint8_t protocol,
                                     std::uint16_t segments) {
  const MixedHash mix;
  const std::uint64_t flow =
      mix(key_ ^ ((std::uint64_t{source.bits()} << 32) | destination.bits())) ^ protocol;
  const auto bucket = static_cast<std::uint32_t>(mix(flow) % buckets);
  Counter& counter = counter_of(bucket);
  const std::int64_t now = netns_->now().count() / jiffy_ns;
  if (counter.touched < 0) {
    counter.next = static_cast<std::uint32_t>(mix(key_ + bucket));
  } else if (now > counter.touched) {
    // As many as jiffies went by, by chance: a stream of its own for each bucket keeps one flow's ids from
    // moving another's.
    const std::uint64_t draw = mix(key_ + (std::uint64_t{bucket} << 40) + ++counter.draws);
    counter.next += static_cast<std::uint32_t>(draw % static_cast<std::uint64_t>(now - counter.touched));
  }
  counter.touched = now;
  const auto first = static_cast<std::uint16_t>(counter.next);
  counter.next += segments;
  return first;
}

std::uint16_t select_ip_id(Netns& netns, Ipv4Address source, Ipv4Address destination, std::uint8_t protocol,
                           std::uint16_t segments) {
  return netns.occasional().ip_ids.reserve(source, destination, protocol, segments);
}

}  // namespace ekspath
