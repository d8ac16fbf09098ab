#include "sim/base/fetch_line.hh"
#include "sim/linux/netns.hh"

/// What a packet or an alarm will need of a namespace is asked of the caches some events ahead of it, a step
/// of each chain of pointers at a stage (Entity::expect()). Only hints: nothing is changed, and nothing is
/// decided here.
namespace ekspath {

void Interface::expect(const PacketRef& frame, unsigned stage) const {
  if (stage == 0) return netns->fetch();
  netns->expect_received(*this, *frame, stage - 1);
}

void Netns::fetch() const { fetch_lines(this, 3); }

void Netns::expect_received(const Interface& in, const Packet& frame, unsigned stage) const {
  const FlowHint flow = flow_of_frame(frame);
  if (!flow.readable) return;
  // A namespace with rules is a node's: what all its packets need is in the caches.
  if (netfilter) return netfilter->flows().expect(flow.tuple, stage);
  if (stage == 1) {
    if (sockets) sockets->expect(flow.tuple);
    return;
  }
  fetch_line(sockets.get());
  FlowKey key;
  key.destination = flow.tuple.destination;
  key.source = flow.tuple.source;
  key.in_interface = in.index;
  routing.expect(key);
}

void Netns::expect(const Event& event, unsigned stage) const {
  if (event.kind != socket_timer) return;
  if (stage == 0) return fetch();
  if (sockets) sockets->expect(event, stage - 1);
  const RouteResult* answer = routing.probable_answer();
  if (stage == 1) {
    fetch_line(occasional_.get());
    if (answer != nullptr) fetch_line(answer);
    return;
  }
  if (answer == nullptr || answer->out == nullptr) return;
  const Interface& out = *answer->out;
  if (stage == 2) return out.fetch();
  if (out.link) out.link->fetch();
  neighbours.expect(out.last_neighbour);
}

}  // namespace ekspath
