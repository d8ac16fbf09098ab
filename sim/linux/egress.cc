#include <fmt/format.h>

#include "sim/linux/netns.hh"
#include "sim/linux/walk.hh"
#include "sim/packet/build.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

Admission admission(Interface& out, std::size_t bytes) {
  const LinkSpec& spec = out.link->spec();
  if (spec.rate_bps == 0 && spec.loss_per_million == 0) [[likely]]
    return Admission::sent;
  std::unique_ptr<Random>& luck = out.link->luck;
  if (!luck) luck = std::make_unique<Random>(out.netns->random(fmt::format("loss on {}", out.name)));
  return out.link->admit(bytes, *luck);
}

struct Judgement {
  Stage stage;
  Verdict verdict;
  DropReason reason;
};

bool holds_ipv4_header(const Packet& packet) {
  return packet.network() >= packet.data() && packet.network_size() >= Ipv4View::minimum_size &&
         ipv4(packet).version() == 4;
}

void tell(Netns& netns, const Interface* where, Judgement judgement, const Packet& packet,
          std::string_view rule) {
  Decision decision;
  decision.time = netns.now();
  decision.trace = packet.meta.trace;
  decision.where = where != nullptr ? where->place : netns.place();
  decision.stage = judgement.stage;
  decision.verdict = judgement.verdict;
  decision.reason = judgement.reason;
  decision.connection = packet.meta.connection;
  decision.mark = packet.meta.mark;
  decision.rule = rule;
  if (holds_ipv4_header(packet)) decision.before = decision.after = tuple_of(packet);
  netns.observer->decided(decision);
}

}  // namespace

void Interface::connect(const LinkSpec& spec, Receiver<PacketRef>& far_end) {
  link = std::make_unique<Link<PacketRef>>(netns->engine(), spec, far_end);
}

void egress(Interface& out, PacketRef packet, const MacAddress& destination) {
  push_ethernet(*packet, destination, out.mac, EtherType::ipv4);
  transmit(out, std::move(packet));
}

/// Linux 6.1 net/core/dev.c dev_queue_xmit(), xmit_one(): taps see what the queue let pass.
void transmit(Interface& out, PacketRef frame) {
  Netns& netns = *out.netns;
  const bool is_loopback = out.kind == InterfaceKind::loopback;
  // What lo sends comes back in: Linux's backlog is a link without delay.
  if (is_loopback && !out.link) out.connect({}, out);
  if (!out.up || !out.carrier || !out.link) {
    ++out.counters.tx_dropped;
    return drop(netns, &out, Stage::egress, DropReason::interface_down, std::move(frame));
  }
  const std::size_t bytes = frame->size();
  const Admission verdict = admission(out, bytes);
  if (verdict == Admission::queue_full) {
    ++out.counters.tx_dropped;
    return drop(netns, &out, Stage::egress, DropReason::queue_full, std::move(frame));
  }
  if (netns.observer != nullptr) [[unlikely]]
    observe(netns, &out, Stage::egress, Verdict::pass, *frame);
  if (out.tap != nullptr && !is_loopback) {
    frame->meta.type = PacketType::outgoing;
    out.tap->frame(out.place, Direction::out, *frame, netns.now());
  }
  ++out.counters.tx_packets;
  out.counters.tx_bytes += bytes - (is_loopback ? EthernetView::size : 0);
  if (verdict == Admission::lost) {
    return drop(netns, &out, Stage::link, DropReason::lost, std::move(frame));
  }
  out.link->send(netns, std::move(frame), bytes);
}

void drop(Netns& netns, const Interface* where, Stage stage, DropReason reason, PacketRef packet,
          std::string_view rule) {
  ASSERT(packet);
  ASSERT(reason != DropReason::none);
  if (netns.observer != nullptr) [[unlikely]] {
    tell(netns, where, {stage, Verdict::drop, reason}, *packet, rule);
  }
  if (netns.conntrack) netns.conntrack->release(*packet);
}

void observe(Netns& netns, const Interface* where, Stage stage, Verdict verdict, const Packet& packet,
             std::string_view rule) {
  if (netns.observer != nullptr) tell(netns, where, {stage, verdict, DropReason::none}, packet, rule);
}

}  // namespace ekspath
