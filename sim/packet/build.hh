#pragma once

#include <cstdint>
#include <span>

#include "sim/base/ipv4_address.hh"
#include "sim/base/mac_address.hh"
#include "sim/packet/headers.hh"
#include "sim/packet/packet.hh"

namespace ekspath {

/// Builders write whole headers with right checksums, in front of what the packet already holds, and set the offsets.
/// So a datagram is built from the inside out: payload, transport header, IPv4 header, link header.

struct Ipv4Fields {
  Ipv4Address source;
  Ipv4Address destination;
  std::uint8_t protocol = 0;
  std::uint8_t ttl = 64;
  std::uint8_t tos = 0;
  std::uint16_t identification = 0;
  bool dont_fragment = true;
};
/// Also sets the network and transport offsets.
void push_ipv4(Packet& packet, const Ipv4Fields& fields);

struct UdpFields {
  Ipv4Address source;
  Ipv4Address destination;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
};
void push_udp(Packet& packet, const UdpFields& fields);

struct IcmpFields {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint32_t rest = 0;  // id << 16 | sequence for echoes, the next MTU for 3/4, the gateway for redirects
};
void push_icmp(Packet& packet, const IcmpFields& fields);

struct TcpFields {
  Ipv4Address source;
  Ipv4Address destination;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  std::uint8_t flags = 0;
  std::uint16_t window = 0;
  std::span<const std::uint8_t> options;  // of a size that 4 divides
};
void push_tcp(Packet& packet, const TcpFields& fields);

void push_ethernet(Packet& packet, const MacAddress& destination, const MacAddress& source, EtherType type);

struct ArpFields {
  std::uint16_t operation = ArpView::request;
  MacAddress sender_mac;
  Ipv4Address sender;
  MacAddress target_mac;
  Ipv4Address target;
};
/// An ARP packet with its Ethernet header.
[[nodiscard]] PacketRef build_arp(PacketPool& pool, const MacAddress& destination, const ArpFields& fields);

/// Appends bytes of payload.
void append_bytes(Packet& packet, std::span<const std::uint8_t> bytes);

/// Writes the checksum of a whole TCP, UDP or ICMP datagram anew (after raw changes; never on the packet path).
void refresh_transport_checksum(Packet& packet);

}  // namespace ekspath
