#include "sim/linux/netns.hh"
#include "sim/linux/routing/route_cache.hh"
#include "sim/linux/routing/routing_state.hh"
#include "sim/linux/socket/alarm.hh"
#include "sim/linux/socket/socket_tables.hh"
#include "sim/packet/headers.hh"

/// What a packet or an alarm will need of a namespace is asked of the caches some events ahead of it, a step
/// of each chain of pointers at a stage (Entity::expect()). Only hints: nothing is changed, and nothing is
/// decided here.
namespace ekspath {
namespace {

void fetch_lines(const void* from, std::size_t lines) {
  for (std::size_t i = 0; i < lines; ++i) __builtin_prefetch(static_cast<const char*>(from) + 64 * i);
}

}  // namespace

void Interface::expect(const PacketRef& frame, unsigned stage) const {
  if (stage == 0) return netns->fetch();
  netns->expect_received(*this, *frame, stage - 1);
}

void Netns::fetch() const {
  fetch_lines(this, 3);
  __builtin_prefetch(&sysctls);
}

void Netns::expect_received(const Interface& in, const Packet& frame, unsigned stage) const {
  if (stage == 0) {
    if (netfilter) {
      netfilter->fetch();
      if (conntrack) conntrack->fetch();
    } else {
      routing.fetch();
      __builtin_prefetch(sockets.get());
    }
    return;
  }
  const FlowHint flow = flow_of_frame(frame);
  if (!flow.readable) return;
  if (netfilter) return netfilter->flows().expect(flow.tuple, stage - 1);
  if (sockets) sockets->expect(flow.tuple, stage - 1);
  FlowKey key;
  key.destination = flow.tuple.destination;
  key.source = flow.tuple.source;
  key.in_interface = in.index;
  if (stage == 1) routing.expect(key);
}

void Netns::expect(const Event& event, unsigned stage) const {
  if (event.kind != socket_timer) return;
  if (stage == 0) {
    fetch();
    return;
  }
  if (sockets) sockets->expect(event, stage - 1);
  if (stage == 1) {
    routing.fetch();
    __builtin_prefetch(ip_ids.get());
    return;
  }
  if (stage == 2 && ip_ids) ip_ids->expect();
  routing.expect_sent(stage - 2);
}

}  // namespace ekspath
