#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/engine/event.hh"
#include "sim/linux/netfilter/hook.hh"
#include "sim/packet/packet.hh"
#include "sim/packet/tuple.hh"

namespace ekspath {

class Netns;
struct SocketTables;  // socket/socket_tables.hh

/// One line of `ss`.
struct SocketSummary {
  std::uint8_t protocol = 0;
  std::string state;                                // LISTEN, ESTAB, SYN-SENT, TIME-WAIT, UNCONN, ...
  std::uint32_t receive_queue = 0, send_queue = 0;  // of a listener: waiting to be accepted, backlog
  Ipv4Address local, remote;
  std::uint16_t local_port = 0, remote_port = 0;  // 0: "*"
};

/// The sockets of one namespace: UDP, TCP, ping. Knows no coroutine: a program hangs callbacks on a socket
/// (socket/udp_socket.hh, tcp_socket.hh, ping_socket.hh).
class Sockets {
 public:
  [[nodiscard]] static std::unique_ptr<Sockets> make(Netns& netns);
  virtual ~Sockets() = default;
  Sockets(const Sockets&) = delete;
  Sockets& operator=(const Sockets&) = delete;

  // From local_in(), with the network and transport offsets set. Where nobody listens these answer as Linux
  // does (3/3, RST).
  void receive_udp(Hop& hop, PacketRef packet);
  void receive_tcp(Hop& hop, PacketRef packet);
  /// Echo replies and the like, for ping sockets. Requests are answered by the kernel's own icmp.cc.
  void receive_icmp(Hop& hop, PacketRef packet);
  /// An ICMP error came in; `packet` is the error, its quoted datagram is for us to match. tcp_v4_err(),
  /// udp_err(), ping_err()
  void receive_icmp_error(Hop& hop, const Packet& packet);
  void fire(const Event& event);

  /// As `ss -a` lists them: TCP then UDP, listeners first, each by local address and port.
  [[nodiscard]] std::vector<SocketSummary> summary() const;

  /// Hints: a packet of this tuple, or this timer, comes soon. See Entity::expect().
  void expect(const Tuple& tuple) const;
  void expect(const Event& event, unsigned stage) const;

  /// What this is: its tables are for the files of socket/ only.
  [[nodiscard]] SocketTables& tables();
  [[nodiscard]] const SocketTables& tables() const;

 private:
  friend struct SocketTables;
  Sockets() = default;
};

}  // namespace ekspath
