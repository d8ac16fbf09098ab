#include <algorithm>
#include <array>

#include "sim/linux/conntrack/conntrack_state.hh"
#include "sim/linux/netns.hh"
#include "sim/packet/checksum.hh"
#include "sim/packet/headers.hh"

/// The TCP tracker: which state a flow is in, and whether a segment can be part of it.
/// Linux 6.1 net/netfilter/nf_conntrack_proto_tcp.c
namespace ekspath {
namespace {

namespace status = connection_status;

/// What counts of a segment's flags, in the order of the table's rows. get_conntrack_index()
enum Segment : std::uint8_t { syn, syn_ack, fin, ack, rst, none };

namespace window_flag {
constexpr std::uint8_t window_scale = 0x01, sack_permitted = 0x02, close_init = 0x04, be_liberal = 0x08,
                       unacknowledged = 0x10, max_ack_set = 0x20, challenge_ack = 0x40,
                       simultaneous_open = 0x80;
}

/// A cell of the table: a TcpState, or one of two answers.
constexpr std::uint8_t ignored = 10;
constexpr std::uint8_t never = 11;

constexpr auto NO = static_cast<std::uint8_t>(TcpState::none);
constexpr auto SS = static_cast<std::uint8_t>(TcpState::syn_sent);
constexpr auto SR = static_cast<std::uint8_t>(TcpState::syn_recv);
constexpr auto ES = static_cast<std::uint8_t>(TcpState::established);
constexpr auto FW = static_cast<std::uint8_t>(TcpState::fin_wait);
constexpr auto CW = static_cast<std::uint8_t>(TcpState::close_wait);
constexpr auto LA = static_cast<std::uint8_t>(TcpState::last_ack);
constexpr auto TW = static_cast<std::uint8_t>(TcpState::time_wait);
constexpr auto CL = static_cast<std::uint8_t>(TcpState::close);
constexpr auto S2 = static_cast<std::uint8_t>(TcpState::syn_sent2);
constexpr auto IG = ignored;
constexpr auto IV = never;

/// Next state by direction, segment and state. tcp_conntracks; its observable part is observed:
/// facts/linux-datapath.md 3
constexpr std::uint8_t next_state[2][6][10]{
    {
        // none SS  SR  ES  FW  CW  LA  TW  CL  S2       original direction
        {SS, SS, IG, IG, IG, IG, IG, SS, SS, S2},  // SYN
        {IV, IV, SR, IV, IV, IV, IV, IV, IV, SR},  // SYN, ACK
        {IV, IV, FW, FW, LA, LA, LA, TW, CL, IV},  // FIN
        {ES, IV, ES, ES, CW, CW, TW, TW, CL, IV},  // ACK
        {IV, CL, CL, CL, CL, CL, CL, CL, CL, CL},  // RST
        {IV, IV, IV, IV, IV, IV, IV, IV, IV, IV},  // nothing
    },
    {
        // none SS  SR  ES  FW  CW  LA  TW  CL  S2       reply direction
        {IV, S2, IV, IV, IV, IV, IV, SS, IV, S2},  // SYN
        {IV, SR, IG, IG, IG, IG, IG, IG, IG, SR},  // SYN, ACK
        {IV, IV, FW, FW, LA, LA, LA, TW, CL, IV},  // FIN
        {IV, IG, SR, ES, CW, CW, TW, TW, CL, IG},  // ACK
        {IV, CL, CL, CL, CL, CL, CL, CL, CL, CL},  // RST
        {IV, IV, IV, IV, IV, IV, IV, IV, IV, IV},  // nothing
    },
};
static_assert(NO == 0 && S2 == 9);

/// Sequence numbers wrap. include/net/tcp.h before(), after()
bool before(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) < 0; }
bool after(std::uint32_t a, std::uint32_t b) { return before(b, a); }

/// The numbers of one segment.
struct SegmentNumbers {
  TcpView header;
  Segment kind;
  std::uint32_t sequence;
  std::uint32_t acknowledgement;
  std::uint32_t end;  // behind the last byte, SYN and FIN counted
  std::uint16_t window;
};

SegmentNumbers numbers_of(const Packet& packet) {
  const TcpView tcp = tcp_header(packet);
  Segment kind = none;
  if (tcp.has(tcp_flag::rst)) {
    kind = rst;
  } else if (tcp.has(tcp_flag::syn)) {
    kind = tcp.has(tcp_flag::ack) ? syn_ack : syn;
  } else if (tcp.has(tcp_flag::fin)) {
    kind = fin;
  } else if (tcp.has(tcp_flag::ack)) {
    kind = ack;
  }
  const auto payload = static_cast<std::uint32_t>(packet.transport_size() - tcp.header_size());
  const std::uint32_t end =
      tcp.sequence() + payload + (tcp.has(tcp_flag::syn) ? 1 : 0) + (tcp.has(tcp_flag::fin) ? 1 : 0);
  return {tcp, kind, tcp.sequence(), tcp.acknowledgement(), end, tcp.window()};
}

/// Calls `use(kind, data, size)` for each option; stops at nonsense, as tcp_options() and tcp_sack() do.
template <class Use>
void each_option(const TcpView& header, Use use) {
  const std::uint8_t* at = header.at + TcpView::minimum_size;
  std::size_t left = header.header_size() - TcpView::minimum_size;
  while (left > 0) {
    const std::uint8_t kind = at[0];
    if (kind == 0) return;
    if (kind == 1) {
      ++at;
      --left;
      continue;
    }
    if (left < 2) return;
    const std::uint8_t size = at[1];
    if (size < 2 || size > left) return;
    use(kind, at + 2, static_cast<std::uint8_t>(size - 2));
    at += size;
    left -= size;
  }
}

/// tcp_options(): window scale and SACK permitted of a SYN. Without options the state stays as it was.
void read_options(const TcpView& header, TcpWindow& sender) {
  if (header.header_size() == TcpView::minimum_size) return;
  sender.scale = 0;
  sender.flags &= window_flag::be_liberal;
  each_option(header, [&](std::uint8_t kind, const std::uint8_t* data, std::uint8_t size) {
    if (kind == 4 && size == 0) sender.flags |= window_flag::sack_permitted;
    if (kind == 3 && size == 1) {
      sender.scale = std::min<std::uint8_t>(data[0], 14);  // RFC 7323 2.3
      sender.flags |= window_flag::window_scale;
    }
  });
}

/// tcp_sack(): the highest right edge of a SACK block, or the acknowledgement.
std::uint32_t highest_sack(const TcpView& header, std::uint32_t acknowledgement) {
  std::uint32_t highest = acknowledgement;
  each_option(header, [&](std::uint8_t kind, const std::uint8_t* data, std::uint8_t size) {
    if (kind != 5 || size < 8 || size % 8 != 0) return;
    for (std::uint8_t block = 0; block < size; block = static_cast<std::uint8_t>(block + 8)) {
      const std::uint32_t edge = load32(data + block + 4);
      if (after(edge, highest)) highest = edge;
    }
  });
  return highest;
}

/// tcp_valid_flags: of SYN, FIN, RST, ACK, URG.
bool flags_are_valid(std::uint8_t flags) {
  using namespace tcp_flag;
  switch (flags & ~psh) {
    case tcp_flag::syn:
    case tcp_flag::syn | urg:
    case tcp_flag::syn | tcp_flag::ack:
    case tcp_flag::rst:
    case tcp_flag::rst | tcp_flag::ack:
    case tcp_flag::fin | tcp_flag::ack:
    case tcp_flag::fin | tcp_flag::ack | urg:
    case tcp_flag::ack:
    case tcp_flag::ack | urg:
      return true;
    default:
      return false;
  }
}

/// tcp_error(): cut short, a wrong checksum (of received packets only), or flags that no stack sends
/// together.
bool is_broken(const TrackedPacket& at) {
  const std::size_t size = at.packet.transport_size();
  if (size < TcpView::minimum_size) return true;
  const TcpView tcp = tcp_header(at.packet);
  if (tcp.header_size() < TcpView::minimum_size || tcp.header_size() > size) return true;
  if (at.hook == Hook::pre_routing && at.state.netns.sysctls->nf_conntrack_checksum) {
    const Ipv4View ip = ipv4(at.packet);
    if (transport_checksum(ip.source(), ip.destination(), ip.protocol(), at.packet.transport(), size) != 0)
      return true;
  }
  return !flags_are_valid(tcp.flags());
}

/// tcp_new(): a SYN, or a flow that is picked up in its middle (nf_conntrack_tcp_loose). False: not a
/// beginning.
bool begin(const TrackedPacket& at, const SegmentNumbers& segment) {
  const std::uint8_t state = next_state[0][segment.kind][NO];
  if (state == never) return false;
  TcpTracking& tracking = at.connection.tracking;
  tracking = TcpTracking{};
  TcpWindow& sender = tracking.windows[0];
  sender.end = segment.end;
  sender.max_window = std::max<std::uint32_t>(segment.window, 1);
  if (state == SS) {
    sender.max_end = sender.end;
    read_options(segment.header, sender);
  } else {
    if (!at.state.netns.sysctls->nf_conntrack_tcp_loose) return false;
    sender.max_end = sender.end + sender.max_window;
    // The window scale is unknown: "assume SACK and liberal window checking".
    tracking.windows[0].flags = tracking.windows[1].flags =
        window_flag::sack_permitted | window_flag::be_liberal;
  }
  tracking.last_index = none;
  return true;
}

/// tcp_init_sender(): a SYN/ACK in reply to a SYN, or the SYN of a simultaneous open.
void begin_sender(TcpWindow& sender, TcpWindow& receiver, const SegmentNumbers& segment, bool reply) {
  sender.end = sender.max_end = segment.end;
  sender.max_window = std::max<std::uint32_t>(segment.window, 1);
  read_options(segment.header, sender);
  // RFC 7323: both sides must send the option to enable it in either direction.
  if (reply && (sender.flags & receiver.flags & window_flag::window_scale) == 0)
    sender.scale = receiver.scale = 0;
}

enum class InWindow : std::uint8_t { accept, ignore, invalid };

/// MAXACKWINDOW
std::uint32_t acknowledgement_window(const TcpWindow& sender) { return std::max(sender.max_window, 66000U); }

/// tcp_in_window(): whether the segment fits between what both ends have sent, acknowledged and offered.
InWindow in_window(const TrackedPacket& at, const SegmentNumbers& segment) {
  TcpTracking& tracking = at.connection.tracking;
  TcpWindow& sender = tracking.windows[at.reply ? 1 : 0];
  TcpWindow& receiver = tracking.windows[at.reply ? 0 : 1];
  const TcpView& tcp = segment.header;
  const bool is_syn = tcp.has(tcp_flag::syn);
  const bool is_ack = tcp.has(tcp_flag::ack);
  const bool is_rst = tcp.has(tcp_flag::rst);
  std::uint32_t sequence = segment.sequence;
  std::uint32_t end = segment.end;
  std::uint32_t acknowledged = segment.acknowledgement;
  std::uint32_t sacked = acknowledged;
  std::uint32_t window = segment.window;
  if ((receiver.flags & window_flag::sack_permitted) != 0) sacked = highest_sack(tcp, acknowledged);

  if (sender.max_window == 0) {
    if (is_syn) {
      begin_sender(sender, receiver, segment, at.reply);
      if (!is_ack) return InWindow::accept;  // simultaneous open
    } else {
      // The middle of a connection whose history is lost: this packet must do.
      sender.end = end;
      sender.max_window = std::max(window << sender.scale, 1U);
      sender.max_end = end + sender.max_window;
      if (receiver.max_window == 0) {
        receiver.end = receiver.max_end = sacked;
      } else if (sacked == receiver.end + 1) {
        ++receiver.end;  // the answer to a keepalive
      }
    }
  } else if (is_syn && after(end, sender.end) &&
             (at.connection.tcp == TcpState::syn_sent || at.connection.tcp == TcpState::syn_recv)) {
    begin_sender(sender, receiver, segment, at.reply);
    if (at.reply && !is_ack) return InWindow::accept;
  }

  if (!is_ack || (is_rst && acknowledged == 0)) acknowledged = sacked = receiver.end;
  if (is_rst && sequence == 0 && at.connection.tcp == TcpState::syn_sent) sequence = end = sender.end;

  const bool liberal =
      (sender.flags & window_flag::be_liberal) != 0 || at.state.netns.sysctls->nf_conntrack_tcp_be_liberal;
  const auto unless_liberal = [&](InWindow answer) { return liberal ? InWindow::accept : answer; };
  const std::uint32_t lowest_acknowledgement = receiver.end - acknowledgement_window(sender) - 1;
  const bool reaches_window = after(end, sender.end - receiver.max_window - 1);

  if (!before(sequence, sender.max_end + 1)) {
    const std::uint32_t overshot = end - sender.max_end + 1;
    if (receiver.max_window != 0 && reaches_window && after(sacked, lowest_acknowledgement) &&
        overshot <= receiver.max_window && before(sacked, receiver.end + 1)) {
      // Somewhat more than was allowed: let the acknowledgement of it be valid.
      sender.end = end;
      sender.flags |= window_flag::unacknowledged;
      return unless_liberal(InWindow::ignore);
    }
    return unless_liberal(InWindow::invalid);
  }
  if (!before(sacked, receiver.end + 1)) return unless_liberal(InWindow::invalid);
  if (receiver.max_window != 0 && !reaches_window) return unless_liberal(InWindow::ignore);
  if (!after(sacked, lowest_acknowledgement)) return unless_liberal(InWindow::ignore);

  if (!is_syn) window <<= sender.scale;
  sender.max_window = std::max(sender.max_window, window + (sacked - acknowledged));
  if (after(end, sender.end)) {
    sender.end = end;
    sender.flags |= window_flag::unacknowledged;
  }
  if (is_ack && ((sender.flags & window_flag::max_ack_set) == 0 || after(acknowledged, sender.max_ack))) {
    sender.max_ack = acknowledged;
    sender.flags |= window_flag::max_ack_set;
  }
  if (receiver.max_window != 0 && after(end, sender.max_end)) receiver.max_window += end - sender.max_end;
  if (after(sacked + window, receiver.max_end - 1))
    receiver.max_end = sacked + window + (window == 0 ? 1 : 0);
  if (acknowledged == receiver.end) {
    receiver.flags &= static_cast<std::uint8_t>(~window_flag::unacknowledged);
  }

  if (segment.kind == ack) {
    const bool repeated = tracking.last_direction == (at.reply ? 1 : 0) &&
                          tracking.last_sequence == sequence &&
                          tracking.last_acknowledgement == acknowledged && tracking.last_end == end &&
                          tracking.last_window == segment.window;
    if (repeated) {
      ++tracking.retransmissions;
    } else {
      tracking.last_direction = at.reply ? 1 : 0;
      tracking.last_sequence = sequence;
      tracking.last_acknowledgement = acknowledged;
      tracking.last_end = end;
      tracking.last_window = segment.window;
      tracking.retransmissions = 0;
    }
  }
  return InWindow::accept;
}

std::uint32_t timeout_of(const Sysctls& sysctls, std::uint8_t state) {
  switch (static_cast<TcpState>(state)) {
    case TcpState::syn_sent:
      return sysctls.ct_tcp_timeout_syn_sent;
    case TcpState::syn_recv:
      return sysctls.ct_tcp_timeout_syn_recv;
    case TcpState::established:
      return sysctls.ct_tcp_timeout_established;
    case TcpState::fin_wait:
      return sysctls.ct_tcp_timeout_fin_wait;
    case TcpState::close_wait:
      return sysctls.ct_tcp_timeout_close_wait;
    case TcpState::last_ack:
      return sysctls.ct_tcp_timeout_last_ack;
    case TcpState::time_wait:
      return sysctls.ct_tcp_timeout_time_wait;
    case TcpState::close:
      return sysctls.ct_tcp_timeout_close;
    case TcpState::none:
    case TcpState::syn_sent2:
      break;
  }
  return 120;  // SYN_SENT2: two minutes, with no sysctl of its own
}

/// nf_tcp_handle_invalid(): both ends closed outside the window; an assured entry must not stay for days.
void shorten_after_invalid(const TrackedPacket& at, Segment kind) {
  Connection& connection = at.connection;
  TcpTracking& tracking = connection.tracking;
  if (!connection.has(status::assured) || connection.has(status::fixed_timeout)) return;
  if (kind != rst && kind != fin) return;
  const std::uint8_t direction = at.reply ? 1 : 0;
  if (tracking.last_direction == direction || (tracking.last_index != fin && tracking.last_index != rst)) {
    tracking.last_index = kind;
    tracking.last_direction = direction;
    return;
  }
  const Nanoseconds left = connection.expires - at.state.netns.now();
  const std::uint32_t shorter = at.state.netns.sysctls->ct_tcp_timeout_unacknowledged;
  if (left.whole_seconds() < 120 || left.whole_seconds() <= shorter) return;
  at.state.refresh(connection, shorter);
}

bool is_established(const Connection& connection) {
  return connection.tcp == TcpState::established && connection.has(status::assured);
}

/// tcp_can_early_drop(): a flow that is closing anyway.
bool is_closing(const Connection& connection) {
  return connection.tcp >= TcpState::fin_wait && connection.tcp <= TcpState::close;
}

/// Remembers what an ignored packet said, in case the other end agrees with it.
void note_ignored(const TrackedPacket& at, const SegmentNumbers& segment, std::uint8_t old_state) {
  TcpTracking& tracking = at.connection.tracking;
  tracking.last_index = segment.kind;
  tracking.last_direction = at.reply ? 1 : 0;
  tracking.last_sequence = segment.sequence;
  tracking.last_end = segment.end;
  tracking.last_window = segment.window;
  if (segment.kind == syn && !at.reply) {
    TcpWindow seen;
    read_options(segment.header, seen);
    tracking.last_flags = seen.flags;
    tracking.last_scale = seen.scale;
    // RFC 5961: a "challenge ACK" may answer, which must not be taken for the last ACK of a close.
    if (old_state == LA) tracking.last_flags |= window_flag::challenge_ack;
  }
  if (old_state == SS && segment.kind == ack && at.reply)
    tracking.last_acknowledgement = segment.acknowledgement;
}

/// A SYN/ACK for a SYN that was ignored: both ends are in step and we were not.
bool resynchronise(const TrackedPacket& at, const SegmentNumbers& segment) {
  TcpTracking& tracking = at.connection.tracking;
  const std::uint8_t direction = at.reply ? 1 : 0;
  if (segment.kind != syn_ack || tracking.last_index != syn || tracking.last_direction == direction ||
      segment.acknowledgement != tracking.last_end) {
    return false;
  }
  TcpWindow& other = tracking.windows[tracking.last_direction];
  tracking.last_flags &= static_cast<std::uint8_t>(~window_flag::challenge_ack);
  other.end = other.max_end = tracking.last_end;
  other.max_window = std::max<std::uint32_t>(tracking.last_window, 1);
  other.scale = tracking.last_scale;
  other.flags = tracking.last_flags;
  TcpWindow& own = tracking.windows[direction];
  const std::uint8_t kept = own.flags & window_flag::be_liberal;
  own = TcpWindow{};
  own.flags = kept;
  return true;
}

enum class RstCheck : std::uint8_t { check_window, skip_window, keep_state, invalid };

/// Which RSTs end a connection: that of the exact sequence number, or one that answers what we had let
/// through.
RstCheck check_rst(const TrackedPacket& at, const SegmentNumbers& segment, std::uint8_t old_state) {
  const Connection& connection = at.connection;
  const TcpTracking& tracking = connection.tracking;
  if (is_closing(connection)) return RstCheck::skip_window;
  RstCheck answer = RstCheck::check_window;
  const TcpWindow& other = tracking.windows[at.reply ? 0 : 1];
  if ((other.flags & window_flag::max_ack_set) != 0 && tracking.last_index != syn) {
    if (segment.sequence == 0 && !is_established(connection)) return RstCheck::check_window;
    if (before(segment.sequence, other.max_ack)) return RstCheck::invalid;
    if (!is_established(connection) || segment.sequence == other.max_ack) return RstCheck::check_window;
    const bool part_of_train = tracking.last_index == ack && tracking.last_direction == (at.reply ? 1 : 0) &&
                               segment.sequence == tracking.last_end;
    if (part_of_train) return RstCheck::check_window;
    answer = RstCheck::keep_state;  // inside the window but not exact: a challenge ACK may follow
  }
  const bool answers_ignored = (connection.has(status::seen_reply) && tracking.last_index == syn) ||
                               (!connection.has(status::assured) && tracking.last_index == ack);
  if (answers_ignored && segment.acknowledgement == tracking.last_end) return RstCheck::skip_window;
  if (old_state == SS && tracking.last_index == ack && tracking.last_direction == 1 &&
      segment.sequence == tracking.last_acknowledgement) {
    return RstCheck::skip_window;
  }
  return answer;
}

/// How long an accepted segment keeps the entry.
std::uint32_t timeout_after(const TrackedPacket& at, Segment kind, std::uint8_t state) {
  constexpr std::uint8_t most_retransmissions = 3;  // nf_conntrack_tcp_max_retrans
  const Sysctls& sysctls = *at.state.netns.sysctls;
  const TcpTracking& tracking = at.connection.tracking;
  const std::uint32_t usual = timeout_of(sysctls, state);
  const std::uint32_t for_retransmission = sysctls.ct_tcp_timeout_max_retrans;
  if (tracking.retransmissions >= most_retransmissions && usual > for_retransmission)
    return for_retransmission;
  if (kind == rst) return sysctls.ct_tcp_timeout_close;
  const auto flags = tracking.windows[0].flags | tracking.windows[1].flags;
  if ((flags & window_flag::unacknowledged) != 0 && usual > sysctls.ct_tcp_timeout_unacknowledged) {
    return sysctls.ct_tcp_timeout_unacknowledged;
  }
  if (tracking.last_window == 0 && usual > for_retransmission) return for_retransmission;
  return usual;
}

}  // namespace

Tracked track_tcp(const TrackedPacket& at) {
  if (is_broken(at)) return Tracked::invalid;
  Connection& connection = at.connection;
  TcpTracking& tracking = connection.tracking;
  const SegmentNumbers segment = numbers_of(at.packet);
  const std::uint8_t direction = at.reply ? 1 : 0;
  if (!connection.has(status::confirmed) && !begin(at, segment)) return Tracked::invalid;

  auto old_state = static_cast<std::uint8_t>(connection.tcp);
  std::uint8_t new_state = next_state[direction][segment.kind][old_state];
  bool window_matters = true;

  if (new_state == never) return Tracked::invalid;
  if (new_state == SS && old_state >= TW) {
    // RFC 1122 4.2.2.13: a SYN reopens what was closed; a new entry takes the place of this one.
    const auto flags = tracking.windows[0].flags | tracking.windows[1].flags;
    if ((flags & window_flag::close_init) != 0 ||
        (tracking.last_direction == direction && tracking.last_index == rst)) {
      at.state.kill(at.id);
      return Tracked::again;
    }
    new_state = ignored;
  }
  if (new_state == ignored) {
    if (!resynchronise(at, segment)) {
      note_ignored(at, segment, old_state);
      return Tracked::valid;
    }
    old_state = SS;
    new_state = SR;
  } else if (new_state == TW && old_state == LA && segment.kind == ack &&
             tracking.last_direction != direction && tracking.last_index == syn &&
             (tracking.last_flags & window_flag::challenge_ack) != 0) {
    tracking.last_flags &= static_cast<std::uint8_t>(~window_flag::challenge_ack);
    return Tracked::valid;
  } else if (new_state == S2) {
    tracking.last_flags |= window_flag::simultaneous_open;
  } else if (new_state == SR && at.reply && segment.kind == ack &&
             (tracking.last_flags & window_flag::simultaneous_open) != 0) {
    new_state = ES;
  } else if (new_state == CL && segment.kind == rst) {
    const RstCheck check = check_rst(at, segment, old_state);
    if (check == RstCheck::invalid) return Tracked::invalid;
    if (check == RstCheck::skip_window) window_matters = false;
    if (check == RstCheck::keep_state) new_state = old_state;
  }

  if (window_matters) {
    switch (in_window(at, segment)) {
      case InWindow::accept:
        break;
      case InWindow::ignore:
        return Tracked::valid;
      case InWindow::invalid:
        shorten_after_invalid(at, segment.kind);
        return Tracked::invalid;
    }
  }

  tracking.last_index = segment.kind;
  tracking.last_direction = direction;
  connection.tcp = static_cast<TcpState>(new_state);
  if (old_state != new_state) {
    if (new_state == FW) tracking.windows[direction].flags |= window_flag::close_init;
    at.state.table.slot_of(at.id)->changed = true;
  }

  std::uint32_t timeout = timeout_after(at, segment.kind, new_state);
  if (!connection.has(status::seen_reply)) {
    if (segment.kind == rst) {
      // Refused: nothing is left of it.
      at.state.kill(at.id);
      return Tracked::valid;
    }
    // Port reuse must not keep an unanswered entry alive.
    if (segment.kind == syn && old_state == SS) return Tracked::valid;
    if (new_state == ES) timeout = std::min(timeout, at.state.netns.sysctls->ct_tcp_timeout_unacknowledged);
  } else if (!connection.has(status::assured) && (old_state == SR || old_state == ES) && new_state == ES) {
    connection.status |= status::assured;
    at.state.table.slot_of(at.id)->changed = true;
  }
  at.state.refresh(connection, timeout);
  return Tracked::valid;
}

}  // namespace ekspath
