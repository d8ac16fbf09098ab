#include "pcap/flow_numbers.hh"

#include <algorithm>
#include <utility>

#include "sim/packet/byte_order.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

constexpr std::size_t generation = 500'000;

/// One of the two directions, the same for both.
Tuple either_direction(const Tuple& tuple) { return std::min(tuple, tuple.reply()); }

bool is_icmp_error(std::uint8_t type) {
  return type == icmp::unreachable || type == icmp::source_quench || type == icmp::redirect ||
         type == icmp::time_exceeded || type == icmp::parameter_problem;
}

constexpr int quotes_followed = 1;

/// A datagram may be cut short (a quote ends 8 bytes behind its header): the ports of what is there.
Tuple datagram_tuple(std::span<const std::uint8_t> datagram, int quotes) {
  if (datagram.size() < Ipv4View::minimum_size || (datagram[0] >> 4) != 4) return {};
  const std::size_t header_size = std::size_t{datagram[0] & 0xfU} * 4;
  Tuple tuple{Ipv4Address(load32(&datagram[12])), Ipv4Address(load32(&datagram[16])), 0, 0, datagram[9]};
  const bool first_fragment = (load16(&datagram[6]) & 0x1fff) == 0;
  if (!first_fragment || header_size < Ipv4View::minimum_size || datagram.size() < header_size + 8)
    return tuple;
  const auto transport = datagram.subspan(header_size);
  switch (IpProtocol{tuple.protocol}) {
    case IpProtocol::icmp:
      if (is_icmp_error(transport[0]) && quotes > 0) {
        const Tuple quoted = datagram_tuple(transport.subspan(IcmpView::size), quotes - 1);
        if (quoted != Tuple{}) return quoted;
      }
      if (!is_icmp_error(transport[0])) tuple.source_port = load16(&transport[4]);
      tuple.destination_port = load16(&transport[0]);
      break;
    case IpProtocol::tcp:
    case IpProtocol::udp:
    case IpProtocol::sctp:
      tuple.source_port = load16(&transport[0]);
      tuple.destination_port = load16(&transport[2]);
      break;
    default:
      break;
  }
  return tuple;
}

}  // namespace

std::uint32_t FlowNumbers::flow_of(const Tuple& tuple) {
  const Tuple either = either_direction(tuple);
  if (const std::uint32_t* known = find(either)) return *known;
  insert(either, ++last_);
  return last_;
}

void FlowNumbers::join(const Tuple& tuple, std::uint32_t flow) {
  const Tuple either = either_direction(tuple);
  if (std::uint32_t* known = find(either))
    *known = flow;
  else
    insert(either, flow);
}

std::uint32_t* FlowNumbers::find(const Tuple& either) {
  if (const auto found = recent_.find(either); found != recent_.end()) return &found->second;
  const auto found = older_.find(either);
  if (found == older_.end()) return nullptr;
  const std::uint32_t flow = found->second;
  insert(either, flow);
  return &recent_.find(either)->second;
}

void FlowNumbers::insert(const Tuple& either, std::uint32_t flow) {
  if (recent_.size() >= generation) {
    older_ = std::move(recent_);
    recent_.clear();
  }
  recent_.emplace(either, flow);
}

Tuple flow_tuple(std::span<const std::uint8_t> frame) {
  if (frame.size() < EthernetView::size || load16(&frame[12]) != static_cast<std::uint16_t>(EtherType::ipv4))
    return {};
  return datagram_tuple(frame.subspan(EthernetView::size), quotes_followed);
}

}  // namespace ekspath
