#include "sim/linux/conntrack/conntrack.hh"

#include "sim/linux/netns.hh"

namespace ekspath {

struct ConntrackState {
  Netns& netns;
  ConntrackStatistics statistics;
};

Conntrack::Conntrack(Netns& netns) : state_(new ConntrackState{netns, {}}) {}
Conntrack::~Conntrack() = default;

bool Conntrack::in(Hook, Hop&, PacketRef&) { return true; }
bool Conntrack::confirm(Hop&, PacketRef&) { return true; }
void Conntrack::release(Packet&) {}
Connection* Conntrack::find(ConnectionId) { return nullptr; }
bool Conntrack::tuple_taken(const Tuple&, ConnectionId) const { return false; }
std::vector<const Connection*> Conntrack::connections() const { return {}; }
std::size_t Conntrack::count() const { return 0; }
std::vector<Connection> Conntrack::erase_if(const std::function<bool(const Connection&)>&) { return {}; }
void Conntrack::masquerade_gone(std::uint32_t) {}
const ConntrackStatistics& Conntrack::statistics() const { return state_->statistics; }

void Conntrack::fire(const Event&) {}

std::int64_t seconds_left(const Connection& connection, Nanoseconds now) {
  return connection.expires > now ? (connection.expires - now).whole_seconds() : 0;
}

}  // namespace ekspath
