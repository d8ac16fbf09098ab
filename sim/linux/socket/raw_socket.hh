#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "sim/base/nanoseconds.hh"
#include "sim/linux/socket/socket_options.hh"
#include "sim/packet/packet.hh"

namespace ekspath {

class Netns;
struct SocketTables;

/// A raw IP socket: sends transport payloads as they are given, and is shown a copy of every packet of its
/// protocol that is delivered here. Must be gone before its namespace. Linux 6.1 net/ipv4/raw.c
class RawSocket {
 public:
  RawSocket(Netns& netns, std::uint8_t protocol);
  ~RawSocket();
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  /// `segment` begins with the transport header, its checksum written. 0 or an errno.
  [[nodiscard]] int send(Ipv4Address source, Ipv4Address destination, std::span<const std::uint8_t> segment);

  /// From within the walk of a packet; offsets set. Must not destroy the socket.
  std::function<void(const Packet&)> on_packet;
  /// An ICMP error about a packet of this protocol, and what was quoted from its transport header on.
  /// raw_icmp_error()
  std::function<void(const SocketError&, std::span<const std::uint8_t>)> on_error;
  IpOptions options;

  /// raw_local_deliver()
  static void offer(SocketTables& tables, const Packet& packet);
  static void offer_error(SocketTables& tables, std::uint8_t protocol, const SocketError& error,
                          std::span<const std::uint8_t> quoted);

 private:
  Netns* netns_;
  std::uint8_t protocol_;
};

}  // namespace ekspath
