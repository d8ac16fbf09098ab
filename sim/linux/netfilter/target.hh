#pragma once

#include <cstdint>
#include <variant>

#include "sim/linux/conntrack/nat.hh"
#include "sim/linux/netfilter/match.hh"

namespace ekspath {

/// What a rule does beyond a verdict or a jump. How each reads and prints is in target_<name>.cc.

/// mark = (mark & ~mask) ^ value. Linux 6.1 net/netfilter/xt_mark.c mark_tg()
struct MarkTarget {
  std::uint32_t value = 0, mask = 0;
  friend bool operator==(const MarkTarget&, const MarkTarget&) = default;
};

/// Linux 6.1 net/netfilter/xt_connmark.c connmark_tg_shift()
struct ConnmarkTarget {
  enum class Action : std::uint8_t { none, set, save, restore } action = Action::none;
  std::uint32_t value = 0, ct_mask = 0xffffffff, nf_mask = 0xffffffff;
  friend bool operator==(const ConnmarkTarget&, const ConnmarkTarget&) = default;
};

struct NatTarget {
  enum class Kind : std::uint8_t { snat, dnat, masquerade, redirect } kind = Kind::snat;
  NatRange range;
  friend bool operator==(const NatTarget& a, const NatTarget& b) {
    return a.kind == b.kind && a.range.map_addresses == b.range.map_addresses &&
           a.range.ports_specified == b.range.ports_specified && a.range.random == b.range.random &&
           a.range.random_fully == b.range.random_fully && a.range.persistent == b.range.persistent &&
           a.range.low == b.range.low && a.range.high == b.range.high &&
           a.range.low_port == b.range.low_port && a.range.high_port == b.range.high_port;
  }
};

struct RejectTarget {
  enum class With : std::uint8_t {
    net_unreachable,
    host_unreachable,
    proto_unreachable,
    port_unreachable,
    net_prohibited,
    host_prohibited,
    admin_prohibited,
    tcp_reset
  } with = With::port_unreachable;
  friend bool operator==(const RejectTarget&, const RejectTarget&) = default;
};

struct LogTarget {
  std::uint8_t level = 4;
  std::uint8_t flags = 0;  // Linux 6.1 include/uapi/linux/netfilter/nf_log.h
  Symbol prefix;           // none: empty
  friend bool operator==(const LogTarget&, const LogTarget&) = default;
};

/// CT: without --notrack a rule without effect.
struct CtTarget {
  bool notrack = false;
  bool alias = false;  // written as -j NOTRACK
  friend bool operator==(const CtTarget&, const CtTarget&) = default;
};

struct TcpmssTarget {
  std::uint16_t mss = 0;
  bool clamp = false;
  friend bool operator==(const TcpmssTarget&, const TcpmssTarget&) = default;
};

struct TtlTarget {
  enum class Action : std::uint8_t { none, set, increase, decrease } action = Action::none;
  std::uint8_t value = 0;
  friend bool operator==(const TtlTarget&, const TtlTarget&) = default;
};

using Target = std::variant<MarkTarget, ConnmarkTarget, NatTarget, RejectTarget, LogTarget, CtTarget,
                            TcpmssTarget, TtlTarget>;

}  // namespace ekspath
