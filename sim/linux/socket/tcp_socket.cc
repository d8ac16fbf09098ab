#include "sim/linux/socket/tcp_socket.hh"

#include <algorithm>
#include <cerrno>

#include "sim/linux/socket/ip_send.hh"
#include "sim/linux/socket/socket_tables.hh"
#include "sim/linux/socket/tcp_connection.hh"

namespace ekspath {

TcpSocket::TcpSocket(Netns& netns) : netns_(&netns) { netns.ensure_sockets(); }

TcpSocket::~TcpSocket() {
  SocketTables& tables = netns_->sockets->tables();
  if (port_use_) tables.release_port(*port_use_);
  if (listener_) {
    auto at = tables.listeners.find(local_.port);
    while (at->second != listener_.get()) ++at;
    tables.listeners.erase(at);
    listener_->stop();
  }
  if (connection_ != nullptr) {
    TcpConnection& connection = *connection_;
    connection.attach(nullptr);
    connection.close();
    tables.reap(connection);
  }
}

int TcpSocket::bind(const Endpoint& local) {
  if (port_use_ || connection_ != nullptr || listener_) return EINVAL;
  if (!local.address.is_unspecified() && netns_->routing.address_type(local.address) != AddressType::local) {
    return EADDRNOTAVAIL;
  }
  local_ = local;
  if (local.port == 0) return 0;
  TcpPortUse use{local, false, reuse_address, false, options.bound_interface};
  SocketTables& tables = netns_->sockets->tables();
  if (!tables.may_bind(use)) return EADDRINUSE;
  port_use_ = std::make_unique<TcpPortUse>(use);
  tables.hold_port(*port_use_);
  return 0;
}

int TcpSocket::hold_port() {
  if (port_use_) return 0;
  SocketTables& tables = netns_->sockets->tables();
  TcpPortUse use{local_, false, reuse_address, false, options.bound_interface};
  use.local.port = tables.port_to_bind(use);
  if (use.local.port == 0) return EADDRINUSE;
  local_ = use.local;
  port_use_ = std::make_unique<TcpPortUse>(use);
  tables.hold_port(*port_use_);
  return 0;
}

int TcpSocket::listen(std::uint32_t backlog) {
  if (connection_ != nullptr || listener_) return EINVAL;
  SocketTables& tables = netns_->sockets->tables();
  if (const int error = hold_port(); error != 0) return error;
  port_use_->listening = true;
  listener_ = std::make_unique<TcpListener>(tables, *this, backlog);
  tables.listeners.emplace(local_.port, listener_.get());
  return 0;
}

std::unique_ptr<TcpSocket> TcpSocket::accept() {
  TcpConnection* connection = listener_ ? listener_->take() : nullptr;
  if (connection == nullptr) return nullptr;
  auto socket = std::make_unique<TcpSocket>(*netns_);
  socket->options = options;
  socket->local_ = connection->names().local;
  socket->connection_ = connection;
  connection->attach(socket.get());
  return socket;
}

/// Linux 6.1 net/ipv4/tcp_ipv4.c tcp_v4_connect()
int TcpSocket::connect(const Endpoint& remote) {
  if (listener_) return EINVAL;
  if (connection_ != nullptr) return EISCONN;
  SocketTables& tables = netns_->sockets->tables();
  const SocketRoute route = route_for_socket(*netns_, options, local_.address, remote.address);
  if (route.error != 0) return route.error;
  if (route.route.is_broadcast() || remote.address.is_multicast()) return ENETUNREACH;
  if (local_.address.is_unspecified()) local_.address = route.source;
  TcpPortUse use{local_, false, reuse_address, false, options.bound_interface};
  if (port_use_) {
    const Tuple incoming{remote.address, local_.address, remote.port, local_.port, 6};
    if (tables.connections.contains(incoming)) return EADDRNOTAVAIL;
    tables.release_port(*port_use_);
    port_use_.reset();
  } else {
    local_.port = tables.port_to_connect(local_.address, remote);
    if (local_.port == 0) return EADDRNOTAVAIL;
    use.chosen_by_connect = true;
  }
  use.local = local_;
  connection_ = &tables.add_connection(local_, remote, options);
  connection_->attach(this);
  connection_->use_port(use);
  connection_->open_actively(no_delay);
  return 0;
}

bool TcpSocket::is_connecting() const {
  return connection_ != nullptr && !connection_->handshake_done() &&
         connection_->state() != TcpSocketState::close;
}
bool TcpSocket::is_established() const { return connection_ != nullptr && connection_->handshake_done(); }

int TcpSocket::take_error() { return connection_ != nullptr ? connection_->take_error() : 0; }

std::size_t TcpSocket::write(std::span<const std::uint8_t> bytes) {
  return connection_ != nullptr ? connection_->write(bytes) : 0;
}
std::size_t TcpSocket::write(std::string_view text) {
  return write(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}
std::size_t TcpSocket::read(std::span<std::uint8_t> into) {
  return connection_ != nullptr ? connection_->read(into) : 0;
}
std::size_t TcpSocket::readable() const { return connection_ != nullptr ? connection_->readable() : 0; }
bool TcpSocket::at_end() const { return connection_ == nullptr || connection_->at_end(); }
std::size_t TcpSocket::unsent_or_unacknowledged() const {
  return connection_ != nullptr ? connection_->unacknowledged() : 0;
}

void TcpSocket::shutdown_write() {
  if (connection_ != nullptr) connection_->shutdown_write();
}

void TcpSocket::abort() {
  if (connection_ == nullptr) return;
  TcpConnection& connection = *std::exchange(connection_, nullptr);
  connection.attach(nullptr);
  connection.abort();
  netns_->sockets->tables().reap(connection);
}

Endpoint TcpSocket::local() const { return local_; }
Endpoint TcpSocket::remote() const {
  return connection_ != nullptr ? connection_->names().remote : Endpoint();
}

void TcpListener::ready(TcpConnection& connection) {
  ready_.push_back(&connection);
  if (socket_.on_event) socket_.on_event();
}

void TcpListener::forget(TcpConnection& connection) { std::erase(ready_, &connection); }

TcpConnection* TcpListener::take() {
  if (ready_.empty()) return nullptr;
  TcpConnection* connection = ready_.front();
  ready_.pop_front();
  return connection;
}

void TcpListener::stop() {
  // In the order of their slots, whether they wait for the handshake or for accept().
  for (std::uint32_t slot = 0; slot < tables_.tcp.size(); ++slot) {
    TcpConnection* connection = tables_.tcp[slot].get();
    if (connection == nullptr || !connection->is_offered_by(*this)) continue;
    connection->listener_gone();
    tables_.reap(*connection);
  }
}

}  // namespace ekspath
