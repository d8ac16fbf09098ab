#include "sim/linux/conntrack/translate.hh"

#include "sim/packet/checksum.hh"
#include "sim/packet/headers.hh"
#include "sim/packet/rewrite.hh"

namespace ekspath {
namespace {

namespace status = connection_status;

/// The kernel keeps an ICMP id as the source's port, whichever side is changed.
void translate(DatagramBytes datagram, const Tuple& target, Side side) {
  const bool source = side == Side::source || IpProtocol{target.protocol} == IpProtocol::icmp;
  rewrite(datagram, side, side == Side::source ? target.source : target.destination,
          source ? target.source_port : target.destination_port);
}

Side opposite(Side side) { return side == Side::source ? Side::destination : Side::source; }

}  // namespace

void translate(Packet& packet, const Tuple& target, Side side) {
  translate(DatagramBytes{packet.network(), packet.network_size()}, target, side);
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
  const Side side = source ? Side::source : Side::destination;
  const bool reply = is_reply(packet.meta.ct_info);
  if (!connection.has(source != reply ? status::src_nat : status::dst_nat)) return ErrorTranslation::done;

  const Tuple& other = connection.tuple(!reply);
  translate(DatagramBytes{icmp + IcmpView::size, size - IcmpView::size}, other, opposite(side));
  store16(icmp + 2, 0);
  store16(icmp + 2, checksum(icmp, size));
  translate(DatagramBytes{packet.network(), packet.network_size()}, other.reply(), side);
  return ErrorTranslation::done;
}

}  // namespace ekspath
