#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "sim/base/ipv4_address.hh"
#include "sim/base/mac_address.hh"
#include "sim/packet/byte_order.hh"
#include "sim/packet/packet.hh"

namespace ekspath {

/// Views over header bytes. They own nothing and check nothing: parse.hh says whether the bytes are there.

enum class EtherType : std::uint16_t { ipv4 = 0x0800, arp = 0x0806 };

enum class IpProtocol : std::uint8_t { icmp = 1, tcp = 6, udp = 17, gre = 47, sctp = 132 };

//  0                   6                  12        14
//  +-------------------+-------------------+---------+
//  | destination MAC   | source MAC        | type    |
//  +-------------------+-------------------+---------+
struct EthernetView {
  static constexpr std::size_t size = 14;
  std::uint8_t* at;

  [[nodiscard]] MacAddress destination() const { return mac(0); }
  [[nodiscard]] MacAddress source() const { return mac(6); }
  [[nodiscard]] std::uint16_t type() const { return load16(at + 12); }
  void destination(const MacAddress& value) { std::memcpy(at, value.bytes.data(), 6); }
  void source(const MacAddress& value) { std::memcpy(at + 6, value.bytes.data(), 6); }
  void type(EtherType value) { store16(at + 12, static_cast<std::uint16_t>(value)); }

 private:
  [[nodiscard]] MacAddress mac(std::size_t offset) const {
    MacAddress value;
    std::memcpy(value.bytes.data(), at + offset, 6);
    return value;
  }
};

// RFC 826 over Ethernet: htype 2, ptype 2, hlen 1, plen 1, oper 2, sha 6, spa 4, tha 6, tpa 4
struct ArpView {
  static constexpr std::size_t size = 28;
  static constexpr std::uint16_t request = 1;
  static constexpr std::uint16_t reply = 2;
  std::uint8_t* at;

  [[nodiscard]] bool is_ethernet_ipv4() const {
    return load16(at) == 1 && load16(at + 2) == 0x0800 && at[4] == 6 && at[5] == 4;
  }
  [[nodiscard]] std::uint16_t operation() const { return load16(at + 6); }
  [[nodiscard]] MacAddress sender_mac() const { return mac(8); }
  [[nodiscard]] Ipv4Address sender() const { return Ipv4Address(load32(at + 14)); }
  [[nodiscard]] MacAddress target_mac() const { return mac(18); }
  [[nodiscard]] Ipv4Address target() const { return Ipv4Address(load32(at + 24)); }

 private:
  [[nodiscard]] MacAddress mac(std::size_t offset) const {
    MacAddress value;
    std::memcpy(value.bytes.data(), at + offset, 6);
    return value;
  }
};

//  0       1       2               4               6               8
//  +---+---+-------+---------------+---------------+-+-+-+---------+
//  |ver|ihl|  tos  | total length  | identification|0|D|M| offset/8|
//  +---+---+-------+---------------+---------------+-+-+-+---------+
//  |  ttl  | proto |   checksum    |        source address         |
//  +-------+-------+---------------+-------------------------------+
//  |      destination address      | options ...
struct Ipv4View {
  static constexpr std::size_t minimum_size = 20;
  std::uint8_t* at;

  [[nodiscard]] std::size_t header_size() const { return std::size_t{at[0] & 0xfU} * 4; }
  [[nodiscard]] std::uint8_t version() const { return at[0] >> 4; }
  [[nodiscard]] std::uint8_t tos() const { return at[1]; }
  [[nodiscard]] std::uint16_t total_length() const { return load16(at + 2); }
  [[nodiscard]] std::uint16_t identification() const { return load16(at + 4); }
  [[nodiscard]] bool dont_fragment() const { return (at[6] & 0x40) != 0; }
  [[nodiscard]] bool more_fragments() const { return (at[6] & 0x20) != 0; }
  /// In bytes.
  [[nodiscard]] std::uint32_t fragment_offset() const { return (load16(at + 6) & 0x1fffU) * 8; }
  [[nodiscard]] bool is_fragment() const { return (load16(at + 6) & 0x3fff) != 0; }
  [[nodiscard]] std::uint8_t ttl() const { return at[8]; }
  [[nodiscard]] std::uint8_t protocol() const { return at[9]; }
  [[nodiscard]] std::uint16_t checksum_field() const { return load16(at + 10); }
  [[nodiscard]] Ipv4Address source() const { return Ipv4Address(load32(at + 12)); }
  [[nodiscard]] Ipv4Address destination() const { return Ipv4Address(load32(at + 16)); }

  // Each keeps the header checksum right, incrementally (RFC 1624). Linux: ip_decrease_ttl(), csum_replace4()
  void decrement_ttl();
  void ttl(std::uint8_t value);
  void tos(std::uint8_t value);
  void source(Ipv4Address value);
  void destination(Ipv4Address value);
  /// Writes the checksum anew after raw changes.
  void refresh_checksum();
};

struct IcmpView {
  static constexpr std::size_t size = 8;
  std::uint8_t* at;

  [[nodiscard]] std::uint8_t type() const { return at[0]; }
  [[nodiscard]] std::uint8_t code() const { return at[1]; }
  [[nodiscard]] std::uint16_t id() const { return load16(at + 4); }
  [[nodiscard]] std::uint16_t sequence() const { return load16(at + 6); }
  [[nodiscard]] std::uint16_t next_mtu() const { return load16(at + 6); }
  [[nodiscard]] Ipv4Address gateway() const { return Ipv4Address(load32(at + 4)); }
  [[nodiscard]] bool is_error() const {
    return at[0] == 3 || at[0] == 4 || at[0] == 5 || at[0] == 11 || at[0] == 12;
  }
};

namespace icmp {
constexpr std::uint8_t echo_reply = 0, unreachable = 3, source_quench = 4, redirect = 5, echo_request = 8,
                       time_exceeded = 11, parameter_problem = 12, timestamp = 13, timestamp_reply = 14,
                       information = 15, information_reply = 16, address_mask = 17, address_mask_reply = 18;
constexpr std::uint8_t net_unreachable = 0, host_unreachable = 1, protocol_unreachable = 2, port_unreachable = 3,
                       fragmentation_needed = 4, net_prohibited = 9, host_prohibited = 10, admin_prohibited = 13;
}  // namespace icmp

struct UdpView {
  static constexpr std::size_t size = 8;
  std::uint8_t* at;

  [[nodiscard]] std::uint16_t source_port() const { return load16(at); }
  [[nodiscard]] std::uint16_t destination_port() const { return load16(at + 2); }
  [[nodiscard]] std::uint16_t length() const { return load16(at + 4); }
  [[nodiscard]] std::uint16_t checksum_field() const { return load16(at + 6); }
};

namespace tcp_flag {
constexpr std::uint8_t fin = 0x01, syn = 0x02, rst = 0x04, psh = 0x08, ack = 0x10, urg = 0x20;
}  // namespace tcp_flag

struct TcpView {
  static constexpr std::size_t minimum_size = 20;
  std::uint8_t* at;

  [[nodiscard]] std::uint16_t source_port() const { return load16(at); }
  [[nodiscard]] std::uint16_t destination_port() const { return load16(at + 2); }
  [[nodiscard]] std::uint32_t sequence() const { return load32(at + 4); }
  [[nodiscard]] std::uint32_t acknowledgement() const { return load32(at + 8); }
  [[nodiscard]] std::size_t header_size() const { return std::size_t{at[12]} / 16 * 4; }
  [[nodiscard]] std::uint8_t flags() const { return at[13] & 0x3f; }
  [[nodiscard]] bool has(std::uint8_t flag) const { return (at[13] & flag) != 0; }
  [[nodiscard]] std::uint16_t window() const { return load16(at + 14); }
  [[nodiscard]] std::uint16_t checksum_field() const { return load16(at + 16); }
};

// The views of a packet whose offsets are set.
[[nodiscard]] inline EthernetView ethernet(Packet& packet) { return {packet.data()}; }
[[nodiscard]] inline Ipv4View ipv4(Packet& packet) { return {packet.network()}; }
[[nodiscard]] inline IcmpView icmp_header(Packet& packet) { return {packet.transport()}; }
[[nodiscard]] inline UdpView udp_header(Packet& packet) { return {packet.transport()}; }
[[nodiscard]] inline TcpView tcp_header(Packet& packet) { return {packet.transport()}; }
// Views only read through a const packet: the setters of what these return must not be called.
[[nodiscard]] inline Ipv4View ipv4(const Packet& packet) { return {const_cast<std::uint8_t*>(packet.network())}; }
[[nodiscard]] inline IcmpView icmp_header(const Packet& packet) {
  return {const_cast<std::uint8_t*>(packet.transport())};
}
[[nodiscard]] inline UdpView udp_header(const Packet& packet) {
  return {const_cast<std::uint8_t*>(packet.transport())};
}
[[nodiscard]] inline TcpView tcp_header(const Packet& packet) {
  return {const_cast<std::uint8_t*>(packet.transport())};
}

}  // namespace ekspath
