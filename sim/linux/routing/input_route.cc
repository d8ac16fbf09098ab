#include "sim/linux/routing/input_route.hh"

#include <algorithm>

#include "sim/linux/netns.hh"

namespace ekspath {
namespace {

using Kind = InputRoute::Kind;
using Check = Routing::SourceCheck;

bool refused(Check check, InputRoute& result) {
  if (check == Check::martian) result.kind = Kind::martian;
  if (check == Check::rp_filter) result.kind = Kind::rp_filter;
  return check == Check::martian || check == Check::rp_filter;
}

InputRoute decide(const Netns& netns, const Interface& in, const FlowKey& key) {
  InputRoute result;
  const Ipv4Address source = key.source;
  const Ipv4Address destination = key.destination;
  const bool localnet = netns.sysctls->all.route_localnet || in.conf.route_localnet;
  if (destination.is_multicast()) {
    result.kind = Kind::not_joined;
    return result;
  }
  if (source.is_multicast() || source.is_limited_broadcast()) return result;
  const bool to_all =
      destination.is_limited_broadcast() || (source.is_unspecified() && destination.is_unspecified());
  if (!to_all) {
    if (source.is_unspecified()) return result;
    if (destination.is_unspecified()) return result;
    if (!localnet && (destination.is_loopback() || source.is_loopback())) return result;
    result.route = netns.routing.lookup(key);
    if (!result.route.found()) {
      // Without forwarding the kernel makes every failure EHOSTUNREACH, and ip_error() says nothing.
      result.kind = Kind::no_way;
      return result;
    }
  }
  if (to_all || result.route.is_broadcast()) {
    FlowKey broadcast = key;
    broadcast.destination = {};
    if (!source.is_unspecified() && refused(netns.routing.validate_source(broadcast, in, nullptr), result)) {
      return result;
    }
    result.kind = Kind::local;
    return result;
  }
  if (result.route.is_local()) {
    if (!refused(netns.routing.validate_source(key, in, nullptr), result)) result.kind = Kind::local;
    return result;
  }
  if (!in.conf.forwarding) {
    result.kind = Kind::no_way;
    result.route.outcome = RouteResult::Outcome::unreachable;
    return result;
  }
  const Check check = netns.routing.validate_source(key, in, result.route.out);
  if (refused(check, result)) return result;
  result.kind = Kind::forward;
  // __mkroute_input()
  const bool send_redirects = netns.sysctls->all.send_redirects || in.conf.send_redirects;
  result.redirect = result.route.out == &in && check == Check::on_link && send_redirects;
  return result;
}

}  // namespace

std::uint8_t input_settings(const Netns& netns, const Interface& in) {
  const InterfaceSysctls& all = netns.sysctls->all;
  const auto bit = [](bool set, unsigned number) { return static_cast<unsigned>(set) << number; };
  const unsigned rp_filter = std::min<unsigned>(std::max(all.rp_filter, in.conf.rp_filter), 3);
  return static_cast<std::uint8_t>(rp_filter | bit(all.route_localnet || in.conf.route_localnet, 2) |
                                   bit(all.accept_local || in.conf.accept_local, 3) |
                                   bit(all.send_redirects || in.conf.send_redirects, 4) |
                                   bit(all.src_valid_mark || in.conf.src_valid_mark, 5) |
                                   bit(in.conf.forwarding, 6));
}

InputRoute route_input(const Netns& netns, const Interface& in, const FlowKey& key) {
  RouteCache& cache = netns.routing.known_;
  const RouteCache::Key question =
      RouteCache::key(key, RouteCache::Question::received, input_settings(netns, in));
  if (const RouteCache::Answer* known = cache.find(question)) [[likely]]
    return {static_cast<Kind>(known->input_kind), known->route, known->redirect};
  const InputRoute input = decide(netns, in, key);
  // A redirect ends by time.
  if (!netns.routing.has_learnt())
    cache.remember({input.route, question, static_cast<std::uint8_t>(input.kind), input.redirect});
  return input;
}

}  // namespace ekspath
