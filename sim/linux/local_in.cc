#include "sim/linux/icmp.hh"
#include "sim/linux/icmp_error.hh"
#include "sim/linux/netns.hh"
#include "sim/linux/walk.hh"
#include "sim/packet/headers.hh"

namespace ekspath {

/// Linux 6.1 net/ipv4/ip_input.c ip_local_deliver(), ip_protocol_deliver_rcu()
void local_in(Hop& hop, PacketRef packet) {
  Netns& netns = hop.netns;
  if (ipv4(*packet).is_fragment() && !defragment(netns, packet, DefragUser::local_deliver)) return;
  if (netns.netfilter || netns.conntrack) {
    if (!run_hook(Hook::local_in, hop, packet)) return;
  }
  ++netns.snmp.ip_in_delivers;
  switch (IpProtocol{ipv4(*packet).protocol()}) {
    case IpProtocol::icmp:
      return receive_icmp(hop, std::move(packet));
    case IpProtocol::udp:
      return netns.ensure_sockets().receive_udp(hop, std::move(packet));
    case IpProtocol::tcp:
      return netns.ensure_sockets().receive_tcp(hop, std::move(packet));
    default:
      break;
  }
  send_icmp_error(hop, *packet, {icmp::unreachable, icmp::protocol_unreachable, 0});
  drop(netns, hop.in, Stage::local_in, DropReason::unknown_protocol, std::move(packet));
}

}  // namespace ekspath
