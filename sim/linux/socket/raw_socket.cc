#include "sim/linux/socket/raw_socket.hh"

#include "sim/linux/socket/ip_send.hh"
#include "sim/linux/socket/socket_tables.hh"
#include "sim/packet/build.hh"
#include "sim/packet/headers.hh"

namespace ekspath {

RawSocket::RawSocket(Netns& netns, std::uint8_t protocol) : netns_(&netns), protocol_(protocol) {
  netns.ensure_sockets().tables().raw.push_back(this);
}

RawSocket::~RawSocket() { std::erase(netns_->sockets->tables().raw, this); }

int RawSocket::send(Ipv4Address source, Ipv4Address destination, std::span<const std::uint8_t> segment) {
  const SocketRoute route = route_for_socket(*netns_, options, source, destination);
  if (route.error != 0) return route.error;
  PacketRef packet = netns_->pool().allocate(segment.size());
  append_bytes(*packet, segment);
  return send_ip(*netns_, std::move(packet), route, {options, destination, protocol_, std::nullopt});
}

void RawSocket::offer(SocketTables& tables, const Packet& packet) {
  for (RawSocket* socket : tables.raw) {
    if (socket->protocol_ == ipv4(packet).protocol() && socket->on_packet) socket->on_packet(packet);
  }
}

void RawSocket::offer_error(SocketTables& tables, std::uint8_t protocol, const SocketError& error,
                            std::span<const std::uint8_t> quoted) {
  for (RawSocket* socket : tables.raw) {
    if (socket->protocol_ == protocol && socket->on_error) socket->on_error(error, quoted);
  }
}

}  // namespace ekspath
