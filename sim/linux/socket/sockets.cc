#include "sim/linux/socket/sockets.hh"

#include <algorithm>

#include "sim/linux/socket/alarm.hh"
#include "sim/linux/socket/socket_tables.hh"

namespace ekspath {

SocketTables::SocketTables(Netns& owner)
    : netns(owner),
      ports(owner.random("ports")),
      sequences(owner.random("tcp sequences")),
      identifications(owner.random("ip identifications")) {}
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
    case TimerArgument::Owner::tcp_delayed_ack:
      break;
  }
}

std::vector<SocketSummary> Sockets::summary() const { return {}; }

}  // namespace ekspath
