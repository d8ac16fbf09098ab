#include <algorithm>

#include "sim/linux/socket/socket_tables.hh"
#include "sim/linux/socket/tcp_connection.hh"
#include "sim/linux/socket/tcp_socket.hh"

namespace ekspath {

TcpConnection& SocketTables::add_connection(const Endpoint& local, const Endpoint& remote,
                                            const IpOptions& options) {
  const std::uint32_t slot = tcp.take(nullptr);
  tcp[slot] = std::make_unique<TcpConnection>(*this, TcpConnection::Names{local, remote}, options, slot);
  TcpConnection& added = *tcp[slot];
  connections[added.incoming_tuple()] = &added;
  return added;
}

void SocketTables::reap(TcpConnection& connection) {
  if (connection.is_done() && !connection.has_owner()) tcp.release(connection.slot());
}

/// Linux 6.1 net/ipv4/inet_hashtables.c __inet_lookup_listener(): an exact address before any.
TcpListener* SocketTables::listener_for(const Endpoint& local, std::uint32_t in_interface) const {
  TcpListener* any = nullptr;
  const auto [first, last] = listeners.equal_range(local.port);
  for (auto at = first; at != last; ++at) {
    TcpListener* const listener = at->second;
    const TcpSocket& socket = listener->socket();
    if (socket.options.bound_interface != 0 && socket.options.bound_interface != in_interface) continue;
    const Ipv4Address address = socket.local().address;
    if (address == local.address) return listener;
    if (address.is_unspecified() && any == nullptr) any = listener;
  }
  return any;
}

void SocketTables::hold_port(const TcpPortUse& use) { tcp_ports.emplace(use.local.port, &use); }

void SocketTables::release_port(const TcpPortUse& use) {
  auto at = tcp_ports.find(use.local.port);
  while (at->second != &use) ++at;
  tcp_ports.erase(at);
}

/// inet_csk_bind_conflict()
bool SocketTables::may_bind(const TcpPortUse& wanted) const {
  const auto [first, last] = tcp_ports.equal_range(wanted.local.port);
  return std::none_of(first, last, [&](const auto& use) {
    const TcpPortUse* const other = use.second;
    if (other->bound_interface != 0 && wanted.bound_interface != 0 &&
        other->bound_interface != wanted.bound_interface) {
      return false;
    }
    const bool addresses_overlap = other->local.address.is_unspecified() ||
                                   wanted.local.address.is_unspecified() ||
                                   other->local.address == wanted.local.address;
    const bool both_reuse = other->reuse_address && wanted.reuse_address && !other->listening;
    return addresses_overlap && !both_reuse;
  });
}

std::uint16_t SocketTables::port_to_bind(TcpPortUse wanted) {
  const std::uint32_t low = netns.sysctls->local_port_low;
  const std::uint32_t count = netns.sysctls->local_port_high - low + 1U;
  // bind() takes the odd half first, connect() the even one.
  const auto first = static_cast<std::uint32_t>(ports.uniform(count)) | 1U;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t offset = (first + 2 * i + (2 * i >= count ? 1 : 0)) % count;
    wanted.local.port = static_cast<std::uint16_t>(low + offset);
    if (may_bind(wanted)) return wanted.local.port;
  }
  return 0;
}

std::uint16_t SocketTables::port_to_connect(Ipv4Address local, const Endpoint& remote) {
  const std::uint32_t low = netns.sysctls->local_port_low;
  const std::uint32_t count = netns.sysctls->local_port_high - low + 1U;
  const auto base = static_cast<std::uint32_t>(
      TupleHash{}(Tuple{local, remote.address, connect_secret, remote.port, 6}) >> 16);
  const std::uint32_t first = (base + connect_step) & ~1U;
  // Each search moves the next one on by a few ports.
  connect_step += 2 * static_cast<std::uint32_t>(ports.uniform(8)) + 2;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t offset = (first + 2 * i + (2 * i >= count ? 1 : 0)) % count;
    const auto port = static_cast<std::uint16_t>(low + offset);
    if (connections.contains(Tuple{remote.address, local, remote.port, port, 6})) continue;
    const auto [first_user, last_user] = tcp_ports.equal_range(port);
    if (std::all_of(first_user, last_user, [](const auto& use) { return use.second->chosen_by_connect; }))
      return port;
  }
  return 0;
}

}  // namespace ekspath
