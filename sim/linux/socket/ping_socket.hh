#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "sim/base/nanoseconds.hh"
#include "sim/linux/socket/socket_options.hh"
#include "sim/packet/packet.hh"

namespace ekspath {

class Netns;

/// Sends echo requests of one id and takes their replies and errors: what ping(8) does with a raw ICMP socket
/// and IP_RECVERR. Must be gone before its namespace. Linux 6.1 net/ipv4/raw.c
class PingSocket {
 public:
  PingSocket(Netns& netns, std::uint16_t id);
  ~PingSocket();
  PingSocket(const PingSocket&) = delete;
  PingSocket& operator=(const PingSocket&) = delete;

  /// -I address. EADDRNOTAVAIL
  [[nodiscard]] int bind(Ipv4Address source);
  /// 0 or an errno; EMSGSIZE also queues a local error with the MTU.
  [[nodiscard]] int send(Ipv4Address destination, std::uint16_t sequence,
                         std::span<const std::uint8_t> payload);

  struct Reply {
    Ipv4Address from;
    Ipv4Address to;
    std::uint8_t ttl = 0;
    std::uint16_t sequence = 0;
    Nanoseconds time;  // when it arrived
    std::vector<std::uint8_t> payload;
  };
  [[nodiscard]] std::optional<Reply> receive();
  [[nodiscard]] std::optional<SocketError> receive_error();
  [[nodiscard]] bool readable() const { return !replies_.empty() || !errors_.empty(); }
  [[nodiscard]] std::uint16_t id() const { return id_; }

  IpOptions options;
  /// A reply or an error has come. Called from within the walk of a packet: must not destroy the socket.
  std::function<void()> on_readable;

 private:
  friend class Sockets;
  Netns* netns_;
  std::uint16_t id_;
  Ipv4Address source_;
  std::deque<Reply> replies_;
  std::deque<SocketError> errors_;
};

}  // namespace ekspath
