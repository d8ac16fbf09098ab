#include "sim/linux/socket/ip_send.hh"

#include <cerrno>

#include "sim/linux/ip_id.hh"
#include "sim/linux/netns.hh"
#include "sim/linux/walk.hh"
#include "sim/packet/build.hh"
#include "sim/packet/headers.hh"

namespace ekspath {

SocketRoute route_for_socket(const Netns& netns, const IpOptions& options, Ipv4Address bound_source,
                             Ipv4Address destination) {
  FlowKey key;
  key.destination = destination;
  key.source = bound_source;
  key.mark = options.mark;
  key.out_interface = options.bound_interface;
  key.tos = options.tos;
  SocketRoute result;
  result.route = netns.routing.lookup(key);
  if (!result.route.found()) {
    result.error = errno_of(result.route.outcome);
    return result;
  }
  // Linux 6.1 net/ipv4/udp.c udp_sendmsg(): RTCF_BROADCAST without SO_BROADCAST.
  if (result.route.is_broadcast() && !options.broadcast) {
    result.error = EACCES;
    return result;
  }
  result.source = bound_source.is_unspecified() ? result.route.source : bound_source;
  return result;
}

int send_ip(Netns& netns, PacketRef packet, const SocketRoute& route, const IpSendRequest& request,
            std::uint32_t* path_mtu) {
  const IpOptions& options = request.options;
  const std::uint32_t mtu = mtu_of(netns, route.route, request.destination);
  const bool fits = packet->size() + Ipv4View::minimum_size <= mtu;
  if (path_mtu != nullptr) *path_mtu = mtu;
  if (options.path_mtu == PathMtuDiscovery::do_ && !fits) return EMSGSIZE;

  Ipv4Fields fields;
  fields.source = route.source;
  fields.destination = request.destination;
  fields.protocol = request.protocol;
  fields.ttl = options.ttl != 0 ? options.ttl : netns.sysctls->ip_default_ttl;
  fields.tos = options.tos;
  // ip_dont_fragment(): want means DF while the datagram fits, unless net.ipv4.ip_no_pmtu_disc.
  fields.dont_fragment =
      options.path_mtu == PathMtuDiscovery::do_ ||
      (options.path_mtu == PathMtuDiscovery::want && fits && !netns.sysctls->ip_no_pmtu_disc);
  // ip_select_ident_segs(): a connected socket counts by itself; "DF always" sends 0, as ip_sk_ignore_df() is
  // false then.
  if (request.identification) {
    fields.identification = *request.identification;
  } else if (options.path_mtu == PathMtuDiscovery::do_) {
    fields.identification = 0;
  } else {
    fields.identification = select_ip_id(netns, route.source, request.destination, request.protocol);
  }
  push_ipv4(*packet, fields);
  packet->meta.mark = options.mark;
  packet->meta.trace = netns.next_trace();
  if (netns.observer != nullptr) [[unlikely]] {
    observe(netns, route.route.out, Stage::send, Verdict::pass, *packet);
  }
  return local_out(netns, std::move(packet), route.route);
}

}  // namespace ekspath
