#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>

#include "sim/packet/packet.hh"
#include "sim/packet/tuple.hh"

namespace ekspath {

/// Numbers connections from 1 in the order of their first packet, for a reader to follow: both directions
/// have one number, and so have the tuples before and after a translation, in every namespace. Conntrack's
/// own numbers belong to one namespace. Remembers the half million to a million tuples used last.
class FlowNumbers {
 public:
  /// The flow of a tuple; a new one gets the next number.
  [[nodiscard]] std::uint32_t flow_of(const Tuple& tuple);
  /// The tuple, as it is from now on, is one more face of the flow.
  void join(const Tuple& tuple, std::uint32_t flow);

 private:
  std::uint32_t* find(const Tuple& either);
  void insert(const Tuple& either, std::uint32_t flow);

  using Flows = std::unordered_map<Tuple, std::uint32_t, TupleHash>;
  Flows recent_;
  Flows older_;
  std::uint32_t last_ = 0;
};

/// The tuple by which a packet's flow is known: its own, or, of an ICMP error, that of the datagram it
/// quotes. `frame` begins with an Ethernet header; a zero tuple for what is no IPv4.
[[nodiscard]] Tuple flow_tuple(std::span<const std::uint8_t> frame);

}  // namespace ekspath
