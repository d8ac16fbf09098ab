#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "sim/linux/socket/socket_options.hh"

namespace ekspath {

class Netns;
class TcpConnection;
class TcpListener;
struct TcpPortUse;

/// A program's handle of a TCP listener or connection; the connection itself outlives it as long as TCP needs
/// (FIN-WAIT, TIME-WAIT). Nothing blocks: calls return at once, on_event says when to look again. Errors are
/// errno values. Must be gone before its namespace. Linux 6.1 net/ipv4/tcp.c
class TcpSocket {
 public:
  explicit TcpSocket(Netns& netns);
  /// As close(2): sends what is queued and FIN; RST when received data was left unread.
  ~TcpSocket();
  TcpSocket(const TcpSocket&) = delete;
  TcpSocket& operator=(const TcpSocket&) = delete;

  /// Port 0 is chosen at connect() or listen(). EADDRNOTAVAIL, EADDRINUSE
  [[nodiscard]] int bind(const Endpoint& local);
  /// What bind() with port 0 does at once in Linux: takes an ephemeral port now. 0 or EADDRINUSE
  [[nodiscard]] int hold_port();
  [[nodiscard]] int listen(std::uint32_t backlog = 128);
  /// The next established connection, or null.
  [[nodiscard]] std::unique_ptr<TcpSocket> accept();

  /// 0: the SYN is out (or waits for a neighbour), on_event tells the outcome; else an errno (ENETUNREACH,
  /// EADDRNOTAVAIL).
  [[nodiscard]] int connect(const Endpoint& remote);
  [[nodiscard]] bool is_connecting() const;
  [[nodiscard]] bool is_established() const;  // the handshake was done, whatever came after
  /// SO_ERROR: taken by the call. ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ECONNRESET, EPIPE ...
  [[nodiscard]] int take_error();

  /// Bytes taken into the send buffer: fewer than given when it is full (on_event when there is room again),
  /// 0 after an error or shutdown.
  std::size_t write(std::span<const std::uint8_t> bytes);
  std::size_t write(std::string_view text);
  /// Bytes copied; 0 when nothing waits: then see at_end().
  std::size_t read(std::span<std::uint8_t> into);
  [[nodiscard]] std::size_t readable() const;
  /// The peer's FIN was read past, or the connection is gone.
  [[nodiscard]] bool at_end() const;
  [[nodiscard]] std::size_t unsent_or_unacknowledged() const;
  /// SHUT_WR: FIN after what is queued; reading goes on.
  void shutdown_write();
  /// SO_LINGER 0 and close(): RST.
  void abort();

  [[nodiscard]] Endpoint local() const;
  [[nodiscard]] Endpoint remote() const;

  IpOptions options;      // before connect() or listen()
  bool no_delay = false;  // TCP_NODELAY, before connect()
  bool reuse_address = false;
  /// Something may have changed: connected, refused, readable, writable, a connection to accept. Called from
  /// within the walk of a packet: must not destroy the socket.
  std::function<void()> on_event;

 private:
  friend class Sockets;
  friend class TcpConnection;
  friend class TcpListener;
  Netns* netns_;
  Endpoint local_;
  TcpConnection* connection_ = nullptr;
  std::unique_ptr<TcpListener> listener_;
  std::unique_ptr<TcpPortUse> port_use_;  // bound, and neither listening nor connected
};

}  // namespace ekspath
