#include "sim/linux/socket/sockets.hh"

#include <algorithm>
#include <tuple>

#include "sim/base/fetch_line.hh"
#include "sim/linux/socket/alarm.hh"
#include "sim/linux/socket/socket_tables.hh"
#include "sim/linux/socket/tcp_connection.hh"
#include "sim/linux/socket/tcp_socket.hh"
#include "sim/linux/socket/udp_socket.hh"
#include "sim/packet/headers.hh"

namespace ekspath {

SocketTables::SocketTables(Netns& owner)
    : netns(owner),
      ports(owner.random("ports")),
      sequences(owner.random("tcp sequences")),
      identifications(owner.random("ip identifications")) {
  connect_secret = static_cast<std::uint16_t>(ports.next());
}
SocketTables::~SocketTables() = default;

std::unique_ptr<Sockets> Sockets::make(Netns& netns) { return std::make_unique<SocketTables>(netns); }
SocketTables& Sockets::tables() { return static_cast<SocketTables&>(*this); }
const SocketTables& Sockets::tables() const { return static_cast<const SocketTables&>(*this); }

void Sockets::fire(const Event& event) {
  const std::uint32_t slot = TimerArgument::slot(event.argument);
  switch (TimerArgument::owner(event.argument)) {
    case TimerArgument::Owner::alarm: {
      Alarm* alarm = tables().alarms[slot];
      if (alarm != nullptr && alarm->timer_.expired(event)) alarm->callback_();
      break;
    }
    case TimerArgument::Owner::tcp_retransmit:
      if (TcpConnection* connection = tables().tcp[slot].get()) {
        connection->retransmit_timer_fired(event);
        tables().reap(*connection);
      }
      break;
    case TimerArgument::Owner::tcp_delayed_ack:
      if (TcpConnection* connection = tables().tcp[slot].get()) {
        connection->delayed_ack_timer_fired(event);
        tables().reap(*connection);
      }
      break;
  }
}

void Sockets::expect(const Tuple& tuple) const {
  if (IpProtocol{tuple.protocol} != IpProtocol::udp) return;
  const auto* socket = reinterpret_cast<const char*>(tables().udp.guess(tuple.destination_port));
  if (socket == nullptr) return;
  fetch_lines(socket, 2);
  fetch_line(socket + sizeof(UdpSocket));  // of the program that has the socket in front
}

void Sockets::expect(const Event& event, unsigned stage) const {
  if (TimerArgument::owner(event.argument) != TimerArgument::Owner::alarm) return;
  const Slots<Alarm*>& alarms = tables().alarms;
  const std::uint32_t slot = TimerArgument::slot(event.argument);
  if (stage == 0) return fetch_line(&alarms);
  if (slot >= alarms.size()) return;
  Alarm* const& alarm = alarms[slot];
  if (stage == 1) return fetch_line(&alarm);
  if (alarm == nullptr) return;
  // An alarm stands in front of the program that it wakes, if that thinks of its speed.
  constexpr std::size_t program_lines = 5;
  fetch_lines(alarm, program_lines);
}

std::vector<SocketSummary> Sockets::summary() const {
  std::vector<SocketSummary> lines;
  constexpr auto tcp = static_cast<std::uint8_t>(IpProtocol::tcp);
  constexpr auto udp = static_cast<std::uint8_t>(IpProtocol::udp);
  for (const auto& [port, listener] : tables().listeners) {
    lines.push_back({tcp,
                     "LISTEN",
                     static_cast<std::uint32_t>(listener->waiting()),
                     listener->backlog(),
                     listener->socket().local().address,
                     {},
                     port,
                     0});
  }
  for (const auto& connection : tables().tcp) {
    if (!connection || connection->state() == TcpSocketState::close) continue;
    const TcpConnection::Names& names = connection->names();
    lines.push_back({tcp, std::string(to_string(connection->state())),
                     static_cast<std::uint32_t>(connection->readable()),
                     static_cast<std::uint32_t>(connection->unacknowledged()), names.local.address,
                     names.remote.address, names.local.port, names.remote.port});
  }
  for (const auto& [port, first] : tables().udp.firsts()) {
    for (const UdpSocket* socket = first; socket != nullptr; socket = UdpPorts::next(*socket)) {
      lines.push_back({udp, socket->remote().port != 0 ? "ESTAB" : "UNCONN", socket->queued_bytes(), 0,
                       socket->local().address, socket->remote().address, socket->local().port,
                       socket->remote().port});
    }
  }
  // The maps have no order of their own.
  std::ranges::sort(lines, {}, [](const SocketSummary& line) {
    return std::tuple(line.protocol, line.state != "LISTEN", line.local_port, line.local, line.remote,
                      line.remote_port);
  });
  return lines;
}

}  // namespace ekspath
