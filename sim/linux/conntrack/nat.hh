#pragma once

#include <cstdint>

#include "sim/linux/conntrack/connection.hh"
#include "sim/linux/netfilter/hook.hh"
#include "sim/packet/rewrite.hh"

namespace ekspath {

/// What a target asks for. Linux 6.1 include/uapi/linux/netfilter/nf_nat.h nf_nat_range2
struct NatRange {
  bool map_addresses = false;
  bool ports_specified = false;
  bool random = false;
  bool random_fully = false;
  bool persistent = false;
  Ipv4Address low, high;
  std::uint16_t low_port = 0, high_port = 0;
};

/// nf_nat_setup_info(): picks the unique tuple of a new connection once, for one manipulation. False: no
/// tuple was free.
[[nodiscard]] bool set_up_nat(Hop& hop, Packet& packet, const NatRange& range, Side side);
/// masquerade: the address is that of hop.out towards the packet's next hop. nf_nat_masquerade_ipv4()
[[nodiscard]] bool set_up_masquerade(Hop& hop, Packet& packet, NatRange range);
/// redirect: the destination becomes the first address of hop.in, at LOCAL_OUT 127.0.0.1; the ports are
/// `range`'s. nf_nat_redirect_ipv4(). False: hop.in has no address.
[[nodiscard]] bool set_up_redirect(Hook hook, Hop& hop, Packet& packet, NatRange range);

/// nf_nat_packet() for a packet that nobody observes: what was decided for the flow is done to it, in its
/// direction.
void apply_nat(Hook hook, Packet& packet, const Connection& connection);

/// nf_nat_inet_fn() at a nat hook: consults the nat table for the first packet of a flow, binds null where no
/// rule spoke, translates this packet (headers, checksums, quoted packets of ICMP errors). False: the packet
/// was consumed.
[[nodiscard]] bool nat_hook(Hook hook, Hop& hop, PacketRef& packet);

}  // namespace ekspath
