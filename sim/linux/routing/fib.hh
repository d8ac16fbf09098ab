#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/linux/ip_id.hh"
#include "sim/linux/routing/route.hh"

namespace ekspath {

/// The routes of one table: the longest prefix that may be used wins, then the lowest metric, then the
/// earliest added. A handful is scanned in a row; more are found by one hash probe for each prefix length in
/// use.
class Fib {
 public:
  explicit Fib(std::uint32_t id) : id_(id) {}

  [[nodiscard]] std::uint32_t id() const { return id_; }
  /// What a lookup accepts: routes out of one interface only (0: any), of at least this scope.
  struct Limits {
    std::uint32_t out_interface = 0;
    RouteScope scope = RouteScope::global;
  };
  /// fib_table_lookup(). Null: nothing matches. A route of an error type (throw, too) is an answer.
  [[nodiscard]] const Route* find(Ipv4Address destination, Limits limits) const;
  [[nodiscard]] const Route* find(Ipv4Address destination) const { return find(destination, Limits()); }

  enum class Insert : std::uint8_t { exclusive, replace, append };
  /// False: exclusive, and there is one of this prefix and metric; or append, and there is its equal.
  bool insert(const Route& route, Insert mode);
  template <class Predicate>
  std::size_t erase_if(Predicate which) {
    const std::size_t erased = std::erase_if(routes_, which);
    if (erased > 0) index_.reset();
    return erased;
  }
  /// As `ip route` lists them: by network, longer prefixes first, then metric.
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

 private:
  static constexpr std::size_t scanned_at_most = 12;
  struct Index {
    std::uint64_t lengths = 0;  // bit n: some prefix has length n
    boost::unordered_flat_map<std::uint64_t, std::uint32_t, MixedHash>
        first;  // (length, network) -> position
  };
  [[nodiscard]] const Route* scan(Ipv4Address destination, Limits limits) const;
  [[nodiscard]] const Route* probe(Ipv4Address destination, Limits limits) const;
  void build_index() const;

  std::uint32_t id_;
  std::vector<Route> routes_;
  mutable std::unique_ptr<Index> index_;  // rebuilt at the first lookup after a change
};

}  // namespace ekspath
