#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/engine/engine.hh"
#include "sim/linux/netfilter/rule_store.hh"
#include "sim/linux/netns.hh"

namespace ekspath {

/// A tiny world from a line of text, for tests of linux/ and of what stands on it.
///
///   LinuxWorld world("pod(10.0.0.5) -- node(10.0.0.1, 10.1.0.1) -- server(10.1.0.2)");
///
/// Hosts in a row are joined by veths without delay; in brackets the host's address on each of its links,
/// from left to right
/// (/24 unless said; "-" for none). Another row after a semicolon may name a host again: its addresses there
/// are for the new links. The interfaces of each host are e0, e1, ... in order. Hosts of one link have a
/// default route to the other end; those of more links forward, and know the way to each subnet. All is up,
/// MTU 1500, MACs 02:00:00:00:HOST:INTERFACE. Every frame and every decision is recorded.
class LinuxWorld {
 public:
  explicit LinuxWorld(std::string_view rows, std::uint64_t seed = 1);
  ~LinuxWorld();

  [[nodiscard]] Netns& operator[](std::string_view host);
  /// "node/e0"
  [[nodiscard]] Interface& at(std::string_view place);
  /// A host without links, for tests that wire their own.
  Netns& add_host(std::string name);
  /// Joins two hosts; an address may be "-".
  void join(std::string_view a, std::string_view address_a, std::string_view b, std::string_view address_b,
            const LinkSpec& link = {});
  /// Records what passes this interface, as it does for those of the text. For interfaces that a test added
  /// itself.
  void watch(Interface& interface);

  void run_for(Nanoseconds duration) { engine.run_until(engine.now() + duration); }

  /// Sends a packet of the host's own, in the words of tests/support/packet/packet_text.hh: routed, its
  /// source as written. 0 or the errno of the send call.
  int send(std::string_view host, std::string_view packet);
  /// A frame arrives at this interface.
  void inject(std::string_view place, std::string_view frame);

  /// What passed, a line a frame, in order: "router/e1 out 10.0.0.1 > 10.1.0.2: ICMP echo request id 7 seq 1
  /// len 56". Without ARP and IP ids (a draw), and only of one interface if it is named.
  [[nodiscard]] std::string capture(std::string_view place = {}) const;
  /// The same with ARP, the link headers and the ids.
  [[nodiscard]] std::string capture_frames(std::string_view place = {}) const;
  /// When each captured frame of that interface passed, ARP included, in order.
  [[nodiscard]] std::vector<Nanoseconds> times(std::string_view place) const;
  /// A line a dropped packet: "router/e0 route no_route".
  [[nodiscard]] std::string drops() const;
  /// Every decision, a line each, for INFO(world.walk()).
  [[nodiscard]] std::string walk() const;
  /// Forgets what was captured and decided so far.
  void forget();

  Engine engine;
  PacketPool pool;
  PlaceNames places;
  RuleStore rules;
  Kernel kernel;

 private:
  class Recorder;
  void build_row(std::string_view row);
  void add_routes();

  std::unique_ptr<Recorder> recorder_;
  std::map<std::string, std::unique_ptr<Netns>, std::less<>> hosts_;
  std::vector<std::string> order_;
};

}  // namespace ekspath
