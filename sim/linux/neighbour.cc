#include "sim/linux/neighbour.hh"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cerrno>

#include "sim/engine/timer.hh"
#include "sim/linux/icmp_error.hh"
#include "sim/linux/netns.hh"
#include "sim/linux/routing/input_route.hh"
#include "sim/linux/walk.hh"
#include "sim/packet/build.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

using namespace literals;
using Nud = NeighbourState;

// Linux 6.1 net/ipv4/arp.c arp_tbl.parms. The second between two requests is 1.024 s on the wire: the
// kernel's timer wheel counts in steps of 64 ms there (observed: facts 5, "0, 1.02, 2.05 s; at 3.07 s
// FAILED").
constexpr Nanoseconds retransmission = 1024_ms;
constexpr Nanoseconds delay_first_probe = 5_s;
constexpr Nanoseconds base_reachable = 30_s;
constexpr Nanoseconds locktime = 1_s;
constexpr Nanoseconds proxy_delay = 800_ms;
constexpr std::uint8_t unicast_probes = 3;
constexpr std::uint8_t multicast_probes = 3;
constexpr std::uint32_t queue_limit = 212992;  // unres_qlen_bytes

/// NUD_VALID: the MAC may be used.
bool is_valid(Nud state) {
  return state == Nud::permanent || state == Nud::noarp || state == Nud::reachable || state == Nud::probe ||
         state == Nud::stale || state == Nud::delay;
}
/// NUD_CONNECTED: nothing to be done before use.
bool is_connected(Nud state) {
  return state == Nud::permanent || state == Nud::noarp || state == Nud::reachable;
}

/// skb->truesize, by which the queue is measured: the sk_buff, the shared info behind the data, and the data
/// in the allocator's sizes. 832 for every small packet (observed: facts 5).
std::uint32_t true_size(const Packet& packet) {
  constexpr std::uint32_t buffer = 256;
  constexpr std::uint32_t shared_info = 320;
  constexpr std::uint32_t link_room = 16;
  const auto data = static_cast<std::uint32_t>(packet.size()) + link_room;
  return data <= 256 ? buffer + 256 + shared_info : buffer + std::bit_ceil(data + shared_info);
}

/// RFC 1112 6.4
MacAddress multicast_mac(Ipv4Address group) {
  const std::uint32_t bits = group.bits();
  return {{0x01, 0x00, 0x5e, static_cast<std::uint8_t>((bits >> 16) & 0x7f),
           static_cast<std::uint8_t>(bits >> 8), static_cast<std::uint8_t>(bits)}};
}

}  // namespace

std::string_view to_string(NeighbourState state) {
  switch (state) {
    case Nud::none:
      return "NONE";
    case Nud::incomplete:
      return "INCOMPLETE";
    case Nud::reachable:
      return "REACHABLE";
    case Nud::stale:
      return "STALE";
    case Nud::delay:
      return "DELAY";
    case Nud::probe:
      return "PROBE";
    case Nud::failed:
      return "FAILED";
    case Nud::noarp:
      return "NOARP";
    case Nud::permanent:
      return "PERMANENT";
  }
  return "?";
}

/// What only an entry that ARP keeps needs: apart, so that permanent ones stay small. Linux 6.1
/// net/core/neighbour.c struct neighbour and the functions named at each behaviour.
struct Neighbours::Resolution {
  Resolution(Netns& owner, std::uint32_t slot) : timer(owner, Netns::neighbour_timer, slot) {}

  std::uint32_t queued_bytes = 0;
  PacketQueue queue;
  Nanoseconds confirmed, used, updated;
  Nanoseconds reachable_time;
  Timer timer;
};

/// A broadcast request for an address behind us, which waits its random time. pneigh_enqueue()
struct Neighbours::Delayed {
  std::uint32_t interface = 0;
  PacketRef frame;
};

/// Of a namespace which has many neighbours, whose neighbours come and go, or which answers for others.
struct Neighbours::Seldom {
  boost::unordered_flat_map<std::uint64_t, std::uint32_t, MixedHash> index;  // empty: few entries
  std::vector<std::uint32_t> free_slots;
  std::vector<Delayed> delayed;
  std::unique_ptr<Random> proxy_random;
};

/// The protocol at work on the entries of one namespace, for as long as one call takes.
struct Neighbours::Arp {
  explicit Arp(Neighbours& of) : netns(of.netns_), entries(of.entries_), seldom_(of.seldom_) {}

  [[nodiscard]] Entry* find(std::uint32_t interface, Ipv4Address address);
  [[nodiscard]] Entry& ensure(Interface& out, Ipv4Address address, std::uint32_t& place);
  [[nodiscard]] Resolution& resolution_of(Entry& entry);
  [[nodiscard]] Nanoseconds reachable_time_on(const Interface& interface) const;
  void free(Entry& entry);

  void enqueue(Interface& out, Entry& entry, PacketRef packet);
  void start(Interface& out, std::uint32_t slot);
  void solicit(Interface& out, Entry& entry);
  void fail(Entry& entry);
  void tick(std::uint32_t slot);
  enum class Override : std::uint8_t { no, yes };
  void update(Interface& in, Entry& entry, const MacAddress& mac, NeighbourState state, Override override);
  void release_queue(Interface& out, Entry& entry);

  void process(Interface& in, PacketRef frame, bool was_delayed);
  void answer(Interface& in, const ArpView& request);
  [[nodiscard]] bool ignores(const Interface& in, Ipv4Address sender, Ipv4Address target) const;
  [[nodiscard]] std::uint32_t slot_of(const Entry& entry) const {
    return static_cast<std::uint32_t>(&entry - entries.data());
  }
  [[nodiscard]] static std::uint64_t key(std::uint32_t interface, Ipv4Address address) {
    return (std::uint64_t{interface} << 32) | address.bits();
  }

  static constexpr std::size_t scanned_at_most = 8;
  Netns& netns;
  std::vector<Entry>& entries;
  [[nodiscard]] Seldom& seldom() {
    if (!seldom_) seldom_ = std::make_unique<Seldom>();
    return *seldom_;
  }
  [[nodiscard]] bool has_index() const { return seldom_ && !seldom_->index.empty(); }

 private:
  std::unique_ptr<Seldom>& seldom_;
};

Neighbours::Neighbours(Netns& netns) : netns_(netns) {}
Neighbours::~Neighbours() = default;

/// Linux 6.1 include/net/neighbour.h neigh_output(), net/core/neighbour.c neigh_event_send()
void Neighbours::resolve(Interface& out, Ipv4Address next_hop, PacketRef packet, std::uint32_t& place) {
  if (out.kind == InterfaceKind::loopback) return egress(out, std::move(packet), MacAddress{});
  if (place < entries_.size() && out.netns->observer == nullptr) {
    const Entry& probable = entries_[place];
    if (probable.address == next_hop && probable.interface == out.index && is_connected(probable.state))
        [[likely]]
      return egress(out, std::move(packet), MacAddress(probable.mac));
  }
  Arp protocol(*this);
  Entry& entry = protocol.ensure(out, next_hop, place);
  if (!is_valid(entry.state)) return protocol.enqueue(out, entry, std::move(packet));
  if (!is_connected(entry.state)) {
    Resolution& arp = *entry.arp;
    arp.used = netns_.now();
    if (entry.state == Nud::stale) {
      entry.state = Nud::delay;
      arp.updated = arp.used;
      arp.timer.arm(arp.used + delay_first_probe);
    }
  }
  if (netns_.observer != nullptr) [[unlikely]] {
    observe(netns_, &out, Stage::neighbour, Verdict::pass, *packet,
            fmt::format("{} dev {} lladdr {} {}", next_hop, out.name, entry.mac, to_string(entry.state)));
  }
  egress(out, std::move(packet), MacAddress(entry.mac));
}

void Neighbours::confirm(Interface& out, Ipv4Address next_hop) {
  Entry* entry = Arp(*this).find(out.index, next_hop);
  if (entry != nullptr && entry->arp) entry->arp->confirmed = netns_.now();
}

bool Neighbours::is_valid_or_ask(Interface& out, Ipv4Address address) {
  Arp protocol(*this);
  Entry& entry = protocol.ensure(out, address, out.last_neighbour);
  if (is_valid(entry.state)) return true;
  if (entry.state != Nud::incomplete) protocol.start(out, protocol.slot_of(entry));
  return false;
}

void Neighbours::fire(const Event& event) {
  if (event.kind == Netns::arp_proxy_timer) {
    Delayed due = std::move(seldom_->delayed[event.argument]);
    Interface* in = netns_.interface(due.interface);
    if (in == nullptr || !in->up) return;
    return Arp(*this).process(*in, std::move(due.frame), true);
  }
  if (entries_[event.argument].arp->timer.expired(event)) Arp(*this).tick(event.argument);
}

int Neighbours::add(const NeighbourEntry& wanted) {
  Interface* interface = netns_.interface(wanted.interface);
  if (interface == nullptr) return ENODEV;
  Arp protocol(*this);
  Entry& entry = protocol.ensure(*interface, wanted.address, interface->last_neighbour);
  const bool had_mac = is_valid(entry.state);
  entry.mac = wanted.mac;
  entry.state = wanted.state;
  if (entry.state == Nud::permanent && !entry.arp) return 0;
  Resolution& arp = protocol.resolution_of(entry);
  arp.updated = netns_.now();
  arp.timer.cancel();
  if (wanted.state == Nud::reachable) {
    arp.confirmed = netns_.now();
    arp.timer.arm(arp.confirmed + arp.reachable_time);
  }
  if (!had_mac && is_valid(entry.state)) protocol.release_queue(*interface, entry);
  return 0;
}

int Neighbours::remove(std::uint32_t interface, Ipv4Address address) {
  Arp protocol(*this);
  Entry* entry = protocol.find(interface, address);
  if (entry == nullptr) return ENOENT;
  protocol.free(*entry);
  return 0;
}

void Neighbours::flush(const Interface& interface) {
  for (Entry& entry : entries_) {
    if (entry.interface == interface.index) Arp(*this).free(entry);
  }
}

std::vector<NeighbourEntry> Neighbours::entries() const {
  std::vector<NeighbourEntry> listed;
  for (const Entry& entry : entries_) {
    // `ip neigh` leaves out what never needed ARP.
    if (entry.interface == 0 || entry.state == Nud::noarp) continue;
    listed.push_back({entry.address, entry.interface, entry.mac, entry.state});
  }
  return listed;
}

Neighbours::Entry* Neighbours::Arp::find(std::uint32_t interface, Ipv4Address address) {
  if (!has_index()) {
    for (Entry& entry : entries) {
      if (entry.address == address && entry.interface == interface) return &entry;
    }
    return nullptr;
  }
  const auto found = seldom_->index.find(key(interface, address));
  return found != seldom_->index.end() ? &entries[found->second] : nullptr;
}

/// ___neigh_create(), arp_constructor()
Neighbours::Entry& Neighbours::Arp::ensure(Interface& out, Ipv4Address address, std::uint32_t& place) {
  if (place < entries.size()) {
    Entry& probable = entries[place];
    if (probable.address == address && probable.interface == out.index) [[likely]]
      return probable;
  }
  if (Entry* known = find(out.index, address)) {
    place = slot_of(*known);
    return *known;
  }
  std::uint32_t slot = 0;
  if (!seldom_ || seldom_->free_slots.empty()) {
    slot = static_cast<std::uint32_t>(entries.size());
    entries.emplace_back();
  } else {
    slot = seldom_->free_slots.back();
    seldom_->free_slots.pop_back();
  }
  Entry& entry = entries[slot];
  entry.address = address;
  entry.interface = out.index;
  entry.state = Nud::none;
  if (entry.arp) entry.arp->reachable_time = reachable_time_on(out);  // a used slot
  const AddressType type = netns.routing.address_type(address);
  if (type == AddressType::broadcast || type == AddressType::multicast) {
    entry.state = Nud::noarp;
    entry.mac = type == AddressType::broadcast ? MacAddress::broadcast() : multicast_mac(address);
  }
  if (has_index()) {
    seldom_->index.emplace(key(out.index, address), slot);
  } else if (entries.size() > scanned_at_most) {
    for (const Entry& each : entries) {
      if (each.interface != 0) seldom().index.emplace(key(each.interface, each.address), slot_of(each));
    }
  }
  return entry;
}

Neighbours::Resolution& Neighbours::Arp::resolution_of(Entry& entry) {
  if (!entry.arp) {
    entry.arp = std::make_unique<Resolution>(netns, slot_of(entry));
    entry.arp->reachable_time = reachable_time_on(*netns.interface(entry.interface));
  }
  return *entry.arp;
}

/// neigh_rand_reach_time(): between half and one and a half times the base, one draw an interface.
Nanoseconds Neighbours::Arp::reachable_time_on(const Interface& interface) const {
  Random draw = netns.random(fmt::format("reachable time of {}", interface.name));
  const auto spread = static_cast<std::uint64_t>(base_reachable.count());
  return base_reachable / 2 + Nanoseconds(static_cast<std::int64_t>(draw.uniform(spread)));
}

/// neigh_destroy(): what still waits in its queue dies unannounced.
void Neighbours::Arp::free(Entry& entry) {
  if (has_index()) seldom_->index.erase(key(entry.interface, entry.address));
  const Interface* out = netns.interface(entry.interface);
  seldom().free_slots.push_back(slot_of(entry));
  entry.interface = 0;
  entry.address = {};
  entry.state = Nud::none;
  if (!entry.arp) return;
  entry.arp->timer.cancel();
  entry.arp->queued_bytes = 0;
  PacketQueue waiting = std::move(entry.arp->queue);
  while (!waiting.empty()) {
    drop(netns, out, Stage::neighbour, DropReason::neighbour_failed, waiting.take());
  }
}

/// __neigh_event_send(): the queue keeps the newest.
void Neighbours::Arp::enqueue(Interface& out, Entry& entry, PacketRef packet) {
  Resolution& arp = resolution_of(entry);
  const std::uint32_t slot = slot_of(entry);
  const std::uint32_t bytes = true_size(*packet);
  if (netns.observer != nullptr) [[unlikely]] {
    observe(netns, &out, Stage::neighbour, Verdict::queue, *packet,
            fmt::format("{} dev {} {}", entry.address, out.name,
                        to_string(entry.state == Nud::incomplete ? entry.state : Nud::incomplete)));
  }
  while (!arp.queue.empty() && arp.queued_bytes + bytes > queue_limit) {
    PacketRef oldest = arp.queue.take();
    arp.queued_bytes -= true_size(*oldest);
    drop(netns, &out, Stage::neighbour, DropReason::neighbour_queue_full, std::move(oldest));
  }
  arp.queued_bytes += bytes;
  arp.queue.push(std::move(packet));
  if (entry.state != Nud::incomplete) start(out, slot);
}

void Neighbours::Arp::start(Interface& out, std::uint32_t slot) {
  Entry& entry = entries[slot];
  Resolution& arp = resolution_of(entry);
  entry.state = Nud::incomplete;
  entry.probes = unicast_probes;  // those are for entries that once had a MAC
  arp.updated = arp.used = netns.now();
  arp.timer.arm(netns.now() + retransmission);
  solicit(out, entry);
}

/// Linux 6.1 net/ipv4/arp.c arp_solicit()
void Neighbours::Arp::solicit(Interface& out, Entry& entry) {
  Resolution& arp = resolution_of(entry);
  const std::uint8_t announce = std::max(netns.sysctls->all.arp_announce, out.conf.arp_announce);
  Ipv4Address source;
  if (const Packet* newest = arp.queue.back(); newest != nullptr && announce < 2) {
    const Ipv4Address candidate = ipv4(*newest).source();
    const bool own = netns.routing.address_type(candidate) == AddressType::local;
    const auto known_to_target = [&] {
      return std::any_of(out.addresses.begin(), out.addresses.end(), [&](const InterfaceAddress& address) {
        return address.prefix().contains(entry.address) && address.prefix().contains(candidate);
      });
    };
    if (own && (announce == 0 || known_to_target())) source = candidate;
  }
  if (source.is_unspecified()) source = netns.routing.select_source(&out, entry.address, RouteScope::link);
  const MacAddress destination = entry.probes < unicast_probes ? entry.mac : MacAddress::broadcast();
  ++entry.probes;
  ArpFields fields;
  fields.sender_mac = out.mac;
  fields.sender = source;
  fields.target = entry.address;
  PacketRef request = build_arp(netns.pool(), destination, fields);
  request->meta.trace = netns.next_trace();
  transmit(out, std::move(request));
}

/// neigh_invalidate(), arp_error_report()
void Neighbours::Arp::fail(Entry& entry) {
  Resolution& arp = resolution_of(entry);
  entry.state = Nud::failed;
  arp.updated = netns.now();
  arp.queued_bytes = 0;
  Interface* out = netns.interface(entry.interface);
  // The reports may make new entries, and move this one.
  PacketQueue waiting = std::move(arp.queue);
  while (!waiting.empty()) {
    PacketRef packet = waiting.take();
    Hop hop{netns, netns.interface(packet->meta.in_interface), out, {}, 0};
    send_icmp_error(hop, *packet, {icmp::unreachable, icmp::host_unreachable, 0});
    drop(netns, out, Stage::neighbour, DropReason::neighbour_failed, std::move(packet));
  }
}

/// neigh_timer_handler()
void Neighbours::Arp::tick(std::uint32_t slot) {
  Entry& entry = entries[slot];
  Resolution& arp = resolution_of(entry);
  Interface* out = netns.interface(entry.interface);
  if (out == nullptr) return;
  const Nanoseconds now = netns.now();
  Nanoseconds next = now + retransmission;
  switch (entry.state) {
    case Nud::reachable:
      if (now <= arp.confirmed + arp.reachable_time) {
        next = arp.confirmed + arp.reachable_time;
        if (next == now) next += Nanoseconds(1);
        break;
      }
      arp.updated = now;
      if (now > arp.used + delay_first_probe) {
        entry.state = Nud::stale;
        return;
      }
      entry.state = Nud::delay;
      next = now + delay_first_probe;
      break;
    case Nud::delay:
      arp.updated = now;
      if (now <= arp.confirmed + delay_first_probe) {
        entry.state = Nud::reachable;
        next = std::max(arp.confirmed + arp.reachable_time, now + Nanoseconds(1));
        break;
      }
      entry.state = Nud::probe;
      entry.probes = 0;
      break;
    case Nud::probe:
    case Nud::incomplete:
      break;
    default:
      return;
  }
  const std::uint8_t most = entry.state == Nud::probe
                                ? unicast_probes
                                : static_cast<std::uint8_t>(unicast_probes + multicast_probes);
  const bool asking = entry.state == Nud::probe || entry.state == Nud::incomplete;
  if (asking && entry.probes >= most) return fail(entry);
  arp.timer.arm(next);
  if (asking) solicit(*out, entry);
}

/// neigh_update(), as ARP uses it
void Neighbours::Arp::update(Interface& in, Entry& entry, const MacAddress& mac, NeighbourState wanted,
                             Override override) {
  const Nud before = entry.state;
  if (before == Nud::permanent || before == Nud::noarp) return;
  Resolution& arp = resolution_of(entry);
  const Nanoseconds now = netns.now();
  const bool same_mac = is_valid(before) && entry.mac == mac;
  if (wanted == Nud::reachable) arp.confirmed = now;
  Nud after = wanted;
  if (is_valid(before)) {
    if (!same_mac && override == Override::no) return;
    if (same_mac && wanted == Nud::stale) after = before;
  }
  if (after != before || !same_mac) arp.updated = now;
  if (after != before) {
    arp.timer.cancel();
    entry.state = after;
    if (after == Nud::reachable) arp.timer.arm(now + arp.reachable_time);
  }
  if (!same_mac) {
    entry.mac = mac;
    if (after != Nud::reachable) arp.confirmed = now - 2 * base_reachable;
  }
  if (!is_valid(before) && is_valid(after)) release_queue(in, entry);
}

void Neighbours::Arp::release_queue(Interface& out, Entry& entry) {
  Resolution& arp = resolution_of(entry);
  arp.queued_bytes = 0;
  arp.used = netns.now();
  const MacAddress mac = entry.mac;
  const Ipv4Address address = entry.address;
  PacketQueue waiting = std::move(arp.queue);
  // The first packet over a STALE entry starts its delay, as any other would.
  if (!waiting.empty() && entry.state == Nud::stale) {
    entry.state = Nud::delay;
    arp.timer.arm(netns.now() + delay_first_probe);
  }
  const Nud state = entry.state;
  while (!waiting.empty()) {
    PacketRef packet = waiting.take();
    if (netns.observer != nullptr) [[unlikely]] {
      observe(netns, &out, Stage::neighbour, Verdict::pass, *packet,
              fmt::format("{} dev {} lladdr {} {}", address, out.name, mac, to_string(state)));
    }
    egress(out, std::move(packet), mac);
  }
}

/// Linux 6.1 net/ipv4/arp.c arp_rcv()
void Neighbours::receive_arp(Interface& in, PacketRef frame) {
  if (frame->size() < ArpView::size || !ArpView{frame->data()}.is_ethernet_ipv4()) {
    return drop(netns_, &in, Stage::ingress, DropReason::header, std::move(frame));
  }
  Arp(*this).process(in, std::move(frame), false);
}

/// arp_process()
void Neighbours::Arp::process(Interface& in, PacketRef frame, bool was_delayed) {
  const ArpView arp{frame->data()};
  const Ipv4Address sender = arp.sender();
  const Ipv4Address target = arp.target();
  const bool localnet = netns.sysctls->all.route_localnet || in.conf.route_localnet;
  const auto done = [&](Verdict verdict) {
    if (netns.observer != nullptr) [[unlikely]]
      observe(netns, &in, Stage::neighbour, verdict, *frame, "arp");
  };
  const auto ignored = [&] { drop(netns, &in, Stage::neighbour, DropReason::arp_ignored, std::move(frame)); };
  if (target.is_multicast() || (!localnet && target.is_loopback())) return ignored();
  const bool is_request = arp.operation() == ArpView::request;
  if (!is_request && arp.operation() != ArpView::reply) return ignored();

  // Duplicate address detection. RFC 2131
  if (sender.is_unspecified()) {
    if (!is_request || netns.routing.address_type(target) != AddressType::local ||
        ignores(in, sender, target)) {
      return ignored();
    }
    done(Verdict::deliver);
    return answer(in, arp);
  }
  if (is_request) {
    // A request passes the input route decision: martians and rp_filter hold for it, too.
    FlowKey key;
    key.destination = target;
    key.source = sender;
    key.in_interface = in.index;
    const InputRoute input = route_input(netns, in, key);
    if (input.kind == InputRoute::Kind::local && input.route.is_local()) {
      if (ignores(in, sender, target)) return ignored();
      update(in, ensure(in, sender, in.last_neighbour), arp.sender_mac(), Nud::stale, Override::yes);
      done(Verdict::deliver);
      return answer(in, arp);
    }
    const bool proxied = input.kind == InputRoute::Kind::forward && input.route.out != &in &&
                         (netns.sysctls->all.proxy_arp || in.conf.proxy_arp);
    if (proxied) {
      update(in, ensure(in, sender, in.last_neighbour), arp.sender_mac(), Nud::stale, Override::yes);
      if (was_delayed || frame->meta.type == PacketType::host) {
        done(Verdict::deliver);
        return answer(in, arp);
      }
      std::unique_ptr<Random>& draws = seldom().proxy_random;
      if (!draws) draws = std::make_unique<Random>(netns.random("proxy arp delay"));
      const auto wait = Nanoseconds(
          static_cast<std::int64_t>(draws->uniform(static_cast<std::uint64_t>(proxy_delay.count()))));
      done(Verdict::queue);
      std::vector<Delayed>& delayed = seldom().delayed;
      auto slot =
          std::find_if(delayed.begin(), delayed.end(), [](const Delayed& each) { return !each.frame; });
      if (slot == delayed.end()) slot = delayed.emplace(delayed.end());
      *slot = {in.index, std::move(frame)};
      netns.engine().schedule(netns.next_key(netns.now() + wait), netns.id(), Netns::arp_proxy_timer,
                              static_cast<std::uint32_t>(slot - delayed.begin()));
      return;
    }
  }
  Entry* entry = find(in.index, sender);
  if (entry == nullptr) return ignored();
  // arp_is_garp(): believed at once; other news waits until the entry is a second old, so that the first of
  // several answers counts.
  const bool gratuitous = sender == target && (is_request || arp.target_mac() == arp.sender_mac()) &&
                          netns.routing.address_type(sender) == AddressType::unicast;
  const bool override = gratuitous || !entry->arp || netns.now() > entry->arp->updated + locktime;
  const bool asserts = !is_request && frame->meta.type == PacketType::host;
  done(Verdict::deliver);
  update(in, *entry, arp.sender_mac(), asserts ? Nud::reachable : Nud::stale,
         override ? Override::yes : Override::no);
}

void Neighbours::Arp::answer(Interface& in, const ArpView& request) {
  ArpFields fields;
  fields.operation = ArpView::reply;
  fields.sender_mac = in.mac;
  fields.sender = request.target();
  fields.target_mac = request.sender_mac();
  fields.target = request.sender();
  PacketRef reply = build_arp(netns.pool(), request.sender_mac(), fields);
  reply->meta.trace = netns.next_trace();
  transmit(in, std::move(reply));
}

/// arp_ignore()
bool Neighbours::Arp::ignores(const Interface& in, Ipv4Address sender, Ipv4Address target) const {
  const auto confirmed_on = [&](const Interface& interface, bool same_subnet,
                                InterfaceAddress::Scope widest) {
    return std::any_of(interface.addresses.begin(), interface.addresses.end(),
                       [&](const InterfaceAddress& own) {
                         return own.address == target && own.scope <= widest &&
                                (!same_subnet || sender.is_unspecified() || own.prefix().contains(sender));
                       });
  };
  switch (std::max(netns.sysctls->all.arp_ignore, in.conf.arp_ignore)) {
    case 1:
      return !confirmed_on(in, false, InterfaceAddress::Scope::host);
    case 2:
      return !confirmed_on(in, true, InterfaceAddress::Scope::host);
    case 3:
      return std::none_of(
          netns.owned_interfaces().begin(), netns.owned_interfaces().end(),
          [&](const auto& each) { return confirmed_on(*each, false, InterfaceAddress::Scope::link); });
    case 8:
      return true;
    default:
      return false;
  }
}

}  // namespace ekspath
