#include <algorithm>
#include <cerrno>

#include "sim/linux/socket/socket_tables.hh"
#include "sim/linux/socket/tcp_connection.hh"
#include "sim/linux/socket/timer_wheel.hh"

namespace ekspath {
namespace {

using namespace literals;
constexpr Nanoseconds rto_least = 200_ms;
constexpr Nanoseconds rto_most = 120_s;
constexpr Nanoseconds delayed_ack_least = 40_ms;
constexpr std::uint32_t syn_linear_timeouts = 4;  // net.ipv4.tcp_syn_linear_timeouts, Linux 6.5 on
constexpr std::uint32_t orphan_retries = 8;

}  // namespace

Nanoseconds TcpConnection::now() const { return netns_.now(); }

void TcpConnection::arm(TimerUse use, Nanoseconds timeout) {
  timer_use_ = use;
  timer_.cancel();
  timer_.arm(timer_wheel_expiry(now(), timeout));
}

/// tcp_rearm_rto()
void TcpConnection::rearm_retransmission() {
  if (sent_ == 0) {
    timer_use_ = TimerUse::none;
    timer_.cancel();
    return;
  }
  arm(TimerUse::retransmit, timeout_);
}

/// tcp_schedule_loss_probe()
void TcpConnection::schedule_loss_probe() {
  if (!sack_ || sent_ == 0 || congestion_ != Congestion::open || loss_probe_ != 0) return;
  Nanoseconds timeout = 1_s;
  if (smoothed_round_trip_ > Nanoseconds()) {
    constexpr std::int64_t jiffy_ns = 4'000'000;
    const Nanoseconds wanted = 2 * smoothed_round_trip_ + (sent_ == 1 ? rto_least : 8_ms);
    timeout = Nanoseconds(wanted.count() / jiffy_ns * jiffy_ns);
  }
  if (timeout >= timeout_) return;  // the retransmission timer comes first
  arm(TimerUse::probe_loss, timeout);
}

void TcpConnection::retransmit_timer_fired(const Event& event) {
  if (!timer_.expired(event)) return;
  switch (std::exchange(timer_use_, TimerUse::none)) {
    case TimerUse::retransmit:
      retransmission_timeout();
      break;
    case TimerUse::probe_loss:
      send_loss_probe();
      break;
    case TimerUse::probe_window:
      probe_window();
      break;
    case TimerUse::linger:
      done();
      break;
    case TimerUse::none:
      break;
  }
}

/// tcp_retransmit_timer()
void TcpConnection::retransmission_timeout() {
  if (out_of_patience()) return fail(soft_error_ != 0 ? soft_error_ : ETIMEDOUT);
  ++timeouts_;
  if (state_ == TcpSocketState::syn_sent || state_ == TcpSocketState::syn_recv) {
    ++netns_.occasional().snmp.tcp_retrans_segs;
    if (state_ == TcpSocketState::syn_sent) {
      send_syn();
    } else {
      send_syn_ack();
    }
    // A SYN is repeated at the first interval for a while, a SYN/ACK is not.
    if (state_ != TcpSocketState::syn_sent || timeouts_ > syn_linear_timeouts)
      timeout_ = std::min(2 * timeout_, rto_most);
    return arm(TimerUse::retransmit, timeout_);
  }
  // tcp_enter_loss()
  if (congestion_ != Congestion::loss) {
    slow_start_threshold_ = std::max<std::uint32_t>(in_flight() / 2, 2);
    recovery_point_ = send_next_;
  }
  congestion_ = Congestion::loss;
  congestion_window_ = 1;
  duplicate_acks_ = 0;
  for (std::size_t i = 0; i < sent_; ++i) {
    segments_[i].lost = !segments_[i].sacked;
    segments_[i].retransmitted = false;
  }
  send_pending_retransmissions();
  timeout_ = std::min(2 * timeout_, rto_most);
  arm(TimerUse::retransmit, timeout_);
}

/// tcp_write_timeout()
bool TcpConnection::out_of_patience() const {
  if (state_ == TcpSocketState::syn_sent)
    return timeouts_ >= netns_.sysctls->tcp_syn_retries + syn_linear_timeouts;
  if (state_ == TcpSocketState::syn_recv) return timeouts_ >= netns_.sysctls->tcp_synack_retries;
  const std::uint32_t boundary = closed_by_program_ ? orphan_retries : netns_.sysctls->tcp_retries2;
  // tcp_model_timeout(): as long as that many doublings of the least RTO would have taken.
  constexpr std::uint32_t doublings = 9;  // ilog2(rto_most / rto_least)
  const std::int64_t units =
      boundary <= doublings ? (std::int64_t{2} << boundary) - 1 : (std::int64_t{2} << doublings) - 1;
  Nanoseconds patience = units * rto_least;
  if (boundary > doublings) patience += std::int64_t{boundary - doublings} * rto_most;
  return timeouts_ > 0 && now() - first_timeout_send_ >= patience;
}

/// tcp_send_loss_probe(): new data if the window has room, else the last segment once more.
void TcpConnection::send_loss_probe() {
  loss_probe_ = send_next_;
  if (sent_ < segments_.size() && !after(segments_[sent_].end, send_unacknowledged_ + send_window_)) {
    SentSegment& segment = segments_[sent_++];
    send_next_ = segment.end;
    send_segment(segment);
  } else if (sent_ > 0) {
    SentSegment& segment = segments_[sent_ - 1];
    segment.ever_retransmitted = true;
    ++netns_.occasional().snmp.tcp_retrans_segs;
    send_segment(segment);
  }
  rearm_retransmission();
}

/// tcp_send_probe0(): a segment without new data that asks for the window.
void TcpConnection::probe_window() {
  if (sent_ > 0 || segments_.empty()) return;
  if (timeouts_ == 0) first_timeout_send_ = now();
  if (timeouts_ >= netns_.sysctls->tcp_retries2) return fail(soft_error_ != 0 ? soft_error_ : ETIMEDOUT);
  ++timeouts_;
  if (send_window_ > 0) {
    // tcp_write_wakeup(): as much as the window takes, be it a part of a segment.
    SentSegment& first = segments_.front();
    if (first.payload() > send_window_) {
      SentSegment rest = first;
      rest.begin = first.end = first.begin + send_window_;
      first.fin = false;
      first.push = true;
      segments_.insert(segments_.begin() + 1, rest);
    }
    timeouts_ = 0;
    sent_ = 1;
    send_next_ = segments_.front().end;
    send_segment(segments_.front());
    return rearm_retransmission();
  }
  transmit({tcp_flag::ack, send_unacknowledged_ - 1});
  const std::uint32_t doublings = std::min<std::uint32_t>(timeouts_, 9);
  arm(TimerUse::probe_window, std::min((std::int64_t{1} << doublings) * timeout_, rto_most));
}

/// tcp_send_delayed_ack()
void TcpConnection::schedule_delayed_acknowledgement() {
  Nanoseconds timeout = acknowledgement_timeout_;
  if (timeout > delayed_ack_least) {
    Nanoseconds most = ping_pong_ ? 200_ms : 500_ms;
    if (smoothed_round_trip_ > Nanoseconds())
      most = std::min(most, std::max(smoothed_round_trip_, delayed_ack_least));
    timeout = std::min(timeout, most);
  }
  if (acknowledgement_timer_.armed()) {
    if (acknowledgement_timer_.deadline() <= now() + timeout / 4) send_acknowledgement();
    return;  // the earlier one stands
  }
  acknowledgement_timer_.arm(timer_wheel_expiry(now(), timeout));
}

/// tcp_delack_timer_handler()
void TcpConnection::delayed_ack_timer_fired(const Event& event) {
  if (!acknowledgement_timer_.expired(event)) return;
  if (!acknowledgement_due_ || state_ == TcpSocketState::close) return;
  if (ping_pong_) {
    ping_pong_ = false;
    acknowledgement_timeout_ = delayed_ack_least;
  } else {
    acknowledgement_timeout_ = std::min(2 * acknowledgement_timeout_, timeout_);
  }
  send_acknowledgement();
}

/// tcp_rtt_estimator(): srtt, mdev and rttvar in the units of their names, not in Linux's shifted ones.
void TcpConnection::measure_round_trip(Nanoseconds sample) {
  if (smoothed_round_trip_ == Nanoseconds()) {
    smoothed_round_trip_ = std::max(sample, 1_us);
    deviation_ = sample / 2;
    variation_ = deviation_most_ = std::max(4 * deviation_, rto_least);
    round_trip_mark_ = send_next_;
  } else {
    const Nanoseconds difference = sample - smoothed_round_trip_;
    smoothed_round_trip_ = std::max(smoothed_round_trip_ + difference / 8, 1_us);
    Nanoseconds size = difference < Nanoseconds() ? Nanoseconds() - difference : difference;
    size -= deviation_;
    // A falling round trip raises the deviation slowly only (Eifel).
    if (difference < Nanoseconds() && size > Nanoseconds()) size = size / 8;
    deviation_ += size / 4;
    if (4 * deviation_ > deviation_most_) {
      deviation_most_ = 4 * deviation_;
      variation_ = std::max(variation_, deviation_most_);
    }
    if (after(send_unacknowledged_, round_trip_mark_)) {
      if (deviation_most_ < variation_) variation_ -= (variation_ - deviation_most_) / 4;
      round_trip_mark_ = send_next_;
      deviation_most_ = rto_least;
    }
  }
  update_rto();
}

void TcpConnection::update_rto() {
  timeout_ =
      smoothed_round_trip_ == Nanoseconds() ? 1_s : std::min(smoothed_round_trip_ + variation_, rto_most);
}

}  // namespace ekspath
