#include "sim/linux/routing/fib.hh"

#include <algorithm>
#include <bit>
#include <tuple>

namespace ekspath {
namespace {

bool has_no_way_out(RouteType type) {
  return type == RouteType::blackhole || type == RouteType::unreachable || type == RouteType::prohibit ||
         type == RouteType::throw_;
}

/// Linux 6.1 net/ipv4/fib_trie.c fib_table_lookup(): a narrower scope than asked for is passed over, and so
/// is another interface; error types answer before the interface is looked at.
bool acceptable(const Route& route, Fib::Limits limits) {
  if (static_cast<std::uint8_t>(route.scope) < static_cast<std::uint8_t>(limits.scope)) return false;
  return limits.out_interface == 0 || route.out_interface == limits.out_interface ||
         has_no_way_out(route.type);
}

auto order_of(const Route& route) {
  return std::tuple(route.prefix.network(), 32U - route.prefix.length(), route.metric);
}

std::uint64_t index_key(unsigned length, std::uint32_t network) {
  return (std::uint64_t{length} << 32) | network;
}

}  // namespace

const Route* Fib::find(Ipv4Address destination, Limits limits) const {
  return routes_.size() <= scanned_at_most ? scan(destination, limits) : probe(destination, limits);
}

const Route* Fib::scan(Ipv4Address destination, Limits limits) const {
  const Route* best = nullptr;
  for (const Route& route : routes_) {
    if (!route.prefix.contains(destination)) continue;
    if (best != nullptr && route.prefix.length() <= best->prefix.length()) continue;
    if (acceptable(route, limits)) best = &route;
  }
  return best;
}

const Route* Fib::probe(Ipv4Address destination, Limits limits) const {
  if (!index_) build_index();
  for (std::uint64_t lengths = index_->lengths; lengths != 0;) {
    const auto length = static_cast<unsigned>(63 - std::countl_zero(lengths));
    lengths &= ~(std::uint64_t{1} << length);
    const auto found = index_->first.find(index_key(length, destination.bits() & Prefix::mask_of(length)));
    if (found == index_->first.end()) continue;
    const Prefix prefix = routes_[found->second].prefix;
    for (std::size_t i = found->second; i < routes_.size() && routes_[i].prefix == prefix; ++i) {
      if (acceptable(routes_[i], limits)) return &routes_[i];
    }
  }
  return nullptr;
}

bool Fib::insert(const Route& route, Insert mode) {
  const auto before = [](const Route& a, const Route& b) { return order_of(a) < order_of(b); };
  const auto [first, last] = std::equal_range(routes_.begin(), routes_.end(), route, before);
  if (mode == Insert::exclusive && first != last) return false;
  if (mode == Insert::append && std::find(first, last, route) != last) return false;
  index_.reset();
  if (mode == Insert::replace && first != last) {
    *first = route;
  } else {
    routes_.insert(last, route);
  }
  return true;
}

void Fib::build_index() const {
  index_ = std::make_unique<Index>();
  index_->first.reserve(routes_.size());
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    const Prefix prefix = routes_[i].prefix;
    index_->lengths |= std::uint64_t{1} << prefix.length();
    index_->first.try_emplace(index_key(prefix.length(), prefix.network().bits()),
                              static_cast<std::uint32_t>(i));
  }
}

}  // namespace ekspath
