#include "sim/aws/security_group_tracking.hh"

#include "sim/packet/headers.hh"

namespace ekspath {

bool SecurityGroupTracking::admits(TrafficDirection direction, const Tuple& tuple, std::uint8_t tcp_flags,
                                   Nanoseconds now, const TrackingTimeouts& timeouts) {
  const auto original = static_cast<std::size_t>(direction);
  for (const bool reply : {false, true}) {
    FlowTable<Flow>& flows = flows_[reply ? 1 - original : original];
    if (flows.size() == 0) continue;
    const Tuple key = reply ? tuple.reply() : tuple;
    Flow* flow = flows.find(key);
    if (flow == nullptr) continue;
    if (flow->expires <= now) {
      flows.erase(key);
      continue;
    }
    if (reply) flow->replied = true;
    if ((tcp_flags & (tcp_flag::syn | tcp_flag::ack)) == tcp_flag::syn)
      *flow = Flow{};  // the ports are used anew
    if ((tcp_flags & tcp_flag::fin) != 0) (reply ? flow->fin_reply : flow->fin_original) = true;
    if ((tcp_flags & tcp_flag::rst) != 0) flow->reset = true;
    flow->expires = now + lifetime(key, *flow, timeouts);
    return true;
  }
  return false;
}

void SecurityGroupTracking::begin(TrafficDirection direction, const Tuple& tuple, Nanoseconds now,
                                  const TrackingTimeouts& timeouts) {
  FlowTable<Flow>& flows = flows_[static_cast<std::size_t>(direction)];
  flows.make_room([&](const Tuple&, const Flow& flow) { return flow.expires <= now; });
  Flow flow;
  flow.expires = now + lifetime(tuple, flow, timeouts);
  flows.insert(tuple, flow);
}

Nanoseconds SecurityGroupTracking::lifetime(const Tuple& tuple, const Flow& flow,
                                            const TrackingTimeouts& timeouts) {
  switch (IpProtocol{tuple.protocol}) {
    case IpProtocol::tcp:
      if (flow.reset) return timeouts.tcp_reset;
      return flow.fin_original && flow.fin_reply ? timeouts.tcp_closed : timeouts.tcp_established;
    case IpProtocol::udp:
      return flow.replied ? timeouts.udp_stream : timeouts.udp_one_way;
    default:
      return timeouts.other;
  }
}

}  // namespace ekspath
