#include <algorithm>
#include <cerrno>

#include "sim/linux/socket/ip_send.hh"
#include "sim/linux/socket/socket_tables.hh"
#include "sim/linux/socket/tcp_connection.hh"
#include "sim/linux/walk.hh"
#include "sim/packet/build.hh"

namespace ekspath {
namespace {

constexpr std::uint32_t minimum_mss = 48;   // net.ipv4.tcp_min_snd_mss
constexpr std::uint8_t window_scale = 7;    // tcp_select_initial_window() with the default net.ipv4.tcp_rmem
constexpr std::uint32_t header_bytes = 40;  // IPv4 and TCP without options
constexpr std::uint32_t timestamp_option_bytes = 12;

std::uint32_t align(std::uint32_t value, std::uint8_t scale) {
  const std::uint32_t grain = 1U << scale;
  return (value + grain - 1) / grain * grain;
}

}  // namespace

/// Linux 6.1 net/ipv4/tcp_output.c __tcp_transmit_skb()
void TcpConnection::transmit(const Outgoing& segment) {
  const bool is_syn = (segment.flags & tcp_flag::syn) != 0;
  const bool has_ack = (segment.flags & tcp_flag::ack) != 0;
  TcpOptions options;
  if (is_syn) {
    options.mss = static_cast<std::uint16_t>(advertised_mss_);
    options.sack_permitted = sack_;
    if (window_scaling_) options.window_scale = receive_scale_;
  }
  options.has_timestamp = timestamps_;
  options.timestamp = timestamp_now();
  options.timestamp_echo = has_ack ? recent_timestamp_ : 0;
  if (!is_syn && sack_ && !out_of_order_.empty()) {
    const std::size_t room = timestamps_ ? 3 : 4;
    for (const SequenceRange& block : out_of_order_.blocks(latest_out_of_order_)) {
      if (options.sack_count == room) break;
      options.sack[options.sack_count++] = block;
    }
    if (segment.payload.size() + 4 + 8U * options.sack_count > send_mss()) options.sack_count = 0;
  }
  if (duplicate_to_report_) {
    // RFC 2883: the duplicate first.
    std::ranges::copy_backward(options.sack.begin(), options.sack.end() - 1, options.sack.end());
    options.sack[0] = *duplicate_to_report_;
    options.sack_count =
        std::min<std::uint8_t>(static_cast<std::uint8_t>(options.sack_count + 1), timestamps_ ? 3 : 4);
    duplicate_to_report_.reset();
  }
  const TcpOptionBytes option_bytes = write_tcp_options(options);

  const SocketRoute route = route_for_socket(netns_, options_, names_.local.address, names_.remote.address);
  TcpFields fields;
  fields.source = names_.local.address;
  fields.destination = names_.remote.address;
  fields.source_port = names_.local.port;
  fields.destination_port = names_.remote.port;
  fields.sequence = segment.sequence;
  fields.acknowledgement = has_ack ? receive_next_ : 0;
  fields.flags = segment.flags;
  fields.window =
      is_syn ? static_cast<std::uint16_t>(std::min<std::uint32_t>(receive_window_, 65535)) : select_window();
  fields.options = option_bytes.span();
  if (has_ack && !is_syn) acknowledgement_sent();
  if (!segment.payload.empty()) {
    // tcp_event_data_sent(): an answer soon after data came in makes the connection interactive.
    if (now() - last_data_received_ < acknowledgement_timeout_) ping_pong_ = true;
  }
  if (route.error != 0) return;  // the segment is lost, and the timers go on
  PacketRef packet = netns_.pool().allocate(segment.payload.size());
  append_bytes(*packet, segment.payload);
  push_tcp(*packet, fields);
  const std::uint16_t identification = segment.identification ? *segment.identification : identification_++;
  // What local_out() says is not told: the timers find out. __tcp_transmit_skb() only slows down.
  static_cast<void>(
      send_ip(netns_, std::move(packet), route,
              {options_, names_.remote.address, static_cast<std::uint8_t>(IpProtocol::tcp), identification}));
}

/// tcp_connect()
void TcpConnection::open_actively(bool no_delay) {
  no_delay_ = no_delay;
  actively_opened_ = true;
  sack_ = netns_.sysctls->tcp_sack;
  timestamps_ = netns_.sysctls->tcp_timestamps;
  window_scaling_ = netns_.sysctls->tcp_window_scaling;
  advertised_mss_ = std::max<std::uint32_t>(current_mtu() - header_bytes, 256);
  choose_initial_window(advertised_mss_);
  send_first_ = static_cast<std::uint32_t>(tables_.sequences.next());
  timestamp_offset_ = static_cast<std::uint32_t>(tables_.sequences.next());
  identification_ = static_cast<std::uint16_t>(tables_.identifications.next());
  send_unacknowledged_ = send_first_;
  send_next_ = pushed_ = send_first_ + 1;
  state_ = TcpSocketState::syn_sent;
  send_syn();
  first_timeout_send_ = now();
  arm(TimerUse::retransmit, timeout_);
}

void TcpConnection::send_syn() { transmit({tcp_flag::syn, send_first_}); }

/// ip_build_and_send_pkt(): id 0. A simultaneous open sends it from a full socket.
void TcpConnection::send_syn_ack() {
  Outgoing answer{tcp_flag::syn | tcp_flag::ack, send_first_};
  if (!actively_opened_) answer.identification = 0;
  transmit(answer);
}

/// tcp_send_ack(); from TIME-WAIT and its FIN-WAIT-2 without a program tcp_v4_send_ack() sends it, with id 0.
void TcpConnection::send_acknowledgement() {
  Outgoing answer{tcp_flag::ack, send_next_};
  if (state_ == TcpSocketState::time_wait || is_mini_) answer.identification = 0;
  transmit(answer);
}

/// tcp_send_dupack()
void TcpConnection::send_duplicate_acknowledgement(SequenceRange duplicate) {
  if (sack_ && before(duplicate.begin, duplicate.end)) duplicate_to_report_ = duplicate;
  quick_acks_ = std::max<std::uint32_t>(quick_acks_, 2);
  send_acknowledgement();
}

/// tcp_send_active_reset()
void TcpConnection::send_reset() {
  ++netns_.occasional().snmp.tcp_out_rsts;
  transmit({tcp_flag::rst | tcp_flag::ack, send_next_});
}

/// tcp_sendmsg_locked() and tcp_push(): bytes join the last segment that is not full and not sent.
std::size_t TcpConnection::write(std::span<const std::uint8_t> bytes) {
  const bool is_open = state_ == TcpSocketState::established || state_ == TcpSocketState::close_wait ||
                       state_ == TcpSocketState::syn_sent || state_ == TcpSocketState::syn_recv;
  if (!is_open || write_shut_) return 0;
  const std::size_t taken = std::min<std::size_t>(
      bytes.size(), send_buffer_limit - std::min<std::size_t>(to_send_.size(), send_buffer_limit));
  if (taken == 0) return 0;
  to_send_.push(bytes.first(taken));
  const std::uint32_t mss = send_mss();
  std::size_t left = taken;
  std::uint32_t end = segments_.empty() ? send_next_ : segments_.back().end;
  while (left > 0) {
    if (segments_.size() == sent_ || segments_.back().payload() >= mss) {
      segments_.push_back({});
      segments_.back().begin = segments_.back().end = end;
    }
    SentSegment& segment = segments_.back();
    const auto added = static_cast<std::uint32_t>(std::min<std::size_t>(left, mss - segment.payload()));
    segment.end = end = end + added;
    left -= added;
    // forced_push()
    if (after(end, pushed_ + (largest_send_window_ >> 1))) {
      segment.push = true;
      pushed_ = end;
    }
  }
  segments_.back().push = true;
  pushed_ = end;
  send_queued();
  return taken;
}

/// tcp_write_xmit()
void TcpConnection::send_queued() {
  if (state_ == TcpSocketState::syn_sent || state_ == TcpSocketState::syn_recv ||
      state_ == TcpSocketState::close)
    return;
  bool sent_any = false;
  const bool was_idle = sent_ == 0;
  while (sent_ < segments_.size() && may_send_now(segments_[sent_])) {
    SentSegment& segment = segments_[sent_++];
    send_next_ = segment.end;
    send_segment(segment);
    if (segment.payload() < send_mss()) last_small_ = segment.end;
    sent_any = true;
  }
  if (sent_any) {
    if (was_idle || timer_use_ == TimerUse::none || timer_use_ == TimerUse::probe_window)
      rearm_retransmission();
    schedule_loss_probe();
  } else if (sent_ == 0 && !segments_.empty() && timer_use_ == TimerUse::none) {
    arm(TimerUse::probe_window, timeout_);  // tcp_check_probe_timer()
  }
}

/// tcp_cwnd_test(), tcp_snd_wnd_test(), tcp_nagle_test()
bool TcpConnection::may_send_now(const SentSegment& segment) const {
  if (in_flight() >= congestion_window_) return false;
  if (after(segment.end, send_unacknowledged_ + send_window_)) return false;
  if (segment.fin || no_delay_ || segment.payload() >= send_mss() || sent_ == 0) return true;
  const bool small_one_under_way =
      after(last_small_, send_unacknowledged_) && !after(last_small_, send_next_);
  return !small_one_under_way;
}

void TcpConnection::send_segment(SentSegment& segment) {
  segment.sent_at = now();
  std::uint8_t flags = tcp_flag::ack;
  if (segment.push && segment.payload() > 0) flags |= tcp_flag::psh;
  if (segment.fin) flags |= tcp_flag::fin;
  transmit({flags, segment.begin, to_send_.view(segment.begin - send_unacknowledged_, segment.payload())});
}

/// tcp_xmit_retransmit_queue()
void TcpConnection::send_pending_retransmissions() {
  bool sent_any = false;
  for (std::size_t i = 0; i < sent_; ++i) {
    SentSegment& segment = segments_[i];
    if (!segment.lost || segment.retransmitted || segment.sacked) continue;
    if (in_flight() >= congestion_window_) break;
    segment.retransmitted = segment.ever_retransmitted = true;
    ++netns_.occasional().snmp.tcp_retrans_segs;
    send_segment(segment);
    sent_any = true;
  }
  if (sent_any) rearm_retransmission();
}

/// tcp_send_fin(): the last segment that was not sent carries it, else one of its own.
void TcpConnection::queue_fin() {
  if (segments_.size() == sent_) {
    segments_.push_back({});
    segments_.back().begin = segments_.back().end = sent_ > 0 ? segments_[sent_ - 1].end : send_next_;
  }
  segments_.back().fin = true;
  ++segments_.back().end;
  send_queued();
}

/// tcp_packets_in_flight()
std::uint32_t TcpConnection::in_flight() const {
  std::uint32_t count = 0;
  for (std::size_t i = 0; i < sent_; ++i) {
    const SentSegment& segment = segments_[i];
    if (!segment.sacked && (!segment.lost || segment.retransmitted)) ++count;
  }
  return count;
}

std::uint32_t TcpConnection::current_mtu() const {
  const SocketRoute route = route_for_socket(netns_, options_, names_.local.address, names_.remote.address);
  if (route.error != 0) return 576;
  return std::min<std::uint32_t>(mtu_of(netns_, route.route, names_.remote.address), 65535);
}

/// tcp_current_mss()
std::uint32_t TcpConnection::send_mss() const {
  const std::uint32_t by_path = send_mtu_ - header_bytes;
  const std::uint32_t mss = std::max(std::min<std::uint32_t>(peer_mss_, by_path), minimum_mss);
  return timestamps_ ? mss - timestamp_option_bytes : mss;
}

/// tcp_space(): bytes of payload that still fit the receive buffer.
std::uint32_t TcpConnection::free_receive_space() const {
  if (queued_true_size_ >= receive_buffer_) return 0;
  return static_cast<std::uint32_t>(std::uint64_t{receive_buffer_ - queued_true_size_} * receive_ratio_ /
                                    256);
}

/// tcp_full_space()
std::uint32_t TcpConnection::window_of_buffer() const { return receive_buffer_ / 256 * receive_ratio_; }

/// tcp_receive_window()
std::uint32_t TcpConnection::receive_window_left() const {
  const auto left = static_cast<std::int32_t>(receive_acknowledged_ + receive_window_ - receive_next_);
  return left > 0 ? static_cast<std::uint32_t>(left) : 0;
}

/// __tcp_select_window()
std::uint32_t TcpConnection::window_to_offer() const {
  const std::uint32_t full = std::min(window_clamp_, window_of_buffer());
  std::uint32_t space = free_receive_space();
  const std::uint32_t mss = std::min(largest_received_, full);
  if (space < full / 2 && (space < full / 16 || space < mss)) return 0;
  space = std::min(space, receive_threshold_);
  if (receive_scale_ > 0) return align(space, receive_scale_);
  if (receive_window_ + mss <= space || receive_window_ > space) return space / mss * mss;
  return receive_window_;
}

/// tcp_select_window(): what was offered is not taken back.
std::uint16_t TcpConnection::select_window() {
  const std::uint32_t left = receive_window_left();
  std::uint32_t window = window_to_offer();
  if (window < left) window = align(left, receive_scale_);
  receive_window_ = window;
  receive_acknowledged_ = receive_next_;
  window = std::min(window, std::uint32_t{65535} << receive_scale_);
  return static_cast<std::uint16_t>(window >> receive_scale_);
}

/// tcp_select_initial_window(): half of net.ipv4.tcp_rmem[1], in whole segments.
void TcpConnection::choose_initial_window(std::uint32_t mss) {
  constexpr std::uint32_t space = 65535;
  receive_window_ = space > mss ? space / mss * mss : space;
  receive_threshold_ = receive_window_;
  window_clamp_ = space;
  receive_scale_ = window_scaling_ ? window_scale : 0;
  largest_received_ = std::min<std::uint32_t>(mss, 536);
  send_mtu_ = current_mtu();
}

/// tcp_time_stamp_ts(): milliseconds and an offset of the connection's own.
std::uint32_t TcpConnection::timestamp_now() const {
  return static_cast<std::uint32_t>(now().whole_milliseconds()) + timestamp_offset_;
}

/// tcp_event_ack_sent()
void TcpConnection::acknowledgement_sent() {
  acknowledgement_due_ = false;
  acknowledge_now_ = false;
  acknowledgement_timer_.cancel();
  if (quick_acks_ > 0 && --quick_acks_ == 0) acknowledgement_timeout_ = Nanoseconds(40'000'000);
}

/// tcp_fragment(): after the path's MTU shrank, or when it is known at last.
void TcpConnection::fragment_queue(std::uint32_t mss) {
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    if (segments_[i].payload() <= mss) continue;
    SentSegment rest = segments_[i];
    SentSegment& first = segments_[i];
    first.end = first.begin + mss;
    first.fin = first.push = false;
    rest.begin = first.end;
    segments_.insert(segments_.begin() + static_cast<std::ptrdiff_t>(i) + 1, rest);
    if (i < sent_) ++sent_;
  }
}

void refuse_segment(Netns& netns, const TcpSegment& segment) {
  if (segment.has(tcp_flag::rst)) return;
  TcpFields fields;
  fields.source = segment.destination.address;
  fields.destination = segment.source.address;
  fields.source_port = segment.destination.port;
  fields.destination_port = segment.source.port;
  if (segment.has(tcp_flag::ack)) {
    fields.sequence = segment.acknowledgement;
    fields.flags = tcp_flag::rst;
  } else {
    fields.acknowledgement = segment.end;
    fields.flags = tcp_flag::rst | tcp_flag::ack;
  }
  IpOptions options;
  options.tos = segment.tos & 0xfc;  // without the ECN bits (observed: Linux 6.18, a SYN of tos 0xff)
  const SocketRoute route = route_for_socket(netns, options, fields.source, fields.destination);
  if (route.error != 0) return;
  ++netns.occasional().snmp.tcp_out_rsts;
  PacketRef packet = netns.pool().allocate(0);
  push_tcp(*packet, fields);
  // ip_send_unicast_reply() from the namespace's own socket, which never fragments: DF and id 0.
  static_cast<void>(
      send_ip(netns, std::move(packet), route,
              {options, fields.destination, static_cast<std::uint8_t>(IpProtocol::tcp), std::uint16_t{0}}));
}

}  // namespace ekspath
