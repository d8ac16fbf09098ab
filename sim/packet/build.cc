#include "sim/packet/build.hh"

#include <algorithm>

#include "sim/packet/checksum.hh"

namespace ekspath {

void push_ipv4(Packet& packet, const Ipv4Fields& fields) {
  ASSERT(packet.size() + Ipv4View::minimum_size <= 65535);
  const auto length = static_cast<std::uint16_t>(packet.size() + Ipv4View::minimum_size);
  std::uint8_t* at = packet.push(Ipv4View::minimum_size);
  at[0] = 0x45;
  at[1] = fields.tos;
  store16(at + 2, length);
  store16(at + 4, fields.identification);
  store16(at + 6, fields.dont_fragment ? 0x4000 : 0);
  at[8] = fields.ttl;
  at[9] = fields.protocol;
  store16(at + 10, 0);
  store32(at + 12, fields.source.bits());
  store32(at + 16, fields.destination.bits());
  store16(at + 10, checksum(at, Ipv4View::minimum_size));
  packet.mark_network();
  packet.mark_transport(Ipv4View::minimum_size);
}

void push_udp(Packet& packet, const UdpFields& fields) {
  ASSERT(packet.size() + UdpView::size <= 65535);
  std::uint8_t* at = packet.push(UdpView::size);
  store16(at, fields.source_port);
  store16(at + 2, fields.destination_port);
  store16(at + 4, static_cast<std::uint16_t>(packet.size()));
  store16(at + 6, 0);
  const std::uint16_t sum = transport_checksum(fields.source, fields.destination,
                                               static_cast<std::uint8_t>(IpProtocol::udp), at, packet.size());
  store16(at + 6, sum == 0 ? 0xffff : sum);  // RFC 768: zero means "none"
}

void push_icmp(Packet& packet, const IcmpFields& fields) {
  std::uint8_t* at = packet.push(IcmpView::size);
  at[0] = fields.type;
  at[1] = fields.code;
  store16(at + 2, 0);
  store32(at + 4, fields.rest);
  store16(at + 2, checksum(at, packet.size()));
}

void push_tcp(Packet& packet, const TcpFields& fields) {
  ASSERT(fields.options.size() % 4 == 0);
  const std::size_t header = TcpView::minimum_size + fields.options.size();
  std::uint8_t* at = packet.push(header);
  store16(at, fields.source_port);
  store16(at + 2, fields.destination_port);
  store32(at + 4, fields.sequence);
  store32(at + 8, fields.acknowledgement);
  at[12] = static_cast<std::uint8_t>(header / 4 << 4);
  at[13] = fields.flags;
  store16(at + 14, fields.window);
  store16(at + 16, 0);
  store16(at + 18, 0);
  if (!fields.options.empty())
    std::memcpy(at + TcpView::minimum_size, fields.options.data(), fields.options.size());
  store16(at + 16, transport_checksum(fields.source, fields.destination,
                                      static_cast<std::uint8_t>(IpProtocol::tcp), at, packet.size()));
}

void push_ethernet(Packet& packet, const MacAddress& destination, const MacAddress& source, EtherType type) {
  EthernetView header{packet.push(EthernetView::size)};
  header.destination(destination);
  header.source(source);
  header.type(type);
}

PacketRef build_arp(PacketPool& pool, const MacAddress& destination, const ArpFields& fields) {
  PacketRef packet = pool.allocate(ArpView::size);
  std::uint8_t* at = packet->append(ArpView::size);
  store16(at, 1);
  store16(at + 2, static_cast<std::uint16_t>(EtherType::ipv4));
  at[4] = 6;
  at[5] = 4;
  store16(at + 6, fields.operation);
  std::memcpy(at + 8, fields.sender_mac.bytes.data(), 6);
  store32(at + 14, fields.sender.bits());
  std::memcpy(at + 18, fields.target_mac.bytes.data(), 6);
  store32(at + 24, fields.target.bits());
  packet->mark_network();
  push_ethernet(*packet, destination, fields.sender_mac, EtherType::arp);
  return packet;
}

void append_bytes(Packet& packet, std::span<const std::uint8_t> bytes) {
  if (!bytes.empty()) std::memcpy(packet.append(bytes.size()), bytes.data(), bytes.size());
}

void refresh_transport_checksum(Packet& packet) {
  const Ipv4View ip = ipv4(packet);
  std::uint8_t* at = packet.transport();
  const std::size_t size = packet.transport_size();
  switch (IpProtocol{ip.protocol()}) {
    case IpProtocol::icmp:
      store16(at + 2, 0);
      store16(at + 2, checksum(at, size));
      break;
    case IpProtocol::tcp:
      store16(at + 16, 0);
      store16(at + 16, transport_checksum(ip.source(), ip.destination(), ip.protocol(), at, size));
      break;
    case IpProtocol::udp: {
      store16(at + 6, 0);
      // What stands behind the length that UDP gives itself is no part of the datagram.
      const std::size_t length = std::min<std::size_t>(udp_header(packet).length(), size);
      const std::uint16_t sum = transport_checksum(ip.source(), ip.destination(), ip.protocol(), at, length);
      store16(at + 6, sum == 0 ? 0xffff : sum);
      break;
    }
    default:
      break;
  }
}

}  // namespace ekspath
