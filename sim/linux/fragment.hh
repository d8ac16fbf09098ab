#pragma once

#include <cstdint>
#include <memory>

#include "sim/engine/event.hh"
#include "sim/linux/netfilter/hook.hh"
#include "sim/packet/packet.hh"

namespace ekspath {

class Netns;

/// Who reassembles; each has queues of its own. Linux 6.1 include/net/ip.h ip_defrag_users
enum class DefragUser : std::uint8_t { local_deliver, conntrack_in, conntrack_out };

/// Collects fragments of IPv4 datagrams until they are whole or 30 s have gone.
class Fragments {
 public:
  explicit Fragments(Netns& netns);
  ~Fragments();
  Fragments(const Fragments&) = delete;
  Fragments& operator=(const Fragments&) = delete;

  [[nodiscard]] bool add(PacketRef& packet, DefragUser user);
  void fire(const Event& event);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// True: `packet` is a whole datagram, reassembled if it came in pieces (meta.largest_fragment says so).
/// False: it was kept until the rest comes, or dropped with its reason. ip_defrag()
[[nodiscard]] bool defragment(Netns& netns, PacketRef& packet, DefragUser user);

/// The datagram in pieces of at most `hop.mtu` bytes, each given to `send`, in order. Without a link header.
/// ip_do_fragment()
void fragment(Hop& hop, PacketRef packet, void (*send)(Hop&, PacketRef));

}  // namespace ekspath
