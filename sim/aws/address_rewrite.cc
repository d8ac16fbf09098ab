#include "sim/aws/address_rewrite.hh"

#include "sim/packet/build.hh"
#include "sim/packet/checksum.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

constexpr std::size_t tcp_checksum = 16, udp_checksum = 6, icmp_checksum = 2, icmp_id = 4;

/// An IPv4 header, and as much of what follows as there is: of the packet itself or of a quoted one.
struct Headers {
  Ipv4View ip;
  std::uint8_t* transport;
  std::size_t size;  // of the transport header and what follows

  [[nodiscard]] bool holds(std::size_t offset) const {
    return ip.fragment_offset() == 0 && size >= offset + 2;
  }
  [[nodiscard]] IpProtocol protocol() const { return IpProtocol{ip.protocol()}; }
};

Headers headers(Packet& packet) { return {ipv4(packet), packet.transport(), packet.transport_size()}; }

/// Nothing where the quote is cut short of its IPv4 header.
std::optional<Headers> quoted(Packet& packet) {
  std::uint8_t* at = packet.transport() + IcmpView::size;
  const std::size_t size = packet.transport_size() - IcmpView::size;
  if (packet.transport_size() < IcmpView::size + Ipv4View::minimum_size) return std::nullopt;
  const Ipv4View ip{at};
  if (ip.version() != 4 || ip.header_size() < Ipv4View::minimum_size || ip.header_size() > size)
    return std::nullopt;
  return Headers{ip, at + ip.header_size(), size - ip.header_size()};
}

/// UDP knows "no checksum", which stays, and so cannot have a sum of zero. RFC 768
void store_udp_sum(std::uint8_t* at, std::uint16_t sum) { store16(at, sum == 0 ? 0xffff : sum); }

void mend_pseudo_header(const Headers& h, std::uint32_t before, std::uint32_t after) {
  if (h.protocol() == IpProtocol::tcp && h.holds(tcp_checksum)) {
    std::uint8_t* at = h.transport + tcp_checksum;
    store16(at, checksum_update32(load16(at), before, after));
  } else if (h.protocol() == IpProtocol::udp && h.holds(udp_checksum)) {
    std::uint8_t* at = h.transport + udp_checksum;
    if (load16(at) != 0) store_udp_sum(at, checksum_update32(load16(at), before, after));
  }
}

void rewrite_address(Headers h, Side side, Ipv4Address address) {
  const Ipv4Address before = side == Side::source ? h.ip.source() : h.ip.destination();
  mend_pseudo_header(h, before.bits(), address.bits());
  if (side == Side::source) {
    h.ip.source(address);
  } else {
    h.ip.destination(address);
  }
}

void rewrite_port(Headers h, Side side, std::uint16_t port) {
  if (!h.holds(icmp_id)) return;
  std::size_t offset = side == Side::source ? 0 : 2;
  if (h.protocol() == IpProtocol::icmp) offset = icmp_id;
  std::uint8_t* at = h.transport + offset;
  const std::uint16_t before = load16(at);
  store16(at, port);
  switch (h.protocol()) {
    case IpProtocol::icmp: {
      std::uint8_t* sum = h.transport + icmp_checksum;
      store16(sum, checksum_update16(load16(sum), before, port));
      break;
    }
    case IpProtocol::tcp:
      if (h.holds(tcp_checksum)) {
        std::uint8_t* sum = h.transport + tcp_checksum;
        store16(sum, checksum_update16(load16(sum), before, port));
      }
      break;
    case IpProtocol::udp:
      if (h.holds(udp_checksum)) {
        std::uint8_t* sum = h.transport + udp_checksum;
        if (load16(sum) != 0) store_udp_sum(sum, checksum_update16(load16(sum), before, port));
      }
      break;
    default:
      break;
  }
}

}  // namespace

void rewrite_address(Packet& packet, Side side, Ipv4Address address) {
  rewrite_address(headers(packet), side, address);
}
void rewrite_port(Packet& packet, Side side, std::uint16_t port) {
  rewrite_port(headers(packet), side, port);
}

bool is_icmp_error(const Packet& packet) {
  const Ipv4View ip = ipv4(packet);
  return ip.protocol() == static_cast<std::uint8_t>(IpProtocol::icmp) && ip.fragment_offset() == 0 &&
         packet.transport_size() >= IcmpView::size && icmp_header(packet).is_error();
}

std::optional<Tuple> quoted_tuple(const Packet& packet) {
  const auto quote = quoted(const_cast<Packet&>(packet));  // read only
  if (!quote) return std::nullopt;
  Tuple tuple{quote->ip.source(), quote->ip.destination(), 0, 0, quote->ip.protocol()};
  if (!quote->holds(icmp_id)) return tuple;
  switch (quote->protocol()) {
    case IpProtocol::icmp:
      tuple.source_port = load16(quote->transport + icmp_id);
      tuple.destination_port = load16(quote->transport);
      break;
    case IpProtocol::tcp:
    case IpProtocol::udp:
      tuple.source_port = load16(quote->transport);
      tuple.destination_port = load16(quote->transport + 2);
      break;
    default:
      break;
  }
  return tuple;
}

void rewrite_quoted(Packet& packet, Side side, Ipv4Address address, std::optional<std::uint16_t> port) {
  const auto quote = quoted(packet);
  if (!quote) return;
  rewrite_address(*quote, side, address);
  if (port) rewrite_port(*quote, side, *port);
  refresh_transport_checksum(packet);
}

}  // namespace ekspath
