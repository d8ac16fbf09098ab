#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <memory>

#include "sim/base/fetch_line.hh"
#include "sim/base/mac_address.hh"
#include "sim/base/prefix.hh"
#include "sim/engine/link.hh"
#include "sim/linux/interface_name.hh"
#include "sim/linux/sysctl.hh"
#include "sim/packet/fate.hh"
#include "sim/packet/packet.hh"

namespace ekspath {

class Netns;
class Interface;

enum class InterfaceKind : std::uint8_t { loopback, veth, ena };

struct InterfaceAddress {
  Ipv4Address address{};
  std::uint8_t prefix_length = 32;
  bool secondary = false;
  enum class Scope : std::uint8_t { global = 0, link = 253, host = 254 } scope = Scope::global;
  bool connected_route = true;  // false: noprefixroute
  [[nodiscard]] Prefix prefix() const { return {address, prefix_length}; }
};

/// Most interfaces have one.
using InterfaceAddresses = boost::container::small_vector<InterfaceAddress, 1>;

struct InterfaceCounters {
  std::uint64_t rx_packets = 0, rx_bytes = 0, rx_dropped = 0;
  std::uint64_t tx_packets = 0, tx_bytes = 0, tx_dropped = 0;
};

/// A named door of a namespace: addresses, MTU, the link its frames leave by, the tap that captures. Knows no
/// rule of routing. Created and owned by its Netns; at a fixed address until it is deleted. What every packet
/// reads stands in front, in two cache lines.
class alignas(64) Interface final : public Receiver<PacketRef> {
 public:
  struct Identity {
    std::uint32_t index = 0;
    InterfaceName name;
    InterfaceKind kind = InterfaceKind::veth;
    MacAddress mac;
    std::uint32_t mtu = 1500;
    PlaceId place;
  };
  Interface(Netns& owner, Identity identity)
      : netns(&owner),
        place(identity.place),
        index(identity.index),
        mtu(identity.mtu),
        kind(identity.kind),
        mac(identity.mac),
        name(identity.name) {}
  Interface(const Interface&) = delete;
  Interface& operator=(const Interface&) = delete;

  /// A frame arrives from the wire: `ingress` takes it.
  void receive(PacketRef frame) override;
  void expect(const PacketRef& frame, unsigned stage) const override;
  /// A hint: a frame will be sent soon.
  void fetch() const { fetch_lines(this, 2); }

  /// Where frames go. Replaces an earlier link.
  void connect(const LinkSpec& spec, Receiver<PacketRef>& far_end);

  [[nodiscard]] bool has(Ipv4Address address) const {
    for (const auto& own : addresses) {
      if (own.address == address) return true;
    }
    return false;
  }

  Netns* netns;
  std::unique_ptr<Link<PacketRef>> link;
  Tap* tap = nullptr;  // null: nobody captures here
  std::uint32_t pattern_class =
      0;  // which interface patterns of rules this name fits: netfilter's (RuleStore)
  PlaceId place;
  std::uint32_t index;  // as `ip link` counts them: lo is 1
  std::uint32_t mtu;
  InterfaceKind kind;
  bool up = false;
  bool carrier = true;
  MacAddress mac;
  InterfaceCounters counters;
  InterfaceSysctls conf;
  std::uint32_t last_neighbour = 0;  // the slot of whom it sent to last: neighbours'
  InterfaceName name;
  InterfaceAddresses addresses;
  Interface* peer = nullptr;  // the far end of a veth, as long as there is one
};
static_assert(sizeof(Interface) == 192);

}  // namespace ekspath
