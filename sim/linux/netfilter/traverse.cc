#include <algorithm>
#include <memory>
#include <string>

#include "sim/linux/conntrack/conntrack.hh"
#include "sim/linux/conntrack/nat.hh"
#include "sim/linux/icmp_error.hh"
#include "sim/linux/netfilter/match_objects.hh"
#include "sim/linux/netfilter/netfilter.hh"
#include "sim/linux/netfilter/rule_store.hh"
#include "sim/linux/netfilter/rule_text.hh"
#include "sim/linux/netfilter/table.hh"
#include "sim/linux/netfilter/tcpmss.hh"
#include "sim/linux/netns.hh"
#include "sim/linux/walk.hh"
#include "sim/packet/checksum.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

/// What rules ask of one packet, read once.
struct PacketView {
  std::uint32_t source, destination;
  std::uint64_t in_bits, out_bits;
  std::uint16_t total_length;
  std::uint16_t source_port = 0, destination_port = 0;  // of TCP, UDP and the like; behind has_ports
  std::uint8_t protocol;
  bool later_fragment;
  bool has_ports = false;
};

bool has_port_fields(std::uint8_t protocol) {
  return protocol == 6 || protocol == 17 || protocol == 132 || protocol == 33 || protocol == 136;
}

/// One packet's way through one table.
class Walk {
 public:
  Walk(Netns& netns, TableState& table, Hook hook, Hop& hop, PacketRef& packet)
      : netns_(netns),
        table_(table),
        hook_(hook),
        hop_(hop),
        packet_(packet),
        view_(view_of(*table.store, hop, *packet)) {
    key_.source = view_.source;
    key_.destination = view_.destination;
    key_.protocol_and_port = ~std::uint32_t{0};
    if (view_.has_ports)
      key_.protocol_and_port = (std::uint32_t{view_.protocol} << 16) | view_.destination_port;
  }

  /// Linux 6.1 net/netfilter/nf_tables_core.c nft_do_chain()
  [[nodiscard]] TableVerdict run(BaseChain& base) {
    begin(*base.live);
    while (true) {
      if (row_ >= rules_.size()) {
        if (!leave()) return policy(base);
        continue;
      }
      const Rule& rule = rules_[row_];
      if (!header_fits(rule) || !condition_holds(rule)) {
        next_row();
        continue;
      }
      Counter& counter = chain_->counter(row_);
      if (hop_.notes != nullptr) [[unlikely]]
        hop_.notes->matched(chain_->block().target(rule), counter);
      ++counter.packets;
      counter.bytes += view_.total_length;
      switch (rule.action) {
        case RuleAction::none:
          next_row();
          break;
        case RuleAction::accept:
          tell(Verdict::accept);
          return TableVerdict::accept;
        case RuleAction::drop:
          return die(DropReason::netfilter_drop);
        case RuleAction::return_:
          if (!leave()) return policy(base);
          break;
        case RuleAction::jump:
          jump();
          break;
        case RuleAction::goto_:
          begin(table_.follow(*chain_, row_));
          break;
        case RuleAction::extension:
          if (const auto verdict = act(*chain_->block().target(rule))) return *verdict;
          break;
      }
    }
  }

 private:
  // Linux 6.1 include/net/netfilter/nf_tables.h NFT_JUMP_STACK_SIZE; deeper ones are refused when they are
  // loaded.
  static constexpr std::size_t most_jumps = 16;
  struct Frame {
    LiveChain* chain;
    std::uint32_t row;
  };

  static PacketView view_of(const RuleStore& store, const Hop& hop, const Packet& packet) {
    const Ipv4View ip = ipv4(packet);
    PacketView view{};
    view.source = ip.source().bits();
    view.destination = ip.destination().bits();
    view.protocol = ip.protocol();
    view.total_length = ip.total_length();
    view.later_fragment = ip.fragment_offset() != 0;
    view.in_bits = store.class_bits(hop.in != nullptr ? hop.in->pattern_class : 0);
    view.out_bits = store.class_bits(hop.out != nullptr ? hop.out->pattern_class : 0);
    if (!view.later_fragment && has_port_fields(view.protocol) && packet.transport_size() >= 4) {
      view.has_ports = true;
      view.source_port = load16(packet.transport());
      view.destination_port = load16(packet.transport() + 2);
    }
    return view;
  }

  void next_row() { row_ = chain_->block().candidate_after(row_, key_); }
  void begin(LiveChain& chain) {
    chain_ = &chain;
    rules_ = chain.block().rules();
    row_ = chain.block().candidate(0, key_);
  }
  void jump() {
    LiveChain& to = table_.follow(*chain_, row_);
    if (to.block().size() == 0) return next_row();
    ASSERT(depth_ < most_jumps);
    stack_[depth_++] = {chain_, row_};
    begin(to);
  }
  /// Back behind the jump that led here; a goto left no trace. False: there was none.
  [[nodiscard]] bool leave() {
    if (depth_ == 0) return false;
    const Frame& frame = stack_[--depth_];
    chain_ = frame.chain;
    rules_ = chain_->block().rules();
    row_ = frame.row;
    next_row();
    return true;
  }

  // --- what a rule asks

  [[nodiscard]] bool pattern_fits(PatternNumber pattern, std::uint64_t bits,
                                  const Interface* interface) const {
    if (pattern <= 64) [[likely]]
      return (bits >> (pattern - 1U) & 1U) != 0;
    return interface != nullptr && table_.store->pattern_fits(pattern, interface->name);
  }

  [[nodiscard]] bool header_fits(const Rule& rule) const {
    constexpr std::uint8_t asked_apart = Rule::not_condition;
    if ((rule.flags & ~asked_apart) == 0 && rule.in == 0 && rule.out == 0) [[likely]] {
      return (view_.destination & rule.destination_mask) == rule.destination &&
             (view_.source & rule.source_mask) == rule.source &&
             (rule.protocol == 0 || rule.protocol == view_.protocol);
    }
    if (((view_.destination & rule.destination_mask) == rule.destination) == rule.has(Rule::not_destination))
      return false;
    if (((view_.source & rule.source_mask) == rule.source) == rule.has(Rule::not_source)) return false;
    if (rule.protocol != 0 && (view_.protocol == rule.protocol) == rule.has(Rule::not_protocol)) return false;
    if (rule.in != 0 && pattern_fits(rule.in, view_.in_bits, hop_.in) == rule.has(Rule::not_in)) return false;
    if (rule.out != 0 && pattern_fits(rule.out, view_.out_bits, hop_.out) == rule.has(Rule::not_out))
      return false;
    if (rule.has(Rule::fragment) && !view_.later_fragment) return false;
    return !(rule.has(Rule::not_fragment) && view_.later_fragment);
  }

  [[nodiscard]] bool condition_holds(const Rule& rule) {
    switch (rule.condition) {
      case RuleCondition::none:
        return true;
      case RuleCondition::state:
        return ((rule.condition_value & states()) != 0) != rule.has(Rule::not_condition);
      case RuleCondition::mark:
        return ((packet_->meta.mark & rule.condition_mask) == rule.condition_value) !=
               rule.has(Rule::not_condition);
      case RuleCondition::matches:
        break;
    }
    for (const Match& match : chain_->block().matches(rule)) {
      if (kind_of(match) == MatchKind::comment) continue;
      if (hop_.notes != nullptr) [[unlikely]]
        hop_.notes->match(match);
      if (!match_holds(match)) return false;
    }
    return true;
  }

  [[nodiscard]] bool match_holds(const Match& match) {
    switch (kind_of(match)) {
      case MatchKind::comment:
        return true;
      case MatchKind::tcp:
        return holds(*std::get_if<TcpMatch>(&match));
      case MatchKind::udp:
        return holds(*std::get_if<UdpMatch>(&match));
      case MatchKind::mark:
        return holds(*std::get_if<MarkMatch>(&match));
      case MatchKind::conntrack:
        return holds(*std::get_if<ConntrackMatch>(&match));
      case MatchKind::addrtype:
        return holds(*std::get_if<AddrtypeMatch>(&match));
      case MatchKind::statistic:
        return holds(*std::get_if<StatisticMatch>(&match));
      case MatchKind::icmp:
        return holds(*std::get_if<IcmpMatch>(&match));
      case MatchKind::multiport:
        return holds(*std::get_if<MultiportMatch>(&match));
      case MatchKind::connmark:
        return holds(*std::get_if<ConnmarkMatch>(&match));
      case MatchKind::state:
        return holds(*std::get_if<StateMatch>(&match));
      case MatchKind::recent:
        return holds(*std::get_if<RecentMatch>(&match));
      case MatchKind::set:
        return holds(*std::get_if<SetMatch>(&match));
      case MatchKind::limit:
        return holds(*std::get_if<LimitMatch>(&match));
      case MatchKind::length:
        return holds(*std::get_if<LengthMatch>(&match));
      case MatchKind::ttl:
        return holds(*std::get_if<TtlMatch>(&match));
      case MatchKind::tos:
        return holds(*std::get_if<TosMatch>(&match));
      case MatchKind::dscp:
        return holds(*std::get_if<DscpMatch>(&match));
      case MatchKind::mac:
        return holds(*std::get_if<MacMatch>(&match));
      case MatchKind::pkttype:
        return holds(*std::get_if<PkttypeMatch>(&match));
      case MatchKind::iprange:
        return holds(*std::get_if<IprangeMatch>(&match));
      case MatchKind::nfacct:
        return holds(*std::get_if<NfacctMatch>(&match));
    }
    return false;
  }

  /// Linux 6.1 net/netfilter/xt_tcpudp.c tcp_mt(); as iptables-nft compiles it, a cut header is no match.
  [[nodiscard]] bool holds(const TcpMatch& match) const {
    if (!view_.has_ports || packet_->transport_size() < TcpView::minimum_size) return false;
    if (!match.source.contains(view_.source_port) || !match.destination.contains(view_.destination_port))
      return false;
    const TcpView tcp = tcp_header(*packet_);
    if (match.flag_mask != 0 || match.flag_compare != 0) {
      if (((tcp.flags() & match.flag_mask) == match.flag_compare) == match.invert_flags) return false;
    }
    return match.option == 0 || has_tcp_option(*packet_, match.option) != match.invert_option;
  }

  [[nodiscard]] bool holds(const UdpMatch& match) const {
    return view_.has_ports && match.source.contains(view_.source_port) &&
           match.destination.contains(view_.destination_port);
  }

  [[nodiscard]] bool holds(const MarkMatch& match) const {
    return ((packet_->meta.mark & match.mask) == match.mark) != match.invert;
  }

  /// No rule changes which connection a packet belongs to.
  [[nodiscard]] Connection* connection() {
    if (!connection_known_) {
      connection_known_ = true;
      connection_ = netns_.conntrack != nullptr ? netns_.conntrack->of(*packet_) : nullptr;
    }
    return connection_;
  }

  /// The bit of ct_state that this packet has, translations aside.
  [[nodiscard]] std::uint16_t state_of(const Connection* tracked) const {
    if (tracked == nullptr)
      return packet_->meta.ct_info == CtInfo::untracked ? ct_state::untracked : ct_state::invalid;
    switch (packet_->meta.ct_info) {
      case CtInfo::none:
        return ct_state::invalid;
      case CtInfo::untracked:
        return ct_state::untracked;
      case CtInfo::established:
      case CtInfo::established_reply:
        return ct_state::established;
      case CtInfo::related:
      case CtInfo::related_reply:
        return ct_state::related;
      case CtInfo::new_:
        return ct_state::new_;
    }
    return ct_state::invalid;
  }

  /// The bits of ct_state that this packet has, translations included; only a CT target changes them.
  [[nodiscard]] std::uint16_t states() {
    if (states_ == 0) {
      const Connection* tracked = connection();
      states_ = state_of(tracked);
      if (tracked != nullptr && tracked->has(connection_status::src_nat)) states_ |= ct_state::snat;
      if (tracked != nullptr && tracked->has(connection_status::dst_nat)) states_ |= ct_state::dnat;
    }
    return states_;
  }

  [[nodiscard]] bool holds(const StateMatch& match) {
    return ((match.states & state_of(connection())) != 0) != match.invert;
  }

  /// Linux 6.1 net/netfilter/xt_conntrack.c conntrack_mt()
  [[nodiscard]] bool holds(const ConntrackMatch& match) {
    const Connection* tracked = connection();
    const auto given = [&](unsigned bit) { return (match.given & bit) != 0; };
    const auto inverted = [&](unsigned bit) { return (match.inverted & bit) != 0; };
    if (given(ConntrackMatch::state)) {
      if (((match.states & states()) != 0) == inverted(ConntrackMatch::state)) return false;
      if (match.given == ConntrackMatch::state) return true;
    }
    if (tracked == nullptr) return given(ConntrackMatch::state);
    if (given(ConntrackMatch::direction_) && is_reply(packet_->meta.ct_info) != match.reply_direction)
      return false;
    const std::array addresses{tracked->original.source, tracked->original.destination, tracked->reply.source,
                               tracked->reply.destination};
    const std::array ports{tracked->original.source_port, tracked->original.destination_port,
                           tracked->reply.source_port, tracked->reply.destination_port};
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned bit = unsigned{ConntrackMatch::orig_source} << i;
      if (!given(bit)) continue;
      const auto& network = match.networks[i];
      if ((((addresses[i].bits() ^ network.address) & network.mask) == 0) == inverted(bit)) return false;
    }
    if (given(ConntrackMatch::protocol_) &&
        (tracked->original.protocol == match.protocol) == inverted(ConntrackMatch::protocol_)) {
      return false;
    }
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned bit = unsigned{ConntrackMatch::orig_source_port} << i;
      if (!given(bit)) continue;
      if ((ports[i] >= match.ports[i].low && ports[i] <= match.ports[i].high) == inverted(bit)) return false;
    }
    if (given(ConntrackMatch::status_) &&
        ((tracked->status & match.status) != 0) == inverted(ConntrackMatch::status_)) {
      return false;
    }
    if (given(ConntrackMatch::expires_)) {
      const std::int64_t left = seconds_left(*tracked, netns_.now());
      const bool inside = left >= match.expires_low && left <= match.expires_high;
      if (inside == inverted(ConntrackMatch::expires_)) return false;
    }
    return true;
  }

  [[nodiscard]] bool holds(const ConnmarkMatch& match) {
    const Connection* tracked = connection();
    if (tracked == nullptr) return false;
    return ((tracked->mark & match.mask) == match.mark) != match.invert;
  }

  /// Linux 6.1 net/netfilter/xt_addrtype.c addrtype_mt_v1()
  [[nodiscard]] bool holds(const AddrtypeMatch& match) const {
    const Interface* on = match.limit_in ? hop_.in : match.limit_out ? hop_.out : nullptr;
    const auto fits = [&](std::uint16_t types, std::uint32_t address) {
      const auto type = static_cast<unsigned>(netns_.routing.address_type(Ipv4Address(address), on));
      return (types >> type & 1U) != 0;
    };
    if (match.source != 0 && fits(match.source, view_.source) == match.invert_source) return false;
    return match.destination == 0 || fits(match.destination, view_.destination) != match.invert_destination;
  }

  /// Linux 6.1 net/netfilter/xt_statistic.c statistic_mt()
  [[nodiscard]] bool holds(const StatisticMatch& match) {
    if (!match.nth) {
      constexpr std::uint64_t draws = std::uint64_t{1} << 31;
      return (objects().statistic.uniform(draws) < match.probability) != match.invert;
    }
    MatchState& state = chain_->state(match.slot);
    if (!state.started) state = {match.every - match.packet, 0, true};
    state.value = state.value == match.every ? 0 : state.value + 1;
    return (state.value == 0) != match.invert;
  }

  [[nodiscard]] bool holds(const IcmpMatch& match) const {
    if (view_.later_fragment || packet_->transport_size() < 2) return false;
    const IcmpView icmp = icmp_header(*packet_);
    const bool fits =
        match.type == IcmpMatch::any ||
        (icmp.type() == match.type && icmp.code() >= match.code_low && icmp.code() <= match.code_high);
    return fits != match.invert;
  }

  /// Linux 6.1 net/netfilter/xt_multiport.c ports_match_v1()
  [[nodiscard]] bool holds(const MultiportMatch& match) const {
    if (!view_.has_ports) return false;
    const auto fits = [&](std::uint16_t low, std::uint16_t high) {
      const bool source = view_.source_port >= low && view_.source_port <= high;
      const bool destination = view_.destination_port >= low && view_.destination_port <= high;
      switch (match.side) {
        case MultiportMatch::Side::source:
          return source;
        case MultiportMatch::Side::destination:
          return destination;
        case MultiportMatch::Side::either:
          return source || destination;
      }
      return false;
    };
    for (std::size_t i = 0; i < match.count; ++i) {
      const std::uint16_t low = match.ports[i];
      const std::uint16_t high = (match.ranges >> i & 1U) != 0 ? match.ports[++i] : low;
      if (fits(low, high)) return !match.invert;
    }
    return match.invert;
  }

  [[nodiscard]] bool holds(const RecentMatch& match) {
    const Ipv4View ip = ipv4(*packet_);
    std::uint8_t ttl = ip.ttl();
    if (hop_.out != nullptr && hop_.in != nullptr) ++ttl;  // as seen before forwarding
    const Ipv4Address address(match.destination ? view_.destination : view_.source);
    return objects().recent[match.name.value()].matches(match, address, ttl, netns_.now());
  }

  [[nodiscard]] bool holds(const SetMatch& match) {
    const auto found = objects().sets_by_symbol.find(match.name.value());
    if (found == objects().sets_by_symbol.end()) return match.invert;
    const Ipv4Address address((match.source & 1U) != 0 ? view_.source : view_.destination);
    return found->second->contains(address) != match.invert;
  }

  /// A bucket of tokens measured in time. Linux 6.1 net/netfilter/nft_limit.c nft_limit_eval(), to which
  /// iptables-nft translates -m limit
  [[nodiscard]] bool holds(const LimitMatch& match) {
    constexpr std::int64_t unit = 1'000'000'000 / 10'000;
    const auto cost = static_cast<std::uint64_t>(match.average) * unit;
    const std::uint64_t most = cost * match.burst;
    const std::int64_t now = netns_.now().count();
    MatchState& state = chain_->state(match.slot);
    if (!state.started) state = {most, now, true};
    state.value = std::min(most, state.value + static_cast<std::uint64_t>(now - state.time));
    state.time = now;
    if (state.value < cost) return false;
    state.value -= cost;
    return true;
  }

  [[nodiscard]] bool holds(const LengthMatch& match) const {
    return (view_.total_length >= match.low && view_.total_length <= match.high) != match.invert;
  }

  [[nodiscard]] bool holds(const TtlMatch& match) const {
    const std::uint8_t ttl = ipv4(*packet_).ttl();
    switch (match.mode) {
      case TtlMatch::Mode::equal:
        return ttl == match.ttl;
      case TtlMatch::Mode::not_equal:
        return ttl != match.ttl;
      case TtlMatch::Mode::less:
        return ttl < match.ttl;
      case TtlMatch::Mode::greater:
        return ttl > match.ttl;
    }
    return false;
  }

  [[nodiscard]] bool holds(const TosMatch& match) const {
    return ((ipv4(*packet_).tos() & match.mask) == match.value) != match.invert;
  }
  [[nodiscard]] bool holds(const DscpMatch& match) const {
    return (ipv4(*packet_).tos() >> 2 == match.value) != match.invert;
  }

  /// Linux 6.1 net/netfilter/xt_mac.c mac_mt(): only what came in by Ethernet has a source.
  [[nodiscard]] bool holds(const MacMatch& match) const {
    if (hop_.in == nullptr || hop_.in->kind == InterfaceKind::loopback) return false;
    MacAddress source;
    std::copy_n(packet_->network() - EthernetView::size + source.bytes.size(), source.bytes.size(),
                source.bytes.begin());
    return (source == match.source) != match.invert;
  }

  [[nodiscard]] bool holds(const PkttypeMatch& match) const {
    return (static_cast<std::uint8_t>(packet_->meta.type) == match.type) != match.invert;
  }

  [[nodiscard]] bool holds(const IprangeMatch& match) const {
    const auto inside = [](std::uint32_t address, Ipv4Address low, Ipv4Address high) {
      return address >= low.bits() && address <= high.bits();
    };
    if (match.source && inside(view_.source, match.source_low, match.source_high) == match.invert_source)
      return false;
    return !match.destination || inside(view_.destination, match.destination_low, match.destination_high) !=
                                     match.invert_destination;
  }

  [[nodiscard]] bool holds(const NfacctMatch& match) {
    const auto found = objects().accounts_by_symbol.find(match.name.value());
    if (found == objects().accounts_by_symbol.end()) return true;
    ++found->second->packets;
    found->second->bytes += packet_->network_size();
    return true;  // nfacct_mt(): counts, and always matches
  }

  // --- what a rule does

  /// A verdict, or none when the walk goes on.
  [[nodiscard]] std::optional<TableVerdict> act(const Target& target) {
    if (const auto* mark = std::get_if<MarkTarget>(&target)) return act(*mark);
    if (const auto* mark = std::get_if<ConnmarkTarget>(&target)) return act(*mark);
    if (const auto* nat = std::get_if<NatTarget>(&target)) return act(*nat);
    if (const auto* reject = std::get_if<RejectTarget>(&target)) return act(*reject);
    if (std::holds_alternative<LogTarget>(target)) return go_on(Verdict::log);
    if (const auto* ct = std::get_if<CtTarget>(&target)) return act(*ct);
    if (const auto* mss = std::get_if<TcpmssTarget>(&target)) return act(*mss);
    return act(*std::get_if<TtlTarget>(&target));
  }

  [[nodiscard]] std::optional<TableVerdict> go_on(Verdict verdict) {
    tell(verdict);
    next_row();
    return std::nullopt;
  }

  [[nodiscard]] std::optional<TableVerdict> act(const MarkTarget& target) {
    std::uint32_t& mark = packet_->meta.mark;
    mark = (mark & ~target.mask) ^ target.value;
    return go_on(Verdict::pass);
  }

  [[nodiscard]] std::optional<TableVerdict> act(const ConnmarkTarget& target) {
    Connection* tracked = connection();
    std::uint32_t& mark = packet_->meta.mark;
    if (tracked != nullptr) {
      switch (target.action) {
        case ConnmarkTarget::Action::none:
          break;
        case ConnmarkTarget::Action::set:
          tracked->mark = (tracked->mark & ~target.ct_mask) ^ target.value;
          break;
        case ConnmarkTarget::Action::save:
          tracked->mark = (tracked->mark & ~target.ct_mask) ^ (mark & target.nf_mask);
          break;
        case ConnmarkTarget::Action::restore:
          mark = (mark & ~target.nf_mask) ^ (tracked->mark & target.ct_mask);
          break;
      }
    }
    return go_on(Verdict::pass);
  }

  /// The rest of the table is skipped: a translation is a verdict.
  [[nodiscard]] std::optional<TableVerdict> act(const NatTarget& target) {
    bool chosen = false;
    switch (target.kind) {
      case NatTarget::Kind::snat:
        chosen = set_up_nat(hop_, *packet_, target.range, Side::source);
        break;
      case NatTarget::Kind::dnat:
        chosen = set_up_nat(hop_, *packet_, target.range, Side::destination);
        break;
      case NatTarget::Kind::masquerade:
        chosen = set_up_masquerade(hop_, *packet_, target.range);
        break;
      case NatTarget::Kind::redirect:
        chosen = set_up_redirect(hook_, hop_, *packet_, target.range);
        break;
    }
    if (!chosen) return die(DropReason::nat_exhausted);
    tell(Verdict::accept);
    return TableVerdict::accept;
  }

  /// Whose checksum is wrong is not told. Protocols that conntrack knows nothing of are summed as if they
  /// were ICMP. Linux 6.1 include/net/netfilter/nf_reject.h nf_reject_verify_csum(), net/netfilter/utils.c
  /// nf_ip_checksum()
  [[nodiscard]] static bool has_right_sum(const Packet& packet) {
    constexpr std::uint8_t dccp = 33, esp = 50, ah = 51, udp_lite = 136;
    const Ipv4View ip = ipv4(packet);
    const std::size_t size = packet.transport_size();
    const auto pseudo = [&] {
      return transport_checksum(ip.source(), ip.destination(), ip.protocol(), packet.transport(), size) == 0;
    };
    if (ip.protocol() == dccp || ip.protocol() == esp || ip.protocol() == ah || ip.protocol() == udp_lite)
      return true;
    switch (IpProtocol{ip.protocol()}) {
      case IpProtocol::gre:
      case IpProtocol::sctp:
        return true;
      case IpProtocol::udp:
        return size >= UdpView::size && (udp_header(packet).checksum_field() == 0 || pseudo());
      case IpProtocol::tcp:
        return pseudo();
      default:
        // The kernel sums from the IP header on, whose own sum is right: a payload of zeros is, too.
        return checksum(packet.network(), packet.network_size()) == 0;
    }
  }

  /// Linux 6.1 net/ipv4/netfilter/ipt_REJECT.c reject_tg()
  [[nodiscard]] std::optional<TableVerdict> act(const RejectTarget& target) {
    const auto unreachable = [&](std::uint8_t code) {
      if (!has_right_sum(*packet_)) return;
      send_icmp_error(hop_, *packet_, {icmp::unreachable, code, 0});
    };
    switch (target.with) {
      case RejectTarget::With::net_unreachable:
        unreachable(icmp::net_unreachable);
        break;
      case RejectTarget::With::host_unreachable:
        unreachable(icmp::host_unreachable);
        break;
      case RejectTarget::With::proto_unreachable:
        unreachable(icmp::protocol_unreachable);
        break;
      case RejectTarget::With::port_unreachable:
        unreachable(icmp::port_unreachable);
        break;
      case RejectTarget::With::net_prohibited:
        unreachable(icmp::net_prohibited);
        break;
      case RejectTarget::With::host_prohibited:
        unreachable(icmp::host_prohibited);
        break;
      case RejectTarget::With::admin_prohibited:
        unreachable(icmp::admin_prohibited);
        break;
      case RejectTarget::With::tcp_reset:
        send_tcp_reset(hook_, hop_, *packet_);
        break;
    }
    return die(DropReason::netfilter_reject);
  }

  /// Linux 6.1 net/netfilter/xt_CT.c notrack_tg()
  [[nodiscard]] std::optional<TableVerdict> act(const CtTarget& target) {
    // "Previously seen (loopback)? Ignore." That includes an error about an untracked packet.
    if (target.notrack && !packet_->meta.connection && packet_->meta.ct_info == CtInfo::none) {
      packet_->meta.ct_forced_untracked = true;
      packet_->meta.ct_info = CtInfo::untracked;
      states_ = 0;
    }
    return go_on(Verdict::pass);
  }

  [[nodiscard]] std::optional<TableVerdict> act(const TcpmssTarget& target) {
    if (!mangle_tcpmss(target, hop_, *packet_)) return die(DropReason::netfilter_drop);
    return go_on(Verdict::pass);
  }

  /// Linux 6.1 net/netfilter/xt_HL.c ttl_tg()
  [[nodiscard]] std::optional<TableVerdict> act(const TtlTarget& target) {
    Ipv4View ip = ipv4(*packet_);
    int ttl = ip.ttl();
    switch (target.action) {
      case TtlTarget::Action::none:
        break;
      case TtlTarget::Action::set:
        ttl = target.value;
        break;
      case TtlTarget::Action::increase:
        ttl = std::min(255, ttl + target.value);
        break;
      case TtlTarget::Action::decrease:
        ttl = std::max(0, ttl - target.value);
        break;
    }
    if (ttl != ip.ttl()) ip.ttl(static_cast<std::uint8_t>(ttl));
    return go_on(Verdict::pass);
  }

  // --- ends, and what is told of them

  [[nodiscard]] TableVerdict policy(BaseChain& base) {
    if (hop_.notes != nullptr) [[unlikely]]
      hop_.notes->policy(base.policy);
    ++base.policy.packets;
    base.policy.bytes += packet_->network_size();  // TCPMSS may have added an option
    if (!base.drops) {
      if (netns_.observer != nullptr) [[unlikely]] {
        observe(netns_, where(), stage(), Verdict::accept, *packet_, policy_text(base));
      }
      return TableVerdict::accept;
    }
    const std::string text = netns_.observer != nullptr ? policy_text(base) : std::string();
    drop(netns_, where(), stage(), DropReason::netfilter_drop, std::move(packet_), text);
    return TableVerdict::stolen;
  }

  [[nodiscard, gnu::cold]] TableVerdict die(DropReason reason) {
    const std::string text = netns_.observer != nullptr ? rule_text() : std::string();
    drop(netns_, where(), stage(), reason, std::move(packet_), text);
    return TableVerdict::stolen;
  }

  void tell(Verdict verdict) {
    if (netns_.observer != nullptr) [[unlikely]]
      tell_observer(verdict);
  }
  [[gnu::cold]] void tell_observer(Verdict verdict) {
    observe(netns_, where(), stage(), verdict, *packet_, rule_text());
  }

  [[nodiscard]] std::string prefix(Symbol chain) const {
    std::string text(to_string(table_.name));
    text += ' ';
    text += table_.store->chain_name(chain);
    text += ": ";
    return text;
  }
  [[nodiscard]] std::string rule_text() const {
    std::string text = prefix(chain_->block().name());
    save_rule(text, *table_.store, chain_->block(), row_);
    return text;
  }
  [[nodiscard, gnu::cold]] std::string policy_text(const BaseChain& base) const {
    return prefix(base.name) + (base.drops ? "policy DROP" : "policy ACCEPT");
  }

  /// The interface at hand: in before FORWARD, out after.
  [[nodiscard]] const Interface* where() const {
    return hook_ == Hook::local_out || hook_ == Hook::post_routing ? hop_.out : hop_.in;
  }
  [[nodiscard]] Stage stage() const {
    switch (table_.name) {
      case TableName::raw:
        return Stage::raw;
      case TableName::mangle:
        return Stage::mangle;
      case TableName::nat:
        return Stage::nat;
      case TableName::filter:
        return Stage::filter;
    }
    return Stage::filter;
  }

  [[nodiscard]] MatchObjects& objects() { return netns_.netfilter->objects(); }

  Netns& netns_;
  TableState& table_;
  Hook hook_;
  Hop& hop_;
  PacketRef& packet_;
  PacketView view_;
  ChainBlock::Key key_{};
  Connection* connection_ = nullptr;
  bool connection_known_ = false;
  std::uint16_t states_ = 0;  // 0: not asked for yet
  LiveChain* chain_ = nullptr;
  std::span<const Rule> rules_;  // of the chain
  std::uint32_t row_ = 0;
  std::size_t depth_ = 0;
  std::array<Frame, most_jumps> stack_;
};

}  // namespace

TableVerdict Netfilter::traverse(TableName name, Hook hook, Hop& hop, PacketRef& packet) {
  TableState* state = tables_[static_cast<std::size_t>(name)].get();
  if (state == nullptr) return TableVerdict::accept;
  BaseChain& base = state->bases[static_cast<std::size_t>(hook)];
  if (!base.name) return TableVerdict::accept;
  if (base.live == nullptr) base.live = &state->enter(base.name);
  if (base.live->block().rules().empty() && !base.drops && netns_->observer == nullptr) [[likely]] {
    // Most built-in chains hold no rules: their policy counts, and there is nothing to walk.
    ++base.policy.packets;
    base.policy.bytes += packet->network_size();
    if (hop.notes != nullptr) [[unlikely]]
      hop.notes->policy(base.policy);
    return TableVerdict::accept;
  }
  // Raw comes before conntrack, so that its rules would see a packet that was tracked on another way.
  if (hop.notes != nullptr && name == TableName::raw) hop.notes->refuse();
  return Walk(*netns_, *state, hook, hop, packet).run(base);
}

}  // namespace ekspath
