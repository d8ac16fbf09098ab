#include "sim/linux/socket/tcp_connection.hh"

#include <algorithm>
#include <cerrno>

#include "sim/linux/socket/socket_tables.hh"
#include "sim/linux/socket/tcp_socket.hh"

namespace ekspath {

using namespace literals;

std::string_view to_string(TcpSocketState state) {
  switch (state) {
    case TcpSocketState::syn_sent:
      return "SYN-SENT";
    case TcpSocketState::syn_recv:
      return "SYN-RECV";
    case TcpSocketState::established:
      return "ESTAB";
    case TcpSocketState::fin_wait1:
      return "FIN-WAIT-1";
    case TcpSocketState::fin_wait2:
      return "FIN-WAIT-2";
    case TcpSocketState::closing:
      return "CLOSING";
    case TcpSocketState::time_wait:
      return "TIME-WAIT";
    case TcpSocketState::close_wait:
      return "CLOSE-WAIT";
    case TcpSocketState::last_ack:
      return "LAST-ACK";
    case TcpSocketState::close:
      break;
  }
  return "UNCONN";
}

TcpConnection::TcpConnection(SocketTables& tables, const Names& names, const IpOptions& options,
                             std::uint32_t slot)
    : tables_(tables),
      netns_(tables.netns),
      names_(names),
      options_(options),
      slot_(slot),
      last_data_received_(-1'000'000'000),
      timeout_(1_s),
      timer_(tables.netns, Netns::socket_timer,
             TimerArgument::pack(TimerArgument::Owner::tcp_retransmit, slot)),
      acknowledgement_timer_(tables.netns, Netns::socket_timer,
                             TimerArgument::pack(TimerArgument::Owner::tcp_delayed_ack, slot)) {}

TcpConnection::~TcpConnection() {
  if (port_use_) tables_.release_port(*port_use_);
}

Tuple TcpConnection::incoming_tuple() const {
  return {names_.remote.address, names_.local.address, names_.remote.port, names_.local.port, 6};
}

void TcpConnection::attach(TcpSocket* socket) {
  socket_ = socket;
  listener_ = nullptr;
}

void TcpConnection::use_port(const TcpPortUse& use) {
  port_use_ = use;
  tables_.hold_port(*port_use_);
}

/// tcp_recvmsg() and tcp_cleanup_rbuf()
std::size_t TcpConnection::read(std::span<std::uint8_t> into) {
  const std::size_t n = std::min(into.size(), received_.size());
  if (n == 0) return 0;
  std::ranges::copy(received_.view(0, n), into.begin());
  received_.pop(n);
  if (received_.empty()) queued_true_size_ = static_cast<std::uint32_t>(out_of_order_.bytes());
  const bool is_open =
      state_ != TcpSocketState::close && state_ != TcpSocketState::time_wait && !fin_received_;
  if (!is_open) return n;
  bool now_due = acknowledgement_due_ && receive_next_ - receive_acknowledged_ > largest_received_;
  const std::uint32_t told = receive_window_left();
  if (!now_due && 2 * told <= window_clamp_) {
    const std::uint32_t offer = window_to_offer();
    now_due = offer > 0 && offer >= 2 * told;
  }
  if (now_due) send_acknowledgement();
  return n;
}

/// tcp_shutdown(SEND_SHUTDOWN)
void TcpConnection::shutdown_write() {
  if (write_shut_) return;
  write_shut_ = true;
  switch (state_) {
    case TcpSocketState::established:
      state_ = TcpSocketState::fin_wait1;
      return queue_fin();
    case TcpSocketState::close_wait:
      state_ = TcpSocketState::last_ack;
      return queue_fin();
    case TcpSocketState::syn_sent:
      return done();
    default:
      return;
  }
}

/// __tcp_close()
void TcpConnection::close() {
  closed_by_program_ = true;
  if (done_ || is_mini_) return;
  if (!received_.empty()) {
    send_reset();
    return done();
  }
  if (state_ == TcpSocketState::syn_sent || state_ == TcpSocketState::syn_recv) {
    if (state_ == TcpSocketState::syn_recv) send_reset();
    return done();
  }
  if (!write_shut_) shutdown_write();
  if (!done_ && state_ == TcpSocketState::fin_wait2) enter_time_wait(TcpSocketState::fin_wait2);
}

/// tcp_disconnect()
void TcpConnection::abort() {
  closed_by_program_ = true;
  if (done_ || is_mini_) return;
  if (state_ != TcpSocketState::syn_sent) send_reset();
  done();
}

void TcpConnection::listener_gone() {
  listener_ = nullptr;
  closed_by_program_ = true;
  if (done_) return;
  if (state_ != TcpSocketState::syn_recv) send_reset();
  done();
}

/// Linux 6.1 net/ipv4/tcp_ipv4.c tcp_v4_err()
void TcpConnection::receive_icmp_error(std::uint8_t type, std::uint8_t code, std::uint32_t info,
                                       std::uint32_t quoted_sequence) {
  if (done_ || state_ == TcpSocketState::time_wait || is_mini_) return;
  if (type == icmp::redirect || type == icmp::source_quench) return;
  if (before(quoted_sequence, send_unacknowledged_) || after(quoted_sequence, send_next_)) return;
  if (type == icmp::unreachable && code == icmp::fragmentation_needed) {
    // tcp_v4_mtu_reduced(), tcp_simple_retransmit()
    if (options_.path_mtu == PathMtuDiscovery::dont) return;
    const std::uint32_t mtu = std::max<std::uint32_t>(std::min(info == 0 ? 576U : info, current_mtu()), 88);
    if (mtu >= send_mtu_) return;
    send_mtu_ = mtu;
    if (state_ == TcpSocketState::syn_sent || state_ == TcpSocketState::syn_recv) return;
    const std::uint32_t mss = send_mss();
    for (std::size_t i = 0; i < sent_; ++i) {
      if (segments_[i].payload() > mss && !segments_[i].sacked) {
        segments_[i].lost = true;
        segments_[i].retransmitted = false;
      }
    }
    fragment_queue(mss);
    send_pending_retransmissions();
    return;
  }
  const int error = errno_of_icmp(type, code).error;
  if (state_ == TcpSocketState::syn_sent || (state_ == TcpSocketState::syn_recv && listener_ != nullptr))
    return fail(error);
  soft_error_ = error;
}

/// tcp_reset()
void TcpConnection::reset(int error) { fail(error); }

/// tcp_write_err(), tcp_done()
void TcpConnection::fail(int error) {
  error_ = error;
  done();
}

/// tcp_time_wait()
void TcpConnection::enter_time_wait(TcpSocketState substate) {
  const std::uint32_t seconds = substate == TcpSocketState::fin_wait2 ? netns_.sysctls->tcp_fin_timeout : 60;
  state_ = substate;
  is_mini_ = true;
  to_send_ = {};
  segments_ = {};
  sent_ = 0;
  out_of_order_.clear();
  acknowledgement_timer_.cancel();
  arm(TimerUse::linger, seconds * 1_s);
}

void TcpConnection::done() {
  if (done_) return;
  done_ = true;
  state_ = TcpSocketState::close;
  timer_.cancel();
  timer_use_ = TimerUse::none;
  acknowledgement_timer_.cancel();
  const auto found = tables_.connections.find(incoming_tuple());
  if (found != tables_.connections.end() && found->second == this) tables_.connections.erase(found);
  if (port_use_) {
    tables_.release_port(*port_use_);
    port_use_.reset();
  }
  if (TcpListener* listener = std::exchange(listener_, nullptr)) listener->forget(*this);
  tell();
}

void TcpConnection::tell() {
  if (socket_ != nullptr && socket_->on_event) socket_->on_event();
}

}  // namespace ekspath
