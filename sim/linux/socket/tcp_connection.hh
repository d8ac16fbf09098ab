#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "sim/engine/timer.hh"
#include "sim/linux/netfilter/hook.hh"
#include "sim/linux/socket/socket_options.hh"
#include "sim/linux/socket/tcp_buffers.hh"
#include "sim/linux/socket/tcp_options.hh"
#include "sim/packet/headers.hh"
#include "sim/packet/tuple.hh"

namespace ekspath {

class Netns;
class TcpListener;
class TcpSocket;
struct SocketTables;

enum class TcpSocketState : std::uint8_t {
  syn_sent,
  syn_recv,
  established,
  fin_wait1,
  fin_wait2,
  closing,
  time_wait,
  close_wait,
  last_ack,
  close
};
/// Who uses a local TCP port, for bind() and the choice of ephemeral ones.
struct TcpPortUse {
  Endpoint local;
  bool listening = false;
  bool reuse_address = false;
  bool chosen_by_connect = false;  // shared with other destinations
  std::uint32_t bound_interface = 0;
};

/// As `ss` writes it: "ESTAB", "SYN-SENT", ...
[[nodiscard]] std::string_view to_string(TcpSocketState state);

/// An incoming segment, taken apart.
struct TcpSegment {
  explicit TcpSegment(const Packet& packet);
  Endpoint source;
  Endpoint destination;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;  // counts SYN and FIN
  std::uint32_t acknowledgement = 0;
  std::uint16_t window = 0;  // unscaled
  std::uint8_t flags = 0;
  std::uint8_t tos = 0;
  std::span<const std::uint8_t> payload;
  TcpOptions options;
  [[nodiscard]] bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

/// One end of a TCP connection, from SYN to the end of TIME-WAIT. Owned by its namespace's SocketTables.
/// Follows Linux 6.1 net/ipv4/tcp_input.c, tcp_output.c, tcp_timer.c (function names stand above what was
/// taken). Congestion control is Reno (Linux's default is CUBIC); segments are always of wire size (Linux
/// hands super-segments to a veth); there are no keepalives, no ECN, no urgent data, no Fast Open.
class TcpConnection {
 public:
  struct Names {
    Endpoint local;
    Endpoint remote;
  };
  /// `slot`: its place in the tables, for its timers.
  TcpConnection(SocketTables& tables, const Names& names, const IpOptions& options, std::uint32_t slot);
  ~TcpConnection();
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  // tcp_socket.cc asks
  void open_actively(bool no_delay);
  std::size_t write(std::span<const std::uint8_t> bytes);
  std::size_t read(std::span<std::uint8_t> into);
  void shutdown_write();
  /// The program has closed its socket. tcp_close()
  void close();
  void abort();
  void attach(TcpSocket* socket);
  /// Holds the local port until the connection is over.
  void use_port(const TcpPortUse& use);

  // tcp_input.cc
  void open_passively(TcpListener& listener, const TcpSegment& syn);
  /// Whether the connection can use the segment; else it only answers it.
  [[nodiscard]] bool accepts(const TcpSegment& segment) const;
  void receive(const TcpSegment& segment);
  void receive_icmp_error(std::uint8_t type, std::uint8_t code, std::uint32_t info,
                          std::uint32_t quoted_sequence);
  /// A SYN that may replace this one in TIME-WAIT. tcp_timewait_state_process()
  [[nodiscard]] bool gives_way_to(const TcpSegment& syn) const;
  [[nodiscard]] bool is_offered_by(const TcpListener& listener) const { return listener_ == &listener; }
  void listener_gone();
  /// A new connection takes its place.
  void abandon() { done(); }

  // tcp_timers.cc
  void retransmit_timer_fired(const Event& event);
  void delayed_ack_timer_fired(const Event& event);

  [[nodiscard]] TcpSocketState state() const { return state_; }
  [[nodiscard]] const Names& names() const { return names_; }
  [[nodiscard]] Tuple incoming_tuple() const;
  /// Nothing is left of it but what its socket may still ask.
  [[nodiscard]] bool is_done() const { return done_; }
  [[nodiscard]] bool has_owner() const { return socket_ != nullptr || listener_ != nullptr; }
  [[nodiscard]] bool handshake_done() const { return handshake_done_; }
  [[nodiscard]] std::size_t readable() const { return received_.size(); }
  [[nodiscard]] bool at_end() const {
    return received_.empty() && (fin_received_ || state_ == TcpSocketState::close);
  }
  [[nodiscard]] std::size_t unacknowledged() const { return to_send_.size(); }
  [[nodiscard]] int take_error() { return std::exchange(error_, 0); }
  [[nodiscard]] std::uint32_t slot() const { return slot_; }
  [[nodiscard]] bool was_opened_actively() const { return actively_opened_; }

 private:
  enum class TimerUse : std::uint8_t { none, retransmit, probe_loss, probe_window, linger };
  enum class Congestion : std::uint8_t { open, recovery, loss };
  static constexpr std::uint32_t send_buffer_limit = 1 << 20;

  // tcp_input.cc
  void receive_in_syn_sent(const TcpSegment& segment);
  void receive_in_syn_recv(const TcpSegment& segment);
  void receive_in_time_wait(const TcpSegment& segment);
  void receive_synchronised(const TcpSegment& segment);
  [[nodiscard]] bool validate(const TcpSegment& segment);
  [[nodiscard]] bool is_in_window(const TcpSegment& segment) const;
  [[nodiscard]] bool is_old_by_timestamp(const TcpSegment& segment) const;
  void answer_unacceptable(const TcpSegment& segment);
  void acknowledge(const TcpSegment& segment);
  void advance_state(const TcpSegment& segment);
  void update_send_window(const TcpSegment& segment);
  void take_sack(const TcpSegment& segment);
  /// Returns how many segments were acknowledged in full.
  std::uint32_t clean_send_queue(std::uint32_t acknowledgement);
  void detect_losses(bool duplicate);
  void enter_recovery();
  void grow_congestion_window(std::uint32_t acknowledged_segments);
  void queue_data(const TcpSegment& segment);
  void received_data_event(std::size_t bytes);
  void receive_fin();
  void decide_acknowledgement();
  void measure_round_trip(Nanoseconds sample);
  void learn_options(const TcpSegment& segment);
  void become_established();
  void clamp_window();
  void reset(int error);
  void fail(int error);
  void enter_time_wait(TcpSocketState substate);
  void done();
  void tell();

  // tcp_output.cc
  struct Outgoing {
    std::uint8_t flags = 0;
    std::uint32_t sequence = 0;
    std::span<const std::uint8_t> payload = {};
    std::optional<std::uint16_t> identification = std::nullopt;  // of what no full socket sends: 0
  };
  void transmit(const Outgoing& segment);
  void send_syn();
  void send_syn_ack();
  void send_acknowledgement();
  void send_duplicate_acknowledgement(SequenceRange duplicate);
  void send_reset();
  void send_queued();
  void send_pending_retransmissions();
  void send_segment(SentSegment& segment);
  void queue_fin();
  [[nodiscard]] bool may_send_now(const SentSegment& segment) const;
  [[nodiscard]] std::uint32_t in_flight() const;
  [[nodiscard]] std::uint32_t send_mss() const;
  [[nodiscard]] std::uint32_t current_mtu() const;
  [[nodiscard]] std::uint32_t free_receive_space() const;
  [[nodiscard]] std::uint32_t receive_window_left() const;
  [[nodiscard]] std::uint32_t window_of_buffer() const;
  [[nodiscard]] std::uint32_t window_to_offer() const;
  [[nodiscard]] std::uint16_t select_window();
  void choose_initial_window(std::uint32_t mss);
  [[nodiscard]] std::uint32_t timestamp_now() const;
  void acknowledgement_sent();
  void fragment_queue(std::uint32_t mss);

  // tcp_timers.cc
  void arm(TimerUse use, Nanoseconds timeout);
  void rearm_retransmission();
  void schedule_loss_probe();
  void schedule_delayed_acknowledgement();
  void retransmission_timeout();
  void send_loss_probe();
  void probe_window();
  [[nodiscard]] bool out_of_patience() const;
  void update_rto();
  [[nodiscard]] Nanoseconds now() const;

  SocketTables& tables_;
  Netns& netns_;
  Names names_;
  IpOptions options_;
  TcpSocket* socket_ = nullptr;      // null: orphaned, or not yet accepted
  TcpListener* listener_ = nullptr;  // not yet accepted
  std::uint32_t slot_ = 0;
  TcpSocketState state_ = TcpSocketState::close;
  bool handshake_done_ = false;
  bool actively_opened_ = false;
  bool closed_by_program_ = false;
  bool write_shut_ = false;
  bool is_mini_ = false;  // FIN-WAIT-2 without a program: Linux keeps a timewait socket for it
  bool no_delay_ = false;
  bool fin_received_ = false;
  bool done_ = false;
  int error_ = 0;
  int soft_error_ = 0;

  // sending
  std::uint32_t send_first_ = 0;           // ISS
  std::uint32_t send_unacknowledged_ = 0;  // SND.UNA
  std::uint32_t send_next_ = 0;            // SND.NXT
  std::uint32_t send_window_ = 0;
  std::uint32_t largest_send_window_ = 0;
  std::uint32_t window_update_sequence_ = 0;
  std::uint32_t pushed_ = 0;      // up to where PSH was set
  std::uint32_t last_small_ = 0;  // end of the last segment below MSS: Minshall's rule
  std::uint16_t peer_mss_ = 536;
  std::uint32_t send_mtu_ = 1500;
  std::uint8_t send_scale_ = 0;
  std::uint16_t identification_ = 0;
  ByteQueue to_send_;                 // from SND.UNA on
  std::deque<SentSegment> segments_;  // sent ones first
  std::size_t sent_ = 0;              // how many of them
  std::uint32_t congestion_window_ = 10;
  std::uint32_t slow_start_threshold_ = 0x7fffffff;
  std::uint32_t congestion_credit_ = 0;
  Congestion congestion_ = Congestion::open;
  std::uint32_t recovery_point_ = 0;
  std::uint32_t duplicate_acks_ = 0;
  std::uint32_t loss_probe_ = 0;  // SND.NXT when a loss probe went out, 0: none under way

  // receiving
  std::uint32_t receive_first_ = 0;         // IRS
  std::uint32_t receive_next_ = 0;          // RCV.NXT
  std::uint32_t receive_acknowledged_ = 0;  // rcv_wup: RCV.NXT when the window was last told
  std::uint32_t receive_window_ = 0;        // as it was last told
  std::uint32_t receive_threshold_ = 0;     // rcv_ssthresh
  std::uint32_t window_clamp_ = 0;
  std::uint32_t receive_buffer_ = 131072;  // net.ipv4.tcp_rmem[1]
  std::uint32_t receive_ratio_ = 128;      // scaling_ratio, of 256
  std::uint32_t queued_true_size_ = 0;
  std::uint32_t largest_received_ = 536;  // rcv_mss
  std::uint32_t advertised_mss_ = 1460;
  std::uint8_t receive_scale_ = 0;
  ByteQueue received_;
  ReassemblyQueue out_of_order_;
  std::uint32_t latest_out_of_order_ = 0;
  std::optional<std::uint32_t> fin_sequence_;         // a FIN beyond a gap
  std::optional<SequenceRange> duplicate_to_report_;  // DSACK of the next acknowledgement

  // options in use
  bool timestamps_ = false;
  bool sack_ = false;
  bool window_scaling_ = false;
  std::uint32_t timestamp_offset_ = 0;
  std::uint32_t recent_timestamp_ = 0;  // TS.Recent

  // acknowledgements: inet_csk(sk)->icsk_ack
  bool acknowledgement_due_ = false;
  bool acknowledge_now_ = false;
  bool ping_pong_ = false;
  std::uint32_t quick_acks_ = 0;
  Nanoseconds acknowledgement_timeout_;  // ato
  Nanoseconds last_data_received_;

  // timers
  Nanoseconds smoothed_round_trip_;    // srtt; zero: not measured
  Nanoseconds deviation_;              // mdev
  Nanoseconds deviation_most_;         // mdev_max
  Nanoseconds variation_;              // rttvar
  std::uint32_t round_trip_mark_ = 0;  // rtt_seq
  Nanoseconds timeout_;                // RTO
  std::uint32_t timeouts_ = 0;         // in a row
  Nanoseconds first_timeout_send_;
  TimerUse timer_use_ = TimerUse::none;
  Timer timer_;
  Timer acknowledgement_timer_;
  std::optional<TcpPortUse> port_use_;
  Nanoseconds last_out_of_window_answer_ = Nanoseconds(-1'000'000'000);
};

/// A port that accepts. Owned by its TcpSocket.
class TcpListener {
 public:
  TcpListener(SocketTables& tables, TcpSocket& socket, std::uint32_t backlog)
      : tables_(tables), socket_(socket), backlog_(backlog) {}

  [[nodiscard]] TcpSocket& socket() const { return socket_; }
  [[nodiscard]] std::uint32_t backlog() const { return backlog_; }
  /// sk_acceptq_is_full()
  [[nodiscard]] bool is_full() const { return ready_.size() > backlog_; }
  [[nodiscard]] std::size_t waiting() const { return ready_.size(); }
  void ready(TcpConnection& connection);
  void forget(TcpConnection& connection);
  [[nodiscard]] TcpConnection* take();
  /// Everything not accepted is reset. inet_csk_listen_stop()
  void stop();

 private:
  SocketTables& tables_;
  TcpSocket& socket_;
  std::uint32_t backlog_;
  std::list<TcpConnection*> ready_;
};

/// tcp_v4_send_reset(): answers a segment that nobody wants. Not to a RST.
void refuse_segment(Netns& netns, const TcpSegment& segment);

}  // namespace ekspath
