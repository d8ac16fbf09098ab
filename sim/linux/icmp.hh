#pragma once

#include "sim/linux/netfilter/hook.hh"
#include "sim/packet/packet.hh"

namespace ekspath {

/// An ICMP packet for this host: echo and timestamp requests are answered, errors and answers go to the
/// sockets, what 3/4 and redirects teach goes to the routes. icmp_rcv()
void receive_icmp(Hop& hop, PacketRef packet);

}  // namespace ekspath
