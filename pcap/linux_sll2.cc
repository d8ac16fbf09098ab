#include "pcap/linux_sll2.hh"

#include <cstring>

#include "sim/base/assert.hh"
#include "sim/packet/byte_order.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

// Linux include/uapi/linux/if_arp.h
constexpr std::uint16_t arphrd_ether = 1;
constexpr std::uint16_t arphrd_loopback = 772;

/// Linux 6.1 net/ethernet/eth.c eth_type_trans(); what leaves is PACKET_OUTGOING (net/core/dev.c
/// dev_queue_xmit_nit()).
PacketType packet_type(const MacAddress& own, Direction direction, const MacAddress& destination) {
  if (direction == Direction::out) return PacketType::outgoing;
  if (destination.is_broadcast()) return PacketType::broadcast;
  if (destination.is_group()) return PacketType::multicast;
  return destination == own ? PacketType::host : PacketType::other_host;
}

}  // namespace

//  0         2      4               8        10        11         12
//  +---------+------+---------------+--------+---------+----------+------------------------+
//  | protocol| zero | interface     | ARPHRD | packet  | address  | source MAC, zero padded|
//  |         |      | index         | type   | type    | length 6 | to 8 bytes             |
//  +---------+------+---------------+--------+---------+----------+------------------------+
// https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html
Sll2Header sll2_header(const Sll2Interface& interface, Direction direction,
                       std::span<const std::uint8_t> frame) {
  ASSERT(frame.size() >= EthernetView::size);
  MacAddress destination;
  std::memcpy(destination.bytes.data(), frame.data(), 6);
  Sll2Header header{};
  std::memcpy(header.data(), frame.data() + 12, 2);
  store32(&header[4], first_file_interface_index + interface.index);
  store16(&header[8], interface.loopback ? arphrd_loopback : arphrd_ether);
  header[10] = static_cast<std::uint8_t>(packet_type(interface.mac, direction, destination));
  header[11] = 6;
  std::memcpy(&header[12], frame.data() + 6, 6);
  return header;
}

}  // namespace ekspath
