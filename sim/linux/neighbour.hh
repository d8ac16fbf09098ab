#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "sim/base/fetch_line.hh"
#include "sim/base/ipv4_address.hh"
#include "sim/base/mac_address.hh"
#include "sim/base/nanoseconds.hh"
#include "sim/engine/event.hh"
#include "sim/linux/interface.hh"
#include "sim/packet/packet.hh"

namespace ekspath {

class Netns;

/// Linux 6.1 include/uapi/linux/neighbour.h NUD_*
enum class NeighbourState : std::uint8_t {
  none,
  incomplete,
  reachable,
  stale,
  delay,
  probe,
  failed,
  noarp,
  permanent
};
[[nodiscard]] std::string_view to_string(NeighbourState state);

struct NeighbourEntry {
  Ipv4Address address{};
  std::uint32_t interface = 0;
  MacAddress mac{};
  NeighbourState state = NeighbourState::none;
};

/// IP to MAC on each interface, the packets that wait for one, and the requests on the wire (facts 5, ARP).
class Neighbours {
 public:
  explicit Neighbours(Netns& netns);
  ~Neighbours();

  /// The IPv4 packet leaves by `out` to `next_hop` as soon as its MAC is known; when it never is, the senders
  /// are told. neigh_resolve_output()
  void resolve(Interface& out, Ipv4Address next_hop, PacketRef packet) {
    resolve(out, next_hop, std::move(packet), out.last_neighbour);
  }
  /// `place`: where the neighbour probably stands, and then does.
  void resolve(Interface& out, Ipv4Address next_hop, PacketRef packet, std::uint32_t& place);
  /// An ARP frame for this namespace. arp_process()
  void receive_arp(Interface& in, PacketRef frame);
  /// Something above IP proved that the neighbour answers (a TCP ACK). neigh_confirm()
  void confirm(Interface& out, Ipv4Address next_hop);
  /// Whether the MAC of `address` is known; if not, it is asked for. __ip_do_redirect()
  [[nodiscard]] bool is_valid_or_ask(Interface& out, Ipv4Address address);
  void fire(const Event& event);

  [[nodiscard]] int add(const NeighbourEntry& entry);  // `ip neigh replace`; 0 or an errno
  [[nodiscard]] int remove(std::uint32_t interface, Ipv4Address address);
  void flush(const Interface& interface);
  /// In the order that `ip neigh` prints.
  [[nodiscard]] std::vector<NeighbourEntry> entries() const;

  /// A hint: a packet goes soon to who probably stands at `place`.
  void expect(std::uint32_t place) const {
    if (place < entries_.size()) fetch_line(&entries_[place]);
  }

 private:
  struct Arp;
  struct Resolution;
  struct Delayed;
  struct Seldom;
  struct Entry {
    Ipv4Address address;
    std::uint32_t interface = 0;  // 0: a free place
    MacAddress mac;
    NeighbourState state = NeighbourState::none;
    std::uint8_t probes = 0;
    std::unique_ptr<Resolution> arp;  // stays with its place: a timer of it may still be queued
  };

  Netns& netns_;
  std::vector<Entry> entries_;
  std::unique_ptr<Seldom> seldom_;  // null: not needed yet
};

}  // namespace ekspath
