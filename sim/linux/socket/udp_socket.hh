#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "sim/linux/socket/socket_options.hh"
#include "sim/packet/packet.hh"

namespace ekspath {

class Netns;

/// A datagram as recvmsg(2) gives it; the payload lives in the packet.
struct Datagram {
  PacketRef packet;
  Endpoint from;
  Endpoint to;
  std::uint8_t ttl = 0;
  std::span<const std::uint8_t> payload;
};

/// A UDP socket. Calls return 0 or an errno. Must be gone before its namespace. What a datagram needs of it
/// stands in two cache lines. Linux 6.1 net/ipv4/udp.c
class alignas(64) UdpSocket {
 public:
  explicit UdpSocket(Netns& netns);
  ~UdpSocket();
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  /// Port 0: an ephemeral one. EADDRNOTAVAIL, EADDRINUSE
  [[nodiscard]] int bind(const Endpoint& local);
  /// Binds if need be, chooses the source address, and takes datagrams and errors of that peer only.
  [[nodiscard]] int connect(const Endpoint& remote);
  /// To the connected peer. Reports a pending error first, as send(2) does.
  [[nodiscard]] int send(std::span<const std::uint8_t> payload);
  [[nodiscard]] int send_to(const Endpoint& remote, std::span<const std::uint8_t> payload);

  [[nodiscard]] std::optional<Datagram> receive();
  /// SO_ERROR: the pending error, which is thereby taken; 0: none.
  [[nodiscard]] int take_error();
  /// The next error of the queue (only with receive_errors).
  [[nodiscard]] std::optional<SocketError> receive_error();

  [[nodiscard]] const Endpoint& local() const { return local_; }
  [[nodiscard]] const Endpoint& remote() const { return remote_; }
  [[nodiscard]] std::uint32_t queued_bytes() const { return queued_; }

  IpOptions options;
  std::uint32_t receive_limit = 212992;  // net.core.rmem_default
  bool receive_errors = false;           // IP_RECVERR
  bool reuse_address = false;            // SO_REUSEADDR

 private:
  friend class Sockets;
  friend class UdpPorts;
  [[nodiscard]] int transmit(const Endpoint& remote, std::span<const std::uint8_t> payload);
  [[nodiscard]] int score(const Endpoint& to, const Endpoint& from, std::uint32_t in_interface) const;

  std::uint16_t next_identification_ = 0;  // connected: inet_id
  int pending_error_ = 0;
  std::uint32_t queued_ = 0;
  Netns* netns_;
  UdpSocket* next_on_port_ = nullptr;
  Endpoint local_;
  Endpoint remote_;  // port 0: not connected
  PacketQueue queue_;

 public:
  /// A datagram or an error has come. Called from within the walk of a packet: must not destroy the socket.
  std::function<void()> on_readable;

 private:
  std::vector<SocketError> errors_;
};

}  // namespace ekspath
