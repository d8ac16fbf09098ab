#include "sim/packet/tuple.hh"

#include <cstring>
#include <string>

#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

/// Linux 6.1 net/netfilter/nf_conntrack_proto_icmp.c invmap
std::uint8_t reply_type(std::uint8_t type) {
  switch (type) {
    case icmp::echo_request:
      return icmp::echo_reply;
    case icmp::echo_reply:
      return icmp::echo_request;
    case icmp::timestamp:
      return icmp::timestamp_reply;
    case icmp::timestamp_reply:
      return icmp::timestamp;
    case icmp::information:
      return icmp::information_reply;
    case icmp::information_reply:
      return icmp::information;
    case icmp::address_mask:
      return icmp::address_mask_reply;
    case icmp::address_mask_reply:
      return icmp::address_mask;
    default:
      return type;
  }
}

constexpr std::uint8_t icmp_protocol = static_cast<std::uint8_t>(IpProtocol::icmp);

std::string icmp_words(const Tuple& tuple) {
  switch (tuple.icmp_type()) {
    case icmp::echo_request:
      return fmt::format("icmp echo request id {}", tuple.source_port);
    case icmp::echo_reply:
      return fmt::format("icmp echo reply id {}", tuple.source_port);
    default:
      return fmt::format("icmp type {} code {}", tuple.icmp_type(), tuple.icmp_code());
  }
}

}  // namespace

Tuple Tuple::reply() const {
  if (protocol != icmp_protocol) return {destination, source, destination_port, source_port, protocol};
  const auto answer = static_cast<std::uint16_t>((reply_type(icmp_type()) << 8) | icmp_code());
  return {destination, source, source_port, answer, protocol};
}

FlowHint flow_of_frame(const Packet& frame) {
  if (frame.size() < EthernetView::size + Ipv4View::minimum_size + 4) return {};
  const std::uint8_t* link = frame.data();
  const std::uint8_t* ip = link + EthernetView::size;
  if (load16(link + 12) != static_cast<std::uint16_t>(EtherType::ipv4) || ip[0] != 0x45) return {};
  Tuple tuple{Ipv4Address(load32(ip + 12)), Ipv4Address(load32(ip + 16)), load16(ip + 20), load16(ip + 22),
              ip[9]};
  if (IpProtocol{tuple.protocol} == IpProtocol::icmp) {
    if (frame.size() < EthernetView::size + Ipv4View::minimum_size + IcmpView::size) return {};
    tuple.destination_port = tuple.source_port;
    tuple.source_port = load16(ip + 24);
  }
  return {tuple, true};
}

Tuple tuple_of(const Packet& packet) {
  const Ipv4View ip = ipv4(packet);
  Tuple tuple{ip.source(), ip.destination(), 0, 0, ip.protocol()};
  if (ip.fragment_offset() != 0 || packet.transport_size() < 8) return tuple;
  switch (IpProtocol{ip.protocol()}) {
    case IpProtocol::icmp: {
      const IcmpView header = icmp_header(packet);
      tuple.source_port = header.is_error() ? 0 : header.id();
      tuple.destination_port = static_cast<std::uint16_t>((header.type() << 8) | header.code());
      break;
    }
    case IpProtocol::tcp:
    case IpProtocol::udp:
    case IpProtocol::sctp:
      tuple.source_port = load16(packet.transport());
      tuple.destination_port = load16(packet.transport() + 2);
      break;
    default:
      break;
  }
  return tuple;
}

}  // namespace ekspath

auto fmt::formatter<ekspath::Tuple>::format(const ekspath::Tuple& tuple, fmt::format_context& context) const
    -> fmt::format_context::iterator {
  using ekspath::IpProtocol;
  std::string text;
  switch (IpProtocol{tuple.protocol}) {
    case IpProtocol::icmp:
      text = fmt::format("{} > {} {}", tuple.source, tuple.destination, ekspath::icmp_words(tuple));
      break;
    case IpProtocol::tcp:
    case IpProtocol::udp:
      text =
          fmt::format("{}:{} > {}:{} {}", tuple.source, tuple.source_port, tuple.destination,
                      tuple.destination_port, IpProtocol{tuple.protocol} == IpProtocol::tcp ? "tcp" : "udp");
      break;
    default:
      text = fmt::format("{} > {} {}", tuple.source, tuple.destination, tuple.protocol);
  }
  return fmt::formatter<std::string_view>::format(text, context);
}
