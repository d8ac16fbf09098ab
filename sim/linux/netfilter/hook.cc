#include "sim/linux/netfilter/hook.hh"

#include "sim/linux/conntrack/nat.hh"
#include "sim/linux/fragment.hh"
#include "sim/linux/netfilter/flow_memory.hh"
#include "sim/linux/netfilter/netfilter.hh"
#include "sim/linux/netns.hh"
#include "sim/linux/walk.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

/// One packet at one hook: each step is true while the packet lives.
struct HookRun {
  Hook hook;
  Hop& hop;
  PacketRef& packet;
  Netfilter* netfilter;  // null: only conntrack is there
  bool tracks;

  [[nodiscard]] bool table(TableName name) {
    if (netfilter == nullptr) return true;
    return netfilter->traverse(name, hook, hop, packet) == TableVerdict::accept;
  }
  [[nodiscard]] bool defragmentation() {
    if (!tracks || !ipv4(*packet).is_fragment()) [[likely]]
      return true;
    return defragment(hop.netns, packet,
                      hook == Hook::local_out ? DefragUser::conntrack_out : DefragUser::conntrack_in);
  }
  [[nodiscard]] bool conntrack_in() {
    if (tracks && !hop.tracked && !hop.netns.conntrack->in(hook, hop, packet)) return false;
    if (hop.notes != nullptr && !hop.notes->tracked(hop.netns, *packet, tracks)) [[unlikely]]
      hop.notes = nullptr;
    return true;
  }
  [[nodiscard]] bool nat() {
    if (!tracks || netfilter == nullptr || !netfilter->has(TableName::nat)) return true;
    return nat_hook(hook, hop, packet);
  }
  [[nodiscard]] bool confirm() { return !tracks || hop.netns.conntrack->confirm(hop, packet); }
};

/// The route of a local packet after mangle or nat changed what it was chosen by. The hooks that follow at
/// LOCAL_OUT keep the old interface (their nf_hook_state was filled before), so the new route waits here
/// until the end.
class Rerouting {
 public:
  explicit Rerouting(const Hop& hop) : route_(hop) {}

  /// Linux 6.1 net/ipv4/netfilter/iptable_mangle.c ipt_mangle_out(), nf_nat_proto.c nf_nat_ipv4_local_fn()
  [[nodiscard]] bool look(PacketRef& packet) {
    const int error = route_me_harder(route_, *packet);
    changed_ = true;
    if (error == 0) return true;
    drop(route_.netns, route_.out, Stage::route, DropReason::no_route, std::move(packet));
    return false;
  }
  void apply(Hop& hop) const {
    if (!changed_) return;
    hop.out = route_.out;
    hop.next_hop = route_.next_hop;
    hop.mtu = route_.mtu;
  }

 private:
  Hop route_;
  bool changed_ = false;
};

bool local_output(HookRun& run) {
  PacketRef& packet = run.packet;
  if (!run.defragmentation() || !run.table(TableName::raw) || !run.conntrack_in()) return false;
  Rerouting rerouting(run.hop);
  const Ipv4View before = ipv4(*packet);
  const std::uint32_t mark = packet->meta.mark;
  const Ipv4Address source = before.source();
  const Ipv4Address destination = before.destination();
  const std::uint8_t tos = before.tos();
  if (!run.table(TableName::mangle)) return false;
  const Ipv4View mangled = ipv4(*packet);
  const bool changed = packet->meta.mark != mark || mangled.source() != source ||
                       mangled.destination() != destination || mangled.tos() != tos;
  if (changed && !rerouting.look(packet)) return false;
  if (!run.nat()) return false;
  if (ipv4(*packet).destination() != destination && !rerouting.look(packet)) return false;
  if (!run.table(TableName::filter)) return false;
  rerouting.apply(run.hop);
  return true;
}

}  // namespace

bool run_hook(Hook hook, Hop& hop, PacketRef& packet) {
  Netns& netns = hop.netns;
  Netfilter* netfilter = netns.netfilter.get();
  const bool tracks = netns.conntrack != nullptr && (netfilter == nullptr || netfilter->needs_conntrack());
  HookRun run{hook, hop, packet, netfilter, tracks};
  switch (hook) {
    case Hook::pre_routing:
      return run.defragmentation() && run.table(TableName::raw) && run.conntrack_in() &&
             run.table(TableName::mangle) && run.nat();
    case Hook::local_in:
      return run.table(TableName::mangle) && run.table(TableName::filter) && run.nat() && run.confirm();
    case Hook::forward:
      return run.table(TableName::mangle) && run.table(TableName::filter);
    case Hook::local_out:
      return local_output(run);
    case Hook::post_routing:
      return run.table(TableName::mangle) && run.nat() && run.confirm();
  }
  return true;
}

}  // namespace ekspath
