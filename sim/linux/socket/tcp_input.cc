#include <algorithm>
#include <cerrno>

#include "sim/linux/socket/raw_socket.hh"
#include "sim/linux/socket/socket_tables.hh"
#include "sim/linux/socket/tcp_connection.hh"
#include "sim/linux/socket/tcp_socket.hh"
#include "sim/linux/walk.hh"
#include "sim/packet/parse.hh"

namespace ekspath {
namespace {

using namespace literals;
constexpr std::uint32_t duplicate_threshold = 3;   // net.ipv4.tcp_reordering
constexpr std::uint32_t most_quick_acks = 16;      // TCP_MAX_QUICKACKS
constexpr Nanoseconds ack_timeout_least = 40_ms;   // TCP_ATO_MIN
constexpr std::uint32_t small_segment_cost = 768;  // truesize of a segment in a small buffer
constexpr std::uint32_t segment_overhead = 832;

/// skb->truesize
std::uint32_t true_size(std::size_t payload) {
  return payload <= 200 ? small_segment_cost : segment_overhead + static_cast<std::uint32_t>(payload);
}

}  // namespace

TcpSegment::TcpSegment(const Packet& packet) {
  const Ipv4View ip = ipv4(packet);
  const TcpView tcp = tcp_header(packet);
  source = {ip.source(), tcp.source_port()};
  destination = {ip.destination(), tcp.destination_port()};
  begin = tcp.sequence();
  acknowledgement = tcp.acknowledgement();
  window = tcp.window();
  flags = tcp.flags();
  tos = ip.tos();
  payload = {tcp.at + tcp.header_size(), packet.transport_size() - tcp.header_size()};
  end = begin + static_cast<std::uint32_t>(payload.size()) + (has(tcp_flag::syn) ? 1 : 0) +
        (has(tcp_flag::fin) ? 1 : 0);
  options = parse_tcp_options({tcp.at + TcpView::minimum_size, tcp.header_size() - TcpView::minimum_size});
}

/// Linux 6.1 net/ipv4/tcp_ipv4.c tcp_v4_rcv()
void Sockets::receive_tcp(Hop& hop, PacketRef packet) {
  Netns& netns = hop.netns;
  if (!tables().raw.empty()) [[unlikely]]
    RawSocket::offer(tables(), *packet);
  if (!transport_is_sound(*packet)) {
    ++netns.occasional().snmp.tcp_in_csum_errors;
    return drop(netns, hop.in, Stage::local_in, DropReason::checksum, std::move(packet));
  }
  const TcpSegment segment(*packet);
  TcpListener* listener = nullptr;
  const auto found = tables().connections.find(Tuple{segment.source.address, segment.destination.address,
                                                     segment.source.port, segment.destination.port, 6});
  TcpConnection* connection = found != tables().connections.end() ? found->second : nullptr;
  const bool opens = segment.has(tcp_flag::syn) && !segment.has(tcp_flag::ack) && !segment.has(tcp_flag::rst);
  if (connection == nullptr || (opens && connection->gives_way_to(segment))) {
    listener = tables().listener_for(segment.destination, hop.in != nullptr ? hop.in->index : 0);
  }
  if (connection != nullptr && !(listener != nullptr && opens)) {
    const bool useful = connection->accepts(segment);
    if (useful && netns.observer != nullptr) [[unlikely]] {
      observe(netns, hop.in, Stage::local_in, Verdict::deliver, *packet);
    }
    connection->receive(segment);
    tables().reap(*connection);
    if (!useful) drop(netns, hop.in, Stage::local_in, DropReason::tcp_unexpected, std::move(packet));
    return;
  }
  if (listener == nullptr) {
    refuse_segment(netns, segment);
    return drop(netns, hop.in, Stage::local_in, DropReason::no_socket, std::move(packet));
  }
  // tcp_rcv_state_process() in LISTEN
  if (!opens) {
    if (segment.has(tcp_flag::ack)) refuse_segment(netns, segment);
    return drop(netns, hop.in, Stage::local_in, DropReason::tcp_unexpected, std::move(packet));
  }
  if (listener->is_full()) {
    return drop(netns, hop.in, Stage::local_in, DropReason::socket_full, std::move(packet));
  }
  if (netns.observer != nullptr) [[unlikely]] {
    observe(netns, hop.in, Stage::local_in, Verdict::deliver, *packet);
  }
  if (connection != nullptr) {
    connection->abandon();
    tables().reap(*connection);
  }
  tables()
      .add_connection(segment.destination, segment.source, listener->socket().options)
      .open_passively(*listener, segment);
}

/// tcp_conn_request(), tcp_v4_route_req()
void TcpConnection::open_passively(TcpListener& listener, const TcpSegment& syn) {
  listener_ = &listener;
  sack_ = netns_.sysctls->tcp_sack;
  timestamps_ = netns_.sysctls->tcp_timestamps;
  window_scaling_ = netns_.sysctls->tcp_window_scaling;
  learn_options(syn);
  advertised_mss_ = std::max<std::uint32_t>(current_mtu() - 40, 256);
  // tcp_openreq_init_rwin(): the timestamp option takes its part of each segment.
  choose_initial_window(advertised_mss_ - (timestamps_ ? 12 : 0));
  receive_first_ = syn.begin;
  receive_next_ = receive_acknowledged_ = syn.begin + 1;
  send_first_ = static_cast<std::uint32_t>(tables_.sequences.next());
  timestamp_offset_ = static_cast<std::uint32_t>(tables_.sequences.next());
  identification_ = static_cast<std::uint16_t>(tables_.identifications.next());
  send_unacknowledged_ = send_first_;
  send_next_ = pushed_ = send_first_ + 1;
  send_window_ = largest_send_window_ = syn.window;
  state_ = TcpSocketState::syn_recv;
  first_timeout_send_ = now();
  send_syn_ack();
  arm(TimerUse::retransmit, timeout_);
}

/// What both ends speak. tcp_parse_options() of a SYN
void TcpConnection::learn_options(const TcpSegment& segment) {
  const TcpOptions& options = segment.options;
  peer_mss_ = options.mss != 0 ? options.mss : 536;
  timestamps_ = timestamps_ && options.has_timestamp;
  if (timestamps_) recent_timestamp_ = options.timestamp;
  sack_ = sack_ && options.sack_permitted;
  window_scaling_ = window_scaling_ && options.window_scale.has_value();
  send_scale_ = window_scaling_ ? *options.window_scale : 0;
  if (!window_scaling_) receive_scale_ = 0;
}

bool TcpConnection::accepts(const TcpSegment& segment) const {
  switch (state_) {
    case TcpSocketState::close:
      return false;
    case TcpSocketState::syn_sent:
      return segment.has(tcp_flag::ack) ? segment.acknowledgement == send_next_ : segment.has(tcp_flag::syn);
    case TcpSocketState::syn_recv:
      if (segment.has(tcp_flag::syn)) return segment.begin == receive_first_;
      if (segment.has(tcp_flag::ack) && segment.acknowledgement != send_next_) return false;
      break;
    default:
      break;
  }
  if (is_old_by_timestamp(segment) || !is_in_window(segment)) return false;
  if (segment.has(tcp_flag::rst)) return true;
  return segment.has(tcp_flag::ack) && !segment.has(tcp_flag::syn) &&
         !after(segment.acknowledgement, send_next_);
}

void TcpConnection::receive(const TcpSegment& segment) {
  if (is_mini_) return receive_in_time_wait(segment);
  switch (state_) {
    case TcpSocketState::close:
      return;
    case TcpSocketState::syn_sent:
      return receive_in_syn_sent(segment);
    case TcpSocketState::syn_recv:
      return receive_in_syn_recv(segment);
    default:
      return receive_synchronised(segment);
  }
}

/// tcp_rcv_synsent_state_process()
void TcpConnection::receive_in_syn_sent(const TcpSegment& segment) {
  if (segment.has(tcp_flag::ack)) {
    if (segment.acknowledgement != send_next_) return refuse_segment(netns_, segment);
    if (segment.has(tcp_flag::rst)) return reset(ECONNREFUSED);
    if (!segment.has(tcp_flag::syn)) return;
    learn_options(segment);
    receive_first_ = segment.begin;
    receive_next_ = receive_acknowledged_ = segment.begin + 1;
    send_unacknowledged_ = segment.acknowledgement;
    send_window_ = largest_send_window_ = segment.window;
    window_update_sequence_ = segment.begin;
    if (timeouts_ == 0) measure_round_trip(now() - first_timeout_send_);
    become_established();
    // Data that waited goes with the acknowledgement.
    send_queued();
    if (receive_acknowledged_ == receive_next_ && sent_ == 0) send_acknowledgement();
    tell();
    return;
  }
  if (segment.has(tcp_flag::rst) || !segment.has(tcp_flag::syn)) return;
  // Both opened at once. RFC 793 figure 8
  learn_options(segment);
  receive_first_ = segment.begin;
  receive_next_ = receive_acknowledged_ = segment.begin + 1;
  send_window_ = largest_send_window_ = segment.window;
  state_ = TcpSocketState::syn_recv;
  send_syn_ack();
}

/// tcp_check_req()
void TcpConnection::receive_in_syn_recv(const TcpSegment& segment) {
  if (segment.has(tcp_flag::syn) && !segment.has(tcp_flag::ack)) {
    if (segment.begin == receive_first_) send_syn_ack();
    return;
  }
  if (!is_in_window(segment)) return answer_unacceptable(segment);
  if (segment.has(tcp_flag::rst)) return reset(ECONNREFUSED);
  if (!segment.has(tcp_flag::ack)) return;
  if (segment.acknowledgement != send_next_) return refuse_segment(netns_, segment);
  if (timeouts_ == 0) measure_round_trip(now() - first_timeout_send_);
  send_unacknowledged_ = segment.acknowledgement;
  send_window_ = largest_send_window_ = std::uint32_t{segment.window} << send_scale_;
  window_update_sequence_ = segment.begin;
  become_established();
  if (listener_ != nullptr) listener_->ready(*this);
  // SYN of a simultaneous open was acknowledged; else there may be data with the third segment.
  if (!segment.has(tcp_flag::syn)) receive_synchronised(segment);
  tell();
}

/// tcp_init_buffer_space(): room of one segment is kept back until the segments' true size is known.
void TcpConnection::clamp_window() {
  const std::uint32_t most = window_of_buffer();
  const std::uint32_t mss = advertised_mss_ - (timestamps_ ? 12 : 0);
  window_clamp_ = most > 2 * mss ? std::max(2 * mss, most - mss) : most;
  receive_threshold_ = std::min(receive_threshold_, window_clamp_);
}

void TcpConnection::become_established() {
  state_ = TcpSocketState::established;
  clamp_window();
  handshake_done_ = true;
  timeouts_ = 0;
  timer_.cancel();
  timer_use_ = TimerUse::none;
  update_rto();
  fragment_queue(send_mss());
  if (write_shut_) {
    state_ = TcpSocketState::fin_wait1;
    queue_fin();
  }
}

/// tcp_rcv_established() and tcp_rcv_state_process()
void TcpConnection::receive_synchronised(const TcpSegment& segment) {
  if (!validate(segment)) return;
  if (!segment.has(tcp_flag::ack)) return;
  if (after(segment.acknowledgement, send_next_)) {
    if (state_ != TcpSocketState::established) return;
    return send_acknowledgement();  // SKB_DROP_REASON_TCP_ACK_UNSENT_DATA: a challenge
  }
  // tcp_replace_ts_recent()
  if (timestamps_ && segment.options.has_timestamp && !after(segment.begin, receive_acknowledged_) &&
      !before(segment.options.timestamp, recent_timestamp_)) {
    recent_timestamp_ = segment.options.timestamp;
  }
  acknowledge(segment);
  advance_state(segment);
  if (done_ || is_mini_) return;
  const bool takes_data = state_ == TcpSocketState::established || state_ == TcpSocketState::fin_wait1 ||
                          state_ == TcpSocketState::fin_wait2;
  if (takes_data) {
    if (closed_by_program_ && !segment.payload.empty() && after(segment.end, receive_next_)) {
      // RFC 1122 4.2.2.13: data for a program that is gone.
      refuse_segment(netns_, segment);
      return done();
    }
    queue_data(segment);
  } else if (before(segment.begin, receive_next_) && segment.begin != segment.end) {
    send_duplicate_acknowledgement({segment.begin, segment.end});
  }
  if (done_ || is_mini_) return;
  send_queued();
  decide_acknowledgement();
  tell();
}

/// tcp_validate_incoming(), RFC 5961
bool TcpConnection::validate(const TcpSegment& segment) {
  if (is_old_by_timestamp(segment) || !is_in_window(segment)) {
    answer_unacceptable(segment);
    return false;
  }
  if (segment.has(tcp_flag::rst)) {
    if (segment.begin == receive_next_) {
      const bool by_peer_close = state_ == TcpSocketState::close_wait;
      reset(by_peer_close ? EPIPE : ECONNRESET);
    } else {
      send_acknowledgement();
    }
    return false;
  }
  if (segment.has(tcp_flag::syn)) {
    send_acknowledgement();
    return false;
  }
  return true;
}

/// tcp_sequence()
bool TcpConnection::is_in_window(const TcpSegment& segment) const {
  return !before(segment.end, receive_acknowledged_) &&
         !after(segment.begin, receive_next_ + receive_window_left());
}

/// tcp_paws_discard()
bool TcpConnection::is_old_by_timestamp(const TcpSegment& segment) const {
  return timestamps_ && segment.options.has_timestamp && !segment.has(tcp_flag::rst) &&
         before(segment.options.timestamp, recent_timestamp_) && state_ != TcpSocketState::syn_sent;
}

/// tcp_send_dupack() within net.ipv4.tcp_invalid_ratelimit
void TcpConnection::answer_unacceptable(const TcpSegment& segment) {
  if (segment.has(tcp_flag::rst)) return;
  const bool has_data = segment.begin != segment.end && !segment.has(tcp_flag::syn);
  if (!has_data) {
    if (now() - last_out_of_window_answer_ < 500_ms) return;
    last_out_of_window_answer_ = now();
  }
  if (before(segment.begin, receive_next_) && has_data) {
    const std::uint32_t end = after(segment.end, receive_next_) ? receive_next_ : segment.end;
    return send_duplicate_acknowledgement({segment.begin, end});
  }
  send_acknowledgement();
}

/// tcp_ack()
void TcpConnection::acknowledge(const TcpSegment& segment) {
  const std::uint32_t before_this = send_unacknowledged_;
  if (sack_) take_sack(segment);
  if (before(segment.acknowledgement, before_this)) return;
  const std::uint32_t old_window = send_window_;
  update_send_window(segment);
  const bool progress = segment.acknowledgement != before_this;
  std::uint32_t acknowledged = 0;
  if (progress) {
    acknowledged = clean_send_queue(segment.acknowledgement);
    timeouts_ = 0;
    soft_error_ = 0;
    duplicate_acks_ = 0;
    if (loss_probe_ != 0 && !before(segment.acknowledgement, loss_probe_)) loss_probe_ = 0;
    if (congestion_ != Congestion::open && !before(send_unacknowledged_, recovery_point_)) {
      if (congestion_ == Congestion::recovery) congestion_window_ = slow_start_threshold_;
      congestion_ = Congestion::open;
    }
    update_rto();
  }
  const bool duplicate = !progress && sent_ > 0 && segment.begin == segment.end && old_window == send_window_;
  detect_losses(duplicate);
  if (progress && congestion_ != Congestion::recovery) grow_congestion_window(acknowledged);
  if (progress) rearm_retransmission();
  send_pending_retransmissions();
}

/// tcp_ack_update_window()
void TcpConnection::update_send_window(const TcpSegment& segment) {
  const std::uint32_t window = std::uint32_t{segment.window} << send_scale_;
  const bool is_newer = after(segment.acknowledgement, send_unacknowledged_) ||
                        after(segment.begin, window_update_sequence_) ||
                        (segment.begin == window_update_sequence_ && window > send_window_);
  if (!is_newer) return;
  window_update_sequence_ = segment.begin;
  if (window != send_window_ && timer_use_ == TimerUse::probe_window) {
    timer_.cancel();
    timer_use_ = TimerUse::none;
    timeouts_ = 0;
  }
  send_window_ = window;
  largest_send_window_ = std::max(largest_send_window_, window);
}

/// tcp_sacktag_write_queue()
void TcpConnection::take_sack(const TcpSegment& segment) {
  for (std::size_t i = 0; i < segment.options.sack_count; ++i) {
    const SequenceRange block = segment.options.sack[i];
    for (std::size_t n = 0; n < sent_; ++n) {
      SentSegment& sent = segments_[n];
      if (before(sent.begin, block.begin) || after(sent.end, block.end) || sent.sacked) continue;
      sent.sacked = true;
      sent.lost = false;
      if (!sent.ever_retransmitted) measure_round_trip(now() - sent.sent_at);
    }
  }
}

/// tcp_clean_rtx_queue()
std::uint32_t TcpConnection::clean_send_queue(std::uint32_t acknowledgement) {
  std::uint32_t segments = 0;
  std::optional<Nanoseconds> round_trip;
  std::uint32_t bytes = 0;
  while (sent_ > 0 && !after(segments_.front().end, acknowledgement)) {
    const SentSegment& segment = segments_.front();
    if (!segment.ever_retransmitted && !segment.sacked) round_trip = now() - segment.sent_at;
    bytes += segment.payload();
    segments_.pop_front();
    --sent_;
    ++segments;
  }
  if (sent_ > 0 && before(segments_.front().begin, acknowledgement)) {
    const std::uint32_t part = acknowledgement - segments_.front().begin;
    bytes += part;
    segments_.front().begin = acknowledgement;
  }
  to_send_.pop(bytes);
  send_unacknowledged_ = acknowledgement;
  if (round_trip) measure_round_trip(*round_trip);
  return segments;
}

/// tcp_fastretrans_alert(), with the rule of RFC 6675: lost is what has three later segments acknowledged
/// beyond it.
void TcpConnection::detect_losses(bool duplicate) {
  if (sent_ == 0) return;
  if (sack_) {
    std::uint32_t later = 0;
    bool any_lost = false;
    for (std::size_t i = sent_; i-- > 0;) {
      SentSegment& segment = segments_[i];
      if (segment.sacked) {
        ++later;
      } else if (later >= duplicate_threshold && !segment.lost) {
        segment.lost = true;
        segment.retransmitted = false;
        any_lost = true;
      }
    }
    if (any_lost && congestion_ == Congestion::open) enter_recovery();
    return;
  }
  if (duplicate && ++duplicate_acks_ == duplicate_threshold && congestion_ == Congestion::open) {
    segments_.front().lost = true;
    segments_.front().retransmitted = false;
    enter_recovery();
  } else if (congestion_ == Congestion::recovery && !segments_.front().lost) {
    segments_.front().lost = true;  // a partial acknowledgement: RFC 6582
    segments_.front().retransmitted = false;
  }
}

void TcpConnection::enter_recovery() {
  congestion_ = Congestion::recovery;
  recovery_point_ = send_next_;
  slow_start_threshold_ = std::max<std::uint32_t>(congestion_window_ / 2, 2);
  congestion_window_ = slow_start_threshold_;
  loss_probe_ = 0;
}

/// tcp_reno_cong_avoid()
void TcpConnection::grow_congestion_window(std::uint32_t acknowledged_segments) {
  for (std::uint32_t i = 0; i < acknowledged_segments; ++i) {
    if (congestion_window_ < slow_start_threshold_) {
      ++congestion_window_;
    } else if (++congestion_credit_ >= congestion_window_) {
      congestion_credit_ = 0;
      ++congestion_window_;
    }
  }
}

/// Our FIN was acknowledged: the state goes on. A segment that brings the peer's FIN along still finds the
/// full socket. tcp_rcv_state_process(), step 5
void TcpConnection::advance_state(const TcpSegment& segment) {
  if (!write_shut_ || !segments_.empty()) return;
  switch (state_) {
    case TcpSocketState::fin_wait1:
      state_ = TcpSocketState::fin_wait2;
      if (!closed_by_program_) return;
      if (!segment.has(tcp_flag::fin)) return enter_time_wait(TcpSocketState::fin_wait2);
      return arm(TimerUse::linger, netns_.sysctls->tcp_fin_timeout * 1_s);
    case TcpSocketState::closing:
      return enter_time_wait(TcpSocketState::time_wait);
    case TcpSocketState::last_ack:
      return done();
    default:
      return;
  }
}

/// tcp_data_queue()
void TcpConnection::queue_data(const TcpSegment& segment) {
  if (segment.begin == segment.end) return;
  const bool has_fin = segment.has(tcp_flag::fin);
  const std::uint32_t payload_end = segment.begin + static_cast<std::uint32_t>(segment.payload.size());
  if (!after(segment.end, receive_next_)) {
    return send_duplicate_acknowledgement({segment.begin, segment.end});
  }
  if (after(segment.begin, receive_next_)) {
    // tcp_data_queue_ofo()
    out_of_order_.insert(segment.begin, segment.payload);
    queued_true_size_ += true_size(segment.payload.size());
    latest_out_of_order_ = segment.begin;
    if (has_fin) fin_sequence_ = payload_end;
    acknowledgement_due_ = acknowledge_now_ = true;
    return;
  }
  if (before(segment.begin, receive_next_) && sack_) {
    duplicate_to_report_ = SequenceRange{segment.begin, receive_next_};
    acknowledge_now_ = true;
  }
  const std::uint32_t known = receive_next_ - segment.begin;
  const std::size_t fresh = segment.payload.size() > known ? segment.payload.size() - known : 0;
  if (fresh > 0) {
    received_.push(segment.payload.last(fresh));
    queued_true_size_ += true_size(segment.payload.size());
    receive_next_ = payload_end;
    received_data_event(segment.payload.size());
  }
  if (!out_of_order_.empty()) {
    receive_next_ += out_of_order_.take(receive_next_, received_);
    acknowledge_now_ = acknowledgement_due_ = true;  // a gap closed: the sender wants to know
  }
  if ((has_fin && receive_next_ == payload_end) || (fin_sequence_ && receive_next_ == *fin_sequence_))
    receive_fin();
}

/// tcp_event_data_recv(), tcp_measure_rcv_mss(), tcp_grow_window()
void TcpConnection::received_data_event(std::size_t bytes) {
  acknowledgement_due_ = true;
  const auto size = static_cast<std::uint32_t>(bytes);
  if (size >= largest_received_) {
    largest_received_ = std::min(size, advertised_mss_);
    const std::uint32_t ratio = std::max<std::uint32_t>(size * 256 / true_size(size), receive_ratio_);
    if (ratio != receive_ratio_) {
      // tcp_set_window_clamp()
      receive_ratio_ = ratio;
      window_clamp_ = window_of_buffer();
      receive_threshold_ = std::max(receive_threshold_, std::min(receive_window_, window_clamp_));
    }
  }
  if (acknowledgement_timeout_ == Nanoseconds()) {
    // tcp_incr_quickack(): the first segments are acknowledged at once.
    const std::uint32_t quick = receive_window_ / (2 * std::max<std::uint32_t>(largest_received_, 1));
    quick_acks_ = std::max(quick_acks_, std::clamp<std::uint32_t>(quick, 2, most_quick_acks));
    acknowledgement_timeout_ = ack_timeout_least;
  } else {
    const Nanoseconds gap = now() - last_data_received_;
    if (gap <= ack_timeout_least / 2) {
      acknowledgement_timeout_ = acknowledgement_timeout_ / 2 + ack_timeout_least / 2;
    } else if (gap < acknowledgement_timeout_) {
      acknowledgement_timeout_ = std::min(acknowledgement_timeout_ / 2 + gap, timeout_);
    } else if (gap > timeout_) {
      // The sender had fallen silent for so long that it may have a small window again.
      const std::uint32_t quick = receive_window_ / (2 * std::max<std::uint32_t>(largest_received_, 1));
      quick_acks_ = std::max(quick_acks_, std::clamp<std::uint32_t>(quick, 2, most_quick_acks));
    }
  }
  last_data_received_ = now();
  if (size >= 128) {
    const std::uint32_t room = std::min(window_clamp_, free_receive_space());
    if (room > receive_threshold_) {
      receive_threshold_ += std::min(room - receive_threshold_, std::max(2 * advertised_mss_, 2 * size));
    }
  }
}

/// tcp_fin()
void TcpConnection::receive_fin() {
  ++receive_next_;
  fin_received_ = true;
  fin_sequence_.reset();
  acknowledgement_due_ = true;
  ping_pong_ = true;
  out_of_order_.clear();
  switch (state_) {
    case TcpSocketState::established:
      state_ = TcpSocketState::close_wait;
      return;
    case TcpSocketState::fin_wait1:
      state_ = TcpSocketState::closing;
      return send_acknowledgement();
    case TcpSocketState::fin_wait2: {
      send_acknowledgement();
      enter_time_wait(TcpSocketState::time_wait);
      return tell();
    }
    default:
      return;
  }
}

/// __tcp_ack_snd_check()
void TcpConnection::decide_acknowledgement() {
  if (!acknowledgement_due_) return;
  const bool two_segments =
      receive_next_ - receive_acknowledged_ > largest_received_ && window_to_offer() >= receive_window_left();
  const bool quick = quick_acks_ > 0 && !ping_pong_;
  if (two_segments || quick || acknowledge_now_ || !out_of_order_.empty()) return send_acknowledgement();
  schedule_delayed_acknowledgement();
}

/// tcp_timewait_state_process(): TIME-WAIT, and FIN-WAIT-2 without a program.
void TcpConnection::receive_in_time_wait(const TcpSegment& segment) {
  if (is_old_by_timestamp(segment) || !is_in_window(segment)) return answer_unacceptable(segment);
  if (state_ == TcpSocketState::fin_wait2) {
    if (segment.has(tcp_flag::rst)) return done();
    if (segment.has(tcp_flag::syn)) return refuse_segment(netns_, segment);
    const bool is_duplicate =
        !segment.has(tcp_flag::ack) || !after(segment.end, receive_next_) || segment.end == segment.begin;
    if (is_duplicate) return;
    // Data has come that nobody will read; a FIN alone is what was waited for.
    if (!segment.has(tcp_flag::fin) || segment.end != receive_next_ + 1) {
      refuse_segment(netns_, segment);
      return done();
    }
    receive_next_ = segment.end;
    if (timestamps_ && segment.options.has_timestamp) recent_timestamp_ = segment.options.timestamp;
    enter_time_wait(TcpSocketState::time_wait);
    return send_acknowledgement();
  }
  if (segment.has(tcp_flag::rst)) {
    if (segment.begin == receive_next_) done();  // RFC 1337 is off: net.ipv4.tcp_rfc1337
    return;
  }
  if (segment.begin == segment.end) return;
  arm(TimerUse::linger, 60_s);
  send_acknowledgement();
}

bool TcpConnection::gives_way_to(const TcpSegment& syn) const {
  if (state_ != TcpSocketState::time_wait || syn.has(tcp_flag::rst)) return false;
  return after(syn.begin, receive_next_) ||
         (timestamps_ && syn.options.has_timestamp && before(recent_timestamp_, syn.options.timestamp));
}

}  // namespace ekspath
