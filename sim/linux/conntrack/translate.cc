#include "sim/linux/conntrack/translate.hh"

#include "sim/packet/checksum.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

namespace status = connection_status;

/// A datagram, or as much of it as an ICMP error quotes.
struct Datagram {
  std::uint8_t* at;
  std::size_t size;
};

/// A checksum field after an address of the pseudo header and a port have changed.
void update_checksum(std::uint8_t* field, Ipv4Address before, Ipv4Address after, std::uint16_t port_before,
                     std::uint16_t port_after) {
  const std::uint16_t sum = checksum_update32(load16(field), before.bits(), after.bits());
  store16(field, checksum_update16(sum, port_before, port_after));
}

/// l4proto_manip_pkt()
void translate_transport(const Datagram& datagram, const Tuple& target, Manip manip) {
  const Ipv4View ip{datagram.at};
  const std::size_t header_size = ip.header_size();
  if (datagram.size < header_size + 8) return;
  std::uint8_t* transport = datagram.at + header_size;
  const std::size_t left = datagram.size - header_size;
  const bool source = manip == Manip::source;
  const Ipv4Address before = source ? ip.source() : ip.destination();
  const Ipv4Address after = source ? target.source : target.destination;
  std::uint8_t* port = transport + (source ? 0 : 2);
  const std::uint16_t port_before = load16(port);
  const std::uint16_t port_after = source ? target.source_port : target.destination_port;
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
      if (icmp.is_error() || icmp.type() > icmp::address_mask_reply) break;
      store16(transport + 2, checksum_update16(load16(transport + 2), icmp.id(), target.source_port));
      store16(transport + 4, target.source_port);
      break;
    }
    default:
      break;  // "If we don't know protocol -- no error, pass it unmodified."
  }
}

void translate_datagram(const Datagram& datagram, const Tuple& target, Manip manip) {
  translate_transport(datagram, target, manip);
  Ipv4View ip{datagram.at};
  if (manip == Manip::source) {
    ip.source(target.source);
  } else {
    ip.destination(target.destination);
  }
}

Manip opposite(Manip manip) { return manip == Manip::source ? Manip::destination : Manip::source; }

}  // namespace

void translate(Packet& packet, const Tuple& target, Manip manip) {
  translate_datagram({packet.network(), packet.network_size()}, target, manip);
}

ErrorTranslation translate_icmp_error(Packet& packet, const Connection& connection, Hook hook) {
  const std::size_t size = packet.transport_size();
  if (size < IcmpView::size + Ipv4View::minimum_size) return ErrorTranslation::unreadable;
  std::uint8_t* icmp = packet.transport();
  if (checksum(icmp, size) != 0) return ErrorTranslation::unreadable;
  if (icmp[0] == icmp::redirect) {
    // A redirect for a translated flow would teach its receiver about addresses that it does not use.
    if (!connection.has(status::src_nat_done | status::dst_nat_done)) return ErrorTranslation::redirect;
    if (connection.has_any(status::src_nat | status::dst_nat)) return ErrorTranslation::redirect;
  }
  const bool source = hook == Hook::post_routing || hook == Hook::local_in;
  const Manip manip = source ? Manip::source : Manip::destination;
  const bool reply = is_reply(packet.meta.ct_info);
  if (!connection.has(source != reply ? status::src_nat : status::dst_nat)) return ErrorTranslation::done;

  const Tuple& other = connection.tuple(!reply);
  translate_datagram({icmp + IcmpView::size, size - IcmpView::size}, other, opposite(manip));
  store16(icmp + 2, 0);
  store16(icmp + 2, checksum(icmp, size));
  translate_datagram({packet.network(), packet.network_size()}, other.reply(), manip);
  return ErrorTranslation::done;
}

}  // namespace ekspath
