#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>

#include "sim/apps/dns_client.hh"
#include "sim/base/nanoseconds.hh"
#include "sim/eks/coredns/corefile.hh"

namespace ekspath {

/// CoreDNS's `cache`: answers by name, type and the DO bit, positive ones and denials apart, each kept as
/// long as its least TTL says, but no longer than the Corefile and no shorter than five seconds.
/// coredns 1.11.3 plugin/cache/cache.go, item.go; plugin/pkg/response/typify.go. Full, it drops what ends
/// first (CoreDNS: a random one of 39 in the same shard).
class AnswerCache {
 public:
  explicit AnswerCache(const CorefileCache& settings) : settings_(settings) {}

  /// An answer to `query` with what is left of its TTLs. It claims authority, as CoreDNS's do.
  [[nodiscard]] std::optional<DnsMessage> find(const DnsMessage& query, Nanoseconds now) const;
  /// Keeps `reply` if its kind is kept, and cuts its TTLs to the time for which it is.
  void keep(DnsMessage& reply, Nanoseconds now);

 private:
  static constexpr std::size_t capacity = 9984;  // of each kind
  using Key = std::tuple<DnsName, DnsType, bool>;
  struct Item {
    DnsMessage reply;
    Nanoseconds kept_at;
    std::uint32_t ttl_s = 0;
  };
  using Items = std::map<Key, Item>;

  [[nodiscard]] static Key key_of(const DnsMessage& message);
  CorefileCache settings_;
  Items positive_;
  Items negative_;
};

}  // namespace ekspath
