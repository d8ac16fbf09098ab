#pragma once

#include <cstdint>
#include <optional>

#include "sim/linux/routing/routing.hh"
#include "sim/linux/socket/socket_options.hh"
#include "sim/packet/packet.hh"

namespace ekspath {

class Netns;

/// A route for a socket's datagram, or the errno of the send call: no route, EACCES for a broadcast that was
/// not allowed.
struct SocketRoute {
  int error = 0;
  RouteResult route;
  Ipv4Address source;  // the bound address, else the one that the route chose
};
[[nodiscard]] SocketRoute route_for_socket(const Netns& netns, const IpOptions& options,
                                           Ipv4Address bound_source, Ipv4Address destination);

struct IpSendRequest {
  const IpOptions& options;
  Ipv4Address destination;
  std::uint8_t protocol = 0;
  /// Of a connected socket: its own counter's. None: as an unconnected socket's datagrams get theirs.
  std::optional<std::uint16_t> identification = std::nullopt;
};
/// The packet begins with its transport header; DF and the IP id as Linux 6.1 net/ipv4/ip_output.c
/// __ip_make_skb() sets them. 0, EMSGSIZE (DF always and too big: `path_mtu` tells the MTU) or what
/// local_out() returns.
[[nodiscard]] int send_ip(Netns& netns, PacketRef packet, const SocketRoute& route,
                          const IpSendRequest& request, std::uint32_t* path_mtu = nullptr);

}  // namespace ekspath
