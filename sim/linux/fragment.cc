#include "sim/linux/fragment.hh"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "sim/engine/timer.hh"
#include "sim/linux/icmp_error.hh"
#include "sim/linux/netns.hh"
#include "sim/linux/walk.hh"
#include "sim/packet/build.hh"
#include "sim/packet/cut.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

constexpr std::size_t largest_datagram = 65535;
constexpr std::uint16_t dont_fragment_bit = 0x4000;
constexpr std::uint16_t more_fragments_bit = 0x2000;

struct DatagramKey {
  Ipv4Address source;
  Ipv4Address destination;
  std::uint16_t identification = 0;
  std::uint8_t protocol = 0;
  DefragUser user = DefragUser::local_deliver;
  friend bool operator==(const DatagramKey&, const DatagramKey&) = default;
};

DatagramKey key_of(const Packet& packet, DefragUser user) {
  const Ipv4View ip = ipv4(packet);
  return {ip.source(), ip.destination(), ip.identification(), ip.protocol(), user};
}

struct Piece {
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
  PacketRef packet;
  [[nodiscard]] std::uint32_t end() const { return offset + size; }
};

}  // namespace

struct Fragments::State {
  struct Datagram {
    Datagram(Netns& owner, std::uint32_t slot) : timer(owner, Netns::fragment_timer, slot) {}
    bool in_use = false;
    DatagramKey key;
    std::vector<Piece> pieces;  // by offset, without overlap
    std::uint32_t length = 0;   // as far as known
    bool has_last = false;
    std::uint32_t received = 0;
    std::uint16_t largest = 0;  // of all pieces, with their headers
    std::uint16_t largest_with_df = 0;
    Timer timer;
  };

  explicit State(Netns& owner) : netns(owner) {}
  [[nodiscard]] Datagram& ensure(const DatagramKey& key);
  enum class Fit : std::uint8_t { taken, duplicate, bad };
  [[nodiscard]] static Fit fit(Datagram& datagram, const Packet& packet, Piece& piece);
  void kill(Datagram& datagram, DropReason reason);
  [[nodiscard]] PacketRef join(Datagram& datagram);

  Netns& netns;
  std::vector<std::unique_ptr<Datagram>> datagrams;
};

Fragments::Fragments(Netns& netns) : state_(std::make_unique<State>(netns)) {}
Fragments::~Fragments() = default;

bool defragment(Netns& netns, PacketRef& packet, DefragUser user) {
  if (!ipv4(*packet).is_fragment()) return true;
  std::unique_ptr<Fragments>& fragments = netns.occasional().fragments;
  if (!fragments) fragments = std::make_unique<Fragments>(netns);
  return fragments->add(packet, user);
}

/// Linux 6.1 net/ipv4/ip_fragment.c ip_defrag(), ip_frag_queue()
bool Fragments::add(PacketRef& packet, DefragUser user) {
  Netns& netns = state_->netns;
  State::Datagram& datagram = state_->ensure(key_of(*packet, user));
  const Interface* in = netns.interface(packet->meta.in_interface);
  Piece piece;
  switch (State::fit(datagram, *packet, piece)) {
    case State::Fit::taken:
      break;
    case State::Fit::duplicate:
      drop(netns, in, Stage::fragment, DropReason::fragment_bad, std::move(packet));
      return false;
    case State::Fit::bad:
      drop(netns, in, Stage::fragment, DropReason::fragment_bad, std::move(packet));
      state_->kill(datagram, DropReason::fragment_bad);
      return false;
  }
  observe(netns, in, Stage::fragment, Verdict::queue, *packet);
  piece.packet = std::move(packet);
  datagram.received += piece.size;
  const auto place = std::find_if(datagram.pieces.begin(), datagram.pieces.end(),
                                  [&](const Piece& other) { return other.offset > piece.offset; });
  datagram.pieces.insert(place, std::move(piece));
  if (!datagram.has_last || datagram.received != datagram.length) return false;
  packet = state_->join(datagram);
  ++netns.occasional().snmp.ip_reasm_oks;
  if (netns.observer != nullptr) [[unlikely]] {
    observe(netns, in, Stage::fragment, Verdict::pass, *packet, "reassembled");
  }
  return true;
}

/// ip_expire(): only the host that it was for tells the sender, and only if it saw the beginning.
void Fragments::fire(const Event& event) {
  Netns& netns = state_->netns;
  State::Datagram& datagram = *state_->datagrams[event.argument];
  if (!datagram.timer.expired(event) || !datagram.in_use) return;
  if (!datagram.pieces.empty() && datagram.pieces.front().offset == 0) {
    const Packet& first = *datagram.pieces.front().packet;
    if (netns.routing.address_type(datagram.key.destination) == AddressType::local) {
      Hop hop{netns, netns.interface(first.meta.in_interface), nullptr, {}, 0};
      send_icmp_error(hop, first, {icmp::time_exceeded, 1, 0});
    }
  }
  state_->kill(datagram, DropReason::fragment_timeout);
}

Fragments::State::Datagram& Fragments::State::ensure(const DatagramKey& key) {
  Datagram* unused = nullptr;
  for (const auto& datagram : datagrams) {
    if (!datagram->in_use) {
      unused = datagram.get();
    } else if (datagram->key == key) {
      return *datagram;
    }
  }
  if (unused == nullptr) {
    datagrams.push_back(std::make_unique<Datagram>(netns, static_cast<std::uint32_t>(datagrams.size())));
    unused = datagrams.back().get();
  }
  unused->in_use = true;
  unused->key = key;
  unused->timer.arm(netns.now() + Nanoseconds(std::int64_t{netns.sysctls->ipfrag_time} * 1'000'000'000));
  return *unused;
}

/// Pieces that overlap, that go beyond the end, or that end twice spoil the datagram; one that is there
/// already does not. inet_frag_queue_insert()
Fragments::State::Fit Fragments::State::fit(Datagram& datagram, const Packet& packet, Piece& piece) {
  const Ipv4View ip = ipv4(packet);
  piece.offset = ip.fragment_offset();
  piece.size = static_cast<std::uint32_t>(packet.network_size() - ip.header_size());
  if (ip.more_fragments()) piece.size &= ~7U;
  if (piece.size == 0 || piece.end() > largest_datagram - ip.header_size()) return Fit::bad;
  if (!ip.more_fragments()) {
    if (piece.end() < datagram.length || (datagram.has_last && piece.end() != datagram.length))
      return Fit::bad;
    datagram.has_last = true;
  } else if (datagram.has_last && piece.end() > datagram.length) {
    return Fit::bad;
  }
  for (const Piece& other : datagram.pieces) {
    if (piece.offset >= other.offset && piece.end() <= other.end()) return Fit::duplicate;
    if (piece.offset < other.end() && other.offset < piece.end()) return Fit::bad;
  }
  datagram.length = std::max(datagram.length, piece.end());
  const auto whole = static_cast<std::uint16_t>(packet.network_size());
  datagram.largest = std::max(datagram.largest, whole);
  if (ip.dont_fragment()) datagram.largest_with_df = std::max(datagram.largest_with_df, whole);
  return Fit::taken;
}

void Fragments::State::kill(Datagram& datagram, DropReason reason) {
  ++netns.occasional().snmp.ip_reasm_fails;
  datagram.timer.cancel();
  for (Piece& piece : datagram.pieces) {
    const Interface* in = netns.interface(piece.packet->meta.in_interface);
    drop(netns, in, Stage::fragment, reason, std::move(piece.packet));
  }
  datagram.pieces.clear();
  datagram.in_use = datagram.has_last = false;
  datagram.length = datagram.received = 0;
  datagram.largest = datagram.largest_with_df = 0;
}

/// ip_frag_reasm()
PacketRef Fragments::State::join(Datagram& datagram) {
  const Packet& first = *datagram.pieces.front().packet;
  const std::size_t header_size = ipv4(first).header_size();
  PacketRef whole = netns.pool().allocate(header_size + datagram.length);
  whole->meta = first.meta;
  append_bytes(*whole, {first.network(), header_size});
  for (const Piece& piece : datagram.pieces) {
    const Packet& part = *piece.packet;
    append_bytes(*whole, {part.network() + ipv4(part).header_size(), piece.size});
  }
  whole->mark_network();
  whole->mark_transport(header_size);
  whole->meta.largest_fragment = datagram.largest;
  whole->meta.fragments_had_df = datagram.largest_with_df == datagram.largest;
  Ipv4View ip = ipv4(*whole);
  store16(ip.at + 2, static_cast<std::uint16_t>(whole->network_size()));
  store16(ip.at + 6, whole->meta.fragments_had_df ? dont_fragment_bit : 0);
  ip.refresh_checksum();
  datagram.timer.cancel();
  datagram.pieces.clear();
  datagram.in_use = datagram.has_last = false;
  datagram.length = datagram.received = 0;
  datagram.largest = datagram.largest_with_df = 0;
  return whole;
}

/// Linux 6.1 net/ipv4/ip_output.c ip_do_fragment(): new pieces for the out MTU, never larger than the largest
/// that came in.
void fragment(Hop& hop, PacketRef packet, void (*send)(Hop&, PacketRef)) {
  Netns& netns = hop.netns;
  std::size_t mtu = hop.mtu;
  if (packet->meta.largest_fragment != 0) mtu = std::min<std::size_t>(mtu, packet->meta.largest_fragment);
  if (netns.observer != nullptr) [[unlikely]] {
    observe(netns, hop.out, Stage::fragment, Verdict::pass, *packet, fmt::format("cut to {} bytes", mtu));
  }
  const bool had_df = packet->meta.fragments_had_df;
  packet->meta.largest_fragment = 0;
  PacketQueue pieces = cut_into_fragments(netns.pool(), *packet, mtu, had_df);
  while (!pieces.empty()) {
    ++netns.occasional().snmp.ip_frag_creates;
    send(hop, pieces.take());
  }
}

}  // namespace ekspath
