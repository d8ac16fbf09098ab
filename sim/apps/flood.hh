#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "sim/linux/socket/alarm.hh"
#include "sim/linux/socket/udp_socket.hh"

namespace ekspath {

struct FloodSpec {
  Endpoint destination;
  std::uint16_t source_port = 0;  // 0: an ephemeral one
  std::size_t payload_bytes = 64;
  Nanoseconds interval;     // between two datagrams
  std::uint64_t count = 0;  // 0: until destroyed
};

/// Sends equal UDP datagrams at an even rate, for benches: a callback a datagram, no coroutine, no
/// allocation.
class FloodSender {
 public:
  /// The first datagram leaves at `start`.
  FloodSender(Netns& netns, const FloodSpec& spec, Nanoseconds start);

  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }

 private:
  void send_next();

  Alarm alarm_;  // first: see Sockets::expect()
  Nanoseconds next_;
  std::uint64_t sent_ = 0;
  std::uint64_t failed_ = 0;
  FloodSpec spec_;
  std::span<const std::uint8_t> payload_;  // the same bytes for all
  UdpSocket socket_;
};

/// Takes UDP datagrams and counts them; answers each with itself when told to echo.
class FloodSink {
 public:
  enum class Answer : std::uint8_t { nothing, echo };
  FloodSink(Netns& netns, std::uint16_t port, Answer answer = Answer::nothing);

  [[nodiscard]] std::uint64_t received() const { return received_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  void take();

  UdpSocket socket_;  // first: see Sockets::expect()
  Answer answer_;
  std::uint64_t received_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace ekspath
