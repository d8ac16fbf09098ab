#include "pcap/journeys.hh"

#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

constexpr std::size_t remembered_touches = 1U << 18;

/// The decision shows the error's own addresses, not the datagram that it quotes: its flow is known when it
/// is seen.
bool is_icmp_error(const Tuple& tuple) {
  const std::uint8_t type = tuple.icmp_type();
  return IpProtocol{tuple.protocol} == IpProtocol::icmp &&
         (type == icmp::unreachable || type == icmp::source_quench || type == icmp::redirect ||
          type == icmp::time_exceeded || type == icmp::parameter_problem);
}

}  // namespace

Journey& Journeys::sighted(std::uint64_t trace, Direction direction, std::span<const std::uint8_t> frame) {
  Journey& journey = touch(trace);
  if (direction == Direction::out || journey.hop == 0) ++journey.hop;
  const Tuple tuple = flow_tuple(frame);
  if (tuple == Tuple{} || tuple == journey.tuple) return journey;
  if (journey.flow == 0)
    journey.flow = flows_.flow_of(tuple);
  else
    flows_.join(tuple, journey.flow);
  journey.tuple = tuple;
  return journey;
}

Journey& Journeys::decided(const Decision& decision) {
  Journey& journey = touch(decision.trace);
  if (journey.flow == 0 && decision.before != Tuple{} && !is_icmp_error(decision.before)) {
    journey.flow = flows_.flow_of(decision.before);
  }
  return journey;
}

Journey& Journeys::touch(std::uint64_t trace) {
  if (trace == 0) return untraced_ = Journey{};
  Journey& journey = journeys_[trace];
  journey.touched = ++touched_;
  touches_.push_back({trace, touched_});
  if (touches_.size() > remembered_touches) {
    const Touch oldest = touches_.front();
    touches_.pop_front();
    const auto found = journeys_.find(oldest.trace);
    if (found != journeys_.end() && found->second.touched == oldest.number) journeys_.erase(found);
  }
  return journey;
}

}  // namespace ekspath
