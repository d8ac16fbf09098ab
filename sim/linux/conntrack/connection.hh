#pragma once

#include <array>
#include <cstdint>

#include "sim/base/nanoseconds.hh"
#include "sim/packet/packet.hh"
#include "sim/packet/tuple.hh"

namespace ekspath {

/// Linux 6.1 include/uapi/linux/netfilter/nf_conntrack_tcp.h, in the kernel's order.
enum class TcpState : std::uint8_t {
  none,
  syn_sent,
  syn_recv,
  established,
  fin_wait,
  close_wait,
  last_ack,
  time_wait,
  close,
  syn_sent2
};

/// Bits of Connection::status. Linux 6.1 include/uapi/linux/netfilter/nf_conntrack_common.h
/// ip_conntrack_status
namespace connection_status {
constexpr std::uint32_t seen_reply = 1U << 1, assured = 1U << 2, confirmed = 1U << 3, src_nat = 1U << 4,
                        dst_nat = 1U << 5, src_nat_done = 1U << 7, dst_nat_done = 1U << 8, dying = 1U << 9,
                        fixed_timeout = 1U << 10;
}

/// What window tracking remembers of one sender. Linux 6.1 struct ip_ct_tcp_state
struct TcpWindow {
  std::uint32_t end = 0;
  std::uint32_t max_end = 0;
  std::uint32_t max_window = 0;
  std::uint32_t max_ack = 0;
  std::uint8_t scale = 0;
  std::uint8_t flags = 0;
};

/// What the TCP tracker remembers of the last packets. Linux 6.1 struct ip_ct_tcp
struct TcpTracking {
  std::array<TcpWindow, 2> windows;
  std::uint32_t last_sequence = 0;
  std::uint32_t last_acknowledgement = 0;
  std::uint32_t last_end = 0;
  std::uint16_t last_window = 0;
  std::uint8_t last_direction = 0;
  std::uint8_t last_index = 0;
  std::uint8_t last_flags = 0;
  std::uint8_t last_scale = 0;
  std::uint8_t retransmissions = 0;
};

/// One tracked flow: both tuples, state, NAT and mark. Lives in its namespace's pool; its id is reused only
/// after a new generation (the pool checks).
struct Connection {
  Tuple original;
  Tuple reply;  // what answers look like: differs from original.reply() when translated
  Nanoseconds expires;
  Nanoseconds stream_after;  // UDP: assured from here on
  std::uint32_t mark = 0;
  std::uint32_t status = 0;
  Nanoseconds created;
  std::uint32_t number = 0;  // the flow's number, for people: (namespace, counter)
  std::uint32_t masquerade_interface = 0;
  TcpState tcp = TcpState::none;
  TcpTracking tracking;

  [[nodiscard]] bool has(std::uint32_t bits) const { return (status & bits) == bits; }
  [[nodiscard]] bool has_any(std::uint32_t bits) const { return (status & bits) != 0; }
  [[nodiscard]] const Tuple& tuple(bool of_reply) const { return of_reply ? reply : original; }
};

}  // namespace ekspath
