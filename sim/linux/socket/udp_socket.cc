#include "sim/linux/socket/udp_socket.hh"

#include <algorithm>
#include <cerrno>

#include "sim/linux/icmp_error.hh"
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

/// What a queued packet costs a receive buffer. Linux 6.1 include/linux/skbuff.h SKB_TRUESIZE(); observed:
/// facts/linux-datapath.md 5 (832 bytes for a small one).
std::uint32_t true_size(const Packet& packet) {
  const auto data = static_cast<std::uint32_t>((packet.network_size() + 384 + 63) / 64 * 64);
  return 256 + std::max<std::uint32_t>(576, data);
}

bool overlap(const UdpSocket& a, const Endpoint& b, std::uint32_t b_interface) {
  const bool same_device =
      a.options.bound_interface == 0 || b_interface == 0 || a.options.bound_interface == b_interface;
  const bool same_address =
      a.local().address.is_unspecified() || b.address.is_unspecified() || a.local().address == b.address;
  return same_device && same_address;
}

bool port_is_free(const SocketTables& tables, const UdpSocket& socket, const Endpoint& wanted) {
  for (const UdpSocket* other = tables.udp.first(wanted.port); other != nullptr;
       other = UdpPorts::next(*other)) {
    if (overlap(*other, wanted, socket.options.bound_interface) &&
        !(other->reuse_address && socket.reuse_address))
      return false;
  }
  return true;
}

/// Linux 6.1 net/ipv4/udp.c udp_lib_get_port(): a random first port, then an odd stride from it. 0: none is
/// free.
std::uint16_t ephemeral_port(SocketTables& tables, const UdpSocket& socket, Ipv4Address address) {
  const std::uint16_t low = tables.netns.sysctls->local_port_low;
  const std::uint16_t high = tables.netns.sysctls->local_port_high;
  const auto first = static_cast<std::uint16_t>(tables.ports.between(low, high));
  const auto stride = static_cast<std::uint16_t>(tables.ports.next() | 1);
  std::uint16_t port = first;
  do {
    if (port >= low && port <= high && port_is_free(tables, socket, {address, port})) return port;
    port = static_cast<std::uint16_t>(port + stride);
  } while (port != first);
  return 0;
}

}  // namespace

void UdpPorts::add(UdpSocket& socket) {
  UdpSocket** last = &firsts_[socket.local().port];
  while (*last != nullptr) last = &(*last)->next_on_port_;
  *last = &socket;
  last_port_ = 0;
}

void UdpPorts::remove(UdpSocket& socket) {
  const auto found = firsts_.find(socket.local().port);
  ASSERT(found != firsts_.end());
  UdpSocket** at = &found->second;
  while (*at != &socket) at = &(*at)->next_on_port_;
  *at = socket.next_on_port_;
  if (found->second == nullptr) firsts_.erase(found);
  last_port_ = 0;
}

UdpSocket* UdpPorts::next(const UdpSocket& socket) { return socket.next_on_port_; }

/// Linux 6.1 net/ipv4/udp.c udp4_lib_lookup2()
UdpSocket* UdpPorts::best(const Endpoint& local, const Endpoint& remote, std::uint32_t in_interface) const {
  UdpSocket* best = nullptr;
  int best_score = -1;
  for (UdpSocket* socket = first(local.port); socket != nullptr; socket = socket->next_on_port_) {
    if (const int score = socket->score(local, remote, in_interface); score > best_score) {
      best = socket;
      best_score = score;
    }
  }
  return best;
}

UdpSocket::UdpSocket(Netns& netns) : netns_(&netns) { netns.ensure_sockets(); }

UdpSocket::~UdpSocket() {
  if (local_.port == 0) return;
  netns_->sockets->tables().udp.remove(*this);
}

int UdpSocket::bind(const Endpoint& local) {
  if (local_.port != 0) return EINVAL;
  SocketTables& tables = netns_->sockets->tables();
  if (!local.address.is_unspecified()) {
    const AddressType type = netns_->routing.address_type(local.address);
    if (type != AddressType::local && type != AddressType::broadcast) return EADDRNOTAVAIL;
  }
  Endpoint chosen = local;
  if (chosen.port == 0) {
    chosen.port = ephemeral_port(tables, *this, local.address);
    if (chosen.port == 0) return EADDRINUSE;
  } else if (!port_is_free(tables, *this, chosen)) {
    return EADDRINUSE;
  }
  local_ = chosen;
  tables.udp.add(*this);
  return 0;
}

int UdpSocket::connect(const Endpoint& remote) {
  // Linux 6.1 net/ipv4/datagram.c __ip4_datagram_connect()
  const SocketRoute route = route_for_socket(*netns_, options, local_.address, remote.address);
  if (route.error != 0) return route.error;
  if (local_.port == 0) {
    if (const int error = bind({local_.address, 0}); error != 0) return error;
  }
  if (local_.address.is_unspecified()) local_.address = route.source;
  remote_ = remote;
  next_identification_ = static_cast<std::uint16_t>(netns_->sockets->tables().identifications.next());
  return 0;
}

int UdpSocket::send(std::span<const std::uint8_t> payload) {
  if (remote_.port == 0) return EDESTADDRREQ;
  return transmit(remote_, payload);
}

int UdpSocket::send_to(const Endpoint& remote, std::span<const std::uint8_t> payload) {
  return transmit(remote, payload);
}

int UdpSocket::transmit(const Endpoint& remote, std::span<const std::uint8_t> payload) {
  if (const int error = take_error(); error != 0) return error;
  if (payload.size() > largest_payload) return EMSGSIZE;
  if (remote.port == 0) return EINVAL;
  if (local_.port == 0) {
    if (const int error = bind({}); error != 0) return error;
  }
  const SocketRoute route = route_for_socket(*netns_, options, local_.address, remote.address);
  if (route.error != 0) return route.error;
  PacketRef packet = netns_->pool().allocate(payload.size());
  append_bytes(*packet, payload);
  push_udp(*packet, {route.source, remote.address, local_.port, remote.port});
  std::uint32_t mtu = 0;
  IpSendRequest request{options, remote.address, static_cast<std::uint8_t>(IpProtocol::udp), std::nullopt};
  if (remote_.port != 0) request.identification = ++next_identification_;
  const int error = send_ip(*netns_, std::move(packet), route, request, &mtu);
  if (error == EMSGSIZE && receive_errors) {
    // Linux 6.1 net/ipv4/ip_sockglue.c ip_local_error()
    SocketError local;
    local.error = EMSGSIZE;
    local.origin = SocketError::Origin::local;
    local.info = mtu;
    local.destination = remote;
    errors_.push_back(std::move(local));
  }
  return error;
}

std::optional<Datagram> UdpSocket::receive() {
  if (queue_.empty()) return std::nullopt;
  Datagram datagram;
  datagram.packet = queue_.take();
  queued_ -= true_size(*datagram.packet);
  const Ipv4View ip = ipv4(*datagram.packet);
  const UdpView udp = udp_header(*datagram.packet);
  datagram.from = {ip.source(), udp.source_port()};
  datagram.to = {ip.destination(), udp.destination_port()};
  datagram.ttl = ip.ttl();
  datagram.payload = {udp.at + UdpView::size, udp.length() - UdpView::size};
  return datagram;
}

int UdpSocket::take_error() { return std::exchange(pending_error_, 0); }

std::optional<SocketError> UdpSocket::receive_error() {
  if (errors_.empty()) return std::nullopt;
  SocketError error = std::move(errors_.front());
  errors_.erase(errors_.begin());
  return error;
}

/// Linux 6.1 net/ipv4/udp.c compute_score(); -1: not for this socket.
int UdpSocket::score(const Endpoint& to, const Endpoint& from, std::uint32_t in_interface) const {
  int score = 2;
  if (!local_.address.is_unspecified()) {
    if (local_.address != to.address) return -1;
    score += 4;
  }
  if (remote_.port != 0) {
    if (remote_ != from) return -1;
    score += 8;
  }
  if (options.bound_interface != 0) {
    if (options.bound_interface != in_interface) return -1;
    score += 4;
  }
  return score;
}

/// Linux 6.1 net/ipv4/udp.c __udp4_lib_rcv()
void Sockets::receive_udp(Hop& hop, PacketRef packet) {
  Netns& netns = hop.netns;
  if (!tables().raw.empty()) [[unlikely]]
    RawSocket::offer(tables(), *packet);
  if (!transport_is_sound(*packet)) {
    ++netns.occasional().snmp.udp_in_csum_errors;
    return drop(netns, hop.in, Stage::local_in, DropReason::checksum, std::move(packet));
  }
  const Ipv4View ip = ipv4(*packet);
  const UdpView udp = udp_header(*packet);
  const Endpoint from{ip.source(), udp.source_port()};
  const Endpoint to{ip.destination(), udp.destination_port()};
  UdpSocket* best = tables().udp.best(to, from, hop.in != nullptr ? hop.in->index : 0);
  if (best == nullptr) {
    ++netns.occasional().snmp.udp_no_ports;
    // nf_reset_ct() in __udp4_lib_rcv(): the error is found by what it quotes, not tied to the flow.
    packet->meta.connection = ConnectionId::none();
    packet->meta.ct_info = CtInfo::none;
    send_icmp_error(hop, *packet, {icmp::unreachable, icmp::port_unreachable, 0});
    return drop(netns, hop.in, Stage::local_in, DropReason::no_socket, std::move(packet));
  }
  const std::uint32_t size = true_size(*packet);
  // __udp_enqueue_schedule_skb(): one packet may always enter.
  if (best->queued_ > best->receive_limit) {
    return drop(netns, hop.in, Stage::local_in, DropReason::socket_full, std::move(packet));
  }
  if (netns.observer != nullptr) [[unlikely]] {
    observe(netns, hop.in, Stage::local_in, Verdict::deliver, *packet);
  }
  best->queued_ += size;
  best->queue_.push(std::move(packet));
  if (best->on_readable) best->on_readable();
}

}  // namespace ekspath
