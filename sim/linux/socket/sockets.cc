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

std::uint16_t Sockets::next_identification(Ipv4Address source, Ipv4Address destination,
                                           std::uint8_t protocol) {
  // Linux 6.1 net/ipv4/route.c ip_idents_reserve(): 2048 buckets; time spent since the last use adds up to as
  // many ids.
  constexpr std::uint32_t buckets = 2048;
  constexpr std::int64_t jiffy_ns = 4'000'000;  // CONFIG_HZ=250, as AL2023 has it
  const Tuple key{source, destination, 0, 0, protocol};
  const auto bucket = static_cast<std::uint32_t>(TupleHash{}(key) % buckets);
  const auto [found, is_new] = tables_->identification_buckets.try_emplace(bucket);
  SocketTables::IdentificationBucket& counter = found->second;
  const std::int64_t now = tables_->netns.now().count() / jiffy_ns;
  if (is_new) {
    counter.next = static_cast<std::uint32_t>(tables_->identifications.next());
  } else if (now > counter.stamp) {
    counter.next += static_cast<std::uint32_t>(
        tables_->identifications.uniform(static_cast<std::uint64_t>(now - counter.stamp)));
  }
  counter.stamp = now;
  return static_cast<std::uint16_t>(counter.next++);
}

std::vector<SocketSummary> Sockets::summary() const { return {}; }

}  // namespace ekspath
