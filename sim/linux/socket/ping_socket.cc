#include "sim/linux/socket/ping_socket.hh"

#include <algorithm>
#include <cerrno>

#include "sim/linux/netns.hh"
#include "sim/linux/socket/ip_send.hh"
#include "sim/linux/socket/raw_socket.hh"
#include "sim/linux/socket/socket_tables.hh"
#include "sim/linux/walk.hh"
#include "sim/packet/build.hh"
#include "sim/packet/headers.hh"
#include "sim/packet/parse.hh"

namespace ekspath {
namespace {

constexpr std::size_t largest_payload = 65535 - 20 - 8;

}  // namespace

PingSocket::PingSocket(Netns& netns, std::uint16_t id) : netns_(&netns), id_(id) {
  netns.ensure_sockets().tables().ping[id].push_back(this);
}

PingSocket::~PingSocket() {
  auto& ping = netns_->sockets->tables().ping;
  auto found = ping.find(id_);
  std::erase(found->second, this);
  if (found->second.empty()) ping.erase(found);
}

int PingSocket::bind(Ipv4Address source) {
  if (netns_->routing.address_type(source) != AddressType::local) return EADDRNOTAVAIL;
  source_ = source;
  return 0;
}

int PingSocket::send(Ipv4Address destination, std::uint16_t sequence, std::span<const std::uint8_t> payload) {
  if (payload.size() > largest_payload) return EMSGSIZE;
  const SocketRoute route = route_for_socket(*netns_, options, source_, destination);
  if (route.error != 0) return route.error;
  PacketRef packet = netns_->pool().allocate(payload.size());
  append_bytes(*packet, payload);
  push_icmp(*packet, {icmp::echo_request, 0, (std::uint32_t{id_} << 16) | sequence});
  std::uint32_t mtu = 0;
  const int error =
      send_ip(*netns_, std::move(packet), route,
              {options, destination, static_cast<std::uint8_t>(IpProtocol::icmp), std::nullopt}, &mtu);
  if (error == EMSGSIZE) {
    SocketError local;
    local.error = EMSGSIZE;
    local.origin = SocketError::Origin::local;
    local.info = mtu;
    local.destination = {destination, 0};
    local.sequence = sequence;
    errors_.push_back(std::move(local));
  }
  return error;
}

std::optional<PingSocket::Reply> PingSocket::receive() {
  if (replies_.empty()) return std::nullopt;
  Reply reply = std::move(replies_.front());
  replies_.pop_front();
  return reply;
}

std::optional<SocketError> PingSocket::receive_error() {
  if (errors_.empty()) return std::nullopt;
  SocketError error = std::move(errors_.front());
  errors_.pop_front();
  return error;
}

/// Linux 6.1 net/ipv4/icmp.c icmp_rcv() behind the kernel's own answers: raw sockets, then ping_rcv()
void Sockets::receive_icmp(Hop& hop, PacketRef packet) {
  Netns& netns = hop.netns;
  if (!tables().raw.empty()) [[unlikely]]
    RawSocket::offer(tables(), *packet);
  const Ipv4View ip = ipv4(*packet);
  const IcmpView header = icmp_header(*packet);
  const auto found =
      header.type() == icmp::echo_reply ? tables().ping.find(header.id()) : tables().ping.end();
  if (found == tables().ping.end()) {
    return drop(netns, hop.in, Stage::local_in, DropReason::no_socket, std::move(packet));
  }
  if (netns.observer != nullptr) [[unlikely]] {
    observe(netns, hop.in, Stage::local_in, Verdict::deliver, *packet);
  }
  const std::uint8_t* payload = header.at + IcmpView::size;
  const std::uint8_t* end = header.at + packet->transport_size();
  for (PingSocket* socket : found->second) {
    PingSocket::Reply reply;
    reply.from = ip.source();
    reply.to = ip.destination();
    reply.ttl = ip.ttl();
    reply.sequence = header.sequence();
    reply.time = netns.now();
    reply.payload.assign(payload, end);
    socket->replies_.push_back(std::move(reply));
    if (socket->on_readable) socket->on_readable();
  }
}

}  // namespace ekspath
