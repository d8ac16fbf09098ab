#pragma once

#include <cstdint>

#include "sim/linux/netfilter/hook.hh"
#include "sim/packet/packet.hh"

namespace ekspath {

/// What is said to the sender of `about`.
struct IcmpErrorSpec {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint32_t rest = 0;  // the next MTU, or a gateway
};

/// __icmp_send(): none where the RFCs and Linux forbid one, rate limits, source by route, tos, quote of up to
/// 576 bytes. `hop.in` is where `about` came in (null: it was this host's own).
[[gnu::cold]] void send_icmp_error(Hop& hop, const Packet& about, const IcmpErrorSpec& spec);

/// nf_send_reset(): the RST of REJECT --reject-with tcp-reset.
[[gnu::cold]] void send_tcp_reset(Hook hook, Hop& hop, const Packet& about);

}  // namespace ekspath
