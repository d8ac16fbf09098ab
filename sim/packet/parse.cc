#include "sim/packet/parse.hh"

#include <cstring>

#include "sim/packet/checksum.hh"
#include "sim/packet/headers.hh"

namespace ekspath {

namespace {

/// Of a header without options, as nearly all are: five words. RFC 1071
bool plain_header_is_sound(const std::uint8_t* header) {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  std::uint32_t last = 0;
  std::memcpy(&low, header, sizeof low);
  std::memcpy(&high, header + 8, sizeof high);
  std::memcpy(&last, header + 16, sizeof last);
  std::uint64_t sum = (low & 0xffffffff) + (low >> 32) + (high & 0xffffffff) + (high >> 32) + last;
  sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  return ((sum & 0xffff) + (sum >> 16)) == 0xffff;
}

bool header_is_sound(const std::uint8_t* header, std::size_t size) {
  if (size == Ipv4View::minimum_size) [[likely]]
    return plain_header_is_sound(header);
  return checksum(header, size) == 0;
}

}  // namespace

ParseResult parse_ipv4(Packet& packet) {
  if (packet.size() < Ipv4View::minimum_size) return ParseResult::too_short;
  const Ipv4View header{packet.data()};
  if (header.version() != 4) return ParseResult::not_ipv4;
  if (header.header_size() < Ipv4View::minimum_size || header.header_size() > packet.size()) {
    return ParseResult::bad_header_length;
  }
  if (!header_is_sound(packet.data(), header.header_size())) return ParseResult::bad_checksum;
  if (header.total_length() > packet.size()) return ParseResult::too_short;
  if (header.total_length() < header.header_size()) return ParseResult::bad_total_length;
  packet.trim(header.total_length());
  packet.mark_network();
  packet.mark_transport(header.header_size());
  return ParseResult::ok;
}

bool transport_is_sound(const Packet& packet) {
  const Ipv4View ip = ipv4(packet);
  const std::size_t size = packet.transport_size();
  switch (IpProtocol{ip.protocol()}) {
    case IpProtocol::icmp: return size >= IcmpView::size && checksum(packet.transport(), size) == 0;
    case IpProtocol::udp: {
      if (size < UdpView::size) return false;
      const UdpView udp = udp_header(packet);
      if (udp.length() < UdpView::size || udp.length() > size) return false;
      if (udp.checksum_field() == 0) return true;
      return transport_checksum(ip.source(), ip.destination(), ip.protocol(), packet.transport(), udp.length()) == 0;
    }
    case IpProtocol::tcp: {
      if (size < TcpView::minimum_size) return false;
      const TcpView tcp = tcp_header(packet);
      if (tcp.header_size() < TcpView::minimum_size || tcp.header_size() > size) return false;
      return transport_checksum(ip.source(), ip.destination(), ip.protocol(), packet.transport(), size) == 0;
    }
    default: return true;
  }
}

}  // namespace ekspath
