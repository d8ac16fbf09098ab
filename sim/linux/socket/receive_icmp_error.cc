#include <algorithm>
#include <optional>

#include "sim/linux/socket/ping_socket.hh"
#include "sim/linux/socket/raw_socket.hh"
#include "sim/linux/socket/socket_tables.hh"
#include "sim/linux/socket/tcp_connection.hh"
#include "sim/linux/socket/udp_socket.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

/// The datagram quoted by an error, as far as it was quoted.
struct Quote {
  Ipv4View ip;
  const std::uint8_t* transport = nullptr;
  std::size_t transport_size = 0;
};

std::optional<Quote> quote_of(const Packet& error) {
  if (error.transport_size() < IcmpView::size + Ipv4View::minimum_size) return std::nullopt;
  Quote quote{{const_cast<std::uint8_t*>(error.transport()) + IcmpView::size}, nullptr, 0};
  const std::size_t available = error.transport_size() - IcmpView::size;
  if (quote.ip.header_size() < Ipv4View::minimum_size || available < quote.ip.header_size() + 8)
    return std::nullopt;
  quote.transport = quote.ip.at + quote.ip.header_size();
  quote.transport_size = std::min<std::size_t>(available, quote.ip.total_length()) - quote.ip.header_size();
  return quote;
}

/// Linux 6.1 net/ipv4/ip_sockglue.c ip_icmp_error()
SocketError describe(const Packet& error, const Quote& quote, std::size_t header_size) {
  const Ipv4View outer = ipv4(error);
  const IcmpView header = icmp_header(error);
  SocketError result;
  result.error = errno_of_icmp(header.type(), header.code()).error;
  result.type = header.type();
  result.code = header.code();
  if (header.type() == icmp::unreachable && header.code() == icmp::fragmentation_needed)
    result.info = header.next_mtu();
  if (header.type() == icmp::redirect) result.info = header.gateway().bits();
  result.offender = outer.source();
  result.ttl = outer.ttl();
  result.destination.address = quote.ip.destination();
  if (quote.transport_size > header_size) {
    result.payload.assign(quote.transport + header_size, quote.transport + quote.transport_size);
  }
  return result;
}

}  // namespace

/// Linux 6.1 net/ipv4/icmp.c icmp_socket_deliver() and the err_handler of each protocol
void Sockets::receive_icmp_error(Hop& hop, const Packet& packet) {
  const std::optional<Quote> quote = quote_of(packet);
  if (!quote) return;
  const IcmpView header = icmp_header(packet);
  if (!tables().raw.empty()) [[unlikely]] {
    RawSocket::offer_error(tables(), quote->ip.protocol(), describe(packet, *quote, quote->transport_size),
                           {quote->transport, quote->transport_size});
  }
  switch (IpProtocol{quote->ip.protocol()}) {
    case IpProtocol::icmp: {
      // raw_err(): to every ping socket of the quoted id; redirects too, which ping reads as raw packets.
      const IcmpView quoted{const_cast<std::uint8_t*>(quote->transport)};
      if (quoted.type() != icmp::echo_request) return;
      const auto found = tables().ping.find(quoted.id());
      if (found == tables().ping.end()) return;
      for (PingSocket* socket : found->second) {
        SocketError error = describe(packet, *quote, IcmpView::size);
        error.sequence = quoted.sequence();
        socket->errors_.push_back(std::move(error));
        if (socket->on_readable) socket->on_readable();
      }
      return;
    }
    case IpProtocol::udp: {
      // __udp4_lib_err(): the socket that sent it; the error is pending if it is connected or asked for
      // errors.
      const UdpView quoted{const_cast<std::uint8_t*>(quote->transport)};
      const Endpoint local{quote->ip.source(), quoted.source_port()};
      const Endpoint remote{quote->ip.destination(), quoted.destination_port()};
      UdpSocket* best = tables().udp.best(local, remote, hop.in != nullptr ? hop.in->index : 0);
      if (best == nullptr || header.type() == icmp::redirect) return;
      const IcmpErrno meaning = errno_of_icmp(header.type(), header.code());
      const bool too_big = header.type() == icmp::unreachable && header.code() == icmp::fragmentation_needed;
      if (too_big && best->options.path_mtu == PathMtuDiscovery::dont) return;
      if (best->receive_errors) {
        SocketError error = describe(packet, *quote, UdpView::size);
        error.destination.port = remote.port;
        best->errors_.push_back(std::move(error));
      } else if (best->remote_.port == 0 || !(meaning.fatal || too_big)) {
        return;
      }
      best->pending_error_ = meaning.error;
      if (best->on_readable) best->on_readable();
      return;
    }
    case IpProtocol::tcp: {
      const TcpView quoted{const_cast<std::uint8_t*>(quote->transport)};
      const auto found = tables().connections.find(Tuple{quote->ip.destination(), quote->ip.source(),
                                                         quoted.destination_port(), quoted.source_port(), 6});
      if (found == tables().connections.end()) return;
      TcpConnection& connection = *found->second;
      connection.receive_icmp_error(header.type(), header.code(), header.next_mtu(), quoted.sequence());
      tables().reap(connection);
      return;
    }
    default:
      return;
  }
}

}  // namespace ekspath
