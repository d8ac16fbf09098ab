#include "sim/packet/rewrite.hh"

#include "sim/packet/build.hh"
#include "sim/packet/checksum.hh"

namespace ekspath {
namespace {

/// What an ICMP error quotes; nothing where that is cut short of its IPv4 header.
std::optional<DatagramBytes> quoted(Packet& packet) {
  if (packet.transport_size() < IcmpView::size + Ipv4View::minimum_size) return std::nullopt;
  const DatagramBytes quote{packet.transport() + IcmpView::size, packet.transport_size() - IcmpView::size};
  const Ipv4View ip{quote.at};
  if (ip.version() != 4 || ip.header_size() < Ipv4View::minimum_size || ip.header_size() > quote.size)
    return std::nullopt;
  return quote;
}

/// A checksum field after an address of the pseudo header and a port have changed.
void update_checksum(std::uint8_t* field, Ipv4Address before, Ipv4Address after, std::uint16_t port_before,
                     std::uint16_t port_after) {
  const std::uint16_t sum = checksum_update32(load16(field), before.bits(), after.bits());
  store16(field, checksum_update16(sum, port_before, port_after));
}

/// Linux 6.1 net/netfilter/nf_nat_proto.c l4proto_manip_pkt()
void rewrite_transport(DatagramBytes datagram, Side side, Ipv4Address after,
                       std::optional<std::uint16_t> new_port) {
  const Ipv4View ip{datagram.at};
  const std::size_t header_size = ip.header_size();
  if (datagram.size < header_size + 8 || ip.fragment_offset() != 0) return;
  std::uint8_t* transport = datagram.at + header_size;
  const std::size_t left = datagram.size - header_size;
  const Ipv4Address before = side == Side::source ? ip.source() : ip.destination();
  std::uint8_t* port = transport + (side == Side::source ? 0 : 2);
  const std::uint16_t port_before = load16(port);
  const std::uint16_t port_after = new_port.value_or(port_before);
  switch (IpProtocol{ip.protocol()}) {
    case IpProtocol::tcp:
      store16(port, port_after);
      // A quote of eight bytes ends before the checksum. tcp_manip_pkt()
      if (left >= TcpView::minimum_size)
        update_checksum(transport + 16, before, after, port_before, port_after);
      break;
    case IpProtocol::udp:
      store16(port, port_after);
      if (load16(transport + 6) == 0) break;
      update_checksum(transport + 6, before, after, port_before, port_after);
      if (load16(transport + 6) == 0) store16(transport + 6, 0xffff);  // CSUM_MANGLED_0
      break;
    case IpProtocol::icmp: {
      const IcmpView icmp{transport};
      // An error carries no id. icmp_manip_pkt()
      if (!new_port || icmp.is_error() || icmp.type() > icmp::address_mask_reply) break;
      store16(transport + 2, checksum_update16(load16(transport + 2), icmp.id(), *new_port));
      store16(transport + 4, *new_port);
      break;
    }
    default:
      break;  // "If we don't know protocol -- no error, pass it unmodified."
  }
}

}  // namespace

void rewrite(DatagramBytes datagram, Side side, Ipv4Address address, std::optional<std::uint16_t> port) {
  rewrite_transport(datagram, side, address, port);
  Ipv4View ip{datagram.at};
  if (side == Side::source) {
    ip.source(address);
  } else {
    ip.destination(address);
  }
}

bool is_icmp_error(const Packet& packet) {
  const Ipv4View ip = ipv4(packet);
  return ip.protocol() == static_cast<std::uint8_t>(IpProtocol::icmp) && ip.fragment_offset() == 0 &&
         packet.transport_size() >= IcmpView::size && icmp_header(packet).is_error();
}

std::optional<Tuple> quoted_tuple(const Packet& packet) {
  const auto quote = quoted(const_cast<Packet&>(packet));  // read only
  if (!quote) return std::nullopt;
  const Ipv4View ip{quote->at};
  Tuple tuple{ip.source(), ip.destination(), 0, 0, ip.protocol()};
  const std::uint8_t* transport = quote->at + ip.header_size();
  constexpr std::size_t ports_or_id = 6;
  if (ip.fragment_offset() != 0 || quote->size < ip.header_size() + ports_or_id) return tuple;
  switch (IpProtocol{ip.protocol()}) {
    case IpProtocol::icmp:
      tuple.source_port = load16(transport + 4);
      tuple.destination_port = load16(transport);
      break;
    case IpProtocol::tcp:
    case IpProtocol::udp:
      tuple.source_port = load16(transport);
      tuple.destination_port = load16(transport + 2);
      break;
    default:
      break;
  }
  return tuple;
}

void rewrite_quoted(Packet& packet, Side side, Ipv4Address address, std::optional<std::uint16_t> port) {
  const auto quote = quoted(packet);
  if (!quote) return;
  rewrite(*quote, side, address, port);
  refresh_transport_checksum(packet);
}

}  // namespace ekspath
