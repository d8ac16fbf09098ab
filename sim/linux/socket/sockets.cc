#include "sim/linux/socket/sockets.hh"

#include <algorithm>
#include <tuple>

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

Sockets::Sockets(Netns& netns) : tables_(std::make_unique<SocketTables>(netns)) {}
Sockets::~Sockets() = default;

void Sockets::fire(const Event& event) {
  const std::uint32_t slot = TimerArgument::slot(event.argument);
  switch (TimerArgument::owner(event.argument)) {
    case TimerArgument::Owner::alarm: {
      Alarm* alarm = tables_->alarms[slot];
      if (alarm != nullptr && alarm->timer_.expired(event)) alarm->callback_();
      break;
    }
    case TimerArgument::Owner::tcp_retransmit:
      if (TcpConnection* connection = tables_->tcp[slot].get()) {
        connection->retransmit_timer_fired(event);
        tables_->reap(*connection);
      }
      break;
    case TimerArgument::Owner::tcp_delayed_ack:
      if (TcpConnection* connection = tables_->tcp[slot].get()) {
        connection->delayed_ack_timer_fired(event);
        tables_->reap(*connection);
      }
      break;
  }
}

void Sockets::expect(const Tuple& tuple, unsigned stage) const {
  if (stage == 0) return fetch_tables();
  if (stage > 1 || IpProtocol{tuple.protocol} != IpProtocol::udp) return;
  const auto* socket = reinterpret_cast<const char*>(tables_->udp.guess(tuple.destination_port));
  if (socket == nullptr) return;
  for (std::size_t at = 0; at < sizeof(UdpSocket) + 64; at += 64) __builtin_prefetch(socket + at);
}

void Sockets::expect(const Event& event, unsigned stage) const {
  if (stage == 0) {
    __builtin_prefetch(this);
    return;
  }
  if (TimerArgument::owner(event.argument) != TimerArgument::Owner::alarm) return;
  const std::uint32_t slot = TimerArgument::slot(event.argument);
  if (stage == 1) return fetch_tables();
  if (slot >= tables_->alarms.size()) return;
  Alarm* const& alarm = tables_->alarms[slot];
  if (stage == 2) __builtin_prefetch(&alarm);
  if (stage != 3 || alarm == nullptr) return;
  // An alarm stands in front of the program that it wakes, if that thinks of its speed.
  constexpr std::size_t program_bytes = 448;
  for (std::size_t at = 0; at < program_bytes; at += 64)
    __builtin_prefetch(reinterpret_cast<const char*>(alarm) + at);
}

void Sockets::fetch_tables() const {
  const auto* lines = reinterpret_cast<const char*>(tables_.get());
  for (std::size_t at = 0; at < sizeof(SocketTables); at += 64) __builtin_prefetch(lines + at);
}

std::vector<SocketSummary> Sockets::summary() const {
  std::vector<SocketSummary> lines;
  constexpr auto tcp = static_cast<std::uint8_t>(IpProtocol::tcp);
  constexpr auto udp = static_cast<std::uint8_t>(IpProtocol::udp);
  for (const auto& [port, listeners] : tables_->listeners) {
    for (const TcpListener* listener : listeners) {
      lines.push_back({tcp,
                       "LISTEN",
                       static_cast<std::uint32_t>(listener->waiting()),
                       listener->backlog(),
                       listener->socket().local().address,
                       {},
                       listener->socket().local().port,
                       0});
    }
  }
  for (const auto& connection : tables_->tcp) {
    if (!connection || connection->state() == TcpSocketState::close) continue;
    const TcpConnection::Names& names = connection->names();
    lines.push_back({tcp, std::string(to_string(connection->state())),
                     static_cast<std::uint32_t>(connection->readable()),
                     static_cast<std::uint32_t>(connection->unacknowledged()), names.local.address,
                     names.remote.address, names.local.port, names.remote.port});
  }
  for (const auto& [port, first] : tables_->udp.firsts()) {
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
